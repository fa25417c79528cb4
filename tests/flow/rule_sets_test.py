#!/usr/bin/env python3
"""`kizuki rule add | list | on | off | back | drop`: sets of rules from outside, and what they change."""
import fcntl
import json
import pathlib
import stat
import warnings
import zipfile

import tap
from rulebed import ID, LINE, fill_spool, make_set, pages, rule, set_state, text, tried, zipped


@tap.test
def a_set_waits_until_it_is_switched_on():
    with tap.folder() as d:
        s = make_set(d / "mine", a=text())
        said = rule(d / "data", "add", s)
        assert "1 rules loaded, 0 refused; licence: MIT License" in said and "1 new, 0 changed, 0 gone" in said, said
        assert " draft " in rule(d / "data", "list")
        assert "mine is on" in rule(d / "data", "on", "mine")
        assert " on " in rule(d / "data", "list")
        assert (d / "data/rules/mine/files/LICENSE").read_text() == "MIT License\n"
        said = rule(d / "data", "add", s)
        assert "nothing changes" in said and " draft " not in rule(d / "data", "list"), said


@tap.test
def a_changed_rule_is_shown_with_what_it_does_to_stored_logs():
    with tap.folder() as d:
        probe = tap.ROOT / "build-dev/tests/flow/intake_probe"
        tap.need(probe.exists(), "intake_probe is not built")
        log = d / "auth.log"
        log.write_text("".join(LINE.format(i, "admin" if i % 3 else "root", i) for i in range(30)))
        fill_spool(d, log)
        s = make_set(d / "mine", a=text())
        said = rule(d / "data", "add", s, "--on")
        assert "(30 events)" in said and "0 findings by the rules concerned before, 20 after" in said, said
        make_set(s, a=text(user="root", level="high"), b=text(2, "Second", "nobody"))
        said = rule(d / "data", "add", s)
        assert "1 new, 1 changed, 0 gone" in said, said
        assert "-        user.name: admin" in said and "+        user.name: root" in said and "+level: high" in said, said
        assert "findings 20 -> 10" in said, said
        rule(d / "data", "on", "mine")
        change = json.loads((d / "data/rules/mine/change.json").read_text())
        assert change["backtest"]["before"] == 20 and change["backtest"]["after"] == 10, change["backtest"]
        rule(d / "data", "back", "mine")
        assert "user.name: admin" in (d / "data/rules/mine/files/rules/a.yml").read_text()


@tap.test
def a_rule_is_shown_with_author_and_licence():
    with tap.folder() as d:
        rule(d / "data", "add", make_set(d / "mine", a=text()), "--on")
        said = rule(d / "data", "show", f"{ID}1")
        for words in ("author     Somebody Else", "licence    MIT License", "set        mine", "no samples", "user.name: admin"):
            assert words in said, (words, said)
        assert "no rule in use" in rule(d / "data", "show", "nothing", fails=True)


def without_times(change):
    return {k: v for k, v in change.items() if k != "at"} | {"backtest": {k: v for k, v in change["backtest"].items() if k != "took_ms"}}


@tap.test
def the_pages_take_in_what_the_command_line_does():
    """An archive and a written rule through the room and the sensor: judged as `kizuki rule add` judges, one at a time, waiting until
    somebody who has seen that version switches it on."""
    with tap.folder() as d:
        log = d / "auth.log"
        log.write_text("".join(LINE.format(i, "admin" if i % 3 else "root", i) for i in range(30)))
        archive = zipped(make_set(d / "mine", a=text()))
        (d / "mine.zip").write_bytes(archive)
        with pages(d, log) as b:
            b.api("POST", "/rules/sets?name=mine", {"no": "archive"}, want=400)
            b.api("POST", "/rules/sets", archive, want=400)
            b.api("POST", "/rules/sets?name=mine", b"PK\x03\x04 this is none")
            x = tried(b, "failed")
            assert "no whole ZIP archive" in x["error"] and x["code"] == "parse", x
            with open(d / "data/rules/.lock", "w") as lock:  # somebody else writes: taking in waits, everything else goes on
                fcntl.flock(lock, fcntl.LOCK_EX)
                b.api("POST", "/rules/sets?name=mine&licence=by%20agreement", archive)
                assert "something else is being tried" in b.api("POST", "/rules/sets?name=other", archive, want=400)["error"]["params"]["why"]
                assert "being taken in" in b.api("POST", "/rules/order", {"op": "off", "name": "mine"}, want=400)["error"]["params"]["why"]
                assert b.get("/rules/trial")["trial"]["state"] == "running"
            assert tried(b)["result"] == {"name": "mine", "waits": True, "passed_over": 0}
            waits = set_state(b, "mine", "draft")
            assert waits["licence"] == "by agreement" and waits["by"] == b.get("/me")["person"]["name"], waits
            by_page = json.loads((d / "data/rules/.draft-mine/change.json").read_text())
            rule(d / "data", "add", d / "mine.zip")
            by_hand = json.loads((d / "data/rules/.draft-mine/change.json").read_text())
            assert without_times(by_page) == without_times(by_hand) and by_page["backtest"]["after"] == 20, (by_page, by_hand)
            assert "another version" in b.api("POST", "/rules/order", {"op": "adopt", "name": "mine", "digest": "0" * 64}, want=400)["error"]["params"]["why"]
            b.api("POST", "/rules/order", {"op": "adopt", "name": "mine", "digest": waits["digest"]})
            assert not set_state(b, "mine", "on")["older"]
            b.api("POST", "/rules/sets?name=mine", archive)
            assert not tried(b)["result"]["waits"], "what is in use already waits"
            for name, body, why in (("own", text(), "is already taken by"), ("mine", text(2), "somebody else keeps"), ("own", "title: x\n", "no id"),
                                    ("own", "title: [x\n", ":1:"), ("../x", text(2), "no name for a rule set")):
                b.api("POST", "/rules/drafts", {"name": name, "text": body})
                assert why in tried(b, "failed")["error"], b.get("/rules/trial")
            for user, after in (("root", 10), ("admin", 20)):  # the second text takes the place of the first
                b.api("POST", "/rules/drafts", {"name": "own", "text": text(2, "Written", user)})
                assert tried(b)["result"]["waits"]
                waits = set_state(b, "own", "draft")
                assert waits["own"] and waits["change"]["new" if user == "root" else "changed"] == 1 and waits["change"]["backtest"]["after"] == after, waits
                b.api("POST", "/rules/order", {"op": "adopt", "name": "own", "digest": waits["digest"]})
                set_state(b, "own", "on")
            (d / "written.yml").write_text(text(3, "By hand"))
            assert "1 new, 0 changed, 0 gone" in rule(d / "data", "add", d / "written.yml") and set_state(b, "own", "draft")["own"]
            b.api("POST", "/rules/order", {"op": "back", "name": "own"})
            assert "user.name: root" in next((d / "data/rules/own/files/rules").iterdir()).read_text()
            b.api("POST", "/rules/order", {"op": "drop", "name": "own"})
            told = [r["detail"] for r in b.get("/audit?limit=1000")["rows"] if (r["verb"], r["object"]) == ("change", "rule")]
            assert {"name": "mine"} in told and {"op": "back", "name": "own"} in told and b.get("/audit/verify")["ok"], told


@tap.test
def hostile_archives_are_refused_and_leave_nothing():
    link = zipfile.ZipInfo("s/rules/link.yml")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    cases = [
        ("leads out", [("../../evil.yml", text())]),
        ("leads out", [("/etc/evil.yml", text())]),
        ("leads out", [("a\\..\\evil.yml", text())]),
        ("holds a link", [(link, "/etc/passwd")]),
        ("already exists", [("a.yml", text()), ("a.yml", text(2))]),
        ("times its size", [("a.yml", "#" * 40_000_000)]),
        ("holds no rules", [("readme.md", "hello")]),
    ]
    for why, entries in cases:
        with tap.folder() as d:
            z = d / "set.zip"
            warnings.simplefilter("ignore")  # zipfile's, of a name that stands twice
            with zipfile.ZipFile(z, "w", zipfile.ZIP_DEFLATED) as f:
                for name, body in entries:
                    f.writestr(name, body)
            said = rule(d / "data", "add", z, fails=True)
            assert why in said, (why, said)
            left = [p for p in (d / "data").rglob("*") if p.is_file() and p.name not in (".lock", "changed")]
            assert not left, left
            assert not (d / "evil.yml").exists() and not pathlib.Path("/etc/evil.yml").exists()
    with tap.folder() as d:
        (d / "set.zip").write_bytes(b"PK\x03\x04 this is none")
        assert "no whole ZIP archive" in rule(d / "data", "add", d / "set.zip", fails=True)


@tap.test
def names_of_sets_do_not_leave_the_folder():
    with tap.folder() as d:
        s = make_set(d / "mine", a=text())
        for name in ("../x", "a/b", ".x", "", "x" * 73):
            assert "no name for a rule set" in rule(d / "data", "add", s, "--name", name, fails=True), name
        assert "there is no rule set" in rule(d / "data", "drop", "nothing", fails=True)


@tap.test
def sigmahqs_rules_come_with_their_licence():
    tap.need(tap.DATA, "KIZUKI_TEST_DATA is not set")
    with tap.folder() as d:
        said = rule(d / "data", "add", pathlib.Path(tap.DATA) / "sigma", "--name", "sigma", "--on")
        assert "3755 rules loaded, 25 refused; licence: Detection Rule License (DRL) 1.1" in said, said[-2000:]
        assert said.count("  refused ") == 25 and "sigma is on" in said
        said = rule(d / "data", "add", pathlib.Path(tap.DATA) / "sigma", "--name", "sigma")
        assert "nothing changes" in said, said[-500:]
        row = json.loads(rule(d / "data", "list", "--json"))
        assert row["rules"] == 3755 and row["samples"] > 150 and row["state"] == "on", row
        assert len(list((d / "data/rules/sigma/files").rglob("*.yml"))) == 3780


if __name__ == "__main__":
    tap.main()
