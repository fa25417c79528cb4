"""Rules and events of a seed, what `kizuki hunt` says of them, and the naive evaluators' answers beside it."""
import collections
import json
import os
import pathlib
import subprocess
import tempfile
from datetime import datetime

import correlation
import sigma
import story
import world


def run(program, rules, lines, *options):
    """The lines of JSON that `kizuki hunt` prints. A rule that is refused is an error."""
    with tempfile.TemporaryDirectory(prefix="kizuki-oracle-") as d:
        d = pathlib.Path(d)
        (d / "rules.yml").write_text(rules, encoding="utf-8")
        (d / "events.ndjson").write_text("".join(l + "\n" for l in lines), encoding="utf-8")
        r = subprocess.run([program, "hunt", *options, "--threads", "1", "--rules", d / "rules.yml", d / "events.ndjson"],
                           capture_output=True, env=dict(os.environ), timeout=600)
    assert r.returncode == 0 and not r.stderr, r.stderr.decode()[-3000:]
    return map(json.loads, r.stdout.splitlines())


def hunt(program, rules, lines):
    """For each line the set of ids of the rules that match it."""
    hits = [set() for _ in lines]
    for m in run(program, rules, lines, "--matches"):
        hits[m["line"] - 1].add(m["rule"])
    return hits


class Round:
    """What one seed makes of the world."""

    def __init__(self, seed, n_rules=100, n_events=25):
        w = world.World(seed)
        self.seed = seed
        self.text = w.rules(n_rules)
        self.lines = [w.event() for _ in range(n_events)]
        self.n_cases = n_rules * n_events

    def difference(self, got, evaluator=sigma):
        """(how many cases are true, words about the first difference or None)"""
        rules = evaluator.Rules(self.text)
        n_true = 0
        for line, engine in zip(self.lines, got):
            want = set(rules.hits(evaluator.Event(line)))
            n_true += len(want)
            for which in sorted(want ^ engine):
                return n_true, f"seed {self.seed}: the evaluator says {which in want}, Kizuki {which in engine}\n{line}\n{rules.show(which)}"
        return n_true, None


class Told:
    """What one seed makes of correlations and a stream of events. A case is a correlation over the stream."""

    def __init__(self, seed, n_rules=40, n_events=60, make=story.Story):
        self.seed = seed
        self.story = make(seed, n_events)
        self.text = self.story.rules(n_rules)
        self.documents = sigma.load(self.text)
        self.types = {d["id"]: d["correlation"] for d in self.documents if "correlation" in d}
        self.n_cases = n_rules
        self.detected = {}  # what the detections say is asked once

    def found(self, program):
        """Every finding: rule, group, when it was true first, its first and last event, all its events, how many they stand for."""
        second = lambda t: int(datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp())
        return collections.Counter(
            self.comparable((f["rule"]["name"], tuple(sorted(f["group"].items())), second(f["detected"]), second(f["first"]), second(f["last"]),
                             tuple(sorted(e["line"] for e in f["evidence"])), f["count"],
                             tuple(sorted((k, round(v, 4)) for k, v in f.get("measures", {}).items())))) for f in run(program, self.text, self.story.lines))

    def comparable(self, finding):
        """A value_count keeps one event for each value, not for how many that message stood: its count is not compared. Of what
        came before measures were true, sixteen events at least are kept: all are counted, the last ten are compared."""
        name, group, detected, first, last, lines, count, measures = finding
        c = self.types[name]
        if c["type"] == "measures":
            return name, group, detected, last, lines[-10:], count, measures
        return finding[:-2] if c["type"] == "value_count" and not correlation.waits(c) else finding

    def difference(self, got, evaluator=correlation, only=None):
        """(names of the correlations that tell something, words about the first difference or None); of one correlation alone"""
        findings = evaluator.Correlations(self.documents, self.story.events, self.story.end, self.detected).all(only)
        want = collections.Counter(self.comparable(f.key()) for f in findings if only in (None, f.rule))
        got = collections.Counter({f: n for f, n in got.items() if only in (None, f[0])})
        told = {f[0] for f in want}
        for x in sorted({f[0] for f in (want - got) + (got - want)}):
            show = lambda c: "\n".join(f"  {f}" for f in c if f[0] == x)
            return told, f"seed {self.seed}: {json.dumps(self.types[x])}\nonly the evaluator:\n{show(want - got)}\nonly Kizuki:\n{show(got - want)}"
        return told, None

    def kinds(self, name):
        """What the correlation makes use of, as the rows of docs/sigma.md call it."""
        c = self.types[name]
        condition = c.get("condition")
        if c["type"] == "usual":
            return  # those who ask it are judged
        yield f"`{c['type']}`"
        if any(isinstance(a, dict) for a in c.get("attach", {}).values()):
            yield "`usual`"
        yield "sliding windows"
        yield from {f"`{k}`" for m in c.get("measures", {}).values() for k in story.BEATS if k in m and isinstance(m, dict)}
        if "kizuki.day" in json.dumps(c):
            yield "`kizuki.day`"
        for key in ("group-by", "aliases", "generate"):
            if key in c:
                yield f"`{key}`"
        if isinstance(condition, str) and c["type"] == "temporal":
            yield "rules joined by words"
        if any(r in self.types for r in c["rules"]):
            yield "chains"
        if isinstance(condition, dict):
            if {"gt", "gte"} & set(condition):
                yield "`gt`, `gte`"
            if {"lt", "lte", "eq", "neq"} & set(condition):
                yield "`lt`, `lte`, `eq`, `neq`, ranges"


def broken(old, new, of=sigma):
    """The evaluator with a mistake: `new` in place of `old`."""
    source = pathlib.Path(of.__file__).read_text()
    assert source.count(old) == 1, f"{source.count(old)} times in the evaluator: {old}"
    module = type(sigma)("broken")
    module.__dict__["__file__"] = of.__file__
    exec(compile(source.replace(old, new), "broken", "exec"), module.__dict__)
    return module


def table():
    """For each modifier: tests that were false, tests that were true."""
    rows = {}
    for key, counts in sigma.COUNTS.items():
        for m in set(key.split("|")) - {""}:
            row = rows.setdefault(m, [0, 0])
            row[0] += counts[0]
            row[1] += counts[1]
    return rows

