#!/usr/bin/env python3
"""Decoders written as data, end to end: a file in which everything is mixed, one's own decoders, and logins of
every kind before the shipped rules."""
import gzip
import json
import random

import programs
import roomside
import spoolread
import tap

MIXED = [
    ("<22>Nov 23 02:03:08 mail postfix/smtpd[7]: warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: x",
     {"kizuki.decoder": "postfix", "event.outcome": "failure", "source.ip": "198.51.100.7"}),
    ('<189>date=2026-11-23 time=02:03:08 devname="F" devid="FGT60F0" tz="+0900" logid="0000000013" type="traffic" subtype="forward" '
     'srcip=192.168.1.10 srcport=51234 dstip=203.0.113.80 dstport=443 proto=6 action="close" transip=198.51.100.1 transport=40001',
     {"kizuki.decoder": "fortigate", "source.nat.ip": "198.51.100.1", "source.nat.port": 40001, "destination.port": 443, "host.name": "F"}),
    ("<30>Nov 23 02:03:08 ns1 named[7]: client @0x7f12c8 192.168.1.10#53423 (www.example.org): query: www.example.org IN A +E(0)K (192.0.2.53)",
     {"kizuki.decoder": "bind", "dns.question.name": "www.example.org", "source.port": 53423}),
    ("Nov 23 02:03:08 web1 sshd[7]: Failed password for root from 198.51.100.8 port 22 ssh2",
     {"kizuki.decoder": "sshd", "source.ip": "198.51.100.8"}),
    ("<166>Nov 23 2026 02:03:08 fw1 : %ASA-6-305011: Built dynamic TCP translation from inside:192.168.1.10/51234 to outside:198.51.100.1/40001",
     {"kizuki.decoder": "asa", "source.nat.ip": "198.51.100.1", "host.name": "fw1"}),
    ("<30>Nov 23 02:03:08 gw dhcpd[7]: DHCPACK on 192.168.1.10 to 00:a0:de:0a:0b:0c (pc-sato) via eth1",
     {"kizuki.decoder": "dhcpd", "client.ip": "192.168.1.10", "client.mac": "00-A0-DE-0A-0B-0C"}),
    ("2026-11-22 17:03:08 192.0.2.10 GET /a - 443 - 198.51.100.9 Mozilla/5.0+(X) - 200 0 0 31",
     {"kizuki.decoder": "iis", "source.ip": "198.51.100.9", "@timestamp": "2026-11-22T17:03:08.000Z"}),
    ("<134>Nov 23 02:03:08 gate CEF:0|Example|Gate|1|7|name|9|src=198.51.100.10 msg=a\\=b",
     {"kizuki.decoder": "cef", "source.ip": "198.51.100.10", "event.reason": "a=b", "event.severity": 9}),
    ("Nov 23 02:03:08 web1 other: 198.51.100.7:1 TLS Auth Error: Auth Username/Password verification failed for peer",
     {"kizuki.decoder": "syslog", "source.ip": None}),
]

OWN = """decoder: door
help: a door
find: [{program: doord}]
messages:
  - {like: 'refused {text:user.name} from {ip:source.ip}', login: failure}
samples:
  - line: 'Nov 23 02:03:08 gate doord[7]: refused sato from 192.0.2.1'
    url: https://example.com/
    expect: {event.action: login, user.name: %s}
"""


def kizuki(*args):
    return tap.run(tap.KIZUKI, *args)


@tap.test
def one_file_with_everything_in_it():
    with tap.folder() as d:
        (d / "log").write_text("".join(line + "\n" for line, _ in MIXED))
        r = kizuki("decode", "--stats", d / "log")
        events = [json.loads(l) for l in r.stdout.splitlines()]
        assert json.loads(r.stderr.splitlines()[-1])["unparsed"] == 0, r.stderr
        assert len(events) == len(MIXED)
        for event, (line, want) in zip(events, MIXED):
            assert event["event.original"] == line
            for key, value in want.items():
                assert event.get(key) == value, (line, key, event.get(key), value)


IIS = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-11-22 17:00:00
#Fields: date time c-ip cs-username cs-method cs-uri-stem sc-status x-own-column
2026-11-22 17:03:08 198.51.100.7 - GET /first 200 a
#Fields: time date cs-uri-stem cs-method s-port sc-status c-ip time-taken
17:03:09 2026-11-22 /second POST 443 404 198.51.100.8 15
17:03:10 2026-11-22 /third,with,columns GET 443 200 198.51.100.9 -
"""


def iis(lines):
    rows = [json.loads(l) for l in lines.splitlines() if not b'"message":"#' in l]
    return [(e.get("url.path"), e.get("source.ip"), e.get("http.response.status_code"), e.get("@timestamp"), e.get("event.duration")) for e in rows
            if e.get("url.path")]


@tap.test
def a_w3c_log_is_read_by_the_columns_its_own_file_names():
    want = [("/first", "198.51.100.7", 200, "2026-11-22T17:03:08.000Z", None),
            ("/second", "198.51.100.8", 404, "2026-11-22T17:03:09.000Z", 15000000),
            ("/third,with,columns", "198.51.100.9", 200, "2026-11-22T17:03:10.000Z", None)]
    with tap.folder() as d:
        (d / "u_ex.log").write_text(IIS)
        assert iis(kizuki("decode", d / "u_ex.log").stdout) == want
        (d / "u_ex.log.gz").write_bytes(gzip.compress(IIS.encode()))
        assert iis(kizuki("decode", d / "u_ex.log.gz").stdout) == want
        # Followed: a sensor that is started again in the middle of the file still knows its columns.
        (d / "data").mkdir()
        room = roomside.Room(d / "room.sock")
        settings = {"sources": [{"name": "iis", "path": str(d / "u_ex.log")}]}
        there = lambda n: len([l for l in spoolread.lines(d / "data" / "spool") if b"17:03:" in l]) == n  # Kizuki writes records of its own
        for line in (None, "17:03:11 2026-11-22 /fourth GET 443 200 198.51.100.10 16\n"):
            if line:
                with open(d / "u_ex.log", "a") as f:
                    f.write(line)
                (d / "data" / "late").mkdir(exist_ok=True)
                (d / "data" / "late" / "sent later.log").write_text(IIS.replace("/", "/late-", 5).replace("2026-11-22", "2026-10-22"))
            sensor = roomside.Sensor(d / "data", room, settings)
            tap.wait_until(lambda: there(7 if line else 3), 60, 0.1, sensor.said()[-1500:])
            sensor.stop()
        room.close()
        r = kizuki("search", "url.path:*", d / "data" / "spool")
        got = sorted((e["event"] if "event" in e else e)["url.path"] for e in map(json.loads, r.stdout.splitlines()))
        assert got == ["/first", "/fourth", "/late-first", "/late-second", "/late-third,with,columns", "/second", "/third,with,columns"], (got, r.stdout[:600])
        assert kizuki("search", 'url.path:"/fourth" and source.ip:198.51.100.10 and http.response.status_code:200', d / "data" / "spool", "--count").stdout.strip() == b"1"


@tap.test
def own_decoders_are_checked_tried_and_used():
    with tap.folder() as d:
        (d / "own").mkdir()
        good, log = d / "own" / "door.yml", d / "log"
        good.write_text(OWN % "sato")
        log.write_text("Nov 23 02:03:08 gate doord[7]: refused sato from 192.0.2.1\nNov 23 02:03:09 gate doord[7]: something else\n")
        assert kizuki("decoder", "check", good).returncode == 0
        r = kizuki("decoder", "test", good)
        assert r.returncode == 0 and b"1 samples right, 0 wrong" in r.stdout, r
        r = kizuki("decode", "--stats", "--decoders", d / "own", log)
        first, second = (json.loads(l) for l in r.stdout.splitlines())
        assert first["event.outcome"] == "failure" and first["service.name"] == "door"
        assert second["kizuki.decoder"] == "door" and second["error.message"] == "decoder door knows no message like this"
        assert json.loads(r.stderr.splitlines()[-1])["unparsed"] == 1
        assert json.loads(kizuki("decode", log).stdout.splitlines()[0])["kizuki.decoder"] == "syslog"
        # a sample that is wrong, and a file that is: each is named, the good one still counts
        (d / "own" / "wrong.yml").write_text((OWN % "tanaka").replace("decoder: door", "decoder: wrong").replace("doord", "wrongd"))
        (d / "own" / "bad.yml").write_text("decoder: bad\nhelp: x\nfnd: []\n")
        r = kizuki("decoder", "test", d / "own")
        assert r.returncode == 1 and b"wrong.yml:7: user.name is 'sato', not 'tanaka'" in r.stderr, r.stderr
        assert b"bad.yml:3:1: unknown key 'fnd'" in r.stderr and b"1 samples right, 1 wrong" in r.stdout, r
        r = kizuki("decode", "--decoders", d / "own", log)
        assert r.returncode == 0 and b"bad.yml:3:1" in r.stderr
        assert json.loads(r.stdout.splitlines()[0])["kizuki.decoder"] == "door"
        names = kizuki("decoder", "list", "--decoders", d / "own").stdout
        assert b"door " in names and b"postfix " in names and b"sshd " in names


def bursts():
    """Each kind: who fails 300 times in ten minutes from its own address."""
    def clock(i):
        return f"02:{i // 60:02d}:{i % 60:02d}"

    def iso(i):
        return f"2026-11-22T17:{i // 60:02d}:{i % 60:02d}Z"

    return {
        "203.0.113.1": lambda i: f"Nov 23 {clock(i)} mail postfix/smtpd[7]: warning: unknown[203.0.113.1]: SASL PLAIN authentication failed: bad, sasl_username=user{i % 3}@example.jp",
        "203.0.113.2": lambda i: f"Nov 23 {clock(i)} mail dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<user{i % 3}>, method=PLAIN, rip=203.0.113.2, lip=192.0.2.25, session=<a>",
        "203.0.113.3": lambda i: f"Nov 23 {clock(i)} vpn openvpn[7]: 203.0.113.3:5{i:04d} TLS Auth Error: Auth Username/Password verification failed for peer",
        "203.0.113.4": lambda i: f'date=2026-11-23 time={clock(i)} devname="F" devid="FGT60F0" tz="+0900" logid="0101039426" type="event" subtype="vpn" action="ssl-login-fail" remip=203.0.113.4 user="user{i % 3}" reason="x"',
        "203.0.113.5": lambda i: json.dumps({"createdDateTime": iso(i), "userPrincipalName": f"user{i % 3}@example.jp", "appDisplayName": "x", "ipAddress": "203.0.113.5", "status": {"errorCode": 50126}}),
        "203.0.113.6": lambda i: json.dumps({"eventType": "user.session.start", "published": iso(i), "actor": {"alternateId": f"user{i % 3}"}, "client": {"ipAddress": "203.0.113.6"}, "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"}}),
    }


@tap.test
def failed_logins_of_every_kind_reach_the_shipped_rules():
    with tap.folder() as d:
        for address, line in bursts().items():
            (d / address).write_text("".join(line(i) + "\n" for i in range(300)))
        r = kizuki("hunt", "--stats", *sorted(d.iterdir()))
        assert r.returncode == 0, r.stderr
        accused = {json.loads(l)["group"].get("kizuki.source.net") for l in r.stdout.splitlines()}
        assert accused >= set(bursts()), set(bursts()) - accused
        assert json.loads(r.stderr.splitlines()[-1])["unparsed"] == 0


@tap.test
def a_line_is_the_same_event_wherever_it_stands():
    r = random.Random(11)
    lines = [line for line, _ in MIXED] * 20
    want = {}
    with tap.folder() as d:
        for turn in range(2):
            r.shuffle(lines)
            (d / "log").write_text("\n".join(lines) + "\n")
            for text in kizuki("decode", d / "log").stdout.splitlines():
                event = json.loads(text)
                event.pop("kizuki.position"), event.pop("event.created")  # arrival
                assert want.setdefault(event["event.original"], event) == event
    assert len(want) == len(MIXED)


@tap.test
def the_sensor_takes_decoders_of_its_data_folder_and_says_what_it_does_not():
    settings = {"sources": [{"name": "x", "kind": "file", "path": "/nowhere/x.log", "decoder": "nope"}]}
    with tap.folder() as d:
        own = d / "data" / "decoders"
        own.mkdir(parents=True)
        (own / "door.yml").write_text(OWN % "sato")
        (own / "bad.yml").write_text("decoder: bad\n")
        s = programs.Served(d / "data", settings)
        try:
            said = tap.wait_until(lambda: "no decoder is called 'nope'" in s.output() and s.output(), 60, what="the sensor's word")
            assert "a decoder is not used: " in said and "bad.yml:1:1: 'help' is missing" in said, said
            known = said.split("no decoder is called 'nope'; there are ")[1].split("\n")[0]
            assert " sshd," in known and " auditd," in known and known.endswith("`kizuki decoder list` names"), known
        finally:
            s.stop()


tap.main()
