#!/usr/bin/env python3
"""`kizuki rule explain | check | test`: rules looked at by those who write them."""
import json
import subprocess

import tap

LINE = "2026-11-22T17:03:08.000000+00:00 gate sshd[812]: Failed password for invalid user admin from 192.0.2.7 port 40022 ssh2"
RULE = """title: Guessing at admin
id: 11111111-2222-4333-8444-555555555555
name: guess
logsource: {product: linux, service: sshd}
detection:
    failed:
        event.outcome: failure
        user.name|startswith: adm
    ours:
        source.ip|cidr: %s
    condition: failed and not ours
kizuki:
    samples:
        match:
            - '%s'
            - {process.name: sshd, event.outcome: failure, user.name: ADMIN}
        no_match:
            - {process.name: sshd, event.outcome: %s, user.name: admin}
"""


def rule(*args, stdin=None):
    return subprocess.run([str(tap.KIZUKI), "rule", *map(str, args)], capture_output=True, text=True, input=stdin, timeout=60)


@tap.test
def learn_changes_no_match():
    with tap.folder() as d:
        (d / "r.yml").write_text(RULE % ("10.0.0.0/8", LINE, "success"))
        (d / "log").write_text("\n".join([LINE, LINE.replace("admin", "root"), LINE.replace("192.0.2.7", "10.1.1.1")] * 20) + "\n")
        r = rule("learn", "--rules", d / "r.yml", "--out", d / "stat", d / "log")
        assert r.returncode == 0 and not r.stdout, r
        text = (d / "stat").read_text()
        assert text.startswith("kizuki-statistics 1\n") and "linux//sshd\tevent.outcome\t60\t0:" in text, text
        assert "192.0.2.7" not in text and "admin" not in text, "nobody is to read names out of it"
        outs = [subprocess.run([str(tap.KIZUKI), "hunt", "--rules", str(d / "r.yml"), *more, str(d / "log")], capture_output=True, text=True, timeout=60)
                for more in ([], ["--statistics", str(d / "stat")])]
        assert outs[0].stdout and outs[0].stdout == outs[1].stdout, outs
        (d / "bad").write_text("kizuki-statistics 1\nx\n")
        r = subprocess.run([str(tap.KIZUKI), "hunt", "--statistics", str(d / "bad"), str(d / "log")], capture_output=True, text=True, timeout=60)
        assert r.returncode == 1 and "bad:2" in r.stderr and "kizuki rule learn" in r.stderr, r


@tap.test
def check_says_where_and_what_to_write():
    with tap.folder() as d:
        (d / "bad.yml").write_text(RULE.replace("startswith", "beginswith") % ("10.0.0.0/8", LINE, "success"))
        (d / "good.yml").write_text((RULE % ("10.0.0.0/8", LINE, "success")).replace("1111", "2222").replace("guess", "g2"))
        r = rule("check", d)
        assert r.returncode == 1, r
        assert f"{d}/bad.yml:8:9: unknown modifier 'beginswith'" in r.stdout, r.stdout
        assert "1 rules understood, 1 refused" in r.stdout, r.stdout
        assert rule("check", d / "good.yml").returncode == 0


@tap.test
def fields_are_those_the_rules_look_at():
    with tap.folder() as d:
        (d / "r.yml").write_text(RULE % ("10.0.0.0/8", LINE, "success"))
        r = rule("fields", d)
        names = r.stdout.split()
        assert r.returncode == 0 and {"event.outcome", "user.name", "source.ip"} <= set(names), r
        assert "user_agent.original" not in names and len(names) == len(set(names)), names


@tap.test
def the_shipped_rules_pass_their_own_samples():
    r = rule("test")
    assert r.returncode == 0 and ", 0 failed; 0 rules without samples, 0 refused" in r.stdout, r.stdout
    assert rule("check").returncode == 0


@tap.test
def a_sample_that_does_not_hold_is_named():
    with tap.folder() as d:
        (d / "r.yml").write_text(RULE % ("10.0.0.0/8", LINE, "success"))
        r = rule("test", d)
        assert r.returncode == 0 and "3 samples, 0 failed" in r.stdout, r.stdout
        (d / "r.yml").write_text(RULE % ("192.0.2.0/24", LINE, "failure"))
        r = rule("test", d)
        assert r.returncode == 1, r.stdout
        assert f"{d}/r.yml:15: 'Guessing at admin' should match this sample and does not" in r.stdout, r.stdout
        assert f"{d}/r.yml:18: 'Guessing at admin' should not match this sample and does" in r.stdout, r.stdout


CHAIN = """title: Guessed twice
id: 22222222-2222-4333-8444-555555555555
name: twice
correlation: {type: event_count, rules: [guess], group-by: [source.ip], timespan: 10m, condition: {gte: %d}}
kizuki:
    finding: never
    samples:
        match: [{story: %s}]
---
"""


@tap.test
def a_story_is_a_sample_also_of_a_rule_that_is_never_told():
    with tap.folder() as d:
        guess = (RULE % ("10.0.0.0/8", LINE, "success")).replace("startswith: adm", "startswith: a")
        (d / "g.yml").write_text(guess.split("kizuki:")[0])
        for n, story, code, said in ((2, "account-list", 1, "r.yml:8: 'Guessed twice' should match this sample and does not"),
                                     (2, "spraying", 0, "1 samples, 0 failed"), (4000, "spraying", 1, "should match this sample and does not"),
                                     (2, "nobody-told-it", 1, "nobody-told-it.yml"), (2, "../login", 1, "letters, digits and -")):
            (d / "r.yml").write_text(CHAIN % (n, story))
            r = rule("test", d)
            assert r.returncode == code and said in r.stdout + r.stderr, (n, story, r)


@tap.test
def a_sample_that_no_rule_matches_has_a_verdict_of_its_own():
    quiet = "kizuki:\n    samples:\n        match: [[%s, %s]]\n        no_match: [['Nov 23 02:03:08 gate cron[1]: nothing here']]\n"
    with tap.folder() as d:
        (d / "g.yml").write_text((RULE % ("10.0.0.0/8", LINE, "success")).split("kizuki:")[0])
        (d / "r.yml").write_text(CHAIN.split("kizuki:")[0] % 2 + quiet % (f"'{LINE}'", f"'{LINE}'"))
        r = rule("test", d)
        assert r.returncode == 0 and "2 samples, 0 failed" in r.stdout, r.stdout + r.stderr


@tap.test
def explain_shows_what_each_condition_found():
    with tap.folder() as d:
        (d / "r.yml").write_text(RULE % ("192.0.2.0/24", LINE, "success"))
        r = rule("explain", "--rules", d, "--rule", "guess", "--json", LINE)
        assert r.returncode == 0, r.stderr
        v = json.loads(r.stdout)
        assert v["event"]["user.name"] == "admin" and not v["unparsed"], v["event"]
        shown = v["detect"]["rule"]
        assert shown["logsource_fits"] and not shown["matched"], shown
        text = rule("explain", "--rules", d, "--rule", "guess", stdin=LINE + "\n").stdout
        assert "silent   Guessing at admin" in text, text
        assert "+ user.name starts with 'adm' (startswith): 'admin'" in text, text
        assert "+ ours: source.ip is in network '192.0.2.0/24' (cidr): '192.0.2.7'" in text, text
        shipped = rule("explain", LINE).stdout
        assert "matches  Failed login with a password" in shipped, shipped
        assert rule("explain", "--rule", "nobody", LINE).returncode == 1


@tap.test
def control_bytes_of_a_line_do_not_reach_the_terminal():
    r = rule("explain", "\x1b[2J evil line\x07")
    assert r.returncode == 0 and "\x1b" not in r.stdout and "\x07" not in r.stdout, r.stdout

tap.main()
