#!/usr/bin/env python3
"""Decoders written as data, end to end: a file in which everything is mixed, one's own decoders, and logins of
every kind before the shipped rules."""
import json
import random

import programs
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
            assert " door," in known and " postfix," in known and " sshd," in known, known
        finally:
            s.stop()


tap.main()
