#!/usr/bin/env python3
"""`kizuki rule except | suppress`: what is hidden, what it would have hidden, and never more than that."""
import json

import rulebed as sets
import tap

# Ten attempts each on two addresses, twenty minutes apart: two findings an address for a fold of five minutes.
LINE = "2026-11-22T{h:02}:{m:02}:{s:02}.000000+00:00 gate sshd[812]: Failed password for invalid user admin from 192.0.2.{a} port 40022 ssh2\n"


def bed(d):
    log = d / "auth.log"
    log.write_text("".join(LINE.format(h=17, m=m, s=i, a=a) for m in (3, 23) for i in range(10) for a in (7, 8)))
    sets.fill_spool(d, log)
    s = sets.make_set(d / "mine", a=sets.text())
    sets.rule(d / "data", "add", s, "--on")
    return s


def findings(d, *more):
    """The address of each finding hunt tells with the rules in use."""
    r = sets.kizuki("hunt", "--updates", "--rules", d / "data/rules/mine", "--rules", *more, d / "data/spool")
    assert r.returncode == 0, r.stderr
    told = [json.loads(x) for x in r.stdout.splitlines()]
    groups = [f["group"] for f in told if f["state"] == "open"]
    return sorted(g.get("source.ip") or g["kizuki.source.net"] for g in groups)


WHO = ("--owner", "Sato", "--reason", "health check")


@tap.test
def an_exception_shows_what_it_would_have_hidden_and_hides_no_more():
    with tap.folder() as d:
        bed(d)
        how = ("--where", "source.ip=192.0.2.7", "--until", "30d", *WHO)
        said = sets.rule(d / "data", "except", f"{sets.ID}1", *how)
        assert "20 events hidden" in said and "4 findings, 2 would be left" in said, said
        assert "kizuki.source.net=192.0.2.7" in said and "nothing was changed" in said, said
        assert not (d / "data/rules/exceptions.yml").exists()
        assert not list((d / "data/rules").glob(".preview*"))
        said = sets.rule(d / "data", "except", f"{sets.ID}1", *how, "--add")
        assert "kept: kizuki-exception-" in said, said
        assert findings(d, d / "data/rules/exceptions.yml") == ["192.0.2.8", "192.0.2.8"]
        listed = sets.rule(d / "data", "exceptions")
        assert "by Sato: health check" in listed and "hides from: Guessing" in listed, listed
        sets.rule(d / "data", "unexcept", listed.split()[0])
        assert "no exceptions" in sets.rule(d / "data", "exceptions")


@tap.test
def a_rule_is_switched_off_until_a_day():
    with tap.folder() as d:
        s = bed(d)
        alone, count = f"{sets.ID}1", "22222222-2222-4333-8444-555555555559"
        file = d / "data/rules/exceptions.yml"
        assert "not both" in sets.rule(d / "data", "except", alone, "--all", "--where", "source.ip=192.0.2.7", "--until", "30d", *WHO, fails=True)
        said = sets.rule(d / "data", "except", alone, "--all", "--until", "30d", *WHO, "--add")
        assert "40 events hidden" in said and "4 findings, 0 would be left" in said, said
        assert findings(d, file) == []
        sets.rule(d / "data", "unexcept", sets.rule(d / "data", "exceptions").split()[0])
        sets.make_set(s, a=sets.text(), c=CORRELATION.format(id=sets.ID))  # now it tells nothing by itself
        sets.rule(d / "data", "add", s, "--on")
        assert len(findings(d, d / "data/rules/mine")) == 4
        said = sets.rule(d / "data", "except", count, "--all", "--until", "30d", *WHO, "--add")
        assert "4 findings, 0 would be left" in said and findings(d, file) == [], said
        text = file.read_text()
        at = text.index("until: ") + len("until: ")
        file.write_text(text[:at] + "2026-11-22T17:10:00Z\n")  # between the first and the second time
        assert findings(d, file) == ["192.0.2.7", "192.0.2.8"]


@tap.test
def an_exception_ends_by_the_time_of_events():
    with tap.folder() as d:
        bed(d)
        sets.rule(d / "data", "except", f"{sets.ID}1", "--where", "source.ip=192.0.2.7", "--until", "30d", *WHO, "--add")
        file = d / "data/rules/exceptions.yml"
        text = file.read_text()
        at = text.index("until: ") + len("until: ")
        file.write_text(text[:at] + "2026-11-22T17:10:00Z\n")  # between the first and the second time
        assert findings(d, file) == ["192.0.2.7", "192.0.2.8", "192.0.2.8"]


@tap.test
def an_exception_without_owner_reason_end_or_bound_is_refused():
    with tap.folder() as d:
        bed(d)
        whole = {"--where": "source.ip=192.0.2.7", "--until": "30d", "--owner": "Sato", "--reason": "why"}
        for leave, why in (("--owner", "owner"), ("--reason", "reason"), ("--where", "says what it hides"), ("--until", "no end")):
            args = [x for k, v in whole.items() if k != leave for x in (k, v)]
            assert why in sets.rule(d / "data", "except", f"{sets.ID}1", *args, fails=True), leave
        for until in ("2026-01-01", "2000d", "never"):
            args = [x for k, v in {**whole, "--until": until}.items() for x in (k, v)]
            sets.rule(d / "data", "except", f"{sets.ID}1", *args, fails=True)
        for where in ("source.ip=", "source.ip=*", "=x", "nonsense"):
            args = [x for k, v in {**whole, "--where": where}.items() for x in (k, v)]
            sets.rule(d / "data", "except", f"{sets.ID}1", *args, fails=True)
        assert not (d / "data/rules/exceptions.yml").exists()


@tap.test
def repeats_are_held_back_per_group_and_counted():
    with tap.folder() as d:
        bed(d)
        said = sets.rule(d / "data", "suppress", f"{sets.ID}1", "--for", "1h", *WHO)
        assert "2 findings held back" in said and "4 findings, 2 would be left" in said, said
        said = sets.rule(d / "data", "suppress", f"{sets.ID}1", "--for", "10m", *WHO)
        assert "0 findings held back" in said, said  # the second time comes after twenty minutes
        sets.rule(d / "data", "suppress", f"{sets.ID}1", "--for", "1h", *WHO, "--add")
        assert "repeats held back for 3600 s  by Sato" in sets.rule(d / "data", "exceptions")
        sets.rule(d / "data", "unsuppress", f"{sets.ID}1")
        assert "no repeats held back" in sets.rule(d / "data", "exceptions")


CORRELATION = """title: Many failures
id: 22222222-2222-4333-8444-555555555559
correlation:
    type: event_count
    rules: ["{id}1"]
    group-by: [source.ip]
    timespan: 5m
    condition: {{gte: 5}}
level: high
"""


@tap.test
def an_exception_of_a_correlation_hides_its_group_and_nothing_else():
    with tap.folder() as d:
        s = bed(d)
        sets.make_set(s, a=sets.text(), c=CORRELATION.format(id=sets.ID))
        sets.rule(d / "data", "add", s, "--on")
        said = sets.rule(d / "data", "except", "22222222-2222-4333-8444-555555555559", "--where", "source.ip=192.0.2.8",
                         "--until", "30d", *WHO, "--add")
        assert "4 findings, 2 would be left" in said, said
        assert findings(d, d / "data/rules/exceptions.yml") == ["192.0.2.7", "192.0.2.7"]


@tap.test
def the_pages_show_what_a_decision_would_have_hidden_before_it_is_kept():
    with tap.folder() as d:
        bed(d)
        id, who = f"{sets.ID}1", {"owner": "Sato", "reason": "health check"}
        where = {"where": [{"field": "source.ip", "value": "192.0.2.7"}], "until": "30d"}
        with sets.pages(d, d / "auth.log") as b:
            b.api("POST", "/rules/trial", {"op": "except", "rule": id, **where, **who})
            x = sets.tried(b)
            row = next(r for r in x["result"]["rules"] if r["id"] == id)
            assert x["result"]["hidden_events"] == 20 and (row["before"], row["after"]) == (4, 2) and x["done"] == x["of"] > 0, x
            assert any("192.0.2.7" in h for h in row["hidden"]) and not any("192.0.2.8" in h for h in row["hidden"]), row
            assert not (d / "data/rules/exceptions.yml").exists() and not list((d / "data/rules").glob(".preview*"))
            b.api("POST", "/rules/trial", {"op": "except", "rule": id, "whole": True, "until": "30d", **who})
            assert sets.tried(b)["result"]["rules"][0]["after"] == 0
            b.api("POST", "/rules/trial", {"op": "suppress", "rule": id, "for": "1h", **who})
            x = sets.tried(b)
            assert x["result"]["hidden_findings"] == 2 and x["result"]["rules"][0]["after"] == 2, x
            for bad, why in (({"op": "except", "rule": id, "until": "30d", **who}, "says what it hides"), ({"op": "except", "rule": "none", **where, **who}, "no rule in use"),
                             ({"op": "suppress", "rule": id, "for": "soon", **who}, "no span"), ({"op": "suppress", "rule": id, "for": "1h"}, "an owner")):
                b.api("POST", "/rules/trial", bad)
                assert why in sets.tried(b, "failed")["error"], bad
            b.api("POST", "/rules/trial", {"op": "add", "rule": id, "file": "../rules/x"} , want=400)
            b.api("POST", "/rules/order", {"op": "except", "rule": id, **where, **who})
            b.api("POST", "/rules/order", {"op": "suppress", "rule": id, "for": "1h", **who})
            s = tap.wait_until(lambda: (s := b.get("/rules/state")) and s["exceptions"] and s["suppressions"] and s, 60, what="both decisions")
            assert s["exceptions"][0]["owner"] == "Sato" and s["suppressions"][0]["for_s"] == 3600, s
            b.api("POST", "/rules/order", {"op": "unexcept", "name": s["exceptions"][0]["id"]})
            b.api("POST", "/rules/order", {"op": "unsuppress", "rule": id})
            tap.wait_until(lambda: not (s := b.get("/rules/state"))["exceptions"] and not s["suppressions"], 60, what="their end")


if __name__ == "__main__":
    tap.main()
