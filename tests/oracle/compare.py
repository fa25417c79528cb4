"""Rules and events of a seed, `kizuki hunt --matches` on them, and the naive evaluator's answer beside it."""
import json
import os
import pathlib
import subprocess
import tempfile

import sigma
import world


def hunt(program, rules, lines):
    """For each line the set of ids of the rules that match it. A rule that is refused is an error."""
    with tempfile.TemporaryDirectory(prefix="kizuki-oracle-") as d:
        d = pathlib.Path(d)
        (d / "rules.yml").write_text(rules, encoding="utf-8")
        (d / "events.ndjson").write_text("".join(l + "\n" for l in lines), encoding="utf-8")
        r = subprocess.run([program, "hunt", "--matches", "--threads", "1", "--rules", d / "rules.yml", d / "events.ndjson"],
                           capture_output=True, env=dict(os.environ), timeout=600)
    assert r.returncode == 0 and not r.stderr, r.stderr.decode()[-3000:]
    hits = [set() for _ in lines]
    for m in map(json.loads, r.stdout.splitlines()):
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


def broken(old, new):
    """The evaluator with a mistake: `new` in place of `old`."""
    source = pathlib.Path(sigma.__file__).read_text()
    assert source.count(old) == 1, f"{source.count(old)} times in the evaluator: {old}"
    module = type(sigma)("broken")
    module.__dict__["__file__"] = sigma.__file__
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

