#!/usr/bin/env python3
"""`kizuki rule add | list | on | off | back | drop`: sets of rules from outside, and what they change."""
import json
import pathlib
import stat
import warnings
import zipfile

import tap
from rulebed import ID, LINE, fill_spool, make_set, rule, text


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
        for name in ("../x", "a/b", ".x", "", "x" * 65):
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
