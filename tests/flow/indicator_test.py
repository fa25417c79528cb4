#!/usr/bin/env python3
"""Indicators end to end: what the command line takes in and why it refuses, what hits in what arrives, expiry, and taking back."""
import contextlib
import csv
import email
import email.message
import email.policy
import hashlib
import http.client
import io
import json
import os
import signal
import time

import mail_make
import programs
import scope_night
import tap

FILES = tap.ROOT / "tests" / "flow" / "indicators"
PROSE = """【注意喚起】次の通信先を遮断してください。
C2サーバ：hxxps://evil[.]bad-domain[.]com/gate.php?x=1 、ＩＰは４５．６７．８９．２１（ポート443）
ほか　update-check(.)ru 、 192.168.1.5、 8.8.8.8
マルウェア setup.zip MD5=0123456789abcdef0123456789abcdef
参考: https://www.jpcert.or.jp/at/2026/at260001.html
連絡先 info@bad-contact.jp  送信元 attacker[at]mail-bad2[.]org
"""


def indicator(data, *args, want=0):
    r = tap.run(tap.KIZUKI, "indicator", args[0], "--data", data, *args[1:])
    assert r.returncode == want, (args, r.returncode, r.stdout.decode(), r.stderr.decode())
    return r.stdout.decode() if want == 0 else r.stderr.decode()


def added(data, *args):
    return [json.loads(line) for line in indicator(data, "add", "--json", *args).splitlines()]


def listed(data, *args):
    return {e["value"]: e for e in map(json.loads, indicator(data, "list", "--json", *args).splitlines())}


@tap.test
def files_are_read_and_refused_with_reasons():
    with tap.folder() as d:
        (d / "kizuki.yml").write_text("own: [61.45.67.0/24, our-own.jp]\n")
        (d / "list.csv").write_bytes("種別,値,出所,確度,有効期限,備考\r\nIP,45.67.89.31,県警,高,2030-01-02,\"攻撃元、\"\"A\"\"\"\r\nドメイン,www.our-own.jp,県警,低,,\r\n".encode("cp932"))
        (d / "advisory.txt").write_bytes(PROSE.encode("cp932"))
        first, misp, csv, prose = added(d, FILES / "bundle.json", FILES / "event.json", d / "list.csv", d / "advisory.txt")
        why = {r["value"]: (r["why"], r["detail"]) for r in first["refused"]}
        assert (first["format"], first["new"], first["refused_total"]) == ("stix", 5, 3), first
        assert why["61.45.67.8"] == ("own", "own") and why["104.16.1.1"] == ("listed", "Content delivery: Cloudflare"), why
        assert why["network-traffic:dst_port"][0] == "unreadable", why
        assert (misp["format"], misp["new"], misp["known"]) == ("misp", 4, 1), misp
        assert (csv["format"], csv["new"], csv["refused"][0]["why"]) == ("csv", 1, "own"), csv
        assert {r["value"]: r["why"] for r in prose["refused"]} == {
            "192.168.1.5": "listed", "8.8.8.8": "listed", "setup.zip": "file_name",
            "https://www.jpcert.or.jp/at/2026/at260001.html": "reference", "info@bad-contact.jp": "reference"}, prose
        assert (prose["format"], prose["new"]) == ("text", 5), prose
        all_of = listed(d)
        assert "45.67.89.99" not in all_of and "45.67.89.99" in listed(d, "--all")  # it ended in 2020
        both = all_of["45.67.89.10"]["origins"]
        assert [(o["source"], o["tlp"], o["confidence"]) for o in both] == [("Sector ISAC", "amber+strict", 80), ("National CSIRT", "green", None)], both
        one = all_of["45.67.89.31"]["origins"][0]
        assert (one["source"], one["confidence"], one["note"], one["until"][:10]) == ("県警", 85, '攻撃元、"A"', "2030-01-02"), one
        assert {"https://evil.bad-domain.com/gate.php?x=1", "45.67.89.21", "update-check.ru", "attacker@mail-bad2.org"} <= set(all_of)
        # to whom: amber+strict and red are not for the community, red is for no file
        shared, own = listed(d, "--for", "community"), listed(d, "--for", "organisation")
        assert "45.67.89.12" in shared and "45.67.89.10" not in shared and "billing@mail-bad.org" not in own and "45.67.89.10" in own
        # the same again is known; taking back leaves the other origin
        assert [x["new"] for x in added(d, "--preview", FILES / "bundle.json")] == [0]
        indicator(d, "remove", str(first["import"]))
        assert [o["source"] for o in listed(d)["45.67.89.10"]["origins"]] == ["National CSIRT"]
        assert "there is no import" in indicator(d, "remove", "77", want=1)
        assert added(d, FILES / "bundle.json")[0]["import"] > prose["import"]  # numbers are not given twice
        (d / "broken.json").write_text('{"type": "bundle", "objects": [')
        assert "no JSON" in indicator(d, "add", d / "broken.json", want=1)
        # a list of MISP's own kind, put there by the user, and one that takes the place of a shipped one
        (d / "indicators" / "lists").mkdir()
        (d / "indicators" / "lists" / "ours.json").write_text('{"name": "Not these", "type": "cidr", "list": ["45.67.0.0/16"]}')
        (d / "indicators" / "lists" / "resolvers.json").write_text('{"name": "None", "type": "cidr", "list": []}')
        (d / "few").write_text("45.67.89.40\n8.8.8.8\n")
        x = added(d, "--preview", d / "few")[0]
        assert (x["new"], x["refused"][0]["detail"]) == (1, "Not these"), x
        # one that cannot be read is said, not passed over
        (d / "indicators" / "lists" / "patterns.json").write_text('{"name": "Patterns", "type": "regex", "list": ["^45[.]"]}')
        told = indicator(d, "add", d / "few", want=1)
        assert "patterns.json" in told and "'regex' is not read" in told, told


def squid(host, address, at=None):
    return f"<134>1 {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} proxy squid 9 - - {at or time.time():.3f}    105 10.1.2.3 TCP_MISS/200 10600 GET http://{host}/index.html sato HIER_DIRECT/{address} text/html"


@tap.test
def what_arrives_is_looked_up():
    with programs.served({"sources": [], "spool": {"segment": 1, "close_after": "1s"}}, ["--no-local-logs"]) as s:
        page = s.browser()
        one = added(s.data, FILES / "bundle.json")[0]
        tap.wait_until(lambda: "indicators are looked for" in s.output(), 60, what="the sensor with indicators")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = [squid("www.debian.org", "151.101.2.132"), squid("a.update.bad-domain.com", "45.67.89.10"), squid("old.test.invalid", "45.67.89.99"),
                 squid("xbad-domain.com", "45.67.89.100"),
                 f"<38>1 {now} gate sshd 7 - - Failed password for root from 45.67.89.10 port 22 ssh2",
                 f"<38>1 {now} gate sshd 7 - - Accepted password for alice from 45.67.89.10 port 22 ssh2"]
        programs.send(s.syslog_port, lines)

        def findings():
            """Those that opened a case, and those that did not."""
            all_of = page.get("/findings?limit=200")["findings"]
            for case in page.get("/incidents")["incidents"]:
                all_of += page.get(f"/incidents/{case['id']}/findings")["findings"]
            return {f["rule"]["name"]: f for f in all_of if f["rule"]["name"].startswith("indicator_")}
        tap.wait_until(lambda: len(findings()) == 3, 60, what="three findings of rules about indicators")
        got = findings()
        assert set(got) == {"indicator_outbound", "indicator_inbound", "indicator_entered"}, got
        group = {g["name"]: g["value"] for g in got["indicator_entered"]["group"]}
        assert group["kizuki.indicator.value"] == "45.67.89.10" and group["kizuki.indicator.tlp"] == "amber+strict" and group["kizuki.indicator.source"] == "Sector ISAC", group
        rows = {x["value"]: x for x in page.get("/indicators")["indicators"]}
        assert rows["45.67.89.10"]["hits"] >= 3 and rows["45.67.89.10"]["hit_at"] and rows["update.bad-domain.com"]["hits"] == 0, rows
        # taken back: nothing hits any more
        indicator(s.data, "remove", str(one["import"]))
        tap.wait_until(lambda: "0 indicators are looked for" in s.output(), 60, what="the sensor without indicators")
        how_far_it_reached(s, page)


def how_far_it_reached(s, page):
    """Every shipped question of content/scopes over a generated night whose numbers are known."""
    case = page.get("/incidents")["incidents"][0]["id"]
    night = scope_night.make(int(time.time()) - 210)
    for who in night.book["persons"]:
        page.api("POST", "/registers/people", {"values": {"name": f"{who}さん", "mail": f"{who}@example.jp"}})
    lines = night.made()
    programs.send(s.syslog_port, lines)
    tap.wait_until(lambda: int(tap.run(tap.KIZUKI, "search", "--count", "--from-record", "1", "*", s.data).stdout or 0) >= len(lines), 60, what="the night in the spool")
    runs = scope_night.counted(page, case, night)
    behind = runs["persons-shared"]["result"]
    assert (behind["persons"], behind["unknown"]) == (len(night.book["persons"]), len(night.book["unknown"])), behind
    assert {w for w in behind["who"] if w} == {f"{who}さん" for who in night.book["persons"]}, behind
    listed = page.request("GET", f"/api/v1/scope-runs/{runs['visitors']['id']}/csv").text
    assert {row[0] for row in csv.reader(io.StringIO(listed.lstrip("\ufeff"), newline=""))} - {"source.ip"} == night.book["visitors"], listed[:300]
    assert runs["visitors"]["result"]["list"]["sha256"] == hashlib.sha256(listed.encode()).hexdigest()
    first = runs["visitors"]["result"]["values"][0]  # what it stands on
    assert page.get(f"/events/{first['record']}")["event"]["source.ip"] == first["value"][0], first
    # a log that never came is said, and a value is never more than a value
    none = page.api("POST", f"/incidents/{case}/scopes", {"scope": "visitors", "values": {"host": ['x" or root or "'], "path": ["/a or *"]}, "from": "1時間前", "to": "1分前"})
    none = scope_night.ended(page, none["id"])["result"]
    assert none["distinct"] == 0 and none["needs"][0]["found"] == 0, none
    page.api("POST", f"/incidents/{case}/scopes", {"scope": "visitors", "values": {"host": ["a"]}, "from": "1時間前", "to": "1分前"}, want=400)


RULE = """title: Root was tried
id: 0f5d2a39-70f5-4a3c-9d07-1f2d3c4b5a69
logsource: {product: linux, service: sshd}
detection:
    tried: {user.name: root}
    condition: tried
level: low
"""


def mail_lines(a, b):
    """A mail that three were sent, as Postfix tells it; another of the same sender, and one of nobody; who went where its link leads."""
    said = [(a, "cleanup", "4XyZ1: message-id=<abc.1@evil.example>"), (a, "qmgr", "4XyZ1: from=<bounce@evil.example>, size=900, nrcpt=3 (queue active)"),
            *[(b, "local", f"4XyZ1: to=<{w}@example.jp>, relay=local, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)") for w in ("taro", "hana", "jiro")],
            (b, "cleanup", "5Ab2: message-id=<other@evil.example>"), (b, "qmgr", "5Ab2: from=<bounce@evil.example>, size=900, nrcpt=1 (queue active)"),
            (b, "local", "5Ab2: to=<saburo@example.jp>, relay=local, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)"),
            (b, "qmgr", "6Cd3: from=<friend@example.org>, size=900, nrcpt=1 (queue active)"),
            (b, "local", "6Cd3: to=<shiro@example.jp>, relay=local, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)")]
    lines = [f"<22>1 {t} mx postfix/{p} 7 - - {text}" for t, p, text in said]
    lines += [f"<13>1 {b} proxy squid 7 - - {time.time():.3f} 100 10.1.2.3 TCP_MISS/200 512 GET http://evil.example/login hana HIER_DIRECT/203.0.113.9 text/html",
              f"<13>1 {b} proxy squid 7 - - {time.time():.3f} 100 10.1.2.9 TCP_MISS/200 512 GET http://good.example/ jiro HIER_DIRECT/203.0.113.8 text/html",
              f"<30>1 {b} ns named 7 - - client @0x1 10.1.2.4#53000 (evil.example): query: evil.example IN A +E(0) (10.0.0.1)"]
    return lines


def a_reported_mail_is_looked_for(s, page, first):
    """Who else got it, who went where its link leads, whose machine had its attachment: by itself, as soon as it is reported."""
    m, _, program = mail_make.suspicious()
    m["Return-Path"] = "<bounce@evil.example>"
    programs.send(s.syslog_port, [f"<38>1 {first[0]}Z pc7 av 7 - - found {hashlib.sha256(program).hexdigest()} in Downloads"])
    whole = email.message.EmailMessage()
    whole["From"], whole["Subject"], whole["Message-ID"] = "taro@example.jp", "Fwd", "<t1@example.jp>"
    whole.set_content("?")
    whole.add_attachment(email.message_from_bytes(m.as_bytes(), policy=email.policy.default))
    (s.data / "door/new").write_text(json.dumps({"ways": [{"name": "none", "kind": "program", "argv": ["/bin/true"]}]}))
    (s.data / "door/new").chmod(0o600)
    (s.data / "door/new").rename(s.data / "door/door.yml")
    tap.wait_until(lambda: tap.run(tap.KIZUKI, "search", "--count", "Downloads", s.data).stdout == b"1\n", 60, what="the last line in the spool")
    (s.data / "mail/in/.new").write_bytes(whole.as_bytes())
    (s.data / "mail/in/.new").rename(s.data / "mail/in/1")
    tap.wait_until(lambda: page.get("/mail-reports")["reports"], 60, what="the report")
    hunts = lambda: page.get("/mail-reports/1")["hunts"]
    tap.wait_until(lambda: [h["state"] for h in hunts()] == ["done", "done"], 60, what=lambda: f"both steps: {hunts()}")
    parts = [{x["name"]: x for x in page.get(f"/hunts/{h['id']}")["result"]["parts"]} for h in hunts()]
    seen = lambda part, of: sorted(v["value"] for v in part[of]["values"])
    asked = [{x["name"]: x["value"] for x in page.get(f"/hunts/{h['id']}")["result"]["asked"]} for h in hunts()]
    assert asked[0]["same"] == "abc.1@evil.example" and asked[0]["link.0"] == "evil.example" and asked[0]["domain"] == "evil.example" and asked[0]["way"] == "203.0.113.9, 192.0.2.1", asked
    assert seen(parts[0]["same"], "mails") == ["4XyZ1"] and seen(parts[0]["sender"], "mails") == ["4XyZ1", "5Ab2"], parts[0]
    assert seen(parts[0]["link.0"], "clients") == ["10.1.2.3", "10.1.2.4"] and seen(parts[0]["link.0"], "accounts") == ["hana"], parts[0]["link.0"]
    assert parts[0]["files"]["found"] == 1 and seen(parts[0]["files"], "hosts") == ["pc7"], parts[0]["files"]
    assert seen(parts[1]["same"], "recipients") == ["hana@example.jp", "jiro@example.jp", "taro@example.jp"], parts[1]
    assert seen(parts[1]["sender"], "recipients") == ["hana@example.jp", "jiro@example.jp", "saburo@example.jp", "taro@example.jp"], parts[1]
    assert parts[1]["same"]["recipients"]["distinct"] == 3 and parts[1]["same"]["first_at"][:19] == first[1], parts[1]
    assert [h["kind"] for h in page.get("/hunts")["hunts"] if h["mail"] == 1] == ["mail", "mail"]


def hunted(page, n):
    box = {}

    def ended():
        box.update(page.get(f"/hunts/{n}"))
        return box["hunt"]["state"] != "running"
    tap.wait_until(ended, 60, what=f"the end of hunt {n}")
    return box["hunt"], box["result"]


def the_room_is_killed_during_a_hunt(s, page, first):
    """The searcher is held still, so that the hunt certainly runs when the room dies; then both go on, and nothing is counted twice."""
    searcher = s.children()["kizuki-search"]
    os.kill(searcher, signal.SIGSTOP)
    try:
        begun = page.api("POST", "/hunts/past", {"hypothesis": "the room dies", "query": "45.67.89.12"})["id"]
        assert page.get(f"/hunts/{begun}")["hunt"]["state"] == "running"
        died = s.kill("kizuki-room")
        tap.wait_until(lambda: s.children().get("kizuki-room") not in (None, died), 60, 0.05, "another room")
    finally:
        os.kill(searcher, signal.SIGCONT)

    def ended():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return page.request("GET", f"/api/v1/hunts/{begun}").status == 200 and page.get(f"/hunts/{begun}")["hunt"]["state"] != "running"
    tap.wait_until(ended, 60, 0.1, "the hunt of the room before ends in this one")
    hunt, result = hunted(page, begun)
    assert (hunt["state"], hunt["found"]) == ("done", 2), (hunt, result)
    assert [(v["value"], v["n"], v["first_at"][:19]) for v in result["hosts"]["values"]] == [("gate", 1, first[0]), ("mail", 1, first[1])], result
    assert sum(h["hypothesis"] == "the room dies" for h in page.get("/hunts")["hunts"]) == 1


@tap.test
def what_is_kept_is_looked_through():
    with programs.served({"sources": [], "spool": {"segment": 1, "close_after": "1s"}}, ["--no-local-logs"]) as s:
        page = s.browser()
        then = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 100 + 10 * i)) for i in range(2)]
        lines = [f"<38>1 {then[0]} gate sshd 7 - - Failed password for root from 45.67.89.12 port 22 ssh2",
                 f"<38>1 {then[1]} mail sshd 7 - - Accepted password for alice from 45.67.89.12 port 22 ssh2", *mail_lines(*then)]
        programs.send(s.syslog_port, [f"<38>1 {then[0]} web app 3 - - filler {i} {'x' * 100}" for i in range(30000)] + lines)
        found = lambda: int(tap.run(tap.KIZUKI, "search", "--count", "--indicators", s.data / "list", "x", s.data).stdout or 0)
        (s.data / "list").write_text("45.67.89.12\n45.99.0.1\n")
        tap.wait_until(lambda: found() == 2, 60, what="both lines in the spool")
        # with filters segments are passed over, and nothing is missed
        counted = lambda: tap.run(tap.KIZUKI, "search", "--count", "--stats", "--indicators", s.data / "list", "x", s.data)
        tap.wait_until(lambda: json.loads(counted().stderr.splitlines()[-1])["segments_passed_over"] >= 2, 60, what="filters")
        assert counted().stdout == b"2\n"
        (s.data / "rule.yml").write_text(RULE)
        assert tap.run(tap.KIZUKI, "search", "--count", "--rule", s.data / "rule.yml", "x", s.data).stdout == b"1\n"
        # what is taken in on the page is looked for in what is kept, by itself, also when searcher and room are killed
        text = (FILES / "event.json").read_text()
        looked = page.api("POST", "/indicators/preview", {"name": "event.json", "text": text})
        assert (looked["format"], looked["new"], looked["refused"][0]["why"]) == ("misp", 5, "not_meant"), looked
        took = page.api("POST", "/indicators/imports", {"preview": looked["preview"]})["import"]
        page.api("POST", "/indicators/imports", {"preview": looked["preview"]}, want=404)
        s.kill("kizuki-search")
        tap.wait_until(lambda: any(h["import"] == took for h in page.get("/hunts")["hunts"]), 60, what="a hunt for the import")
        mine = next(h for h in page.get("/hunts")["hunts"] if h["import"] == took)
        assert mine["kind"] == "indicators" and mine["name"] == "event.json", mine
        hunt, result = hunted(page, mine["id"])
        assert (hunt["state"], hunt["found"]) == ("done", 2), (hunt, result)
        seen = {k: [(v["value"], v["n"], v["first_at"][:19]) for v in result[k]["values"]] for k in ("hosts", "accounts", "indicators")}
        first = [t[:19] for t in then]
        assert seen == {"hosts": [("gate", 1, first[0]), ("mail", 1, first[1])], "accounts": [("root", 1, first[0]), ("alice", 1, first[1])],
                        "indicators": [("45.67.89.12", 2, first[0])]}, seen
        assert result["progress"]["bytes_done"] == result["progress"]["bytes"]
        the_room_is_killed_during_a_hunt(s, page, first)
        a_reported_mail_is_looked_for(s, page, first)
        # a rule and a query; a correlation is refused with a sentence
        begun = page.api("POST", "/hunts/past", {"hypothesis": "誰かが root を試した", "rule": RULE})
        assert hunted(page, begun["id"])[0]["found"] == 1
        begun = page.api("POST", "/hunts/past", {"hypothesis": "x", "query": "(a or"})
        hunt, result = hunted(page, begun["id"])
        assert hunt["state"] == "failed" and result["why"], (hunt, result)
        page.api("POST", "/hunts/past", {"hypothesis": "x"}, want=400)
        page.api("POST", f"/hunts/{begun['id']}/stop", {}, want=409)
        # a tip from outside: what stands in it is looked for by itself, and the slip says what was found
        tip = page.api("POST", "/tips", {"from": "jpcert", "sender": "JPCERT/CC", "text": "45[.]67[.]89[.]12 と hxxp://evil[.]example/a から攻撃を受けている可能性があります。"})
        matched = lambda: page.get(f"/tips/{tip['id']}")
        tap.wait_until(lambda: matched()["match"] == "done", 60, what=lambda: (matched(), s.output()[-1000:]))
        assert (matched()["found"], matched()["indicators_n"], matched()["first_at"][:19]) == (2, 2, first[0]), matched()
        empty = page.api("POST", "/tips", {"from": "police", "text": "電話で、貴社が狙われていると言われた。"})
        tap.wait_until(lambda: page.get(f"/tips/{empty['id']}")["match"] == "none", 60, what="a tip with nothing to look for")
        for n in {i["id"] for i in page.get("/indicators/imports")["imports"]} - {took}:
            page.api("DELETE", f"/indicators/imports/{n}", None)
        # three alike within ten minutes become a case, by a rule, and belong to it
        for line in ("真っ白", "崩れている", "知らない文字"):
            page.api("POST", "/reports", {"kind": "site", "service": "members", "text": line})
        told = lambda: page.get("/reports?state=all")["reports"]
        tap.wait_until(lambda: {r["state"] for r in told()} == {"case"} and len({r["incident"]["id"] for r in told()}) == 1, 60, what=lambda: (told(), s.output()[-1000:]))
        assert page.get("/incidents")["incidents"][0]["title"]["params"]["title"] == "Three reports alike within ten minutes"
        rows = page.get("/indicators?text=45.67.89.12")["indicators"]
        assert [r["value"] for r in rows] == ["45.67.89.12"] and rows[0]["hits"] == 0, rows
        assert page.api("DELETE", f"/indicators/imports/{took}", None)["ok"] and page.get("/indicators/imports")["imports"] == []


if __name__ == "__main__":
    os.environ["TZ"] = "America/New_York"  # nothing may hang on it
    tap.main()
