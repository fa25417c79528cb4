#!/usr/bin/env python3
"""`kizuki trace`: recorded lines of firewalls, DHCP, a proxy, a VPN and Windows, one telephone slip each; what is found, in
which order, and which log is named as missing. The same over the real programs is tests/soak/trace.py."""
import datetime
import json

import programs
import roomside
import tap

JST = datetime.timezone(datetime.timedelta(hours=9))


def at(text):
    return datetime.datetime.fromisoformat(f"2026-06-01 {text}").replace(tzinfo=JST)


def fortigate(end, seconds, inside, port, outer_port, to="203.0.113.80", user=""):
    t = at(end)
    return (f'date={t:%Y-%m-%d} time={t:%H:%M:%S} devname="FGT-1" devid="FGT60F" eventtime={int(t.timestamp())}000000000 tz="+0900" '
            f'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip={inside} srcport={port} srcintf="lan" '
            f'dstip={to} dstport=443 dstintf="wan1" sessionid=4242 proto=6 action="close" policyid=7 service="HTTPS" trandisp="snat" '
            f'transip=198.51.100.1 transport={outer_port} duration={seconds} sentbyte=1500 rcvdbyte=9000{user}')


def conntrack(when, what, inside, port, outer, outer_port, to="203.0.113.80"):
    reply = f"src={to} dst={outer} sport=443 dport={outer_port}"
    return (f"[{at(when).timestamp():.6f}]\t [{what}] tcp      6 src={inside} dst={to} sport={port} dport=443 {reply}")


def dhcp(when, what, ip, mac, name=""):
    return f"<30>{at(when).isoformat()} gw1 dnsmasq-dhcp[42]: {what}(br-lan) {ip} {mac} {name}".rstrip()


def logon(when, host, user, event=4624, kind=2, ip="-"):
    t = at(when).astimezone(datetime.timezone.utc)
    return json.dumps({"@timestamp": f"{t:%Y-%m-%dT%H:%M:%S}.000Z", "EventID": event, "Channel": "Security", "Computer": f"{host}.example.jp",
                       "TargetUserName": user, "LogonType": str(kind), "IpAddress": ip})


def renewals(first, last, skip=(), every=5):
    """The office's leases as they are renewed all day; `skip` hours nobody logged."""
    lines, t, i = [], at(first), 0
    while t < at(last):
        if not any(at(a) < t < at(b) for a, b in skip):
            n = 50 + i % 40
            lines.append(dhcp(t.strftime("%H:%M:%S"), "DHCPACK", f"192.168.1.{n}", f"00:a0:de:00:00:{n:02x}", f"pc-{n}"))
        t, i = t + datetime.timedelta(minutes=every), i + 1
    return lines


def spool(d, **files):
    """One source a file, as they would be followed."""
    program = tap.ROOT / "build-dev" / "tests" / "flow" / "intake_probe"
    tap.need(program.exists(), "intake_probe is not built")
    n, args = 0, []
    for name, lines in files.items():
        (d / name).write_text("".join(line + "\n" for line in lines))
        args += ["--tail", d / name]
        n += len(lines)
    r = tap.run(program, "run", d / "spool", *args, "--until", n)
    assert r.returncode == 0, r.stderr


def trace(d, *args):
    r = tap.run(tap.KIZUKI, "trace", "--json", *args, d)
    assert r.returncode in (0, 1), (r.returncode, r.stderr)
    return json.loads(r.stdout)


def who(a):
    return [(c["address"], c["host"], c["user"], c["sure"]) for c in a["candidates"]]


@tap.test
def a_slip_to_the_minute_leads_to_machine_and_user_and_names_the_missing_log():
    with tap.folder() as d:
        spool(d, fw=[fortigate("02:15:30", 110, "192.168.1.10", 51234, 40001),
                     fortigate("02:14:00", 30, "192.168.1.11", 51300, 40002),
                     fortigate("01:02:00", 20, "192.168.1.12", 51400, 40001)],
              dhcp=sorted(renewals("00:00:00", "06:00:00", skip=[("02:00:01", "02:59:59")]) +
                          [dhcp("01:40:00", "DHCPACK", "192.168.1.10", "00:a0:de:0a:0b:0c", "pc-sato"),
                           dhcp("03:20:00", "DHCPREQUEST", "192.168.1.10", "00:a0:de:0a:0b:0d"),
                           dhcp("03:20:01", "DHCPACK", "192.168.1.10", "00:a0:de:0a:0b:0d", "pc-tanaka")], key=lambda x: x[4:29]),
              pcs=[logon("01:41:00", "pc-sato", "sato"), logon("03:21:00", "pc-tanaka", "tanaka"), logon("00:10:00", "pc-other", "suzuki")])
        a = trace(d, "--address", "198.51.100.1:40001", "--time", "2026-06-01 02:14")
        assert [c[:3] for c in who(a)] == [("192.168.1.10", "pc-sato", "sato"), ("192.168.1.10", "pc-tanaka", "tanaka")], who(a)
        assert [h["kind"] for h in a["candidates"][0]["hops"]] == ["translation", "machine", "user"], a["candidates"][0]
        assert "lease_gap" in a["candidates"][0]["doubts"] and "lease_after" in a["candidates"][1]["doubts"], a
        gap = [m for m in a["missing"] if m["log"] == "dhcp"]
        assert [(m["why"], m["from"], m["to"]) for m in gap] == [("gap", "2026-05-31T17:00:00.000Z", "2026-05-31T18:00:00.000Z")], a["missing"]
        assert gap[0]["source"].endswith("/dhcp"), gap
        # what is printed says the same
        out = tap.run(tap.KIZUKI, "trace", "-a", "198.51.100.1", "-p", "40001", "-t", "2026-06-01 02:14", d).stdout.decode()
        assert "1. 192.168.1.10  pc-sato" in out and "MISSING: dhcp log (gap)" in out and "2026-06-01T02:00:00+09:00" in out, out


@tap.test
def without_the_firewalls_log_nobody_is_named():
    with tap.folder() as d:
        spool(d, dhcp=renewals("00:00:00", "06:00:00"), fw=[fortigate("02:14:00", 30, "192.168.1.11", 51300, 40002)])
        a = trace(d, "--address", "198.51.100.1:40001", "--time", "2026-06-01 02:13:45")
        assert not a["candidates"] and [(m["log"], m["why"]) for m in a["missing"]] == [("nat", "port_not_in_it")], a
        a = trace(d, "--address", "198.51.100.77:40001", "--time", "2026-06-01 02:13:45")
        assert not a["candidates"] and [(m["log"], m["why"], m["about"]) for m in a["missing"]] == [("nat", "none", "198.51.100.77")], a


@tap.test
def the_nightly_test_names_the_missing_log():
    now = datetime.datetime.now(JST) - datetime.timedelta(hours=2)
    with tap.folder() as d:
        lines = [f"[{now.timestamp():.6f}]\t    [NEW] tcp      6 120 SYN_SENT src=192.168.1.10 dst=203.0.113.80 sport=51234 dport=443 [UNREPLIED] "
                 "src=203.0.113.80 dst=198.51.100.1 sport=443 dport=40001"]
        lease = f"<30>{(now - datetime.timedelta(minutes=9)).isoformat()} gw1 dnsmasq-dhcp[42]: DHCPACK(br-lan) 192.168.1.10 00:a0:de:0a:0b:0c pc-sato"
        t = (now - datetime.timedelta(minutes=5)).astimezone(datetime.timezone.utc)
        login = json.dumps({"@timestamp": f"{t:%Y-%m-%dT%H:%M:%S}.000Z", "EventID": 4624, "Channel": "Security", "Computer": "pc-sato",
                            "TargetUserName": "sato", "LogonType": "2"})
        for name, files, outcome, status in [("all", {"fw": lines, "dhcp": [lease], "pcs": [login]}, "success", 0),
                                             ("lacking", {"fw": lines, "pcs": [login]}, "failure", 1), ("none", {"pcs": [login]}, "unknown", 0)]:
            (d / name).mkdir()
            spool(d / name, **files)
            r = tap.run(tap.KIZUKI, "trace", "--self-test", d / name)
            told = json.loads(r.stdout)
            assert (r.returncode, told["event.outcome"]) == (status, outcome), (name, told, r.stderr)
            if name == "all":
                assert (told["trace.found"], told["trace.host"], told["user.name"]) == ("192.168.1.10", "pc-sato", "sato"), told
            if name == "lacking":
                assert told["trace.missing"] == ["dhcp", "login"], told
                claimed = b"<13>" + now.isoformat().encode() + b" kizuki kizuki-trace: " + r.stdout
                (d / "event").write_bytes(claimed)
                r = tap.run(tap.KIZUKI, "hunt", d / "event")
                assert b"own_connection_not_traced" not in r.stdout, "anybody's line is believed to be Kizuki's own"
        # In the data folder of a running Kizuki it leaves its event with the sensor.
        (d / "lacking" / "notes").mkdir()
        assert tap.run(tap.KIZUKI, "trace", "--self-test", d / "lacking").returncode == 1
        room = roomside.Room(d / "room.sock")
        sensor = roomside.Sensor(d / "lacking", room, {"sources": []})
        told = lambda: [t for t in list(room.told.values()) if b"own_connection_not_traced" in t and b'"dhcp"' in t and b'"canary":true' not in t]
        tap.wait_until(told, 60, 0.2, "the sensor judges the note: " + sensor.said()[-1500:])
        sensor.stop()
        room.close()


@tap.test
def it_is_tried_every_night_and_told():
    """A Kizuki that slept through its last night: the lines of the evening, the result on the page of sources and as a finding."""
    then = datetime.datetime.now(JST) - datetime.timedelta(hours=2)
    with tap.folder() as d:
        data = d / "data"
        (data / "status" / "search").mkdir(parents=True)
        (d / "fw.log").write_text(f"[{then.timestamp():.6f}]\t    [NEW] tcp      6 120 SYN_SENT src=192.168.1.10 dst=203.0.113.80 sport=51234 dport=443 "
                                  "[UNREPLIED] src=203.0.113.80 dst=198.51.100.1 sport=443 dport=40001\n")
        settings = {"sources": [{"name": "gw", "kind": "file", "path": str(d / "fw.log"), "decoder": "netfilter"}], "trace": {"test_at": "never"}}
        s = programs.Served(data, settings, ["--no-local-logs"])
        try:
            page = s.browser()
            tap.wait_until(lambda: any(x["name"] == "gw" and x["lines"] for x in page.get("/sources")["sources"]), 60, what="the firewall's line")
            assert page.get("/seals")["traced"] is None
        finally:
            s.stop()
        (data / "status" / "search" / "trace.json").write_text(json.dumps(slept := {"at": "2026-01-01T00:00:00.000Z", "outcome": "unknown", "why": None, "address": None, "missing": []}))
        del settings["trace"]
        s = programs.Served(data, settings, ["--no-local-logs"])
        try:
            page = s.browser()
            told = tap.wait_until(lambda: (t := page.get("/seals")["traced"]) != slept and t, 60, what="the nightly test")
            assert (told["outcome"], told["address"], told["missing"]) == ("failure", "192.168.1.10", ["dhcp", "login"]), told
            assert told["at"] > slept["at"], told

            def findings():
                all_of = page.get("/findings?limit=200")["findings"]
                for case in page.get("/incidents")["incidents"]:
                    all_of += page.get(f"/incidents/{case['id']}/findings")["findings"]
                return [f for f in all_of if f["rule"]["name"] == "own_connection_not_traced"]
            tap.wait_until(findings, 60, what="the finding of the rule")
        finally:
            s.stop()


if __name__ == "__main__":
    tap.main()
