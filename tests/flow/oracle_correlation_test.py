#!/usr/bin/env python3
"""Correlations of `kizuki hunt` against a naive evaluator (tests/oracle/correlation.py): generated correlations, chained and
grouped in every way, over generated streams; and the proof that a mistake in either would be seen. KIZUKI_SEED begins elsewhere."""
import collections
import os
import sys

import tap

sys.path.insert(0, str(tap.ROOT / "tests" / "oracle"))
sys.path.insert(0, str(tap.ROOT / "tools"))
import compare  # noqa: E402
import correlation  # noqa: E402
import sigma_table  # noqa: E402

SEED = int(os.environ.get("KIZUKI_SEED", 20250802))
ROUNDS = int(os.environ.get("KIZUKI_ROUNDS", 24))
DEVELOPER = tap.ROOT / "build-dev" / "kizuki"
_rounds = []

# Mistakes an evaluator could have: in place of the first text the second. A number is the round that shows it, tried first.
MISTAKES = [
    ('if past[-1].t - n * self.span <= e.t]', 'if past[-1].t - n * self.span < e.t]'),
    ('if past[-1].t - n * self.span <= e.t]', 'if past[-1].t // self.span == e.t // self.span]'),
    ('"gt": lambda a: v > a', '"gt": lambda a: v >= a'),
    ('"lt": lambda a: v < a', '"lt": lambda a: v <= a', 4),
    ('"neq": lambda a: v != a', '"neq": lambda a: v == a'),
    ('sum(e.weight for e in inside)):\n            return None\n        while', 'len(inside)):\n            return None\n        while'),
    ('n += taken[0].weight', 'n += 100'),
    ('made.append(None if None in values else values)', 'made.append(values)'),
    ('made.append(None if None in values else values)', 'made.append(None if None in values else values[:1])', 5),
    ('made.append(None if None in values else values)', 'made.append(None if None in values else tuple(v.lower() for v in values))', 5),
    ('len(last)) if self.condition else set(last) == set(self.rules)', 'len(last)) if self.condition else bool(last)'),
    ('return self.chain("and", self.one, all)', 'return self.chain("and", self.one, any)', 1),
    ('return not self.one()', 'return self.one()'),
    ('for i in range(at - 1, -1, -1)', 'for i in range(at, -1, -1)', 2),
    ('for i in range(at - 1, -1, -1)', 'for i in range(at)', 1),
    ('for r in reversed(self.rules[:-1])', 'for r in self.rules[:-1]', 3),
    ('return chain if chain[0].t >= past[-1].t - self.span', 'return chain if chain[0].t > past[-1].t - self.span', 4),
    ('if len(self.window(past)) == 1 else', 'if len(past) == 1 else'),
    ('for _ in range(e.weight)]', ']'),
    ('sum(numbers) / len(numbers))', 'sum(numbers) // len(numbers))', 10),
    ('(numbers[middle - 1] + numbers[middle]) / 2', 'numbers[middle]', 4),
    ('Fraction(100 * i,', 'Fraction(100 * i + 100,'),
    ('Fraction(100 * same, sum(e.weight for e in inside))', 'Fraction(100 * same, len(past))'),
    ('before = sum(e.weight for e in self.window(past, 2)) - now', 'before = sum(e.weight for e in self.window(past, 2))'),
    ('now < number(str(self.condition.get("least", 1)))', 'False'),
    ('aliases[k][name] if k in aliases else k', 'k'),
    ('setdefault(id(o), Entry(o, set()))', 'setdefault((id(o), name), Entry(o, set()))'),
    ('if None not in values:', 'if True:'),
    ('e.t >= last + span', 'False'),
    ('entries[at + len(inside)].t <= due', 'entries[at + len(inside)].t < due', 1),
    ('if c["type"] == "silence":\n                    due', 'if False:\n                    due', 1),
    ('if due >= self.end or', 'if', 3),
    ('set(named_values(c, inside)) - {None}', 'set(named_values(c, inside))', 9),
    ('set().union(*(e.rules for e in inside))', 'inside', 3),
    ('return not lookers or any(', 'return True or any('),
    ('return word == "always"', 'return False'),
]


def rounds():
    """Each round with what Kizuki says, once for all tests of this file."""
    if not _rounds:
        for i in range(ROUNDS):
            r = compare.Told(SEED + i)
            _rounds.append((r, r.found(tap.KIZUKI)))
    return _rounds


def count():
    """(cases, how many tell something, {(what they make use of, whether they do): how many}) of all rounds, which must agree."""
    n_cases = n_told = 0
    counts = collections.Counter()
    for r, got in rounds():
        told, words = r.difference(got)
        assert words is None, words
        n_cases += r.n_cases
        n_told += len(told)
        counts.update((kind, name in told) for name in r.types for kind in r.kinds(name))
    return n_cases, n_told, counts


def column():
    """For the table of docs/sigma.md."""
    counts = count()[2]
    return {kind: sigma_table.shown(counts[kind, True], counts[kind, False]) for kind in {k for k, _ in counts}}


@tap.test
def hundreds_of_correlations_over_streams_agree():
    n_cases, n_told, counts = count()
    print(f"# {n_cases} correlations over streams, {n_told} of them tell something; told and silent, by what they use:")
    for kind in sorted({k for k, _ in counts}):
        print(f"#   {kind:26} {counts[kind, True]:5} {counts[kind, False]:5}")
        assert "KIZUKI_SEED" in os.environ or (counts[kind, True] and counts[kind, False]), f"{kind} was never {'silent' if counts[kind, True] else 'told'}"
    assert n_cases >= 900 and n_told * 3 >= n_cases
    here = {k for k, _ in counts}
    wanted = {f"`{t}`" for t in sigma_table.types()} - {"`measures`"} | {name for name, _ in sigma_table.CORRELATIONS}
    assert here == wanted, here ^ wanted
    if "KIZUKI_SEED" not in os.environ:
        page, made = sigma_table.column(), column()
        stale = [k for k in made if page.get(k) != made[k]]
        assert not stale, f"docs/sigma.md is stale ({', '.join(sorted(stale))}); run tools/sigma_table.py --write"


@tap.test
def every_mistake_of_the_evaluator_is_seen():
    unseen = []
    for old, new, *first in MISTAKES:
        evaluator = compare.broken(old, new, correlation)
        order = [rounds()[i] for i in first if i < len(rounds())] + rounds()
        if not any(r.difference(got, evaluator)[1] for r, got in order):
            unseen.append(f"{old}  ->  {new}")
    print(f"# {len(MISTAKES)} mistakes tried")
    assert not unseen, "\n".join(unseen)


@tap.test
def the_developer_build_with_its_sanitizers_agrees():
    tap.need(DEVELOPER.exists(), "build-dev is not built")
    for r, got in rounds()[:2]:
        assert r.found(DEVELOPER) == got


if __name__ == "__main__":
    tap.main()
