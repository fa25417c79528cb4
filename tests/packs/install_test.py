#!/usr/bin/env python3
"""A lesson from elsewhere is taken in on probation: tried on what is stored, watched, switched on by a person, taken away."""
import pathlib
import re
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import programs
import tap

ID = "elsewhere-2026-1"
SET = "pack-" + ID
RULE = """title: Somebody who left signs in
id: 8f4f3b7e-52a5-4c6e-9b7e-3f1c2d4e5a70
name: left_signs_in
logsource: {category: authentication}
detection:
    selection: {user.name: retired, event.outcome: success}
    condition: selection
level: high
kizuki: {title_ja: 退職者のログイン, kind: retired_login, propose: block_source}
"""


def kizuki(*args, code=0):
    r = tap.run(tap.KIZUKI, "pack", *args)
    out, err = r.stdout.decode(), r.stderr.decode()
    assert r.returncode == code, f"{args}: {r.returncode}\n{out}{err}"
    return out if code == 0 else err


class Elsewhere:
    """Somebody who makes lessons and signs them; and whom we believe."""

    def __init__(self, d):
        self.dir, self.key, self.keys = d / ID, d / "their-key", d / "keys.yml"
        kizuki("new", ID, "--in", d)
        (self.dir / "rules").mkdir()
        (self.dir / "rules/left.yml").write_text(RULE)

    def export(self, version=1):
        head = self.dir / "pack.yml"
        head.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", head.read_text()))
        to = self.dir.parent / f"{version}.kizuki"
        kizuki("sign", self.dir, "--key", self.key)
        kizuki("export", self.dir, "--to", to)
        return to

    def believe(self, extra=""):
        pub = self.key.with_name("their-key.pub").read_text().strip()
        self.keys.write_text(f'keys:\n  - {{key: "{pub}", who: 例 CERT{extra}}}\n')


def line(n):
    stamp = time.strftime("%b %d %H:%M:%S", time.localtime())
    return f"<38>{stamp} web1 sshd[{800 + n}]: Accepted password for retired from 192.0.2.{n} port 40022 ssh2"


def install(them, data, pack, code=0):
    return kizuki("install", pack, "--data", data, "--keys", them.keys, "--by", "sato", code=code)


@tap.test
def only_what_is_signed_by_somebody_believed_comes_in():
    with tap.folder() as d:
        them, data = Elsewhere(d), d / "data"
        assert "is not signed" in install(them, data, them.dir, code=1)
        one = them.export()
        assert "nobody here trusts" in install(them, data, one, code=1)
        them.believe(', revoked_from: "2026-01-01T00:00:00Z", because: lost')
        assert "was revoked" in install(them, data, one, code=1)
        assert not list((data / "rules").glob("pack-*")) and not list((data / "rules").glob(".take-*"))
        them.believe()
        left = data / "rules" / (".take-" + SET)  # somebody was interrupted, with another version
        left.mkdir(parents=True)
        (left / "left_over.yml").write_text(RULE.replace("5a70", "5a71").replace("left_signs_in", "left_over"))
        out = install(them, data, one)
        assert "watched only" in out and "signed by 例 CERT" in out and "1 new" in out, out
        assert [p.name for p in (data / "rules" / SET / "files").iterdir()] == ["left.yml"]
        assert re.search(rf"{ID} .*version 1, watched only, signed by 例 CERT, taken in by sato", kizuki("list", "--data", data))
        assert (data / "rules" / SET / "pack.kizuki").read_bytes() == one.read_bytes()


@tap.test
def versions_follow_one_another_and_go_back():
    with tap.folder() as d:
        them, data = Elsewhere(d), d / "data"
        one = them.export()
        them.believe()
        install(them, data, one)
        assert "is on" in kizuki("on", ID, "--data", data)
        (them.dir / "rules/left.yml").write_text(RULE.replace("retired,", "gone,"))
        out = install(them, data, them.export(2))
        assert "the version in use stays on" in out, out
        listed = kizuki("list", "--data", data)
        assert "version 1, on" in listed and "version 2, waits" in listed, listed
        kizuki("on", ID, "--data", data)
        assert "version 2, on" in kizuki("list", "--data", data)
        kizuki("back", ID, "--data", data)
        assert "version 1, on" in kizuki("list", "--data", data)
        kizuki("watch", ID, "--data", data)
        assert "version 1, watched only" in kizuki("list", "--data", data)
        kizuki("off", ID, "--data", data)
        assert "version 1, off" in kizuki("list", "--data", data)
        kizuki("remove", ID, "--data", data)
        assert ID not in kizuki("list", "--data", data)
        assert "there is no rule set" in kizuki("on", ID, "--data", data, code=1)


def findings(s):
    db = sqlite3.connect(f"file:{s.data}/room/room.db?mode=ro", uri=True)
    try:
        return db.execute("SELECT drill, incident_id FROM finding WHERE kind = 'retired_login' ORDER BY id").fetchall()
    finally:
        db.close()


def sent(b, pack, want):
    assert b.api("POST", "/packs-in", pack.read_bytes())["state"] == "looking"
    x = tap.wait_until(lambda: (x := b.get("/packs-in"))["state"] != "looking" and x, 60, what="the look")
    assert x["state"] == want, x
    return x["says"]


def by_the_page(b, s, them, pack):
    """Looked at, refused while nobody is believed, taken in watched only; what the command said."""
    assert "error" in b.api("POST", "/packs-in/install", {}, want=409)
    assert "pack-keys.yml" in sent(b, pack, "failed") or "trusts" in b.get("/packs-in")["says"]
    assert not (s.data / "rules" / SET).exists()
    (s.data / "pack-keys.yml").write_text(them.keys.read_text())
    assert "signed them" in sent(b, pack, "looked") and not (s.data / "rules" / SET).exists()  # looking changes nothing
    b.api("POST", "/packs-in/install", {})
    x = tap.wait_until(lambda: (x := b.get("/packs-in"))["state"] != "installing" and x, 60, what="taking it in")
    assert x["state"] == "installed" and "watched only" in x["says"], x
    return x["says"]


def its_story_and_questions(b):
    """It is read like a shipped one, and asked; its procedure is not offered while it is only watched."""
    one = b.get("/packs/" + ID)
    assert one["story"]["ja"] and one["pack"]["lessons"], one
    assert ID in [p["id"] for p in b.get("/packs")["packs"]] and ID in [p["id"] for p in b.get("/readiness")["packs"]]
    assert one["playbook"]["id"] not in [p["key"] for p in b.get("/playbooks")["playbooks"]]


def set_of(b):
    return next((x for x in b.get("/rules/state").get("sets", []) if x["name"] == SET), None)


@tap.test
def it_is_tried_watched_and_switched_on_by_who_may():
    settings = {"services": [{"name": "web", "title": "web"}]}
    with tap.folder() as d, programs.served(settings, ("--no-local-logs",)) as s:
        them = Elsewhere(d)
        one = them.export()
        them.believe()
        b = s.browser()
        programs.send(s.syslog_port, [line(1)])
        tap.wait_until(lambda: any(x["lines"] for x in b.get("/sources")["sources"]), 60, what="the first line")
        out = by_the_page(b, s, them, one)
        assert re.search(r"0 findings by the rules concerned before, 1 after", out), out  # what it would have raised
        x = tap.wait_until(lambda: (x := set_of(b)) and x["watch"] and x, 60, what="the set is told")
        assert x["pack"]["id"] == ID and x["pack"]["signer"] == "例 CERT" and x["state"] == "on" and x["by"] == b.get("/me")["person"]["name"], x
        its_story_and_questions(b)
        assert x["change"]["backtest"]["after"] == 1, x["change"]["backtest"]
        rules = lambda: [r for r in b.get("/rules")["rules"] if r["id"].endswith("5a70")]
        tap.wait_until(rules, 60, what="its rule in use")
        programs.send(s.syslog_port, [line(2)])
        tap.wait_until(lambda: (2, None) in findings(s), 60, what=lambda: f"watched: {findings(s)}")
        assert b.get("/incidents")["total"] == 0
        shown = [f for f in b.get("/findings")["findings"] if f["kind"] == "retired_login"]
        assert shown and all(f["watched"] and not f["drill"] for f in shown), shown
        b.api("POST", "/rules/order", {"op": "on", "name": SET, "digest": x["digest"]})
        tap.wait_until(lambda: set_of(b)["watch"] is False and b.get("/rules/state")["change"] == "none", 60, what="it is on")
        tap.wait_until(lambda: programs.send(s.syslog_port, [line(3)]) or b.get("/incidents")["total"] == 1, 60, 1, what="a case")
        incident = b.get("/incidents")["incidents"][0]["id"]
        procedure = b.get("/packs/" + ID)["playbook"]["id"]
        first = tap.wait_until(lambda: b.get(f"/playbooks?case={incident}")["fitting"], 60, what="the fitting procedure")[0]
        assert first == {"playbook": procedure, "pack": ID}, first
        assert procedure in [p["key"] for p in b.get("/playbooks")["playbooks"]], "it is offered"
        b.api("POST", "/rules/order", {"op": "off", "name": SET})
        tap.wait_until(lambda: set_of(b)["state"] == "off", 60, what="it is off")


tap.main()
