#!/usr/bin/env python3
"""Lasting acts against the real thing: nginx closes a site, slapd freezes accounts, nftables cuts a network, an HTTP
interface is asked as its vendor's document says; kill -9 at moments that vary, and everything is put back exactly."""
import contextlib
import os
import pathlib
import pwd
import random
import signal
import smtplib
import subprocess
import time

import doors
import netns
import programs
import rooms
import tap
import vendors
from hands import HAND, Deeds, Here
from sites import CONF, Directory, Site, fetch


def need():
    netns.need_real_root()
    tap.need(HAND.exists(), "kizuki-hand is not built")


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(x) for x in text.split()]


def one(answer):
    assert len(answer["results"]) == 1, answer
    return answer["results"][0]


@tap.test
def test_site():
    need()
    tap.need_program("nginx", "curl")
    with tap.folder() as d:
        os.chmod(d, 0o755)
        s = Site(d)
        before = s.state()
        with Deeds(Here, d / "data", "web", s.site) as h:
            r = h.room()
            a = one(r.act("apply", "site_close", "www", dry_run=True))
            assert a["state"] == "dry_run" and s.state() == before, a
            a = one(r.act("apply", "site_close", "www", minutes=60))
            assert a["state"] == "blocked" and a["reason"] is None, a
            tap.wait_until(lambda: all(fetch(s.url)[0] == 503 for _ in range(8)), 60, what="the last worker of before to leave")
            for path in ("", "old", "admin/", "nothing", "admin/index.html"):
                code, text = fetch(s.url + path)
                assert code == 503 and "\u304a\u8a6b\u3073" in text, (path, code, text)
            # the repairers in: the same act with another parameter
            a = one(r.act("apply", "site_close", "www", params={"allow": "127.0.0.2"}))
            assert a["state"] == "blocked", a
            def repairer():
                c = subprocess.run(["curl", "-s", "--interface", "127.0.0.2", f"http://127.0.0.2:{s.port}/"],
                                   capture_output=True, text=True)
                return c.stdout == "our own page"
            tap.wait_until(repairer, 60, what="the repairer sees the site")
            tap.wait_until(lambda: fetch(s.url)[0] == 503, 60, what="closed for all others")
            # what is hostile or wrong changes nothing
            here = s.state()
            for params in ({"allow": "127.0.0.2; return 200"}, {"allow": "127.0.0.0/8"}, {"deny": "x"}, {"allow": 5}):
                a = r.act("apply", "site_close", "www", params=params)
                assert not a["ok"] and one(a)["state"] == "refused", a
            for target in ("other", "../www", "www\n", "-c"):
                assert not r.act("apply", "site_close", target)["ok"]
            assert not r.act("apply", "site_close", "www", minutes=10**7)["ok"]
            assert s.state() == here
            assert r.standing()["www"]["effect"]
            a = one(r.act("undo", "site_close", "www"))
            assert a["state"] == "unblocked", a
            assert s.state() == before
            tap.wait_until(lambda: fetch(s.url) == (200, "our own page"), 60, what="open again")
            # a configuration that is broken already is left alone, and said
            (d / "nginx.conf").write_text("nonsense;")
            a = one(r.act("apply", "site_close", "www"))
            assert a["state"] == "refused" and "error already" in a["text"], a
            (d / "nginx.conf").write_text(CONF.format(d=d, port=s.port))
            assert s.state() == before
            r.close()


@tap.test
def test_site_killed():
    """kill -9 of the hand, in every other round of its runner too, while a site is being closed or opened: afterwards it is closed once, or not at all."""
    need()
    tap.need_program("nginx", "curl")
    with tap.folder() as d:
        os.chmod(d, 0o755)
        s = Site(d, 18081)
        before = s.state()
        h = Deeds(Here, d / "data", "web", s.site)
        for round_ in range(3):
            for verb in ("apply", "undo"):
                h.start()
                r = h.room()
                r.send(r.deed(verb, "site_close", "www"))
                time.sleep(random.random() * 0.25)
                runner = children(h.child.pid)
                h.kill()
                for pid in runner if round_ % 2 else ():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                r.close()
                h.start()
                r = h.room()
                there = "www" in r.standing()
                # nginx's worker of before takes connections for some milliseconds beside the new one
                tap.wait_until(lambda: (fetch(s.url)[0] == 503) == there, 60, what=f"round {round_}, {verb}, {h.said()}")
                assert len(list((d / "kizuki").iterdir())) == there
                r.close()
                h.stop()
        h.start()
        r = h.room()
        r.act("undo", "site_close", "www")
        assert s.state() == before
        tap.wait_until(lambda: fetch(s.url)[0] == 200, 60, what="open again")
        r.close()
        h.stop()


@tap.test
def test_accounts():
    need()
    tap.need_program("slapd", "slapadd", "ldapmodify", "ldapsearch", "ldapwhoami")
    with tap.folder() as d, Directory(d) as slapd:
        before = slapd.dump()
        h = Deeds(Here, d / "data", "accounts", slapd.site)
        with h:
            r = h.room()
            a = r.act("apply", "account_freeze", "user0", "user1", "user5", "nobody", "user0)(uid=*", "*")
            states = {x["address"]: x["state"] for x in a["results"]}
            assert states == {"user0": "blocked", "user1": "blocked", "user5": "refused", "nobody": "refused",
                              "user0)(uid=*": "refused", "*": "refused"}, a
            assert not slapd.signs_in(0) and not slapd.signs_in(1) and slapd.signs_in(2) and slapd.signs_in(5)
            # one is opened, the other stays: each account by itself
            assert one(r.act("undo", "account_freeze", "user0"))["state"] == "unblocked"
            assert slapd.signs_in(0) and not slapd.signs_in(1)
            # a lock that is not ours is neither taken for ours nor opened
            slapd.lock_by_hand(3)
            a = one(r.act("apply", "account_freeze", "user3"))
            assert a["state"] == "refused" and "not by us" in a["text"], a
            r.act("undo", "account_freeze", "user3")
            assert not slapd.signs_in(3)
            # the directory is away: it fails closed, in words
            slapd.child.kill()
            slapd.child.wait()
            a = one(r.act("apply", "account_freeze", "user2"))
            assert a["state"] == "refused" and a["text"], a
            a = one(r.act("undo", "account_freeze", "user1"))
            assert a["state"] == "refused" and "tried again" in a["text"], a
            assert r.standing()["user1"]["state"] == "leaving"
            r.close()
        # a hand that starts again carries the undoing through
        slapd.child = subprocess.Popen(["/usr/sbin/slapd", "-f", d / "slapd.conf", "-h", slapd.url, "-d", "0"],
                                       stderr=subprocess.DEVNULL)
        tap.wait_until(lambda: slapd.signs_in(0), 60, what="slapd again")
        with h:
            assert slapd.signs_in(1)
            r = h.room()
            assert r.standing() == {}
            # the secret never leaves the driver's own process
            assert b"secret" not in b"".join(p.read_bytes() for p in (h.data / "hand").rglob("*") if p.is_file())
            r.close()
        assert slapd.dump().replace("pwdAccountLockedTime: 000001010000Z\n", "") == before


# ---- nftables

@tap.test
def test_gateway():
    """A unit behind a gateway: cut, but still talking inside; one host isolated; all put back."""
    need()
    net = netns.Network("198.51.100.1/24")
    gateway, outside = net.server, net.client("198.51.100.9/24")
    inside = [netns.Host(f"in{i}") for i in range(2)]
    gateway.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    for i, host in enumerate(inside):
        gateway.run("ip", "link", "add", f"lan{i}", "type", "veth", "peer", "name", "e0", "netns", host.holder.pid)
        gateway.run("ip", "addr", "add", f"10.9.{i}.1/24", "dev", f"lan{i}")
        gateway.run("ip", "link", "set", f"lan{i}", "up")
        host.run("ip", "addr", "add", f"10.9.{i}.2/24", "dev", "e0")
        host.run("ip", "link", "set", "e0", "up")
        host.run("ip", "route", "add", "default", "via", f"10.9.{i}.1")
    outside.run("ip", "route", "add", "10.9.0.0/16", "via", "198.51.100.1")
    outs = [lambda h=h: h.pings("198.51.100.9") for h in inside]
    assert all(h.reaches("198.51.100.9") for h in inside) and inside[0].reaches("10.9.1.2")
    site = {"driver": "nft-gateway", "dry_run": False,
            "settings": {"inside4": "10.0.0.0/8", "inside_interface": '"lan*"'}}
    rules = gateway.run("nft", "list", "ruleset").stdout
    with tap.folder() as d:
        h = Deeds(gateway, d / "data", "gw", site)
        with h:
            r = h.room()
            a = one(r.act("apply", "net_cut", "office", dry_run=True))
            assert a["state"] == "dry_run" and gateway.run("nft", "list", "ruleset").stdout == rules, a
            a = one(r.act("apply", "net_cut", "office"))
            assert a["state"] == "blocked" and a["reason"] is None, a
            assert not outs[0]() and not outs[1]() and inside[0].reaches("10.9.1.2")
            # open by hours: the hour it is now in Japan, whatever the machine's zone
            now = time.time() + 9 * 3600
            hours = "-".join(time.strftime("%H:%M", time.gmtime(now + x)) for x in (-3600, 3600))
            a = one(r.act("apply", "net_cut", "office", params={"open": hours}))
            assert a["state"] == "blocked", a
            if hours[:5] < hours[6:]:
                assert inside[0].reaches("198.51.100.9"), gateway.run("nft", "list", "ruleset").stdout
            for bad in ("8:00-9:00", "25:00-26:00", "08:00-17:30; drop"):
                assert not r.act("apply", "net_cut", "office", params={"open": bad})["ok"]
            a = one(r.act("undo", "net_cut", "office"))
            assert a["state"] == "unblocked" and inside[0].reaches("198.51.100.9"), a
            assert gateway.run("nft", "list", "ruleset").stdout == rules
            # one host
            a = one(r.act("apply", "host_isolate", "10.9.0.2"))
            assert a["state"] == "blocked", a
            assert not outs[0]() and inside[1].reaches("198.51.100.9") and not inside[0].pings("10.9.1.2")
            r.close()
        # the machine starts anew without the rules: the hand brings them back
        gateway.run("nft", "flush", "ruleset")
        assert inside[0].reaches("198.51.100.9")
        with h:
            assert not outs[0]() and inside[1].reaches("198.51.100.9")
            r = h.room()
            # the room may undo, and a flush while it runs is seen and said, not fought
            assert one(r.act("undo", "host_isolate", "10.9.0.2"))["state"] == "unblocked" and inside[0].reaches("198.51.100.9")
            r.close()


@tap.test
def test_border():
    """A country's networks from the operator's list are kept out, partners in it are not; one address may open a few connections a minute."""
    need()
    net = netns.Network("192.0.2.1/24", "2001:db8:1::1/64")
    border = net.server
    abroad, partner, home = net.client("192.0.2.9/24", "2001:db8:1::9/64"), net.client("192.0.2.10/24"), net.client("192.0.2.200/24", "2001:db8:1:0:f::1/64")
    pings = lambda: [abroad.pings("192.0.2.1"), abroad.pings("2001:db8:1::1"), partner.reaches("192.0.2.1"), home.reaches("192.0.2.1"), home.reaches("2001:db8:1::1")]
    rules = border.run("nft", "list", "ruleset").stdout
    with tap.folder() as d:
        (d / "lists").mkdir()
        (d / "lists/xx.nft").write_text("define networks4 = { 192.0.2.0/25, 198.51.100.0/24 }\ndefine networks6 = { 2001:db8:1::/80 }\n")
        (d / "lists/bad.nft").write_text("flush ruleset\n")
        h = Deeds(border, d / "data", "border", {
            "driver": "nft-border", "dry_run": False, "targets": {"xx": {}, "bad": {}, "yy": {}, "www": {"port": "8080"}},
            "settings": {"lists": f"{d}/lists", "let_in4": "192.0.2.10", "let_in6": "100::/128"}})
        with h:
            r = h.room()
            a = one(r.act("apply", "country_block", "xx", dry_run=True))
            assert a["state"] == "dry_run" and border.run("nft", "list", "ruleset").stdout == rules, a
            a = one(r.act("apply", "country_block", "xx"))
            assert a["state"] == "blocked" and a["reason"] is None, a
            assert pings() == [False, False, True, True, True], (pings(), border.run("nft", "list", "ruleset").stdout)
            for other in ("yy", "bad", "../xx"):
                a = one(r.act("apply", "country_block", other))
                assert a["state"] == "refused" and a["text"], (other, a)
            assert one(r.act("undo", "country_block", "xx"))["state"] == "unblocked" and abroad.reaches("192.0.2.1") and abroad.reaches("2001:db8:1::1")
            assert border.run("nft", "list", "ruleset").stdout == rules
            # connections: six at once are let in, then no more of that address; partners and others are
            server = border.start(*netns.PYTHON, "-c", "import socket\ns = socket.create_server(('192.0.2.1', 8080))\nwhile 1: s.accept()[0].close()")
            tap.wait_until(lambda: home.connects("192.0.2.1", 8080), 60, what="the site")
            a = one(r.act("apply", "rate_limit", "www", params={"per_minute": "2"}))
            assert a["state"] == "blocked" and a["reason"] is None, a
            went = abroad.connections("192.0.2.1", 8080, 8, 1)
            assert 5 <= went <= 7, went
            assert home.connects("192.0.2.1", 8080) and partner.connections("192.0.2.1", 8080, 7) == 7 and abroad.reaches("192.0.2.1")
            assert not r.act("apply", "rate_limit", "www", params={"per_minute": "0"})["ok"]
            assert one(r.act("undo", "rate_limit", "www"))["state"] == "unblocked" and abroad.connects("192.0.2.1", 8080)
            assert border.run("nft", "list", "ruleset").stdout == rules
            server.kill()
            server.wait()
            r.close()
    net.close()


@tap.test
def test_requests():
    """More requests than are allowed get 429; undoing leaves the configuration as it was, byte for byte."""
    need()
    tap.need_program("nginx", "curl")
    with tap.folder() as d:
        os.chmod(d, 0o755)
        s = Site(d, 18083)
        before = s.state()
        many = lambda: [fetch(s.url)[0] for _ in range(30)]
        with Deeds(Here, d / "data", "rate", s.site | {"driver": "nginx-rate"}) as h:
            r = h.room()
            a = one(r.act("apply", "rate_limit", "www", params={"per_minute": "6", "burst": "3"}))
            assert a["state"] == "blocked" and a["reason"] is None, a
            tap.wait_until(lambda: set(many()) == {429}, 60, what="nobody gets more than his share")
            assert sorted(set(map(str, s.state())) - set(map(str, before))) == [f"{d}/kizuki/www-rate.conf", f"{d}/kizuki/zone-www.conf"], s.state()
            a = one(r.act("undo", "rate_limit", "www"))
            assert a["state"] == "unblocked" and s.state() == before, a
            tap.wait_until(lambda: set(many()) == {200}, 60, what="everybody again")
            r.close()


EXIM = """primary_hostname = mail.test
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
pid_file_path = {d}/exim.pid
exim_user = Debian-exim
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
keep_environment =
acl_smtp_mail = kizuki_mail
begin acl
"""


@tap.test
def test_senders():
    """A real mail server refuses a sender, or everybody of a domain, and takes them again; its configuration in the driver's head is the one that runs."""
    need()
    tap.need_program("exim4", "curl")
    with tap.folder() as d:
        os.chmod(d, 0o755)
        user, port = pwd.getpwnam("Debian-exim"), programs.free_port()
        for name in ("spool", "log", "deny"):
            (d / name).mkdir()
            os.chown(d / name, user.pw_uid, user.pw_gid)
        head = [l.removeprefix("#   ") for l in (tap.ROOT / "content/drivers/exim-deny.yml").read_text().splitlines() if l.startswith("#   ")]
        (d / "exim.conf").write_text(EXIM.format(d=d, port=port) + "\n".join(head[head.index("kizuki_mail:"):]).replace("/etc/exim4/kizuki-deny", f"{d}/deny") + "\n")
        child = subprocess.Popen(["/usr/sbin/exim4", "-C", d / "exim.conf", "-bdf"], stdout=subprocess.DEVNULL, stderr=open(d / "err", "w"))

        def takes(sender):
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as s:
                s.ehlo()
                return s.mail(sender)[0] == 250
        try:
            tap.wait_until(lambda: doors.answers(port), 60, what=lambda: (d / "err").read_text())
            site = {"driver": "exim-deny", "dry_run": False, "never": ["mail.test"], "settings": {"deny_folder": f"{d}/deny", "server": f"127.0.0.1:{port}"}}
            with Deeds(Here, d / "data", "mail", site) as h:
                r = h.room()
                a = one(r.act("apply", "mail_deny", "evil@bad.example", dry_run=True))
                assert a["state"] == "dry_run" and takes("evil@bad.example"), a
                a = one(r.act("apply", "mail_deny", "evil@bad.example"))
                assert a["state"] == "blocked" and a["reason"] is None, a
                assert not takes("evil@bad.example") and not takes("EVIL@Bad.example") and takes("other@bad.example")
                a = one(r.act("apply", "mail_domain_deny", "bad.example"))
                assert a["state"] == "blocked" and not takes("other@bad.example") and takes("other@sub.bad.example"), a
                for target in ("mail.test", "../x", "a b@c", "x@y\nz"):  # our own, and what is no name of a file
                    assert not r.act("apply", "mail_domain_deny", target)["ok"], target
                a = one(r.act("apply", "mail_deny", "Upper@bad2.example"))  # it would not bite: taken back, and said
                assert a["state"] in ("blocked", "refused") and (a["reason"] == "not_seen" or a["state"] == "refused") and "small letters" in a["text"], a
                r.act("undo", "mail_deny", "Upper@bad2.example")
                assert one(r.act("undo", "mail_domain_deny", "bad.example"))["state"] == "unblocked" and takes("other@bad.example") and not takes("evil@bad.example")
                assert one(r.act("undo", "mail_deny", "evil@bad.example"))["state"] == "unblocked" and takes("evil@bad.example")
                assert not list((d / "deny").iterdir())
                r.close()
        finally:
            child.terminate()
            child.wait(60)


# ---- what vendors publish about their HTTP interfaces

@tap.test
def test_vendors():
    need()
    tap.need_program("curl")
    book = vendors.book()
    kinds = {"defender-isolate": "host_isolate", "cloudflare-waf": "waf_block", "meraki-port": "host_isolate",
             "twilio-sms": "send_sms", "webhook-chat": "send_chat", "jira-ticket": "open_ticket"}
    assert set(kinds) == set(book)
    for name, c in book.items():
        server = vendors.serve(c)
        site = vendors.site(name, c, server)
        with tap.folder() as d, Deeds(Here, d / "data", "v", site) as h:
            r = h.room()
            a = one(r.act("apply", kinds[name], c["target"], params=c.get("params")))
            assert a["state"] == "blocked" and a["reason"] is None and not server.wrong, (name, a, server.wrong)
            assert server.on, name
            n = len(server.asked)
            a = one(r.act("apply", kinds[name], c["target"], params=c.get("params"), minutes=1))
            assert a["state"] == "already" and len(server.asked) == n, (name, a)
            a = one(r.act("undo", kinds[name], c["target"]))
            assert a["state"] == "unblocked" and not server.wrong, (name, a, server.wrong)
            undoes = any(x.get("state") == "off" or "state_of" in x for x in c["requests"])
            assert server.on == (not undoes), name
            # the vendor says no, and is away: refused in words
            server.rows = []
            a = one(r.act("apply", kinds[name], c["target"], params=c.get("params")))
            assert a["state"] == "refused" and a["text"], (name, a)
            server.shutdown()
            server.server_close()
            a = one(r.act("apply", kinds[name], c["target"], params=c.get("params")))
            assert a["state"] == "refused" and a["text"], (name, a)
            r.close()
        # every request the contract lists was made
        assert {(x["method"], x["path"]) for x in c["requests"]} <= set(server.asked), (name, server.asked)


# ---- from the pages to the directory and the site, and back

def states(b, incident):
    return {d["target"]: d["state"] for d in b.get(f"/incidents/{incident}/deeds")["deeds"]}


@tap.test
def test_room():
    """A person proposes, another presses; the driver and the room are killed in between; each account is a row."""
    need()
    tap.need_program("slapd", "slapadd", "ldapmodify", "ldapsearch", "ldapwhoami", "nginx", "curl")
    with tap.folder() as d:
        os.chmod(d, 0o755)
        (d / "ldap").mkdir()
        with Directory(d / "ldap") as slapd:
            s = Site(d, 18082)
            accounts, web = Deeds(Here, d / "data", "accounts", slapd.site), Deeds(Here, d / "data", "web", s.site)
            room = rooms.Room(d / "data")
            try:
                room.start()
                sensor = room.sensor()
                sensor.finding(1, rooms.finding(1, source="192.0.2.7", accounts=["user0"]))
                sensor.wait_ack(1)
                b = room.browser()
                case = b.get("/incidents")["incidents"][0]["id"]
                deeds = f"/incidents/{case}/deeds"
                ask = {"kind": "account_freeze", "driver": "accounts", "targets": ["user0", "user1", "nobody"], "minutes": 600,
                       "reason": "list attack"}
                assert b.api("POST", deeds, dict(ask, targets=[]), want=400)
                first = b.api("POST", deeds, ask)["deeds"]
                assert {x["state"] for x in first} == {"proposed"} and len({x["batch"] for x in first}) == 1, first
                # approved while no driver is there: it waits, and is done when the driver comes
                x = first[0]
                b.api("POST", f"/deeds/{x['id']}/approve", {"version": x["version"] + 7}, want=409)
                b.api("POST", f"/deeds/{x['id']}/approve", {"version": x["version"]})
                accounts.start()
                want = {"user0": "in_force", "user1": "in_force", "nobody": "refused"}
                tap.wait_until(lambda: states(b, case) == want, 60, what=lambda: (states(b, case), room.said()))
                assert not slapd.signs_in(0) and not slapd.signs_in(1)
                rows = {x["target"]: x for x in b.get(deeds)["deeds"]}
                assert rows["user0"]["seen"] is True and rows["user0"]["until"] and "no such account" in rows["nobody"]["why"]
                driver = next(v for v in b.get("/drivers")["drivers"] if v["connected"])
                assert driver["name"] == "accounts" and driver["proven"] and not driver["dry_run"], driver
                # nobody is let in again whom nobody identified
                x = rows["user0"]
                assert b.api("POST", f"/deeds/{x['id']}/undo", {"version": x["version"]}, want=400)["error"]["params"]["state"] == "not_identified"
                b.api("PUT", f"/deeds/{x['id']}/care", {"version": x["version"], "told": "phone", "bounced": True})
                x = next(y for y in b.get(deeds)["deeds"] if y["id"] == x["id"])
                assert x["bounced"] and x["told_how"] == "phone" and x["told_at"] and x["told_by"]
                after = b.api("PUT", f"/deeds/{x['id']}/care", {"version": x["version"], "identified": "called back, date of birth"})
                assert after["care"] == {"frozen": 2, "told": 1, "bounced": 1, "identified": 1, "reopened": 0}, after["care"]
                # both are killed while it is undone
                accounts.kill()
                x = next(y for y in after["deeds"] if y["id"] == x["id"])
                b.api("POST", f"/deeds/{x['id']}/undo", {"version": x["version"]})
                room.kill()
                room.start()
                accounts.start()
                b = room.browser()
                tap.wait_until(lambda: states(b, case)["user0"] == "undone", 60, what=lambda: (states(b, case), room.said()))
                assert slapd.signs_in(0) and not slapd.signs_in(1) and states(b, case)["user1"] == "in_force"
                assert b.get(deeds)["care"]["reopened"] == 1
                # a site: what is kept before is asked for
                web.start()
                x = b.api("POST", deeds, {"kind": "site_close", "driver": "web", "targets": ["www"], "minutes": 60})["deeds"][0]
                b.api("POST", f"/deeds/{x['id']}/approve", {"version": x["version"]}, want=400)
                b.api("POST", f"/deeds/{x['id']}/approve", {"version": x["version"], "kept": "copy of the page, sha256 in the case"})
                tap.wait_until(lambda: states(b, case)["www"] == "in_force", 60, what=lambda: (b.get(deeds), room.said()))
                tap.wait_until(lambda: fetch(s.url)[0] == 503, 60, what="closed")
                x = next(y for y in b.get(deeds)["deeds"] if y["target"] == "www")
                b.api("POST", f"/deeds/{x['id']}/undo", {"version": x["version"]})
                tap.wait_until(lambda: states(b, case)["www"] == "undone", 60, what=lambda: b.get(deeds))
                tap.wait_until(lambda: fetch(s.url) == (200, "our own page"), 60, what="open again")
                keys = [e["text"]["key"] for e in b.get(f"/incidents/{case}/timeline")["entries"] if e.get("text")]
                for key in ("proposed", "approved", "in_force", "refused", "told", "identified", "undo", "undone"):
                    assert f"event.deed_{key}" in keys, (key, keys)
                status, said = room.verify()
                assert status == 0, said
            finally:
                for h in (accounts, web):
                    if h.child:
                        h.stop()
                room.stop()


if __name__ == "__main__":
    netns.enter()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap.main()
