#!/usr/bin/env python3
"""The real kizuki-room: who gets in, what is answered, what survives."""
import concurrent.futures
import datetime
import hashlib
import io
import json
import os
import re
import socket
import sqlite3
import ssl
import struct
import subprocess
import time
import urllib.parse
import zipfile

import doors
import openapi
import rooms
import tap


def wave(sensor, first_seq=1, n=5):
    """n sources, one of them enters an account and looks at it, then a second service."""
    seq = first_seq
    for i in range(n):
        sensor.finding(seq, rooms.finding(i + 1, source=f"198.51.100.{i + 1}", accounts=[f"m{i * 20 + k}" for k in range(20)]))
        seq += 1
    sensor.finding(seq, rooms.finding(100, source="198.51.100.1", kind="success_after", level="critical", accounts=["m3"], rule="r-success"))
    sensor.finding(seq + 1, rooms.finding(101, source="198.51.100.1", kind="access_after", accounts=["m3"], paths=["/mypage/profile"], propose="", rule="r-access"))
    sensor.finding(seq + 2, rooms.finding(102, source="198.51.100.2", service="billing", kind="cross_service", accounts=["b1", "b2"], rule="r-cross", ago=20.0))
    sensor.wait_ack(seq + 2)
    return seq + 3


SOURCES = {"t": "sources", "at": rooms.iso(), "sources": [
    {"id": 1, "name": "auth-members", "kind": "file", "path": "/var/log/auth", "service": "members", "host": "auth-01", "first_seen": rooms.iso(900), "last_seen": rooms.iso(2), "lines": 500, "bytes": 60000, "unparsed": 7, "unparsed_at": [41, 12, 9], "broken_text": 0, "oversize": 0, "skew_ms": 3, "clocks": [{"host": "auth-01", "skew_ms": 3, "at": rooms.iso(2)}], "clocks_forgotten": 0, "backfill": 0, "lost": 0, "slots": [1] * 48},
    {"id": 2, "name": "mg-01", "kind": "syslog", "path": "", "lines": 100, "lost": 4, "last_seen": rooms.iso(2), "first_seen": rooms.iso(900), "slots": [0] * 48, "backfill": 12, "first_event": rooms.iso(90000)},
    {"id": 3, "name": "never", "kind": "file", "lines": 0, "slots": []}]}
RULES = {"t": "rules", "part": 0, "parts": 1, "rules": [
    {"id": "r-list", "name": "login_list", "title": "Account list attack", "title_ja": "リスト型攻撃", "kind": "list_attack", "propose": "block_source", "level": "high", "type": "correlation", "description": "d", "logsource": {"category": "authentication", "product": None}, "tags": ["attack.t1110"], "falsepositives": ["A job"], "falsepositives_ja": ["自動処理"], "references": [], "file": "login.yml", "line": 3, "text": "title: x"},
    {"id": "r-web", "title": "Web", "level": "low", "type": "detection", "logsource": None, "tags": [], "falsepositives": ["none"], "file": "w.yml", "line": 1, "text": "y"}]}
STATS = {"t": "stats", "at": rooms.iso(), "events": 5, "findings": 1, "events_by_hour": list(range(24))}


def sensor_answer(m):
    if m["t"] == "lines":
        return {"t": "lines", "id": m["id"], "lines": [{"n": n, "at": rooms.iso(), "device_at": rooms.iso(5), "arrived_at": rooms.iso(2), "offset_ms": -3000, "source": "auth-members", "text": f"line {n}"} for n in m["positions"][:2]]}
    if m["t"] in ("late", "late_state"):
        return {"t": m["t"], "id": m["id"], "result": {"ok": True, "error": None, "late": "0123456789abcdef", "state": "waiting"}}
    if m["t"] == "rule_order":
        good = m["op"] == "off" and m["name"] == "sigma"
        return {"t": "rule_order", "id": m["id"], "result": {"ok": good, "error": None if good else "there is no such order"}}
    if m["t"] == "rule_trial":
        trial = {"number": 1, "op": "except", "name": "", "rule": "r-list", "by": m.get("by", ""), "state": "running", "started": rooms.iso(),
                 "done": 1, "of": 2, "error": None, "code": None, "result": None}
        return {"t": "rule_trial", "id": m["id"], "result": {"ok": True, "error": None, "trial": trial}}
    return {"t": "explain", "id": m["id"], "result": {"decoder": "sshd", "line": m["line"], "rules": []}}


def table_answer(data, m):
    """A table as the sensor reads it; the real one: register_test.py."""
    f = data / "incoming" / m["file"]
    if m["t"] == "blank":
        f.with_name(f.name + ".json").write_text("[]")
        return {"t": "blank", "id": m["id"], "result": {"ok": True, "error": None, "code": None}}
    f.unlink()
    document = {"file": m["name"], "format": "csv", "encoding": "utf-8", "separator": ",", "sheet": "", "sheets": [], "hidden_rows": 0, "head_row": 1,
                "columns": [], "rows": [{"row": 2, "values": {"name": "請求照会"}, "notes": []}], "refused": [], "n_rows": 1, "n_refused": 0}
    f.with_name(f.name + ".json").write_text(json.dumps(document))
    return {"t": "table", "id": m["id"], "result": {"ok": True, "error": None, "code": None}}


@tap.test
def every_answer_is_as_described():
    with rooms.room() as r:
        s = r.sensor()
        for m in ({"t": "hello", "version": "0", "instance": "t"}, SOURCES, RULES, STATS):
            s.send(m)
        s.finding(1, rooms.finding(500, source="203.0.113.200", service="ssh", level="low", kind="", propose="", count=2))
        wave(s, 2)
        s.serve(sensor_answer)
        b = r.browser()
        now = b.get("/now")
        # whether the alert level is to be raised is asked about such a case within a second or two
        assert [a["kind"] for a in now["asks"] if a["kind"] != "decision"] == ["block_source"], now["asks"]
        assert [x["name"] for x in now["sources_bad"]] == ["mg-01"] and now["sources_total"] == 3
        strip = now["strip"][-2:]  # a full hour may just have passed
        assert strip[-1]["events"] == 23 and sum(x["high"] for x in strip) == 7, strip
        assert now["level"] is None and now["duty"] is None
        cases = b.get("/incidents?state=all&limit=10")
        assert cases["total"] == 1
        i = cases["incidents"][0]
        assert i["title"]["key"] == "title.list_attack" and i["title"]["params"]["service_ja"] == "会員サイト"
        assert i["title"]["params"]["stolen"] == 1 and i["services"] == ["members", "billing"]
        one = b.get(f"/incidents/{i['id']}")
        assert one["scope"]["sources"] == {"n": 5, "at_least": False}
        assert one["scope"]["accounts_tried"]["n"] == 102
        watched = {x["name"]: x["watch_since"] is not None for x in one["scope"]["services"]}
        assert watched == {"members": True, "billing": True, "points": True, "ssh": True}, watched
        assert one["scope"]["seen_pages"][0]["kind_text"]["params"]["kind_en"] == "name and address"
        assert [l["code"] for l in one["ledger"] if l["at"]] == ["first_trace", "rule", "person"]
        first = one["ledger"][1]
        assert first["by"]["key"] == "by.rule" and first["by"]["params"]["rule_id"] == "r-list" and first["by"]["params"]["rule_ja"] == "リスト型攻撃", first
        accounts = b.get(f"/incidents/{i['id']}/accounts")
        assert [(a["name"], a["service"], a["pages"][0]["path"]) for a in accounts["accounts"]] == [("m3", "members", "/mypage/profile")]
        assert accounts["accounts"][0]["positions"] == [1000]
        timeline = b.get(f"/incidents/{i['id']}/timeline")["entries"]
        assert {"event.incident_opened", "event.service_joined", "event.accounts_stolen", "event.watch_set", "event.action_proposed", "event.person_opened"} <= {e["text"]["key"] for e in timeline}
        assert b.get(f"/incidents/{i['id']}/findings")["total"] == 8
        assert b.get("/findings")["total"] == 1
        evidence = b.get(f"/incidents/{i['id']}/evidence")
        assert [l["text"] for l in evidence["lines"]] == ["line 7", "line 8", None] and not evidence["complete"]
        assert [(l["offset_ms"], bool(l["device_at"]), bool(l["arrived_at"])) for l in evidence["lines"]] == [(-3000, True, True)] * 2 + [(None, False, False)], evidence
        assert b.api("POST", "/rules/try", {"line": "Failed password"})["decoder"] == "sshd"
        actions = b.get(f"/incidents/{i['id']}/actions")["actions"]
        assert len(actions) == 1 and len(actions[0]["addresses"]) == 5 and actions[0]["why_proposed"]["key"] == "why.policy"
        # the grounds are figures of now, the same as the case has
        grounds = actions[0]["reason"]["params"]
        assert (grounds["accounts"], grounds["at_least"]) == tuple(one["scope"]["accounts_tried"].values()) and grounds["tries"] == sum(x["tries"] for x in actions[0]["addresses"]), grounds
        sources = b.get("/sources")["sources"]
        assert [x["state"] for x in sources] == ["losing", "unknown", "right"]
        unread = b.get("/sources/1/unread")
        assert [(l["position"]["n"], l["text"]) for l in unread["lines"]] == [(41, "line 41"), (12, "line 12"), (9, None)], unread
        assert unread["total"] == 7 and not unread["complete"]
        assert b.get("/sources/2/unread") == {"lines": [], "total": 0, "complete": True}
        b.get("/sources/9/unread", want=404)
        rules = b.get("/rules")
        assert rules["complete"] and rules["rules"][0]["titles"]["ja"] == "リスト型攻撃" and sum(rules["rules"][0]["hits_30d"]) == 6
        assert b.get("/rules/r-list")["text"] == "title: x"
        assert [(x["falsepositives"], x["falsepositives_ja"]) for x in rules["rules"]] == [(["A job"], ["自動処理"]), (["none"], [])]
        b.get("/rules/nothing", want=404)
        found = {x["id"] for x in b.get(f"/packs?q={urllib.parse.quote('ﾛｸﾞｲﾝ ＩＤとパスワード 凍結')}")["packs"]}
        assert "nisc-2014-2-account-list" in found and not b.get(f"/packs?q={urllib.parse.quote('ログイン だれも書かない言葉')}")["packs"], found
        assert "nisc-2014-2-account-list" in [x["id"] for x in b.get("/packs")["packs"]]
        assert "会員" in b.get("/packs/nisc-2014-2-account-list")["story"]["ja"]
        b.get("/packs/none", want=404)
        assert b.get("/demo")["state"] == "none"
        b.api("POST", "/demo/start", {}, want=503)
        rows = b.get("/audit?limit=1000")["rows"]
        assert rows[0]["prev"] == "0" * 64 and all(x["prev"] == y["hash"] for x, y in zip(rows[1:], rows))
        assert b.get("/audit/verify")["ok"]
        assert b.get("/persons")["persons"][0]["role"] == "administrator"
        for path in ("/incidents/999", "/incidents/999/actions"):
            b.get(path, want=404)
        for path in ("/incidents?state=strange", "/incidents?limit=0", "/incidents?limit=9x", "/audit?after=-1"):
            assert b.get(path, want=400)["error"]["key"] == "error.bad_body"


@tap.test
def a_second_sensor_is_sent_away():
    with rooms.room() as r:
        first, b = r.sensor(), r.browser()
        idle = r.sensor()  # who says nothing takes nobody's place
        first.send(SOURCES)
        tap.wait_until(lambda: len(b.get("/sources")["sources"]) == 3, 5, what="the first one's sources")
        for message in ({"t": "hello", "version": "0"}, {**SOURCES, "sources": SOURCES["sources"][:1]}, {"t": "finding", "seq": 1, "finding": rooms.finding(1, source="198.51.100.1")}):
            second = r.sensor()
            second.send(message)
            told = second.read()
            assert told["t"] == "refused" and "one room has one sensor" in told["why"], told
            assert second.read() is None
        assert len(b.get("/sources")["sources"]) == 3 and r.one("SELECT count(*) FROM finding") == 0
        first.finding(1, rooms.finding(2, source="198.51.100.2", accounts=["a"]))
        first.wait_ack(1)
        first.finding(2, rooms.finding(3, source="198.51.100.3", accounts=["a"]))
        first.close()  # ended and started anew: the successor is let in at once, and nothing of the first is lost
        second = r.sensor()
        second.send({**SOURCES, "sources": SOURCES["sources"][:1]})
        tap.wait_until(lambda: len(b.get("/sources")["sources"]) == 1, 5, what="the second one's sources")
        assert r.one("SELECT count(*) FROM finding") == 2
        assert r.said().count("sent a second sensor away") == 1, r.said()
        second.close()  # what is asked while it is started anew is answered by the next one
        with concurrent.futures.ThreadPoolExecutor(1) as asks:
            tap.wait_until(lambda: not b.get("/me")["sensor"], 60, what="its end")
            answer = asks.submit(b.api, "POST", "/rules/try", {"line": "x"})
            time.sleep(0.3)
            assert not answer.done()
            third = r.sensor()
            third.send({"t": "hello", "version": "0"})
            third.serve(sensor_answer)
            assert answer.result(60)["line"] == "x"
        third.s.shutdown(socket.SHUT_RDWR)  # it is being read
        tap.wait_until(lambda: not b.get("/me")["sensor"], 60, what="its end")
        b.api("POST", "/rules/try", {"line": "x"}, want=503)  # nobody comes
        idle.close()


@tap.test
def a_count_over_services_says_so():
    with rooms.room() as r:
        s = r.sensor()
        s.finding(1, rooms.finding(1, source="198.51.100.1", accounts=["a"]))
        f = rooms.finding(2, source="198.51.100.1", kind="cross_service", rule="r-cross", count=258, accounts=["a"])
        f["values"]["service.name"] = {"distinct": 2, "at_least": False, "listed": [
            {"value": "members", "count": 257, "first": f["first"], "at": {"spool": 1}}, {"value": "billing", "count": 1, "first": f["first"], "at": {"spool": 2}}]}
        s.finding(2, f)
        s.wait_ack(2)
        b = r.browser()
        told = [e["text"] for e in b.get("/incidents/1/timeline")["entries"] if e["text"]["key"].startswith("event.finding")]
        several = next(x["params"] for x in told if x["key"] == "event.finding_services")
        assert several["count"] == 258 and sorted((x["params"]["service_ja"], x["params"]["n"]) for x in several["services"]) == [("会員サイト", 257), ("請求照会", 1)], several
        assert [x["params"]["service_ja"] for x in told if x["key"] == "event.finding"] == ["会員サイト"], told


@tap.test
def sources_come_page_by_page():
    def page(first, n, total):
        return {"t": "sources", "at": rooms.iso(), "from": first, "total": total, "sources": [
            {"id": i + 1, "name": f"host-{i:05d}", "kind": "syslog", "lines": 1, "last_seen": rooms.iso(2), "first_seen": rooms.iso(9), "slots": [0] * 48} for i in range(first, first + n)]}

    def listed(b):
        x = b.get("/sources")
        assert len({s["id"] for s in x["sources"]}) == len(x["sources"])
        return len(x["sources"]), x["total"]
    with rooms.room() as r:
        b, s = r.browser(), r.sensor()

        def told(*pages):
            for p in pages:
                s.send(p)
            s.finding(told.seq, rooms.finding(told.seq, level="low", count=1))
            s.wait_ack(told.seq)
            told.seq += 1
            return listed(b)
        told.seq = 1
        assert told(page(0, 900, 2100)) == (900, 2100)  # what is known so far, and how many there are
        assert told(page(900, 900, 2100)) == (1800, 2100)
        assert told(page(1800, 300, 2100)) == (2100, 2100)
        assert told(page(0, 900, 2100)) == (2100, 2100)  # the next round takes nothing away before it is whole
        assert told(page(1800, 300, 2100)) == (2100, 2100)  # a page was lost: this round is left out
        assert told(page(0, 900, 1000), page(900, 100, 1000)) == (1000, 1000)
        assert told(page(0, 900, 2100)) == (1000, 2100)
        s.close()
        s = r.sensor()
        assert told(page(0, 900, 900)) == (900, 900)
        assert b.get("/now")["sources_total"] == 900
        s.close()
        bad = r.sensor()
        bad.send({"t": "sources", "from": -1, "total": 3, "sources": []})
        assert bad.read() is None


@tap.test
def every_route_is_described_and_every_description_has_a_route():
    out = tap.run(rooms.ROOM, "--list-routes").stdout.decode()
    open_paths = {("GET", "/signin"), ("GET", "/ack"), ("POST", "/ack"), ("POST", "/ack/photo"), ("GET", "/report"), ("POST", "/report"), ("GET", "/report/again"), ("POST", "/report/again"),
                  ("GET", "/report.css"), ("GET", "/lists/{id}")}
    have = {(l.split("\t")[0], re.sub(r"\{name\}", "{id}", l.split("\t")[1])) for l in out.splitlines()} - open_paths
    described = {(m.upper(), p) for p, ops in openapi.DOC["paths"].items() for m in ops}
    assert have == described, (have - described, described - have)


@tap.test
def a_member_site_asks_about_a_login_and_a_member_denies_one():
    token = "a-long-token-of-the-member-site"
    config = f"login: {{callers: [{{name: site, token_sha256: {hashlib.sha256(token.encode()).hexdigest()}}}], not_me: {{act: propose, driver: ldap}}}}\n"
    with rooms.room(config=config) as r:
        sensor, b = r.sensor(), rooms.Browser(r, "127.0.0.9")
        rows = [["login_success", int(time.time() * 1000) - 60000, {"user.name": "sato", "source.ip": "192.0.2.7", "user_agent.original": "Mozilla/5.0 (Windows NT 10.0) Firefox/142.0"}],
                ["other", 1, {}], ["login_success", "x", {}], 7, ["login_success", 5, {"user.name": ""}]]
        sensor.send({"t": "matches", "rows": rows, "lost": 0})
        def ask(method, path, body=None, key=token):
            a = b.request(method, "/api/v1" + path, body, {"Authorization": f"Bearer {key}"})  # checked against its description
            return a.status, openapi.check(method, "/api/v1" + path, a.status, a.headers["content-type"], a.text)
        tap.wait_until(lambda: ask("GET", "/logins?account=sato")[1]["logins"], 60, 0.1, what="the login the sensor told of")
        try_ = {"account": "sato", "address": "192.0.2.7", "agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/143.0"}
        status, x = ask("POST", "/login-risk", try_)
        assert status == 200 and x["answer"] == "allow" and x["reasons"] == [], x
        status, x = ask("POST", "/login-risk", try_ | {"address": "2001:db8::5", "agent": "Mozilla/5.0 (iPhone) Safari/604.1"})
        assert x["answer"] == "ask" and x["reasons"] == ["new_network", "new_browser"], x
        assert ask("POST", "/logins", try_ | {"device": "cookie"})[0] == 200
        status, x = ask("GET", "/logins?account=sato")
        assert [l["device"] for l in x["logins"]] == ["cookie", ""] and x["logins"][0]["browser"] == "Firefox on Windows", x
        status, said = ask("POST", f"/logins/{x['logins'][1]['id']}/not-me", {"account": "sato"})
        assert status == 200 and said["account_state"] == "proposed", said
        assert ask("POST", f"/logins/{x['logins'][1]['id']}/not-me", {"account": "sato"})[1] == said  # once is enough
        assert r.one("SELECT title_key || ' ' || level || ' ' || kind FROM incident") == "title.not_me high account_taken"
        # its token opens nothing else; without it, or with nonsense, nothing
        assert ask("GET", "/incidents")[0] == 401 and ask("POST", "/login-risk", try_, "another")[0] == 401 and ask("GET", "/logins?account=sato", key="")[0] == 401
        for bad in ({}, {"account": "sato"}, try_ | {"address": "here"}, try_ | {"country": "Japan"}, try_ | {"more": 1}, try_ | {"account": "x" * 300}, [1], "x", {"account": ["sato"], "address": {}}):
            assert ask("POST", "/login-risk", bad)[0] == 400, bad
        tap.wait_until(lambda: r.one("SELECT count(*) FROM login_answer") == 2, 60, 0.1, what="the answers that are kept")


@tap.test
def texts_of_the_pages_know_every_key():
    for lang in ("ja", "en"):
        texts = json.loads((tap.ROOT / f"content/texts/{lang}.json").read_text())
        missing = [k for k in openapi.KEYS if k not in texts]
        assert not missing, f"{lang}: {missing}"


@tap.test
def strangers_learn_nothing():
    with rooms.room() as r:
        wave(r.sensor())
        out = tap.run(rooms.ROOM, "--list-routes").stdout.decode()
        answers = set()
        for n, line in enumerate(out.splitlines()):
            method, pattern, _, _, access, _ = line.split("\t")
            if access == "open":
                continue
            b = rooms.Browser(r, f"127.0.{1 + n // 250}.{n % 250 + 1}")  # there are more routes than addresses in one net
            for path in sorted({pattern.replace("{id}", "1").replace("{name}", "x"), pattern.replace("{id}", "99").replace("{name}", "y")}):
                b.cookie = None
                x = b.request(method, path, {} if method != "GET" else None)
                assert x.status == 401 and (method == "GET" or not b.held), (method, path, x.status, x.text)
                answers.add(x.text)
                b.cookie = "0" * 64
                assert b.request(method, path).status == 401 and b.held, (method, path)
        assert len(answers) == 1, answers  # one constant answer
        assert rooms.Browser(r).request("GET", "/signin?token=" + "0" * 64).status == 403
        assert rooms.Browser(r).request("GET", "/signin").status == 403


def form(fields, photo=None):
    """A form as a browser sends it, and its Content-Type."""
    parts = [f'--mark\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    if photo is not None:
        parts.append(b'--mark\r\nContent-Disposition: form-data; name="photo"; filename="../x.html"\r\nContent-Type: text/html\r\n\r\n' + photo + b"\r\n")
    return b"".join(parts) + b"--mark--\r\n", {"Content-Type": "multipart/form-data; boundary=mark"}


@tap.test
def anybody_reports_without_a_session_or_a_script():
    with rooms.room() as r:
        admin = r.browser()
        b = rooms.Browser(r, "127.0.3.1")
        page = b.request("GET", "/report?lang=en")
        assert page.status == 200 and "set-cookie" not in page.headers and "<script" not in page.text and "form-action 'self'" in page.headers["content-security-policy"]
        assert b.request("GET", "/report.css").headers["content-type"].startswith("text/css")

        def send(path, fields, photo=None, opened=True):
            known = re.search(r'name="opened" value="([^"]+)"', b.request("GET", "/report").text).group(1)
            body, headers = form(({"opened": known} if opened else {}) | {"lang": "en"} | fields, photo)
            return b.request("POST", path, raw=body, headers=headers)
        evil = "<script>alert(1)</script>'\""
        # a page of somebody else cannot send it for its readers, a machine that fills in everything is not believed, and nothing is lost by it
        for bad in (send("/report", {"kind": "site", "text": evil}, opened=False), send("/report", {"kind": "site", "url": "x", "text": evil}), send("/report", {"text": evil})):
            assert bad.status == 400 and "&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot;" in bad.text and "<script" not in bad.text, bad.text
        assert send("/report", {"kind": "site"}, b"GIF89a").status == 400
        assert b.request("POST", "/report", raw=b"{}", headers={"Content-Type": "application/json"}).status == 400
        assert r.one("SELECT count(*) FROM person_report") == 0
        def seg(kind, data):
            return b"\xff" + bytes([kind]) + struct.pack(">H", len(data) + 2) + data
        jpeg = b"\xff\xd8" + seg(0xe1, b"Exif\0\0 35.6N 139.7E") + seg(0xdb, b"\0" * 65) + seg(0xda, b"\1\1\0\0\x3f\0") + b"picture\xff\xd9film"
        done = send("/report", {"kind": "site", "text": evil, "service": "members", "contact": "ext. 1"}, jpeg)
        number, secret = re.search(r'class="number">([^<]+)', done.text).group(1), re.search(r'class="secret">([^<]+)', done.text).group(1)
        assert done.status == 200 and "Do not type anything into that page." in done.text, done.text
        row = admin.get("/reports")["reports"][0]
        assert (row["number"], row["kind"], row["text"], row["service"], row["state"], row["by"]) == (number, "site", evil, "members", "new", None), row
        kept = r.one("SELECT bytes FROM report_photo")
        assert kept.endswith(b"picture\xff\xd9") and b"139.7E" not in kept  # where the camera was is nobody's business
        photo = admin.request("GET", f"/api/v1/reports/1/photo?digest={row['photo']}")
        assert photo.status == 200 and photo.headers["content-type"] == "image/jpeg" and photo.headers["x-content-type-options"] == "nosniff"
        # back with number and secret word, however it is typed; without both nothing is told
        assert send("/report/again", {"number": number, "secret": "AAAA-AAAA", "text": "x"}).status == 400
        again = send("/report/again", {"number": number.lower().replace("-", " "), "secret": secret.lower(), "text": "思い出した"})
        assert again.status == 200 and "Nobody has looked at it yet" in again.text, again.text
        assert [(n["kind"], n["text"]) for n in admin.get("/reports/1")["notes"]] == [("added", "思い出した")]
        admin.api("POST", "/reports/1/case", {"version": 1})
        assert "It is being handled" in send("/report/again", {"number": number, "secret": secret, "look": "1"}).text
        assert r.one("SELECT kind FROM incident") == "site_tampered"
        big = b.request("POST", "/report", raw=b"x" * (6 << 20), headers={"Content-Type": "multipart/form-data; boundary=mark"})
        assert big.status == 413 and "写真が大きすぎます" in big.text, big.status
        # the limit of one address is said by the page, in words; the next address is not meant
        assert any(send("/report/again", {"number": number, "secret": "AAAA-AAAA"}).status == 503 for _ in range(25))
        tap.wait_until(lambda: len(list((r.data / "notes").glob("*.json"))) == 1, 60, what="the report as an event")
        assert admin.get("/audit/verify")["ok"]


@tap.test
def a_link_works_once():
    with rooms.room() as r:
        link = r.link()
        b = rooms.Browser(r).sign_in(link)
        again = rooms.Browser(r).request("GET", link)
        assert again.status == 403 and "set-cookie" not in again.headers
        b.api("POST", "/signout")
        b.get("/me", want=401)
        # old links do not work either
        late = r.link()
        db = sqlite3.connect(r.data / "room/room.db")
        with db:
            db.execute("UPDATE link SET expires_at = expires_at - 16 * 60 * 1000000000")
        db.close()
        assert rooms.Browser(r).request("GET", late).status == 403
        assert late.split("=")[1] not in r.said() and link.split("=")[1] not in r.said()
        assert link.split("=")[1].encode() not in (r.data / "room/room.db").read_bytes()


@tap.test
def another_page_cannot_write():
    with rooms.room() as r:
        wave(r.sensor())
        b = r.browser()
        rows = r.one("SELECT count(*) FROM audit WHERE verb = 'refused'")
        good, b.csrf = b.csrf, None
        version = b.get("/incidents/1")["version"]
        for csrf in (None, "0" * 64, good[:-1], good.upper()):
            b.csrf = csrf
            e = b.api("PUT", "/incidents/1", {"version": version, "level": "low"}, want=403)
            assert e["error"]["key"] == "error.csrf"
        assert r.one("SELECT count(*) FROM audit WHERE verb = 'refused'") == rows + 4
        b.csrf = good
        assert b.api("PUT", "/incidents/1", {"version": version, "level": "low"})["level"] == "low"


@tap.test
def the_second_edit_is_refused_and_says_who():
    with rooms.room() as r:
        wave(r.sensor())
        who = rooms.people(r)
        a, h = who["administrator"], who["handler"]
        v = a.get("/incidents/1")["version"]
        a.api("PUT", "/incidents/1", {"version": v, "title": "最初"})
        e = h.api("PUT", "/incidents/1", {"version": v, "title": "二番目"}, want=409)["error"]
        assert (e["yours"], e["theirs"], e["by"]) == (v, v + 1, "administrator") and e["at"], e
        assert h.get("/incidents/1")["title"] == {"plain": "最初"}
        assert h.api("PUT", "/incidents/1", {"version": v + 1, "title": None})["title"]["key"] == "title.list_attack"
        made = h.api("POST", "/incidents/1/timeline", {"text": "<b>電話</b>した", "lane": "business", "precision_s": 60})
        assert made["text"] == {"plain": "<b>電話</b>した"} and made["source"] == "person"
        action = h.get("/incidents/1/actions")["actions"][0]
        e = h.api("POST", "/actions/1/reject", {"version": action["version"] + 5}, want=409)["error"]
        assert e["theirs"] == action["version"]
        assert h.api("POST", "/actions/1/approve", {"version": action["version"]}, want=503)["error"]["key"] == "error.hand_away"
        assert h.api("POST", "/actions/1/reject", {"version": action["version"], "reason": "訓練"})["state"] == "rejected"
        assert h.api("POST", "/actions/1/reject", {"version": action["version"] + 1}, want=400)["error"]["key"] == "error.state"
        assert not [x for x in h.get("/now")["asks"] if x["kind"] != "decision"]  # the alert level
        assert a.api("PUT", "/incidents/1", {"version": v + 2, "state": "closed"})["state"] == "closed"


@tap.test
def findings_taken_out_stay_apart():
    with rooms.room() as r:
        s = r.sensor()
        wave(s)
        b = r.browser()
        v = b.get("/incidents/1")["version"]
        ids = [f"{n:032x}" for n in (2, 3)]
        rows = r.one("SELECT count(*) FROM audit")
        would = b.api("POST", "/incidents/1/split/try", {"findings": ids})
        assert r.one("SELECT count(*) FROM audit") == rows and b.get("/incidents")["total"] == 1  # looked at, not done
        own = b.api("POST", "/incidents/1/split", {"version": v, "findings": ids})
        assert (would["findings"], would["sources"], would["addresses"]) == (2, 2, 1), would
        assert would["accounts"] == own["counts"]["accounts_stolen"]["n"] and would["remain"] == b.get("/incidents/1")["findings_n"], would
        assert [p["number"] for p in b.get("/incidents/1")["parted"]] == [own["number"]] and [p["id"] for p in own["parted"]] == [1]
        assert own["id"] == 2 and own["counts"]["findings"] == 2 and own["scope"]["sources"]["n"] == 2, own
        tap.wait_until(lambda: b.get("/incidents/1")["scope"]["sources"]["n"] == 4, 20)  # counted anew soon after; .2 was at billing too
        e = b.api("POST", "/incidents/1/split", {"version": v, "findings": ids}, want=409)["error"]
        assert e["by"] == "administrator" and e["theirs"] == v + 1
        addresses = {i: sorted(x["address"] for a in b.get(f"/incidents/{i}/actions")["actions"] for x in a["addresses"]) for i in (1, 2)}
        assert addresses == {1: [f"198.51.100.{n}" for n in (1, 2, 4, 5)], 2: ["198.51.100.3"]}, addresses  # .2 is still accused in case 1
        s.finding(50, rooms.finding(2, revision=2, source="198.51.100.2", accounts=["m9"]))
        s.wait_ack(50)
        assert b.get("/incidents/2")["counts"]["findings"] == 2 and b.get("/incidents")["total"] == 2
        for bad in ({}, {"version": v + 1}, {"version": v + 1, "findings": []}, {"version": v + 1, "findings": [7]}, {"version": v + 1, "findings": ["x"] * 501},
                    {"version": v + 1, "findings": ["0" * 32]}, {"version": v + 1, "findings": [f"{1:032x}"], "into": 2}):
            b.api("POST", "/incidents/1/split", bad, want=400)
        back = b.api("POST", "/incidents/2/split", {"version": own["version"], "findings": ids, "into": 1, "into_version": v + 1})
        assert back["id"] == 1 and back["scope"]["sources"]["n"] == 5 and b.get("/incidents/2")["merged_into"] == 1
        assert back["parted"] == []
        # taken back as a whole, without a list: as many as there are
        again = b.api("POST", "/incidents/1/split", {"version": back["version"], "findings": ids})
        whole = {"into": 1, "version": again["version"], "into_version": again["parted"][0]["version"]}
        would = b.api("POST", f"/incidents/{again['id']}/split/try", {"into": 1})
        assert (would["findings"], would["remain"]) == (2, 0), would
        assert b.api("POST", f"/incidents/{again['id']}/split", whole)["counts"]["findings"] == back["counts"]["findings"]
        told = [e for e in b.get("/incidents/1/timeline")["entries"] if e["text"]["key"] == "event.findings_taken"]
        assert told and told[0]["text"]["params"]["name"] == "administrator", told
        for bad in ({"findings": []}, {"findings": ["0" * 32]}, {}, {"version": 1, "findings": ids}):
            b.api("POST", "/incidents/1/split/try", bad, want=400)
        assert b.get("/audit/verify")["ok"]


@tap.test
def times_are_taken_as_people_write_them():
    jst = datetime.timezone(datetime.timedelta(hours=9))

    def moment(iso):
        return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone(jst)
    with rooms.room() as r:
        wave(r.sensor())
        b = r.browser()

        def mean(text):
            return b.get("/time?text=" + urllib.parse.quote(text))

        def note(at, want=200, **more):
            return b.api("POST", "/incidents/1/timeline", {"text": "電話した", "lane": "business", "at": at} | more, want=want)
        now = datetime.datetime.now(jst)
        for text, when, precision, said in (
                ("昨日18時頃", (now - datetime.timedelta(1)).replace(hour=18, minute=0, second=0, microsecond=0), 7200, {"zone_assumed"}),
                ("令和7年5月1日 午後1:05", datetime.datetime(2025, 5, 1, 13, 5, tzinfo=jst), 60, {"zone_assumed"}),
                ("2025年11月23日(月) 25:30", datetime.datetime(2025, 11, 24, 1, 30, tzinfo=jst), 60, {"zone_assumed", "next_day", "weekday_differs"}),
                ("平成32年1月6日", datetime.datetime(2020, 1, 6, tzinfo=jst), 86400, {"zone_assumed", "era_over"}),
                ("2025-05-01 04:05:09 UTC", datetime.datetime(2025, 5, 1, 13, 5, 9, tzinfo=jst), None, set()),
                ("2125-05-01", datetime.datetime(2125, 5, 1, tzinfo=jst), 86400, {"zone_assumed", "ahead"}),
        ):
            m = mean(text)
            assert m["refused"] is None and m["meaning"]["zone"] == "+09:00", m
            assert (moment(m["meaning"]["at"]), m["meaning"]["precision_s"], set(m["meaning"]["said"])) == (when, precision, said), (text, m)
            made = note(text)
            assert (made["at"], made["precision_s"]) == (m["meaning"]["at"], precision), (text, made)
        assert "year_assumed" in mean("1/2 3:04")["meaning"]["said"] and "date_assumed" in mean("3:04")["meaning"]["said"]
        assert note("昨日18時頃", precision_s=600)["precision_s"] == 600  # said by the person: it counts
        assert note("2025-05-01T04:05:09.250Z")["at"] == "2025-05-01T04:05:09.250Z"
        ago = (now - moment(note("5分前")["at"])).total_seconds()
        assert 240 < ago < 370, ago
        rows = r.one("SELECT count(*) FROM timeline")
        for text, key, what in (("すぐに", "none", ""), ("2025-02-30", "no_such", "2025-02-30"), ("午後12時", "twelve", ""), ("午後13時", "half_day", ""),
                                ("36:00", "hour", "36"), ("11/22 2:05 <b>", "unreadable", "<b>"), ("1" * 201, "too_long", "")):
            params = {"what": what} if what else {}
            assert mean(text) == {"meaning": None, "refused": {"key": f"error.time.{key}", "params": params}}, mean(text)
            if len(text) <= 200:
                e = note(text, want=400)["error"]
                assert (e["key"], e["params"]) == (f"error.time.{key}", params), e
        note("1" * 201, want=400)
        note("", want=400)
        assert r.one("SELECT count(*) FROM timeline") == rows
        b.get("/time", want=400)
        assert b.get("/audit/verify")["ok"]
    with rooms.room(config='zone: "-05:00"\n') as r:
        m = r.browser().get("/time?text=2025-05-01%2013:05")["meaning"]
        assert (m["at"], m["zone"]) == ("2025-05-01T18:05:00.000Z", "-05:00"), m


@tap.test
def the_first_page_names_the_first_bad_sources_and_counts_all():
    with rooms.room() as r:
        s = r.sensor()
        s.send({"t": "sources", "at": rooms.iso(), "sources": [
            {"id": i + 1, "name": f"host-{i:05d}", "kind": "syslog", "lines": 1, "lost": i + 1, "last_seen": rooms.iso(2), "first_seen": rooms.iso(9), "slots": [0] * 48} for i in range(50)]})
        s.finding(1, rooms.finding(1, level="low", count=1))
        s.wait_ack(1)
        b = r.browser()
        bad = sum(x["state"] not in ("right", "unknown") for x in b.get("/sources")["sources"])
        now = b.get("/now")
        assert bad == 50 and (len(now["sources_bad"]), now["sources_bad_total"], now["sources_total"]) == (20, 50, 50), (bad, len(now["sources_bad"]))


def promised():
    """The table of docs/room.md: (object, verb) -> role -> word."""
    table = {}
    for line in (tap.ROOT / "docs/room.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if cells[:2] == ["object", "verb"]:
            roles = cells[2:-1]
        elif len(cells) == 12 and re.fullmatch(r"`\w+`", cells[0]):
            table[cells[0].strip("`"), cells[1].strip("`")] = dict(zip(roles, cells[2:]))
    return table


# Who asks: the role, and where it holds: everywhere, below the organisation that shares case 1, below one that does not, or in case 1 only.
ASKERS = [(role, "all") for role in ("administrator", "commander", "handler", "approver", "publisher", "auditor", "reporter", "desk")]
ASKERS += [("handler", "ours"), ("handler", "theirs"), ("approver", "case"), ("supplier", "case"), ("auditor", "theirs")]
# What case 1 is at the time.
CASES = ("AMBER", "RED", "GREEN", "need-to-know")
# Every path of the description, once. case: {id} is a case or a row of one; lists: rows of cases among others, asked one by one (and
# how they are named in the table); alone: rows of no case, for whom a role holds everywhere; free: nothing of a case.
PATHS = {
    "case": """/incidents/{id} /incidents/{id}/split /incidents/{id}/split/try /incidents/{id}/timeline /incidents/{id}/lanes /incidents/{id}/joint /incidents/{id}/seen /incidents/{id}/false-alarm /incidents/{id}/false-alarm/undo /incidents/{id}/findings /incidents/{id}/accounts
        /incidents/{id}/evidence /incidents/{id}/actions /incidents/{id}/deeds /incidents/{id}/tasks /incidents/{id}/runs /incidents/{id}/authority
        /incidents/{id}/facts /incidents/{id}/fact-versions /incidents/{id}/consults /incidents/{id}/callouts /incidents/{id}/decisions /incidents/{id}/sheets /incidents/{id}/sharing
        /incidents/{id}/grants /incidents/{id}/parties /incidents/{id}/evidence/export /actions/{id}/approve /actions/{id}/reject
        /actions/{id}/undo /actions/{id}/extend /deeds/{id}/approve /deeds/{id}/reject /deeds/{id}/undo /deeds/{id}/care /tasks/{id}
        /tasks/{id}/end /tasks/{id}/onsite /runs/{id} /messages/{id}/again /callouts/{id}/answer /callouts/{id}/end /decisions/{id}/make /sheets/{id}/void
        /grants/{id} /parties/{id} /mail-reports/{id} /mail-reports/{id}/case
        /incidents/{id}/scopes /incidents/{id}/rows /incidents/{id}/recovery /incidents/{id}/safety /rows/{id} /rows/{id}/ask /scope-runs/{id} /scope-runs/{id}/csv /scope-runs/{id}/stop /hunts/{id} /hunts/{id}/stop""",
    "lists": "/now /incidents /actions /deeds /callouts /messages /mail-reports /hunts /persons /audit /indicators /codes /stream /evidence /evidence/{id} /evidence/{id}/file",
    "alone": """/findings /sources/{id}/unread /searches/{id} /searches/{id}/csv /searches/{id}/rule /traces/{id} /events/{id} /triage
        /indicators/imports /lists /lists/consumers /lists/consumers/{id}""",
    "free": """/openapi.json /me /signout /drivers /sources /rules /rules/{id} /rules/state /rules/order /rules/try /rules/trial /rules/trial/end
        /rules/drafts /rules/sets /registers /registers/{id} /registers/{id}/template /registers/{id}/imports /registers/{id}/find
        /register-rows/{id} /imports/{id} /imports/{id}/apply /imports/{id}/undo /playbooks /playbooks/try /playbooks/{id}
        /playbooks/{id}/cacao /duty /duty/days /authority /lends /lends/{id}/return /persons/{id} /persons/{id}/link /persons/{id}/grants
        /people /systems/{id}/stops /audit/verify /packs /packs/{id} /packs/{id}/attest /readiness /readiness/measure /packs-in /packs-in/install /followups /followups/csv /followups/{id} /followups/{id}/done /followups/{id}/drop /demo /demo/start /demo/clear /time /traces /traces/{id}/stop /searches
        /searches/{id}/stop /late /late/{id} /seals /hunts/past /indicators/files /indicators/preview
        /indicators/imports/{id} /scopes /scopes/{id} /campaigns/try""",
}
PATHS["case"] += " /incidents/{id}/obligations /incidents/{id}/forms /incidents/{id}/form /incidents/{id}/form-file /incidents/{id}/submissions /submissions/{id}/receipt"
PATHS["free"] += " /datafiles /datafiles/{id} /forms/{id}/blank"
PATHS["case"] += " /reports/{id} /reports/{id}/case /reports/{id}/photo /incidents/{id}/reports"
PATHS["case"] += " /tips/{id} /tips/{id}/case /tips/{id}/reply /tips/{id}/ask"
PATHS["case"] += " /info-reports/{id} /info-reports/{id}/stages"
PATHS["case"] += " /incidents/{id}/means /means/{id}/step"
PATHS["case"] += " /incidents/{id}/levels /tips/{id}/level /levels/{id} /levels/{id}/end"
PATHS["lists"] += " /reports /tips /info-reports /levels"
PATHS["alone"] += " /report-counts"
PATHS["free"] += " /report-kinds"
PATHS["case"] += """ /campaigns/{id} /campaigns/{id}/end /campaigns/{id}/extend /campaigns/{id}/force /campaign-targets/{id}/answer
    /incidents/{id}/watch /tightenings/{id}/review /tightenings/{id}/end"""
PATHS["case"] += " /incidents/{id}/publications /incidents/{id}/publication-file /publications/{id} /publications/{id}/ask /publications/{id}/end"
PATHS["case"] += " /incidents/{id}/answers /answers/{id}/approve /answers/{id}/end"
PATHS["case"] += " /incidents/{id}/outgoing /outgoing/{id} /outgoing/{id}/send /outgoing/{id}/end /outgoing/{id}/letters /recipients/{id} /incidents/{id}/contacts /contacts/{id}"
PATHS["alone"] += " /desk /desk/callers"
PATHS["lists"] += " /campaigns /tightenings"
PATHS["case"] += " /incidents/{id}/pack /incidents/{id}/pack-file /pack-drafts/{id} /pack-drafts/{id}/approve"
PATHS["alone"] += " /lessons/quarter"
PATHS["case"] += " /incidents/{id}/unmerge /incidents/{id}/handover /incidents/{id}/alike /handovers/{id}/take"
PATHS["lists"] += " /handovers"
PATHS["free"] += " /registers/{id}/csv"
PATHS["case"] += " /incidents/{id}/files /rows/{id}/files /submissions/{id}/files /files/{id}"
PATHS["machines"] = "/login-risk /logins /logins/{id}/not-me"  # a token opens them, no role does
CLASS = {p: name for name, paths in PATHS.items() for p in paths.split()}
# What stands in the lists that a searcher or a stream does not have to be there for, and of which object.
LISTED = {"/now": "incident", "/incidents?state=all": "incident", "/actions": "action", "/deeds": "deed", "/callouts": "callout", "/messages": "message",
          "/mail-reports": "mail_report", "/hunts": "hunt",
          "/reports?state=all": "person_report", "/tips?state=all": "tip", "/info-reports": "info_report", "/levels": "alert_level",
          "/persons": "incident", "/audit?limit=1000": "incident"}
ALONE = {"/indicators", "/audit"}  # lists of no case's rows, whose numbers and details are of cases
SCOPE = {"scope": "accounts-stolen", "values": {"addresses": ["198.51.100.1"]}, "from": "2026-06-01 00:00", "to": "2026-06-01 12:00"}
OWN_SCOPE = """scope: ours
title: {ja: 試し, en: trial}
unit: {ja: 件, en: things}
means: {ja: 試し, en: trial}
not: {ja: 試し, en: trial}
query: root
count: [user.name]
needs: [{log: {ja: 記録, en: log}, query: "*"}]
"""
LISTED |= {"/campaigns": "campaign", "/tightenings": "tightening", "/handovers": "handover"}
MARK = "印-7f3a"


def members_of(schema, seen=()):
    """Names of all members a schema may have."""
    schema = openapi.resolve(schema)
    if any(schema is s for s in seen):
        return set()
    names = set(schema.get("properties", {}))
    for inner in [*schema.get("properties", {}).values(), *schema.get("oneOf", []), *schema.get("anyOf", []), schema.get("items")]:
        names |= members_of(inner, (*seen, schema)) if isinstance(inner, dict) else set()
    return names


@tap.test
def every_path_is_classified():
    paths = {p.removeprefix("/api/v1") for p in openapi.DOC["paths"]}
    assert set(CLASS) == paths, f"say in PATHS what these are: {sorted(set(CLASS) ^ paths)}"
    assert len(CLASS) == sum(len(v.split()) for v in PATHS.values()), "a path stands in PATHS twice"
    for path, ops in openapi.DOC["paths"].items():
        for op in ops.values():
            bodies = [x for where in (op.get("requestBody", {}), op["responses"].get("200", {})) for x in where.get("content", {}).values()]
            names = {n for x in bodies for n in members_of(x.get("schema", {}))}
            of_case = {n for n in names if n in ("incident", "incident_id")} and CLASS[path.removeprefix("/api/v1")] in ("free",)
            # the grants of a person who is asked about; they are left out like rows (see /persons)
            assert not of_case or path.endswith(("/me", "/persons/{id}", "/persons/{id}/grants")), f"{path} takes or gives a case's rows"


def expects(table, obj, verb, on_row, asker, case, alone=False):
    """Whether the answer is anything but a refusal, from the words of the table alone; None: the case is not there for this person."""
    role, where = asker
    named = where == "case"
    if on_row and case == "need-to-know" and not named:
        return None
    words = [table.get((obj, verb), {}).get("reporter", "no")] if where != "all" else []
    if where == "all" or (on_row and where in ("case", "ours")) or (not on_row and not alone and verb == "read"):
        words.append(table.get((obj, verb), {}).get(role, "no"))
    green = on_row and where in ("ours", "theirs") and case == "GREEN" and verb == "read" and obj in ("incident", "timeline")
    return green or any(w in ("yes", "own") or (w == "not red" and (case != "RED" or not on_row or named)) or (w == "its lane" and on_row and named) for w in words)


def askers(r, admin):
    """A browser for each of them, from an address each."""
    organisations = {n: admin.api("POST", "/registers/organisations", {"values": {"name": n} | ({"parent": p} if p else {})})["id"]
                     for n, p in (("本社", ""), ("子会社", "本社"), ("よその会社", ""))}
    admin.api("POST", "/incidents/1/parties", {"organisation": organisations["子会社"]})
    who = {}
    for n, (role, where) in enumerate(ASKERS):
        if (role, where) == ("administrator", "all"):
            who[role, where] = admin
            continue
        p = admin.api("POST", "/persons", {"name": f"{role} {where}", "role": role if where == "all" else "reporter"})["id"]
        if where in ("ours", "theirs"):  # ours: above the one that shares the case
            admin.api("POST", f"/persons/{p}/grants", {"organisation": organisations["本社" if where == "ours" else "よその会社"], "role": role})
        elif where == "case":
            admin.api("POST", "/incidents/1/grants", {"person": p, "role": role} | ({"lane": "external"} if role == "supplier" else {}))
        who[role, where] = r.browser(f"{role} {where}", f"127.0.0.{n + 20}")
    return who


def reported_mail(r, b, subject):
    """As kizuki-mail leaves one; a door is there as long as it takes, since who answers must be known."""
    mail = {"from_address": "a@example.jp", "subject": subject, "message_id": "m"}
    (r.data / "mail/out/1.tmp").write_text(json.dumps({"key": "1", "same": "s", "answer": False, "mail": mail | {"inner": [mail]}}))
    (r.data / "mail/out/1.tmp").rename(r.data / "mail/out/1.json")
    door = doors.Door(r.data, [{"name": "none", "kind": "program", "argv": ["/bin/true"]}])
    door.start()
    tap.wait_until(lambda: b.get("/mail-reports")["reports"], 60, what="the report")
    door.child.kill()
    door.child.wait()


def close(b, incident, state="closed"):
    b.api("PUT", f"/incidents/{incident}", {"version": b.get(f"/incidents/{incident}")["version"], "state": state})


def lesson(b, incident):
    """Made of the case once it is closed, and agreed to."""
    close(b, incident)
    x = b.api("POST", f"/incidents/{incident}/pack", {})["pack_drafts"][0]
    b.api("POST", f"/pack-drafts/{x['id']}/approve", {"version": x["version"], "provider": "本社", "who": "課長", "how": "口頭"})
    close(b, incident, "open")


def fill(r, admin):
    """A row of every kind in case 1, with the mark in it; its block is in force."""
    lesson(admin, 1)
    rooms.Hand(r.data)
    tap.wait_until(lambda: admin.get("/me")["hand"], 60, 0.1, what="the hand")
    admin.api("POST", "/actions/1/approve", {"version": version_at(admin, "/incidents/1/actions", 1), "minutes": 60})
    tap.wait_until(lambda: admin.get("/incidents/1/actions")["actions"][0]["state"] == "in_force", 60, 0.1, what="the block")
    admin.api("PUT", "/runs/1", {"version": 1, "to": "running"})  # what was proposed: its first step is task 1
    admin.api("PUT", "/incidents/1", {"version": admin.get("/incidents/1")["version"], "title": MARK})
    admin.api("POST", "/registers/authority", {"values": {"kind": "reopen", "verb": "decide", "who": "duty"}})
    admin.api("POST", "/incidents/1/submissions", {"form": "appi-first", "to": MARK, "how": "電話"})
    for what, body in (("timeline", {"text": MARK, "lane": "business"}), ("deeds", {"kind": "account_freeze", "driver": "none", "targets": [MARK], "minutes": 60}), ("sheets", {}),
                       ("callouts", {"purpose": "key", "people": ["課長"], "text": MARK}), ("decisions", {"kind": "stop", "risk_do": MARK}),
                       ("scopes", SCOPE), ("rows", {"kind": "copy", "name": MARK, "fields": {"what": MARK}}), ("handover", {"words": MARK}), ("consults", {"kind": "block", "person": "課長", "answer": MARK}), ("tasks", {"text": MARK})):
        admin.api("POST", f"/incidents/1/{what}", body)
    admin.api("POST", "/submissions/1/files?name=receipt.pdf", b"%PDF-1.7")
    reported_mail(r, admin, MARK)
    admin.api("POST", "/mail-reports/1/case", {"version": 1, "incident": 1})
    tap.wait_until(lambda: not admin.get("/messages")["door"], 60, what="the door's end")
    admin.api("POST", "/messages", {"way": "mail", "address": "a@example.jp", "text": MARK, "incident": 1})
    report = admin.api("POST", "/reports", {"kind": "site", "text": MARK})["id"]
    admin.api("POST", f"/reports/{report}/case", {"version": 1, "incident": 1})
    admin.api("POST", "/info-reports", {"kind": "incident", "subject": MARK, "incident": 1})
    admin.api("POST", "/incidents/1/means", {"kind": "ransom", "name": MARK})
    admin.api("POST", "/incidents/1/levels", {"level": "caution", "services": ["ssh"], "reason": MARK})
    tip = admin.api("POST", "/tips", {"from": "police", "text": MARK, "sender": MARK})
    admin.api("POST", f"/tips/{tip['id']}/case", {"version": tip["version"], "incident": 1})
    admin.api("POST", "/campaigns", {"kind": "scan", "list": "本社", "text": MARK, "incident": 1})
    admin.api("POST", "/incidents/1/publications", {"statement": "notice", "stage": "first"})
    admin.api("POST", "/incidents/1/answers", {"kind": "account", "question": MARK, "answer": MARK})
    admin.api("POST", "/incidents/1/outgoing", {"statement": "provider-request", "list": f"{MARK},a@example.jp"})
    admin.api("POST", "/incidents/1/contacts", {"kind": "press", "outlet": MARK, "said": MARK})
    admin.api("POST", "/tightenings", {"services": ["ssh"], "reason": MARK, "until": later(30), "incident": 1})


def lists_tell_only_what_may_be_seen(table, who, case, number, seen):
    """No list has a row, a number or a name of the case for somebody who may not see it."""
    for path, obj in LISTED.items():
        for asker, x in who.items():
            a = x.request("GET", "/api/v1" + path)
            may = expects(table, "incident", "read", True, asker, case) and expects(table, obj, "read", True, asker, case)
            tells = MARK in a.text or number in a.text or re.search(r'"incident(_id)?":(1[,}]|\{"id":1,)', a.text) is not None
            assert not tells or (a.status == 200 and may), (case, asker, path, a.text[:600])
            if tells:
                seen.add((path, case))
            if path == "/messages" and a.status == 200:
                assert sum(a.json()["counts"].values()) == len(a.json()["messages"]), (case, asker, a.text)
            if path == "/now" and a.status == 200:
                assert a.json()["incidents_open"] == (1 if may and case != "need-to-know" else 0), (case, asker, a.text[-200:])
                assert sum(h["high"] for h in a.json()["strip"]) <= (99 if may and case != "need-to-know" else 0), (case, asker)


@tap.test
def the_matrix_holds_over_every_route():
    table = promised()
    assert len(table) > 40
    with rooms.room() as r:
        wave(r.sensor())
        admin = r.browser(address="127.0.0.2")
        fill(r, admin)
        who = askers(r, admin)
        chief = admin.api("POST", "/persons", {"name": "chief", "role": "commander"})["id"]
        b = r.browser("chief", "127.0.0.19")
        routes = [l.split("\t") for l in tap.run(rooms.ROOM, "--list-routes").stdout.decode().splitlines()]
        assert {(m, re.sub(r"\{name\}", "{id}", p)) for m, p, *_ in routes} >= {(m.upper(), p) for p, ops in openapi.DOC["paths"].items() for m in ops}
        asked = refused = 0
        number, seen = r.one("SELECT number FROM incident WHERE id = 1"), set()
        for case in CASES:
            v = b.get("/incidents/1")["version"] if case != "AMBER" else admin.get("/incidents/1")["version"]
            change = {"AMBER": {"commander": chief}, "RED": {"tlp": "RED"}, "GREEN": {"tlp": "GREEN"}, "need-to-know": {"need_to_know": True}}[case]
            (admin if case == "AMBER" else b).api("PUT", "/incidents/1", {"version": v, **change})
            lists_tell_only_what_may_be_seen(table, who, case, number, seen)
            before = r.one("SELECT count(*) FROM audit WHERE verb = 'refused'")
            refused_then = refused
            for method, pattern, verb, obj, access, _ in routes:
                if access == "open" or pattern.endswith(("/signout", "/stream")):
                    continue
                described = pattern.removeprefix("/api/v1").replace("{name}", "{id}")
                on_row, alone = CLASS[described] == "case", CLASS[described] == "alone" or described in ALONE
                if case != "AMBER" and not on_row:
                    continue  # nothing of it hangs on the case, or see lists_tell_only_what_may_be_seen
                path = pattern.replace("{id}", "3" if pattern.endswith("/grants/{id}") else "1").replace("{name}", "r-list")
                for asker, x in who.items():
                    if not on_row and asker[1] not in ("all", "ours"):
                        continue
                    if on_row and case != "AMBER" and table.get((obj, verb), {}).get(asker[0], "no") == "no" and (case, asker[1]) != ("need-to-know", "all"):
                        continue  # "no" is no whatever the case is: it was asked above
                    may = expects(table, obj, verb, on_row, asker, case, alone)
                    # a body that cannot be right: who may gets 400 or more; who may not is refused before one is read
                    a = x.request(method, path, {"nonsense": 1} if method != "GET" and may else None)
                    while a.status == 429:  # more routes than an address may ask in its first seconds, where they are answered quickly
                        time.sleep(1)
                        a = x.request(method, path, {"nonsense": 1} if method != "GET" and may else None)
                    asked += 1
                    if may is None:
                        assert a.status == 404, (case, asker, method, path, a.status, a.text)
                        refused += 1
                    elif may:
                        assert a.status not in (403, 401) and (not on_row or a.status != 404 or "evidence" in path), (case, asker, method, path, a.status, a.text)
                    else:
                        assert a.status == 403, (case, asker, method, path, a.status, a.text)
                        e = openapi.check(method, path, 403, a.headers["content-type"], a.text)["error"]
                        assert e["recorded"] and e["key"] == "error.may_not", e
                        refused += 1
            assert r.one("SELECT count(*) FROM audit WHERE verb = 'refused'") - before == refused - refused_then, case
        assert asked > 1500 and refused > 400, (asked, refused)
        print(f"# {asked} asked, {refused} refused")
        assert {p for p, _ in seen} == set(LISTED), f"nobody was told of the case by {set(LISTED) - {p for p, _ in seen}}"
        # a case named in a body or a query is asked for like one in a path
        for x in (who["administrator", "all"], who["handler", "all"]):
            x.api("POST", "/messages", {"way": "mail", "address": "a@example.jp", "text": "x", "incident": 1}, want=404)
            x.get("/messages?incident=1", want=404)
            assert x.request("GET", "/api/v1/stream?incident=1").status == 404
        # of a need-to-know case there is no trace: no list, no search, no number, no row of the chain but for the auditor, without what
        assert all(who[a].get("/incidents?state=all")["total"] == 0 for a in who if a[0] in ("administrator", "handler", "auditor", "publisher"))
        assert admin.get("/incidents?state=all&q=m3")["total"] == 0 and admin.get("/now")["incidents_open"] == 0 and admin.get("/now")["asks"] == []
        assert b.get("/incidents?state=all")["total"] == 1 and who["approver", "case"].get("/incidents?state=all")["total"] == 1
        assert not [x for x in admin.get("/audit?limit=1000")["rows"] if x["object"] == "incident" and x["verb"] != "refused"]
        seen = [x for x in who["auditor", "all"].get("/audit?limit=1000")["rows"] if x["object"] == "incident" and x["verb"] != "refused"]
        assert seen and all(x["detail"] == {} for x in seen), seen[:2]
        # the supplier sees what stands in its lane, and writes there only
        b.api("POST", "/incidents/1/timeline", {"text": "社内の話", "lane": "business"})
        b.api("POST", "/incidents/1/timeline", {"text": "委託先へ", "lane": "external"})
        s = who["supplier", "case"]
        assert {e["lane"] for e in s.get("/incidents/1/timeline")["entries"]} == {"external"}
        s.api("POST", "/incidents/1/timeline", {"text": "直しました", "lane": "external"})
        s.api("POST", "/incidents/1/timeline", {"text": "x", "lane": "business"}, want=403)
        assert b.get("/audit/verify", want=403) and who["auditor", "all"].get("/audit/verify")["ok"]


def everything_that_writes():
    return [(m.upper(), path, op["operationId"]) for path, ops in openapi.DOC["paths"].items() for m, op in ops.items() if m != "get" and {"caller": []} not in op.get("security", [])]


DUTY = "obligation: own\ntitle: {ja: 自分の義務}\nto: {ja: 省}\nbasis: {ja: 規則}\nconfidence: single\nduty: may\nreports: [{name: first, title: {ja: 速報}, due: [{words: {ja: 速やかに}}]}]\n"
def later(days):
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + days * 86400))


PLAYBOOK = json.dumps({"id": "phone", "title": {"ja": "電話", "en": "Phone"}, "steps": [{"id": "call", "kind": "task", "ja": "かける", "en": "Call"}]})
# operation -> who does it, its path, its body, and the one row of the chain it leaves (verb, object); None: it writes nothing.
# In an order in which each finds what it needs; "version" is filled in with that of the row named.
WRITES = {
    "pack_draft_post": ("handler", "/incidents/1/pack", {}, None, ("create", "pack_draft")),
    "pack_draft_put": ("handler", "/pack-drafts/1", {"rows": [{"kind": "word", "from": "root", "ja": "伏せ字", "en": "(withheld)"}]}, "/incidents/1/pack", ("change", "pack_draft")),
    "pack_draft_approve": ("administrator", "/pack-drafts/1/approve", {"provider": "本社", "who": "課長", "how": "口頭"}, "/incidents/1/pack", ("approve", "pack_draft")),
    "me_put": ("handler", "/me", {"lang": "en"}, "/me", ("open", "person")),
    "incident_put": ("handler", "/incidents/1", {"level": "low"}, "/incidents/1", ("change", "incident")),
    "incident_split": ("handler", "/incidents/1/split", {"findings": [f"{3:032x}"]}, "/incidents/1", ("change", "incident")),
    "unmerge": ("handler", "/incidents/2/unmerge", {}, "/incidents/2", ("undo", "incident_merge")),
    "handover_post": ("handler", "/incidents/1/handover", {"words": "朝まで待つ"}, None, ("create", "handover")),
    "handover_take": ("administrator", "/handovers/1/take", {"version": 1}, None, ("change", "handover")),
    "incident_split_try": ("handler", "/incidents/1/split/try", {"findings": [f"{1:032x}"]}, None, None),
    "timeline_post": ("handler", "/incidents/1/timeline", {"text": "電話した", "lane": "business"}, None, ("create", "timeline")),
    "false_alarm": ("handler", "/incidents/2/false-alarm", {"reason": "訓練"}, "/incidents/2", ("create", "false_alarm")),
    "false_alarm_undo": ("handler", "/incidents/2/false-alarm/undo", {}, "/incidents/2", ("undo", "false_alarm")),
    "joint_put": ("handler", "/incidents/1/joint", {"version": 0, "words": "調査中です。"}, None, ("create", "joint")),
    "seen": ("handler", "/incidents/1/seen", {"entry": 1}, None, ("create", "seen")),
    "lane_post": ("handler", "/incidents/1/lanes", {"name": "回線事業者", "base": "outsourcer"}, None, ("create", "lane")),
    "action_reject": ("handler", "/actions/2/reject", {"reason": "訓練"}, "/incidents/2/actions", ("reject", "action")),
    "action_approve": ("handler", "/actions/1/approve", {"minutes": 30}, "/incidents/1/actions", ("approve", "action")),
    "action_extend": ("handler", "/actions/1/extend", {"minutes": 30}, "/incidents/1/actions", ("extend", "action")),
    "action_undo": ("handler", "/actions/1/undo", {}, "/incidents/1/actions", ("undo", "action")),
    "rule_order": ("handler", "/rules/order", {"op": "off", "name": "sigma"}, None, ("change", "rule")),
    "rule_try": ("handler", "/rules/try", {"line": "Failed password"}, None, None),
    "rule_trial_post": ("handler", "/rules/trial", {"op": "suppress", "rule": "r-list", "for": "1h", "owner": "a", "reason": "b"}, None, None),
    "rule_trial_end": ("handler", "/rules/trial/end", None, None, None),
    "rule_draft_post": ("handler", "/rules/drafts", {"name": "own", "text": "title: x"}, None, ("change", "rule")),
    "rule_set_post": ("handler", "/rules/sets?name=sigma", b"PK", None, ("change", "rule")),
    "person_post": ("administrator", "/persons", {"name": "新人", "role": "handler"}, None, ("create", "person")),
    "person_put": ("administrator", "/persons/4", {"name": "慣れた人"}, "/persons", ("change", "person")),
    "person_link": ("administrator", "/persons/4/link", None, None, ("create", "link")),
    "person_grant": ("administrator", "/persons/3/grants", {"organisation": 1, "role": "handler"}, None, ("create", "role_grant")),
    "case_grant": ("administrator", "/incidents/1/grants", {"person": 2, "role": "handler"}, None, ("create", "role_grant")),
    "party": ("administrator", "/incidents/1/parties", {"organisation": 1}, None, ("create", "incident_party")),
    "consumer_post": ("administrator", "/lists/consumers", {"name": "fw-1", "format": "plain"}, None, ("create", "list_consumer")),
    "consumer_end": ("administrator", "/lists/consumers/1", None, None, ("change", "list_consumer")),
    "grant_end": ("administrator", "/grants/1", None, None, ("delete", "role_grant")),
    "party_put": ("administrator", "/parties/1", {"version": 1, "state": "limited"}, None, ("change", "incident_party")),
    "party_end": ("administrator", "/parties/1", None, None, ("delete", "incident_party")),
    "search_post": ("handler", "/searches", {"query": "root"}, None, ("create", "hunt")),
    "search_stop": ("handler", "/searches/1/stop", {}, None, None),
    "trace_post": ("handler", "/traces", {"address": "198.51.100.1:40001", "time": "2026-06-01 02:14"}, None, ("create", "hunt")),
    "trace_stop": ("handler", "/traces/2/stop", {}, None, None),
    "evidence_post": ("handler", "/evidence", {"query": "root", "why": "訓練"}, None, ("create", "evidence")),
    "incident_export": ("handler", "/incidents/1/evidence/export", {"why": "訓練"}, None, ("create", "evidence")),
    "hunt_post": ("handler", "/hunts", {"search": 1, "hypothesis": "訓練"}, None, ("create", "hunt")),
    "hunt_begin": ("handler", "/hunts/past", {"query": "root", "hypothesis": "訓練"}, None, ("create", "hunt")),
    "hunt_stop": ("handler", "/hunts/3/stop", {}, None, ("change", "hunt")),
    "indicator_preview": ("handler", "/indicators/preview", {"name": "x", "text": "45.67.89.10"}, None, None),
    "indicator_file": ("handler", "/indicators/files?name=x", b"45.67.89.10", None, None),
    "indicator_take": ("handler", "/indicators/imports", {"preview": 1}, None, ("change", "hunt")),
    "indicator_remove": ("handler", "/indicators/imports/1", None, None, ("change", "hunt")),
    "register_post": ("handler", "/registers/systems", {"values": {"name": "会員サイト", "log": "obtained"}}, None, ("create", "register")),
    "register_put": ("handler", "/register-rows/2", {"values": {"name": "会員サイト", "log": "not_watched"}}, "/registers/systems", ("change", "register")),
    "late_post": ("handler", "/late?file=a.csv", b"x", None, ("create", "register_import")),
    "import_post": ("handler", "/registers/systems/imports?file=a.csv", b"x", None, ("create", "register_import")),
    "import_apply": ("handler", "/imports/1/apply", {}, "/imports/1", ("change", "register_import")),
    "import_undo": ("handler", "/imports/1/undo", {}, "/imports/1", ("undo", "register_import")),
    "run_put": ("handler", "/runs/1", {"to": "running"}, "/runs/1", ("change", "run")),
    "task_put": ("handler", "/tasks/1", {"assignee": 2}, "/incidents/1/tasks", ("change", "task")),
    "task_end": ("handler", "/tasks/1/end", {"to": "done"}, "/incidents/1/tasks", ("change", "task")),
    "task_onsite_post": ("handler", "/tasks/2/onsite", {"targets": [{"target": "PC-7", "person": "現地の人"}]}, "/incidents/1/tasks", ("approve", "task")),
    "task_post": ("handler", "/incidents/1/tasks", {"text": "折り返し電話する"}, None, ("create", "task")),
    "playbook_try": ("handler", "/playbooks/try", {"form": "ours", "source": PLAYBOOK}, None, None),
    "playbook_post": ("handler", "/playbooks", {"form": "ours", "source": PLAYBOOK}, None, ("create", "playbook")),
    "playbook_put": ("handler", "/playbooks/1", {"active": False}, "/playbooks/1", ("change", "playbook")),
    "run_post": ("handler", "/incidents/1/runs", {"playbook": 1}, None, ("create", "run")),
    "message_post": ("handler", "/messages", {"way": "mail", "address": "a@example.jp", "text": "訓練"}, None, ("create", "message")),
    "message_again": ("handler", "/messages/1/again", {}, None, ("change", "message")),
    "mail_case": ("handler", "/mail-reports/1/case", {"incident": 1}, "/mail-reports/1", ("change", "mail_report")),
    "report_post": ("handler", "/reports", {"kind": "site", "text": "崩れている", "caller": "佐藤"}, None, ("create", "person_report")),
    "report_put": ("handler", "/reports/1", {"to": "taken"}, "/reports/1", ("change", "person_report")),
    "report_case": ("handler", "/reports/1/case", {"incident": 1}, "/reports/1", ("change", "person_report")),
    "lend_post": ("handler", "/lends", {"kind": "all", "group": "監視", "hours": 2, "why": "訓練"}, None, ("create", "lend")),
    "lend_return": ("handler", "/lends/1/return", {}, "/authority", ("change", "lend")),
    "consult_post": ("handler", "/incidents/1/consults", {"kind": "block", "person": "課長", "answer": "よい"}, None, ("create", "consult")),
    "callout_post": ("handler", "/incidents/1/callouts", {"purpose": "key", "people": ["課長"], "text": "停止します", "question": "よいですか"}, None, ("create", "callout")),
    "callout_answer": ("handler", "/callouts/1/answer", {"person": "課長", "answer": "よい"}, None, ("change", "call")),
    "callout_end": ("handler", "/callouts/1/end", {}, None, ("change", "callout")),
    "decision_post": ("handler", "/incidents/1/decisions", {"kind": "stop", "risk_do": "使えない", "risk_go_on": "広がる"}, None, ("create", "decision")),
    "decision_make": ("handler", "/decisions/1/make", {"verdict": "go_on", "why": "訓練"}, "/incidents/1/decisions", ("approve", "decision")),
    "obligation_put": ("handler", "/incidents/1/obligations", {"key": "police", "report": "consult", "version": 0, "said": "applies", "why": "訓練"}, None, ("create", "obligation")),
    "datafile_post": ("handler", "/datafiles", {"kind": "obligation", "source": DUTY}, None, ("create", "datafile")),
    "datafile_put": ("handler", "/datafiles/1", {"active": False}, "/datafiles/1", ("change", "datafile")),
    "submission_post": ("handler", "/incidents/1/submissions", {"form": "appi-first", "to": "委員会", "how": "電話"}, None, ("create", "submission")),
    "submission_file": ("handler", "/submissions/1/files?name=receipt.pdf", b"%PDF-1.7 received", None, ("create", "attachment")),
    "receipt": ("handler", "/submissions/1/receipt", {"number": "R-1"}, "/incidents/1/forms", ("change", "submission")),
    "blank_post": ("handler", "/forms/appi-first/blank?file=a.xlsx", b"x", None, ("create", "blank")),
    "fact_put": ("handler", "/incidents/1/facts", {"name": "persons_affected", "version": 0, "state": "confirmed", "value": "３人"}, None, ("create", "fact")),
    "sheet_post": ("handler", "/incidents/1/sheets", {}, None, ("create", "sheet")),
    "sheet_void": ("handler", "/sheets/1/void", {}, "/incidents/1/sheets", ("change", "sheet")),
    "code_post": ("handler", "/codes", {"code": "AAAA-BBBB-CCCC-DDDD", "at": "2026-06-01 02:14"}, None, None),
    "deed_post": ("handler", "/incidents/1/deeds", {"kind": "account_freeze", "driver": "none", "targets": ["user1"], "minutes": 60}, None, ("create", "deed")),
    "deed_care": ("handler", "/deeds/1/care", {"told": "電話"}, "/incidents/1/deeds", ("change", "deed")),
    "deed_reject": ("handler", "/deeds/1/reject", {"reason": "訓練"}, "/incidents/1/deeds", ("reject", "deed")),
    "deed_approve": ("handler", "/deeds/1/approve", {}, "/incidents/1/deeds", ("approve", "deed")),
    "deed_undo": ("handler", "/deeds/1/undo", {"mistake": True}, "/incidents/1/deeds", ("undo", "deed")),
    "case_row_post": ("handler", "/incidents/1/rows", {"kind": "copy", "name": "委託先A", "fields": {"what": "名簿", "address": "a@example.jp"}}, None, ("create", "case_row")),
    "case_row_ask": ("handler", "/rows/1/ask", {"version": 1, "way": "mail", "text": "返してください"}, None, ("change", "case_row")),
    "row_file": ("handler", "/rows/2/files?name=photo.jpg", b"\xff\xd8bytes", None, ("create", "attachment")),
    "case_row_put": ("handler", "/rows/1", {"version": 2, "state": "answered"}, None, ("change", "case_row")),
    "scope_post": ("handler", "/incidents/1/scopes", SCOPE, None, ("create", "scope_run")),
    "scope_stop": ("handler", "/scope-runs/1/stop", None, None, ("change", "scope_run")),
    "scope_file_post": ("handler", "/scopes", {"text": OWN_SCOPE}, None, ("create", "scope_file")),
    "scope_file_end": ("handler", "/scopes/1", None, None, ("change", "scope_file")),
    "info_post": ("handler", "/info-reports", {"kind": "near_miss", "subject": "ヒヤリハット"}, None, ("create", "info_report")),
    "info_put": ("handler", "/info-reports/1", {"kind": "sign", "subject": "予兆"}, "/info-reports/1", ("change", "info_report")),
    "info_stage": ("handler", "/info-reports/1/stages", {"stage": "sent", "how": "電話"}, "/info-reports/1", ("change", "info_report")),
    "tip_post": ("handler", "/tips", {"from": "jpcert", "text": "hxxp://evil[.]example"}, None, ("create", "tip")),
    "tip_put": ("handler", "/tips/1", {"to": "taken"}, "/tips/1", ("change", "tip")),
    "tip_reply": ("handler", "/tips/1/reply", {"text": "受け取りました"}, None, ("create", "slip_note")),
    "tip_case": ("handler", "/tips/1/case", {"incident": 1}, "/tips/1", ("change", "tip")),
    "publication_post": ("handler", "/incidents/1/publications", {"statement": "notice", "stage": "first"}, None, ("create", "publication")),
    "publication_put": ("handler", "/publications/1", {"next": later(2)}, "/incidents/1/publications", ("change", "publication")),
    "publication_ask": ("handler", "/publications/1/ask", {}, "/incidents/1/publications", ("change", "publication")),
    "publication_end": ("handler", "/publications/1/end", {}, "/incidents/1/publications", ("change", "publication")),
    "answer_post": ("handler", "/incidents/1/answers", {"kind": "account", "question": "使えますか", "answer": "使えます"}, None, ("create", "answer")),
    "answer_approve": ("handler", "/answers/1/approve", {}, "/incidents/1/answers", ("change", "answer")),
    "answer_end": ("handler", "/answers/1/end", {}, "/incidents/1/answers", ("change", "answer")),
    "outgoing_post": ("handler", "/incidents/1/outgoing", {"statement": "provider-request", "list": "○○通信,abuse@example.net", "given": {"address": "198.51.100.1"}}, None, ("create", "outgoing")),
    "outgoing_send": ("handler", "/outgoing/1/send", {}, "/incidents/1/outgoing", ("change", "outgoing")),
    "recipient_put": ("handler", "/recipients/1", {"answer": "停止しました"}, "/outgoing/1", ("change", "recipient")),
    "outgoing_end": ("handler", "/outgoing/1/end", {}, "/incidents/1/outgoing", ("change", "outgoing")),
    "contact_post": ("handler", "/incidents/1/contacts", {"kind": "press", "outlet": "○○新聞", "asked": "何件ですか"}, None, ("create", "contact")),
    "contact_put": ("handler", "/contacts/1", {"said": "調査中です"}, "/incidents/1/contacts", ("change", "contact")),
    "desk_caller": ("handler", "/desk/callers", {"publication": 2, "kind": "account", "question": "補償はありますか"}, None, ("create", "person_report")),
    "campaign_post": ("handler", "/campaigns", {"kind": "scan", "list": "本社の端末", "incident": 1}, None, ("create", "campaign")),
    "campaign_try": ("handler", "/campaigns/try", {"list": "a"}, None, None),
    "campaign_answer": ("handler", "/campaign-targets/2/answer", {"value": "partly"}, "/campaigns/2", ("change", "campaign_target")),
    "campaign_extend": ("handler", "/campaigns/2/extend", {"due": later(40)}, "/campaigns", ("change", "campaign")),
    "campaign_force": ("handler", "/campaigns/2/force", {"driver": "none"}, None, ("create", "deed")),
    "campaign_end": ("handler", "/campaigns/2/end", {}, "/campaigns", ("change", "campaign")),
    "watch_post": ("handler", "/incidents/1/watch", {"days": 7}, None, ("create", "tightening")),
    "tightening_post": ("handler", "/tightenings", {"services": ["ssh"], "reason": "訓練", "until": later(30)}, None, ("create", "tightening")),
    "tightening_review": ("handler", "/tightenings/1/review", {"until": later(40), "why": "訓練"}, "/tightenings", ("change", "tightening")),
    "tightening_end": ("handler", "/tightenings/1/end", {"why": "訓練"}, "/tightenings", ("change", "tightening")),
    "tip_ask": ("handler", "/tips/1/ask", {"systems": [2], "text": "確かめてください"}, None, ("change", "tip")),
    "means_post": ("handler", "/incidents/1/means", {"kind": "ransom", "name": "要求"}, None, ("create", "means")),
    "means_step": ("handler", "/means/1/step", {"to": "advice", "what": "police", "words": "払わない"}, "/incidents/1/means", ("change", "means")),
    "level_post": ("handler", "/incidents/1/levels", {"level": "caution", "services": ["ssh"], "reason": "訓練"}, None, ("create", "alert_level")),
    "tip_level": ("handler", "/tips/1/level", {"level": "caution", "services": ["ssh"], "reason": "訓練"}, None, ("create", "alert_level")),
    "level_put": ("handler", "/levels/{proposed}", {"level": "caution", "services": ["ssh"], "reason": "訓練"}, "/levels", ("change", "alert_level")),
    "level_end": ("handler", "/levels/{proposed}/end", {"why": "訓練"}, "/levels", ("change", "alert_level")),
    "readiness_measure": ("handler", "/readiness/measure", {}, None, None),
    "attest": ("handler", "/packs/nisc-2014-2-account-list/attest", {"control": "second-factor", "answer": True, "evidence": "設定の写し", "until": later(60)}, None, ("create", "attested")),
    "pack_in_post": ("handler", "/packs-in", b"kizuki/pack/1", None, ("change", "rule")),
    "pack_in_install": ("handler", "/packs-in/install", {}, None, ("change", "rule")),
    "followup_post": ("handler", "/followups", {"pack": "nisc-2014-2-account-list", "lesson": "stop-at-night", "words": "権限を決める", "person": "例", "due": later(30)}, None, ("create", "followup")),
    "followup_put": ("handler", "/followups/1", {"words": "権限を決める", "person": "例", "due": later(31)}, "/followups", ("change", "followup")),
    "followup_done": ("handler", "/followups/1/done", {"evidence": "台帳の写し"}, "/followups", ("change", "followup")),
    "followup_drop": ("handler", "/followups/1/drop", {"why": "取りやめ"}, "/followups", ("change", "followup")),
    "demo_start": ("handler", "/demo/start", {}, None, ("create", "demo")),
    "demo_clear": ("handler", "/demo/clear", None, None, ("delete", "demo")),
    "signout": ("handler", "/signout", None, None, ("sign_out", "session")),
}


def publish(b, incident):
    """A version, asked for and decided; its files are there for any web server."""
    path = f"/incidents/{incident}/publications"
    p = b.api("POST", path, {"statement": "notice", "stage": "first"})["publications"][0]
    p = b.api("PUT", f"/publications/{p['id']}", {"version": p["version"], "next": later(2)})["publications"][0]
    b.api("POST", f"/publications/{p['id']}/ask", {"version": p["version"]})
    d = next(d for d in b.get(f"/incidents/{incident}/decisions")["decisions"] if d["kind"] == "publish" and d["state"] != "decided")
    assert b.api("POST", f"/decisions/{d['id']}/make", {"version": d["version"], "verdict": "do"})["decided"]
    assert b.get(path)["publications"][0]["state"] == "published"
    assert b.request("GET", f"/api/v1/incidents/{incident}/publication-file?as=zip").status == 200
    archive = zipfile.ZipFile(io.BytesIO(b.last_bytes))
    assert {"index.html", "1.html", "1.txt", "sorry.html"} <= set(archive.namelist()), archive.namelist()
    assert archive.read("1.html") == next(b.room.data.glob("room/published/*/1.html")).read_bytes()


def version_at(b, path, number):
    x = b.get(path)
    rows = x.get("tasks") if path.endswith("/tasks") else x.get("actions") or x.get("deeds") or x.get("persons") or x.get("rows") or x.get("lends") or x.get("decisions") or x.get("sheets") or x.get("submissions") or x.get("targets") or x.get("campaigns") or x.get("tightenings") or x.get("publications") or x.get("answers") or x.get("recipients") or x.get("outgoings") or x.get("contacts") or x.get("pack_drafts") or x.get("followups") or [x.get("person", x)]
    return next(r["version"] for r in rows if number is None or r["id"] == number)


def proposed_level(b):
    """A level that a tip proposes."""
    tip = b.api("POST", "/tips", {"from": "police", "text": "訓練の知らせ"})["id"]
    found = lambda: [x["id"] for x in b.get("/levels")["rows"] if x["tip"] == tip and x["state"] == "proposed"]
    return tap.wait_until(found, 60, 0.1, what="the proposal")[0]


@tap.test
def whoever_writes_is_asked_and_stands_in_the_chain_once():
    """Every writing operation of the description: nothing without a session, without the page's own token or with another's role;
    done, it leaves one row of the chain; done again from the same version, none and says who was first."""
    assert {op for _, _, op in everything_that_writes()} == set(WRITES)
    routes = {(l.split("\t")[0], l.split("\t")[1]): l.split("\t")[2:4] for l in tap.run(rooms.ROOM, "--list-routes").stdout.decode().splitlines()}
    table, method_of = promised(), {op: (m, p) for m, p, op in everything_that_writes()}
    ours, theirs = socket.socketpair()
    with ours, theirs, rooms.room(extra=("--supervisor-fd", str(theirs.fileno())), fds=(theirs.fileno(),)) as r:
        s = r.sensor()
        wave(s)
        s.serve(lambda m: table_answer(r.data, m) if m["t"] in ("table", "blank") else sensor_answer(m))
        rooms.Hand(r.data)
        rooms.Searcher(r.data)
        who = rooms.people(r)
        reported_mail(r, who["handler"], "x")
        tap.wait_until(lambda: not who["handler"].get("/messages")["door"], 60, what="the door's end")
        who["administrator"].api("POST", "/registers/organisations", {"values": {"name": "本社"}})
        tap.wait_until(lambda: who["handler"].get("/me")["hand"], 20, 0.2, what="the hand")

        def rows(where):
            return r.one(f"SELECT count(*) FROM audit WHERE {where}")
        persons = "by LIKE 'person:%'"  # what follows from an order comes when the hand has answered, now or later
        for n, (op, (role, path, body, read, leaves)) in enumerate(WRITES.items()):
            method, pattern = method_of[op]
            if "{proposed}" in path:
                path = path.replace("{proposed}", str(proposed_level(who["administrator"])))
            b, me = who[role], {"administrator": 1, "handler": 2, "auditor": 3}[role]
            number = int(path.split("/")[2]) if path.count("/") > 1 and path.split("/")[2].isdigit() else None
            if read and read.endswith("/actions"):  # what was decided last has reached the hand and come back
                want = {"action_extend": "in_force", "action_undo": "in_force"}.get(op, "proposed")
                tap.wait_until(lambda: any(a["id"] == number and a["state"] == want for a in b.get(read)["actions"]), 10, 0.1, what=f"{op} {want}")
                time.sleep(0.2)
            if op == "pack_in_install":  # the supervisor has looked
                ours.sendall(b'{"state":"none","url":null,"failed":false,"pack":"looked"}\n')
                tap.wait_until(lambda: b.get("/packs-in")["state"] == "looked", 60, 0.1, what="the look")
            if op == "pack_draft_post":
                close(who["administrator"], 1)
            if op == "row_file":
                b.api("POST", "/incidents/1/rows", {"kind": "item", "name": "ノートPC", "fields": {"taken_by": "田中", "how": "電源を切らずに"}})
            if op == "unmerge":  # what was taken out before becomes part of it again
                b.api("POST", "/incidents/2/split", {"version": b.get("/incidents/2")["version"], "into": 1, "into_version": b.get("/incidents/1")["version"]})
            if read:
                body = body | {"version": version_at(b, read, number)}
            if op == "sheet_post":
                who["administrator"].api("POST", "/registers/authority", {"values": {"kind": "reopen", "verb": "decide", "who": "duty"}})
            if op == "task_onsite_post":
                who["administrator"].api("POST", "/registers/people", {"values": {"name": "現地の人"}})
            if op == "tip_ask":
                who["administrator"].api("POST", "/registers/people", {"values": {"name": "田中"}})
                body = body | {"systems": [who["administrator"].api("POST", "/registers/systems", {"values": {"name": "掲示板", "responsible": "田中"}})["id"]]}
            if op == "desk_caller":
                publish(who["handler"], 1)
            before, full = rows(persons), "/api/v1" + path
            stranger = rooms.Browser(r, f"127.0.2.{n + 1}")
            assert stranger.request(method, full, body).status == 401 and rows(persons) == before, op
            good, b.csrf = b.csrf, "0" * 64
            e = b.api(method, path, body, want=403)["error"]
            b.csrf = good
            assert e["key"] == "error.csrf" and rows("verb = 'refused'") and rows(persons) == before + 1, op
            verb, obj = routes[method, "/api/v1" + pattern.removeprefix("/api/v1")] if (method, pattern) in routes else routes[method, pattern.replace("{id}", "{name}")]
            refused = [x for x in who if table.get((obj, verb), {}).get(x, "no") == "no"]
            assert refused or (obj, verb) in {("self", "change"), ("self", "read"), ("person_report", "create"), ("seen", "create")}, (op, obj, verb)
            for other in refused:
                before = rows(persons)
                assert who[other].api(method, path, body, want=403)["error"]["recorded"], op
                assert rows(persons) == before + 1 and rows("verb = 'refused'"), op
            mine = f"by = 'person:{me}' AND verb <> 'refused'" + (f" AND verb = '{leaves[0]}' AND object = '{leaves[1]}'" if leaves else "")
            before = rows(mine)
            for _ in range(50):  # the hand may have answered once more since the version was read
                x = b.request(method, full, body)
                if x.status != 409 or x.json()["error"].get("by") != "hand":
                    break
                body = body | {"version": version_at(b, read, number)}
            assert x.status == 200, (op, x.status, x.text[:300])
            openapi.check(method, full, x.status, x.headers["content-type"], x.text)
            assert rows(mine) == before + (leaves is not None), (op, rows(mine) - before)
            if read:
                e = b.api(method, path, body, want=409)["error"]
                assert e["by"] in ("administrator", "duty", "checker", "hand", "system", "新人", "慣れた人") and e["theirs"] > e["yours"], e
                assert rows(mine) == before + 1, op
            if op == "pack_draft_approve":
                close(who["administrator"], 1, "open")
        assert {ours.recv(1) for _ in range(4)} == {b"l", b"i", b"s", b"c"}
        assert who["administrator"].get("/audit/verify")["ok"]


@tap.test
def a_change_reaches_open_pages_at_once():
    with rooms.room() as r:
        s = r.sensor()
        who = rooms.people(r)
        events = who["administrator"].stream()
        events.wait("clock")
        wave(s)
        events.wait("change", kind="incident", id=1)
        events.wait("change", kind="action", id=1)
        there = who["handler"].stream("?incident=1")
        there.wait("change", kind="viewers", id=1)
        viewers = who["administrator"].get("/incidents/1")["viewers"]
        assert [(v["name"], v["me"]) for v in viewers] == [("duty", False)], viewers
        there.close()

        def nobody_there():
            # that a page is gone shows when it is told something, and every ten seconds
            who["administrator"].api("POST", "/incidents/1/timeline", {"text": "x", "lane": "business"})
            return who["administrator"].get("/incidents/1")["viewers"] == []
        tap.wait_until(nobody_there, 60, 0.2, what="nobody there")
        events.close()


@tap.test
def nothing_is_lost_or_doubled_by_a_kill():
    """Killed in the middle of a burst, three times; what was not acknowledged is sent again, as the sensor does."""
    with rooms.room() as r:
        total, acked = 600, 0
        story = [rooms.finding(n + 1, source=f"198.51.{100 + n // 250}.{n % 250 + 1}", accounts=[f"m{n}", f"m{n + 1}"]) for n in range(total)]
        for round_ in range(4):
            s = r.sensor()
            last_round = round_ == 3
            try:
                for seq in range(acked + 1, total + 1):
                    s.finding(seq, story[seq - 1])
                    if not last_round and seq == min(total, acked + 150):
                        break
                if last_round:
                    s.wait_ack(total)
                else:
                    s.wait_ack(acked + 20)
            finally:
                acked = s.acked
            if not last_round:
                r.kill()
                s.close()
                r.start()
                assert r.one(f"SELECT count(*) FROM finding") >= acked
        assert r.one("SELECT count(*) FROM finding") == total
        assert r.one("SELECT count(DISTINCT fid) FROM finding") == total
        assert r.one("SELECT count(*) FROM incident") == 1
        assert r.one("SELECT count(*) FROM finding_value WHERE kind = 'account'") == 2 * total
        assert r.one("SELECT count(*) FROM timeline WHERE text_key = 'event.incident_opened'") == 1
        status, v = r.verify()
        assert status == 0 and v["ok"], v
        b = r.browser()
        assert b.get("/incidents/1")["scope"]["sources"]["n"] == total


@tap.test
def a_hostile_sensor_is_cut_off_and_others_go_on():
    def frame(text):
        return struct.pack("<I", len(text)) + text
    bad = [struct.pack("<I", 0), struct.pack("<I", 2 ** 31), struct.pack("<I", 1024 * 1024 + 1), frame(b"{"), frame(b"[]"), frame(b'{"t":"nothing"}'),
           frame(b'{"t":"finding","seq":1}'), frame(b'{"t":"finding","seq":-1,"finding":{}}'), frame(b'{"t":"rules","part":7,"parts":9,"rules":[]}'),
           frame(b'{"t":"sources"}'), frame(b"\xff\xfe"), frame(b'{"t":"explain"}'), frame(b"[" * 70000), b"GET / HTTP/1.1\r\n\r\n" + b"x" * 2000]
    with rooms.room() as r:
        honest = r.sensor()
        honest.finding(1, rooms.finding(1, source="198.51.100.1", accounts=["a"]))
        honest.wait_ack(1)
        for alone in (False, True):
            if alone:  # then what they say is looked at, not only who they are
                honest.close()
            for i, data in enumerate(bad):
                s = r.sensor()
                s.raw(data)
                m = s.read()
                assert (m is None or not alone and m["t"] == "refused" and s.read() is None), f"row {i} was not cut off: {m}"
                s.close()
        honest = r.sensor()
        # what is no finding is counted and acknowledged, or it would come for ever
        broken = rooms.finding(2, source="198.51.100.2")
        broken["level"] = "loud"
        honest.finding(2, broken)
        honest.finding(3, rooms.finding(3, source="198.51.100.3", accounts=["a"]))
        honest.wait_ack(3)
        assert r.one("SELECT count(*) FROM finding") == 2
        # a frame of the largest size, and many connections at once
        honest.send({"t": "stats", "x": "y" * 1000000})
        more = [r.sensor() for _ in range(8)]
        time.sleep(0.2)
        for m in more:
            m.close()
        honest.finding(4, rooms.finding(4, source="198.51.100.4", accounts=["a"]))
        honest.wait_ack(4)


@tap.test
def hostile_requests_are_refused():
    with rooms.room() as r:
        wave(r.sensor())
        b = r.browser()
        v = b.get("/incidents/1")["version"]

        def put(raw, content="application/json"):
            return b.request("PUT", "/api/v1/incidents/1", raw=raw, headers={"Content-Type": content}).status
        for raw in (b"{", b"[]", b"7", b'{"version":1,"__proto__":{}}', b'{"version":"1"}', b'{"version":1.5}', b'{"version":1,"level":7}',
                    b'{"version":1,"level":"none"}', b'{"version":1,"tlp":"WHITE"}', b'{"version":1,"commander":-1}', b'{"version":1,"commander":"x"}',
                    b'{"version":1,"state":null}', b'{"version":1,"title":""}', b"[" * 100000, b'"' + b"\\" * 1000, b"\x00", b"\xff\xff"):
            assert put(raw) == 400, raw[:40]
        assert put(b'{"version":%d,"commander":99}' % v) == 400
        assert put(b'{"version":1}', "text/plain") == 400
        assert put(b"{" + b" " * 1100000 + b"}") == 413
        assert b.get("/incidents/1")["version"] == v
        for path in ("/api/v1/incidents/1/../2", "/api/v1/incidents/01", "/api/v1/incidents/-1", "/api/v1/incidents/1e3", "/api/v1/incidents/99999999999999999999",
                     "/api/v1/incidents/", "/api/v1//me", "/api/v1/me/", "/api/v2/me", "/api/v1/packs/../room.db", "/api/v1/packs/..%2f..%2fetc", "/assets/../../etc/passwd.txt", "/%2e%2e/room.db"):
            assert b.request("GET", path).status == 404, path
        for method in ("HEAD", "OPTIONS", "TRACE", "PATCH", "DELETE"):
            assert b.request(method, "/api/v1/me").status == 405, method
        assert b.request("GET", "/api/v1/me", headers={"X-Long": "x" * 100000}).status in (400, 413, 431, 494)
        assert b.get("/me")["person"]["name"] == "administrator"


@tap.test
def answers_carry_their_guards():
    with rooms.room() as r:
        b = r.browser()
        for path in ("/", "/api/v1/me", "/api/v1/openapi.json", "/nothing.js", "/signin?token=x", "/cases/1"):
            x = b.request("GET", path)
            csp = x.headers["content-security-policy"]
            for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
                assert part in csp, (path, csp)
            assert "unsafe" not in csp and x.headers["x-content-type-options"] == "nosniff"
            assert x.headers["strict-transport-security"].startswith("max-age=") and x.headers["referrer-policy"] == "no-referrer"
            if path.startswith("/api"):
                assert x.headers["cache-control"] == "no-store"
        page = b.request("GET", "/")
        assert page.headers["content-type"].startswith("text/html")
        assert b.request("GET", "/", headers={"If-None-Match": page.headers["etag"]}).status == 304


@tap.test
def tls_is_new_enough_and_the_certificate_fits():
    with rooms.room() as r:
        key = r.data / "room/tls.key"
        assert key.stat().st_mode & 0o777 == 0o600
        for name in ("localhost", "127.0.0.1"):
            c = ssl.create_default_context(cafile=r.data / "room/tls.crt")
            with c.wrap_socket(socket.create_connection(("127.0.0.1", r.port)), server_hostname=name) as t:
                assert t.version() in ("TLSv1.2", "TLSv1.3")
        c = ssl.create_default_context(cafile=r.data / "room/tls.crt")
        try:
            c.wrap_socket(socket.create_connection(("127.0.0.1", r.port)), server_hostname="example.org")
            raise AssertionError("the certificate fits any name")
        except ssl.SSLCertVerificationError:
            pass
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        try:
            old.wrap_socket(socket.create_connection(("127.0.0.1", r.port)))
            raise AssertionError("TLS 1.1 was taken")
        except (ssl.SSLError, ConnectionError):
            pass
        first = (r.data / "room/tls.crt").read_bytes()
        r.stop()
        r.start()
        assert (r.data / "room/tls.crt").read_bytes() == first


@tap.test
def who_asks_too_often_waits_and_others_do_not():
    with rooms.room() as r:
        b = r.browser(address="127.0.0.9")
        flood = rooms.Browser(r, "127.0.0.66")
        def until_refused(path, most=400):
            """A slow machine gives some back meanwhile."""
            seen = []
            while len(seen) < most and (not seen or seen[-1].status != 429):
                seen.append(flood.request("GET", path))
            return seen
        seen = until_refused("/api/v1/now")
        assert {x.status for x in seen} == {401, 429}, [x.status for x in seen]
        x = seen[-1]
        assert openapi.check("GET", "/api/v1/now", 429, x.headers["content-type"], x.text)["error"]["key"] == "error.too_many"
        assert int(x.headers["retry-after"]) >= 1
        assert until_refused("/signin?token=" + "0" * 64, 100)[-1].status == 429
        assert b.get("/me")["person"]["id"] == 1


@tap.test
def tampering_is_found_and_named():
    with rooms.room() as r:
        wave(r.sensor())
        b = r.browser()
        assert b.get("/audit/verify")["ok"]
        db = sqlite3.connect(r.data / "room/room.db")
        with db:
            db.execute("UPDATE incident SET level = 'low' WHERE id = 1")
        db.close()
        v = b.get("/audit/verify")
        assert not v["ok"] and [(f["kind"], f["object"], f["row_id"]) for f in v["faults"]] == [("changed", "incident", 1)], v
        status, said = r.verify()
        assert status == 1 and said["faults"] == v["faults"]


@tap.test
def an_earlier_state_is_found_by_the_checkpoint():
    with rooms.room() as r:
        s = r.sensor()
        wave(s)
        b = r.browser()
        r.stop()
        early = {p.name: p.read_bytes() for p in (r.data / "room").iterdir() if p.is_file()}
        status, was = r.verify()
        assert status == 0
        r.start()
        b = r.browser()
        b.api("POST", "/incidents/1/timeline", {"text": "後で消す", "lane": "business"})
        head = b.get("/audit/verify")["head"]
        assert b.get(f"/audit/verify?head={head}")["ok"] and b.get(f"/audit/verify?head={was['head']}")["ok"]
        b.get("/audit/verify?head=12", want=400)
        r.stop()
        for name in ("room.db", "room.db-wal", "room.db-shm"):
            (r.data / "room" / name).unlink(missing_ok=True)
            if name in early:
                (r.data / "room" / name).write_bytes(early[name])
        status, said = r.verify()
        assert status == 1 and [(f["kind"], f["object"], f["text"]["key"]) for f in said["faults"]] == [("removed", "audit", "verify.chain_cut")], said
        checkpoint = r.data / "room/checkpoint"
        forged = checkpoint.read_text().replace(head, was["head"])
        assert forged != checkpoint.read_text()
        checkpoint.write_text(forged)
        assert r.verify()[0] == 1
        checkpoint.write_bytes(early["checkpoint"])
        assert r.verify()[0] == 0  # whole in itself
        assert tap.run(rooms.ROOM, "--data", r.data, "--verify", "--head", head).returncode == 1  # but not for whoever kept the head
        r.start()


@tap.test
def the_last_administrator_stays():
    with rooms.room() as r:
        who = rooms.people(r)
        a = who["administrator"]
        me = a.get("/me")["person"]
        e = a.api("PUT", "/persons/1", {"version": me["version"], "role": "auditor"}, want=400)
        assert e["error"]["key"] == "error.last_administrator"
        duty = next(p for p in a.get("/persons")["persons"] if p["name"] == "duty")
        assert a.api("PUT", f"/persons/{duty['id']}", {"version": duty["version"], "active": False})["active"] is False
        who["handler"].get("/me", want=401)  # at once
        a.api("POST", f"/persons/{duty['id']}/link", want=404)
        a.api("POST", "/persons", {"name": "duty", "role": "handler"}, want=400)
        link = a.api("POST", "/persons/3/link")["path"]
        assert rooms.Browser(r).sign_in(link).get("/me")["person"]["role"] == "auditor"
        me = a.get("/me")["person"]
        assert a.api("PUT", "/me", {"version": me["version"], "lang": "en"})["person"]["lang"] == "en"


@tap.test
def a_real_hand_rehearses_what_a_person_decides():
    """kizuki-hand without a driver: orders are checked and listed, nothing is blocked."""
    hand = tap.BUILD / "kizuki-hand"
    with rooms.room() as r:
        (r.data / "hand").mkdir()
        (r.data / "hand").chmod(0o755)
        key = r.data / "hand/order.key.pub"
        key.write_bytes((r.data / "room/order.key.pub").read_bytes())
        key.chmod(0o644)
        r.data.chmod(0o755)
        tap.need(os.geteuid() == 0, "the hand trusts root's files only")
        with open(r.data / "hand.log", "w") as log:
            child = subprocess.Popen([hand, "--data", r.data, "--driver", "none", "--dry-run"], stderr=log)
        try:
            b = r.browser()
            tap.wait_until(lambda: b.get("/me")["hand"], 15, 0.2, what="the hand; " + (r.data / "hand.log").read_text())
            wave(r.sensor())
            a = b.get("/incidents/1/actions")["actions"][0]
            assert a["dry_run"] and a["may"]["approve"]
            a = b.api("POST", "/actions/1/approve", {"version": a["version"], "minutes": 30})
            done = tap.wait_until(lambda: (x := b.get("/incidents/1/actions")["actions"][0])["state"] == "dry_run" and x, 10, 0.1, what="the rehearsal: " + r.said()[-500:])
            assert {x["state"] for x in done["addresses"]} == {"dry_run"}
            one = b.get("/incidents/1")
            ledger = {l["code"]: l for l in one["ledger"]}
            assert ledger["decision"]["at"] and ledger["decision"]["by"]["params"]["name"] == "administrator"
            assert ledger["contained"]["at"] is None and ledger["contained"]["text"]["key"] == "ledger.contained_dry_run"
        finally:
            child.terminate()
            child.wait(10)


tap.main()
