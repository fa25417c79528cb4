#!/usr/bin/env python3
"""Rules that cannot be understood, of every kind: each is refused with file, line, column and what is wrong, in all three
places that load rules, and the good rule that stands in the same file loads."""
import json
import re

import tap

HEAD = "title: Bad XX\nlogsource: {category: test}\n"  # what stands below it begins in line 3


def detection(selection, condition="s"):
    return HEAD + f"detection:\n  s: {{{selection}}}\n  condition: {condition}\n"


def correlation(text):
    """The rules it names stand below it, in line 5."""
    return f"title: Bad XX\nname: cXX\ncorrelation:\n  {text}\n"


# (kind, the document, line:column, words of the sentence)
BAD = [
    # not YAML, or not a rule
    ("a bracket that is not closed", "title: [a\n", "2:1", "while parsing a flow sequence"),
    ("a tab for indentation", "title: a\n\tlevel: low\n", "2:1", "found a tab character"),
    ("a key that stands twice", "title: a\ntitle: b\n", "2:1", "duplicate key 'title'"),
    ("an alias to nothing", "title: *nobody\n", "1:8", "names nothing that was finished before"),
    ("a quote that is not closed", "title: 'a\nlogsource: {category: test}\n", "3:1", "while scanning a quoted scalar"),
    ("a list in place of a rule", "- a\n", "1:1", "a rule is a mapping"),
    ("no title", "level: low\n", "1:1", "a rule needs a title"),
    ("a title that is a list", "title: [a]\n", "1:8", "must be one value"),
    ("no log source", "title: a\ndetection: {s: {a: b}, condition: s}\n", "1:1", "logsource"),
    ("an empty log source", "title: a\nlogsource: {}\ndetection: {s: {a: b}, condition: s}\n", "2:12", "add category"),
    ("an unknown level", HEAD + "level: shrill\ndetection: {s: {a: b}, condition: s}\n", "3:8", "write informational, low"),
    ("neither detection nor correlation", HEAD, "1:1", "exactly one of"),
    ("detection and correlation", HEAD + "detection: {s: {a: b}, condition: s}\ncorrelation: {type: event_count}\n", "1:1", "exactly one of"),
    ("detection that is a text", HEAD + "detection: x\n", "3:12", "must be a mapping"),
    ("an unknown action", "action: twist\ntitle: a\n", "1:9", "global, reset or repeat"),
    ("repeat without a rule before", "action: repeat\ntitle: a\n", "1:9", "nothing to repeat"),
    # selections
    ("an unknown modifier", detection("a|twist: x"), "4:7", "unknown modifier 'twist'"),
    ("modifiers that contradict", detection("a|lt|gt: 1"), "4:7", "contradicts"),
    ("a modifier that does not go with another", detection("a|re|startswith: x"), "4:7", "does not go with"),
    ("a flag without re", detection("a|i: x"), "4:7", "needs 're' before it"),
    ("a broken expression", detection("a|re: 'x(y'"), "4:13", "the regular expression fails at its character 4"),
    ("no network", detection("a|cidr: 10.0.0.0/33"), "4:15", "is no network"),
    ("no number", detection("a|lt: many"), "4:13", "is no number"),
    ("exists neither true nor false", detection("a|exists: maybe"), "4:17", "true or false"),
    ("a wildcard to be encoded", detection("a|base64: 'x*'"), "4:17", "no place for wildcards"),
    ("null with a modifier", detection("a|contains: null"), "4:19", "null takes no modifiers"),
    ("an empty list", detection("a: []"), "4:10", "an empty list"),
    ("a map in place of a value", detection("a: {b: c}"), "4:10", "not a mapping"),
    ("a list inside a list", detection("a: [[b]]"), "4:11", "not a list inside a list"),
    ("an empty selection", detection(""), "4:6", "an empty selection"),
    ("an empty keyword", HEAD + "detection:\n  s: ['']\n  condition: s\n", "4:7", "an empty keyword"),
    ("a placeholder without a value", detection("a|expand: '%Nobody%'"), "4:17", "no value for the placeholder '%Nobody%'"),
    # conditions
    ("no condition", HEAD + "detection:\n  s: {a: b}\n", "4:3", "no condition"),
    ("a selection that is not there", detection("a: b", "sal"), "5:14", "no selection is named 'sal'"),
    ("a pattern that fits nothing", detection("a: b", "1 of filter*"), "5:14", "no selection is named 'filter*'"),
    ("a number of selections", detection("a: b", "2 of s*"), "5:14", "'2 of' is not Sigma"),
    ("a condition that breaks off", detection("a: b", "s and"), "5:14", "ends too early"),
    ("a parenthesis that is not closed", detection("a: b", "(s"), "5:14", "parenthesis is missing"),
    ("an aggregation of Sigma 1", detection("a: b", "s | count() > 5"), "5:14", "write a correlation rule"),
    # filters
    ("a filter for nobody", "title: Bad XX\nlogsource: {category: test}\nfilter: {s: {a: b}, condition: s}\n", "3:9", "rules"),
    ("a filter for a rule that is not there", "title: Bad XX\nlogsource: {category: test}\nfilter: {rules: [nobody], s: {a: b}, condition: s}\n", "3:17", "no rule this filter names is loaded"),
    # correlations
    ("a correlation without a type", correlation("{rules: [aXX], timespan: 1m}"), "4:3", "needs a 'type'"),
    ("an unknown type", correlation("{type: value_mode, rules: [aXX], timespan: 1m}"), "4:10", "unknown type 'value_mode'"),
    ("a rule that is not there", correlation("{type: event_count, rules: [nobody], timespan: 1m, condition: {gte: 1}}"), "4:31", "there is no rule 'nobody'"),
    ("no timespan", correlation("{type: event_count, rules: [aXX], condition: {gte: 1}}"), "4:3", "needs a 'timespan'"),
    ("a timespan without a unit", correlation("{type: event_count, rules: [aXX], timespan: 60, condition: {gte: 1}}"), "4:47", "s, m, h or d"),
    ("a count without a number", correlation("{type: event_count, rules: [aXX], timespan: 1m}"), "4:3", "needs a 'condition'"),
    ("an unknown key", correlation("{type: event_count, rules: [aXX], timespan: 1m, groupby: [b], condition: {gte: 1}}"), "4:51", "unknown key 'groupby'"),
    ("values of no field", correlation("{type: value_count, rules: [aXX], timespan: 1m, condition: {gte: 1}}"), "4:3", "needs a 'field'"),
    ("an alias that says no field for a rule", correlation("{type: temporal, rules: [aXX, bXX], timespan: 1m, group-by: [x], aliases: {x: {aXX: y}}}"), "4:81", "no field for the rule"),
    ("a name that no rule of the condition has", correlation("{type: temporal, rules: [aXX], timespan: 1m, condition: aXX and c}"), "4:59", "none of the correlation's rules"),
    ("a number of percent beyond a hundred", correlation("{type: value_percentile, rules: [aXX], timespan: 1m, condition: {field: x, percentile: 101, gt: 1}}"), "4:90", "from 0 to 100"),
    ("a correlation that looks at what is judged later", correlation("{type: event_count, rules: [dXX], timespan: 1m, condition: {gte: 1}}")
     + "---\ntitle: D XX\nname: dXX\nkizuki: {finding: never}\ncorrelation: {type: silence, rules: [aXX], timespan: 1h}\n", "4:3", "judged when its time is over"),
    ("a correlation that looks at itself", correlation("{type: event_count, rules: [cXX], timespan: 1m, condition: {gte: 1}}"), "4:3", "circle"),
]
GOOD = ("---\ntitle: A XX\nname: aXX\nlogsource: {category: test}\ndetection: {s: {a: good}, condition: s}\n"
        "---\ntitle: B XX\nname: bXX\nlogsource: {category: test}\ndetection: {s: {b: good}, condition: s}\n")


def sentences(output):
    """{number of the file: [(line:column, words)]}"""
    found = {}
    for m in re.finditer(r"/(\d+)\.yml:(\d+:\d+): (.*)", output):
        found.setdefault(int(m[1]), []).append((m[2], m[3]))
    return found


@tap.test
def each_kind_is_refused_with_its_place_and_the_others_load():
    with tap.folder() as d:
        for i, (_, text, _, _) in enumerate(BAD):
            (d / f"{i}.yml").write_text((text + GOOD).replace("XX", f"{i:02}"))
        (d / "e.ndjson").write_text('{"a": "good", "b": "good"}\n')
        checked = tap.run(tap.KIZUKI, "rule", "check", *(d / f"{i}.yml" for i in range(len(BAD))))
        hunted = tap.run(tap.KIZUKI, "hunt", "--stats", "--matches", *(a for i in range(len(BAD)) for a in ("--rules", d / f"{i}.yml")), d / "e.ndjson")
    assert checked.returncode == 1 and hunted.returncode == 0, hunted.stderr
    said = sentences(checked.stdout.decode())
    wrong = [f"{kind}: {said.get(i)}, not {place}: {words}" for i, (kind, _, place, words) in enumerate(BAD)
             if len(said.get(i, [])) != 1 or said[i][0][0] != place or words not in said[i][0][1]]
    assert not wrong, "\n".join(wrong)
    assert sentences(hunted.stderr.decode()) == said, "hunt says it otherwise"
    stats = json.loads(hunted.stderr.splitlines()[-1])
    matched = {json.loads(l)["rule"] for l in hunted.stdout.splitlines()}
    lost = {kind for i, (kind, *_) in enumerate(BAD) if not {f"a{i:02}", f"b{i:02}"} <= matched}
    print(f"# {len(BAD)} kinds of bad rules, {stats['rules_refused']} refused, {stats['rules']} others loaded")
    assert not lost, lost
    n_good = 2 * len(BAD) + sum(text.count("\ntitle: D XX") for _, text, _, _ in BAD)
    assert len(BAD) >= 50 and (stats["rules"], stats["rules_refused"]) == (n_good, len(BAD)), stats


tap.main()
