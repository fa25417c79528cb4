#!/usr/bin/env python3
"""The table of docs/sigma.md: what of Sigma there is, and the tests that prove it, out of a run of these tests.

Modifiers and types of correlations are read from the source that implements them, conditions from the list below. A test
proves a row when it has passed in this run and its rules use the thing. `--write` writes the table; without it the script
runs the tests the page names and fails when they do not prove what the page says. What the second evaluator counted is the
last column: tests/flow/oracle_test.py and oracle_correlation_test.py, which count it in any case, hold the page to it; here
it is counted only to be written."""
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "flow"))
PAGE = ROOT / "docs" / "sigma.md"
BEGIN, END = "<!-- table: tools/sigma_table.py --write -->\n", "<!-- end of table -->\n"
UNIT = ROOT / "build-dev" / "tests" / "unit" / "unit_detect"
FILES = ["traps", "match", "rule", "correlate", "correlate_ahead", "correlate_numbers", "correlate_measures", "correlate_past", "correlate_usual", "fields"]
SHOWN = 3
# Tests whose rules are there for something else than what they say.
ABOUT_REFUSAL = {"refusals_say_what_to_write", "refuses_with_place_and_remedy"}
OTHER = {"refuses_what_makes_no_sense", "survives_every_failing_allocation", "tells_the_same_story_twice", "nobody_looks_at_what_is_judged_later",
         "epochs_wrap_without_remembering", "refuses_what_it_cannot_run", "refuses_what_looks_at_the_refused"}

CONDITIONS = [
    ("`x and y`", r"condition: \(?\w+ and "),
    ("`x or y`", r"condition: \(?\w+ or "),
    ("`not x`", r"condition: [\w ]*not \w"),
    ("`( )`", r"condition: [\w ]*\(\w"),
    ("`1 of them`, `any of them`", r"1 of them"),
    ("`all of them`", r"all of them"),
    ("`1 of pattern*`", r"1 of \w*\*"),
    ("`all of pattern*`", r"all of \w*\*"),
    ("a list of conditions", r"condition: \["),
    ("keywords", r"k: \[|keywords|\\\"?sel: \[needle"),
    ("keywords joined by and (`'|all'`)", r"'\|all'"),
    ("a list of maps", r"- a: x|- \{a: 1\}"),
    ("`null`", r"a: null"),
    ("the empty text", r"a: ''"),
    ("wildcards `*` and `?`", r"a: '[^']*[*?]"),
    ("escaped wildcards", r"a: '[^']*\\\\[*?]"),
    ("placeholders", r"placeholders:|\|expand"),
    ("filters", r"filter:|filtered\("),
    ("`action: global`, `repeat`, `reset`", r"action: (global|repeat|reset)"),
]
CORRELATIONS = [
    ("`group-by`", r"group-by"),
    ("`aliases`", r"aliases"),
    ("chains", r"follows_chains"),
    ("sliding windows", r"counts_exactly_n"),
    ("`gt`, `gte`", r"gte?: "),
    ("`lt`, `lte`, `eq`, `neq`, ranges", r'"lt: 2"|lte: 3'),
    ("`generate`", r"generate: ?\"?\s*\"?true|correlated_rules_fall_silent"),
    ("rules joined by words", r"WORDS\("),
]


class Unproved(Exception):
    pass


def modifiers():
    rows = re.findall(r'^\s*\[MOD_\w+\] = \{"(\w+)", GROUP', (ROOT / "src/detect/modifier.c").read_text(), re.M)
    assert len(rows) > 30
    return rows


def types():
    text = (ROOT / "src/detect/correlate_read.c").read_text()
    rows = re.findall(r'\[CORR_\w+\] = "(\w+)"', text)
    assert len(rows) > 10
    return rows


def tests():
    """{name: what it is made of}: its body with the texts and macros it uses."""
    found = {}
    for f in FILES:
        text = (ROOT / f"tests/unit/detect/test_{f}.c").read_text()
        parts = {m[1]: m[0] for m in re.finditer(r"^#define (\w+).*?[^\\]$", text, re.M | re.S)}
        parts |= {m[1]: m[0] for m in re.finditer(r"^static const char (\w+)\[\].*?;$", text, re.M | re.S)}
        for m in re.finditer(r"^static void (\w+)\(void \*\*state UNUSED\) \{\n.*?^\}", text, re.M | re.S):
            body = m[0]
            for _ in range(2):
                used = set(re.findall(r"\w+", body))
                body += "".join(v for k, v in parts.items() if k in used and v not in body)
            found[m[1]] = re.sub(r'"\s*\n\s*"', "", body)
    return found


def passed(names):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", ASAN_OPTIONS="detect_leaks=0")
    r = subprocess.run([UNIT, *names], capture_output=True, text=True, env=env, cwd=ROOT, timeout=600)
    return set(re.findall(r"^ok \d+ - (\w+)$", r.stdout, re.M))


def old_rows():
    """[(row, the tests it names, what the second evaluator counted)], as the page has them."""
    page = PAGE.read_text()
    table = page[page.index(BEGIN) : page.index(END)]
    return re.findall(r"^\| (.+?) \| ((?:`\w+`(?:, )?)+) \|(?: ([\d,]+, [\d,]+|-) \|)?$", table, re.M)


def named(text):
    return re.findall(r"`(\w+)`", text)


def column():
    return {what: counts for what, _, counts in old_rows() if counts}


def shown(true, false):
    return f"{true:,}, {false:,}"


def oracle():
    """The same column, counted by the tests."""
    made = {}
    for test in ("oracle_test", "oracle_correlation_test"):
        spec = importlib.util.spec_from_file_location(test, ROOT / "tests" / "flow" / f"{test}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made |= module.column()
    return made


def proofs(pattern, bodies, good, skip=ABOUT_REFUSAL | OTHER):
    names = [n for n, b in bodies.items() if n in good - skip and re.search(pattern, b)]
    if not names:
        raise Unproved(f"no test proves {pattern}")
    return names


def rows(asked, counts):
    """[(heading, [(what, those of the tests asked that prove it, what the second evaluator counted)])]"""
    bodies = tests()
    good = passed(sorted(bodies.keys() & asked))
    about = {n: b for n, b in bodies.items() if "correlation" in b}
    refusal = proofs("refusal|assert_refused", bodies, good & ABOUT_REFUSAL, set())
    last = lambda what: f" {counts.get(what, '-')} |"
    return [
        ("modifier | proved by | cases of the second evaluator: true, false",
         [(f"`{m}`", proofs(rf"[|](?:[a-z0-9]+[|])*{m}(?![a-z0-9])", bodies, good), last(f"`{m}`")) for m in modifiers()]),
        ("condition or value | proved by",
         [(name, proofs(p, bodies, good), "") for name, p in CONDITIONS] + [("refusal with file, line and column", refusal, "")]),
        ("correlation | proved by | streams of the second evaluator: told, silent",
         [(f"`{t}`", proofs(rf"type: {t}(?![a-z_])|[(]{chr(34)}{t}{chr(34)}", bodies, good), last(f"`{t}`")) for t in types()]
         + [(name, proofs(p, about, good), last(name)) for name, p in CORRELATIONS]),
    ]


def written(table):
    """A row of the page stays as it is while what it says is true, so that a new test elsewhere does not change it."""
    old = {what: named(tests) for what, tests, _ in old_rows()}
    out = []
    for heading, lines in table:
        out.append(f"| {heading} |\n" + "|---" * (heading.count("|") + 1) + "|\n")
        for what, names, more in lines:
            said = old.get(what)
            kept = said if said and set(said) <= set(names) else names[:SHOWN]
            out.append(f"| {what} | " + ", ".join(f"`{n}`" for n in kept) + f" |{more}\n")
        out.append("\n")
    return "".join(out).rstrip("\n") + "\n"


def main():
    if not UNIT.exists():
        print("table of Sigma: build-dev/ is needed: ./dev test lint")
        return 1
    page = PAGE.read_text()
    a, b = page.index(BEGIN) + len(BEGIN), page.index(END)
    if "--write" in sys.argv:
        PAGE.write_text(page[:a] + written(rows(tests().keys() - OTHER, oracle())) + page[b:])
        return 0
    try:
        fresh = written(rows({n for _, names, _ in old_rows() for n in named(names)}, column())) == page[a:b]
    except Unproved as missing:
        print(missing)
        fresh = False
    print("table of Sigma: every row proved" if fresh else "docs/sigma.md is stale; run tools/sigma_table.py --write")
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main())
