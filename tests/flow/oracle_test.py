#!/usr/bin/env python3
"""The engine against a naive evaluator (tests/oracle): thirty thousand cases of rule and event, the public rules on public
events, and the proof that a mistake in either would be seen. KIZUKI_SEED begins elsewhere."""
import json
import os
import pathlib
import subprocess
import sys

import tap

sys.path.insert(0, str(tap.ROOT / "tests" / "oracle"))
import compare  # noqa: E402
import sigma  # noqa: E402
from rounds import Rounds, sigma_table  # noqa: E402

ROUNDS = Rounds(12, 20140601, compare.Round, lambda program, r: compare.hunt(program, r.text, r.lines))
PUBLIC_EVENTS = int(os.environ.get("KIZUKI_PUBLIC_EVENTS", 12))
DEVELOPER = tap.ROOT / "build-dev" / "kizuki"

MISTAKES = [
    ('return l if len(l) == 1 and (ord(l) >= 128 or ord(c) < 128) else c', 'return c'),
    ('return l if len(l) == 1 and (ord(l) >= 128 or ord(c) < 128) else c', 'return l if len(l) == 1 else c', 3),
    ('t if cased else lower(t)', 'lower(t)', 2),
    ('".*" if t is STAR', '".+" if t is STAR'),
    ('"." if t is ANY', '".?" if t is ANY', 1),
    ('after in "*?\\\\"', 'after in "*?"'),
    ('step.append([STAR] + p)', 'step.append([STAR] + p + [STAR])', 2),
    ('step.append(p + [STAR])', 'step.append(p)'),
    ('DASHES = "-/\\u2013\\u2014\\u2015"', 'DASHES = "-/\\u2013\\u2014"'),
    ('for shift in range(3):', 'for shift in range(2):', 1),
    ('start = (0, 2, 3)[shift]', 'start = (0, 1, 3)[shift]'),
    ('step.append(utf16(p, "utf-16-be"))', 'step.append(utf16(p, "utf-16-le"))'),
    ('step.append(utf16(p, "utf-16-le", b"\\xff\\xfe"))', 'step.append(utf16(p, "utf-16-le"))', 2),
    ('"lte": float.__le__', '"lte": float.__lt__', 2),
    ('"gte": float.__ge__', '"gte": float.__gt__'),
    ('t.isocalendar()[1]', 'int(t.strftime("%W"))'),
    ('return a.ipv4_mapped or a if a.version == 6 else a', 'return a'),
    ('{"i": re.I, "m": re.M, "s": re.S}', '{"i": 0, "m": re.M, "s": re.S}', 1),
    ('{"i": re.I, "m": re.M, "s": re.S}', '{"i": re.I, "m": 0, "s": re.S}'),
    ('return field.replace(" ", "")', 'return field'),
    ('(all if "all" in mods else any)(answers)', 'any(answers)'),
    ('answers.append(all(v.kind == "null" for v in values))', 'answers.append(not values)'),
    ('answers.append(any(one_value(v, w, mods, event, placeholders) for v in values))',
     'answers.append(any(one_value(v, w, mods, event, placeholders) for v in values[:1]))'),
    ('!= ("neq" in mods)\n    seen', '\n    seen'),
    ('(len(values) > 0) == ', '(len([v for v in values if v.kind != "null"]) > 0) == '),
    ('return b in a', 'return a == b', 7),
    ('value.kind == other.kind == "number"', 'False', 3),
    ('value.kind == "number" and not set(mods)', 'False and not set(mods)'),
    ('plain = re.sub(', 'plain = self.line or re.sub('),
    ('if them or not pattern.startswith("_"):', 'if False:', 1),
    ('return self.chain("or", self.both, any)', 'return self.chain("or", self.both, all)'),
    ('if detection_holds(f["filter"], event, self.placeholders) != keep:', 'if False:'),
    ('_flatten(f"{path}.{k}" if path else k, x, out)', '_flatten(k, x, out)'),
]


def count():
    """(cases, how many are true) of all rounds, which must agree."""
    sigma.COUNTS.clear()
    n_cases = n_true = 0
    for r, got in ROUNDS.all():
        true, words = r.difference(got)
        assert words is None, words
        n_cases += r.n_cases
        n_true += true
    return n_cases, n_true


def figures():
    return {f"`{m}`": sigma_table.shown(true, false) for m, (false, true) in compare.table().items() if m not in ("keyword", "field")}


def column():
    """For the table of docs/sigma.md."""
    count()
    return figures()


@tap.test
def thirty_thousand_cases_agree():
    n_cases, n_true = count()
    print(f"# {n_cases} cases, {n_true} true; tests with each modifier that were false and true:")
    table = compare.table()
    for m in sorted(table):
        print(f"#   {m:14} {table[m][0]:6} {table[m][1]:6}")
        assert min(table[m]) > 0, f"{m} was never {'true' if table[m][0] else 'false'}"
    assert n_cases >= 30_000 and n_true * 3 >= n_cases
    listed = {"all", "startswith", "endswith", "contains", "exists", "cased", "neq", "windash", "re", "i", "m", "s", "base64", "base64offset",
              "utf16", "utf16le", "utf16be", "wide", "lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year", "cidr",
              "expand", "fieldref", "keyword", "field"}
    assert listed == set(table), listed ^ set(table)
    ROUNDS.check_page(figures())


@tap.test
def every_mistake_of_the_evaluator_is_seen():
    unseen = ROUNDS.unseen(MISTAKES, sigma)
    assert not unseen, "\n".join(unseen)


@tap.test
def the_developer_build_with_its_sanitizers_agrees():
    tap.need(DEVELOPER.exists(), "build-dev is not built")
    r, _ = ROUNDS.all()[0]
    true, words = r.difference(compare.hunt(DEVELOPER, r.text, r.lines))
    assert words is None, words


# Lines a lenient reader would take for {"a": "needle"}; and some that are nothing else.
NO_JSON = {
    "a control character in a string": '{"a": "needle", "b": "x\ty"}'.replace("\\t", "\t"),
    "a number with a leading zero": '{"a": "needle", "b": 01}',
    "a number that breaks off": '{"a": "needle", "b": 1.}',
    "a plus before a number": '{"a": "needle", "b": +1}',
    "text behind the object": '{"a": "needle"} x',
    "a second object behind the first": '{"a": "needle"}{"b": 1}',
    "an escape that is none": '{"a": "needle", "b": "\\x41"}',
    "an escape that breaks off": '{"a": "needle", "b": "\\u12"}',
    "a comma too many": '{"a": "needle",}',
    "single quotes": "{'a': 'needle'}",
    "an object that does not end": '{"a": "needle"',
    "deeper than we read": '{"a": "needle", "b": ' + "[" * 100 + "]" * 100 + "}",
}
JSON = {
    "blanks everywhere": ' { "a" :  "needle" } '.strip(),
    "the name with an escape": '{"\\u0061": "needle"}',
    "the value with escapes": '{"a": "\\u006eeedl\\u0065"}',
    "nested beside it": '{"b": {"c": [1, {"d": null}]}, "a": "needle"}',
    "a lone surrogate beside it": '{"b": "\\ud800", "a": "needle"}',
    "numbers of every form beside it": '{"b": [-0, 1e9, 1.5E-3, 0], "a": "needle"}',
    "the name twice": '{"a": "other", "a": "needle"}',
}


@tap.test
def fields_are_those_of_strict_json():
    rule = "title: t\nid: t\nlogsource: {category: test}\ndetection: {s: {a: needle}, condition: s}\n"
    got = compare.hunt(tap.KIZUKI, rule, [*JSON.values(), *NO_JSON.values()])
    names = [*JSON, *NO_JSON]
    wrong = [n for i, n in enumerate(names) if bool(got[i]) != (n in JSON)]
    print(f"# {len(names)} named lines")
    assert not wrong, wrong


def public_rules():
    """All public rules as one file, in a log source of their own so that no map and no route comes between."""
    import yaml

    out, skipped = [], []
    for folder in ("rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting"):
        for path in sorted((pathlib.Path(tap.DATA) / "sigma" / folder).rglob("*.yml")):
            for d in sigma.load(path.read_text(encoding="utf-8")):
                if "detection" not in d or "|expand" in json.dumps(d["detection"]):
                    skipped.append(path.name)
                    continue
                out.append("---\n" + json.dumps({"title": d["id"], "id": d["id"], "logsource": {"category": "test"},
                                                 "detection": plain(d["detection"])}, ensure_ascii=False) + "\n")
    return "".join(out), len(out), len(skipped)


def plain(v):
    """For json.dumps: numbers stay unquoted."""
    if isinstance(v, sigma.Num):
        return int(v) if v.lstrip("-").isdigit() else float(v)
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    return [plain(x) for x in v] if isinstance(v, list) else v


def public_events(name, n, step):
    """n events of a set, spread over it."""
    path = pathlib.Path(tap.DATA) / "events" / name
    p = subprocess.Popen(["zstdcat", path], stdout=subprocess.PIPE)
    lines = [l.decode() for i, l in zip(range(n * step), p.stdout) if i % step == 0]
    p.kill()
    p.wait()
    return [l.rstrip("\n") for l in lines]


@tap.test
def the_public_rules_agree_on_public_events():
    tap.need(tap.DATA and (pathlib.Path(tap.DATA) / "sigma").exists(), "KIZUKI_TEST_DATA has no sigma/")
    tap.need_program("zstdcat")
    text, n_rules, n_skipped = public_rules()
    half = PUBLIC_EVENTS // 2
    lines = public_events("process-creation-2410.ndjson.zst", half, 2410 // half) + public_events("windows-40k.ndjson.zst", half, 20000 // half)
    r = compare.Round(0, 1, 1)
    r.text, r.lines = text, lines
    true, words = r.difference(compare.hunt(tap.KIZUKI, text, lines))
    assert words is None, words
    print(f"# {n_rules} rules ({n_skipped} need placeholders or are no detections) on {len(lines)} events: {true} matches")
    assert n_rules > 3500 and true >= len(lines)


if __name__ == "__main__":
    tap.main()
