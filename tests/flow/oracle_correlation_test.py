#!/usr/bin/env python3
"""Correlations of `kizuki hunt` against a naive evaluator (tests/oracle/correlation.py): generated correlations, chained and
grouped in every way, over generated streams; and the proof that a mistake in either would be seen. KIZUKI_SEED begins elsewhere."""
import collections
import os
import sys

import tap

sys.path.insert(0, str(tap.ROOT / "tests" / "oracle"))
import compare  # noqa: E402
import correlation  # noqa: E402
from rounds import Rounds, sigma_table  # noqa: E402

ROUNDS = Rounds(int(os.environ.get("KIZUKI_ROUNDS", 24)), 20250802, compare.Told, lambda program, r: r.found(program))
DEVELOPER = tap.ROOT / "build-dev" / "kizuki"

MISTAKES = [
    ('if past[-1].t - n * self.span <= e.t]', 'if past[-1].t - n * self.span < e.t]'),
    ('if past[-1].t - n * self.span <= e.t]', 'if past[-1].t // self.span == e.t // self.span]'),
    ('"gt": lambda a: v > a', '"gt": lambda a: v >= a'),
    ('"lt": lambda a: v < a', '"lt": lambda a: v <= a', 13),
    ('"neq": lambda a: v != a', '"neq": lambda a: v == a', 3),
    ('sum(e.weight for e in inside)):\n            return None\n        while', 'len(inside)):\n            return None\n        while'),
    ('n += taken[0].weight', 'n += 100'),
    ('made.append(None if None in values else values)', 'made.append(values)'),
    ('made.append(None if None in values else values)', 'made.append(None if None in values else values[:1])', 1),
    ('made.append(None if None in values else values)', 'made.append(None if None in values else tuple(v.lower() for v in values))', 4),
    ('len(last)) if self.condition else set(last) == set(self.rules)', 'len(last)) if self.condition else bool(last)'),
    ('return self.chain("and", self.one, all)', 'return self.chain("and", self.one, any)'),
    ('return not self.one()', 'return self.one()'),
    ('for i in range(at - 1, -1, -1)', 'for i in range(at, -1, -1)'),
    ('for i in range(at - 1, -1, -1)', 'for i in range(at)', 2),
    ('for r in reversed(self.rules[:-1])', 'for r in self.rules[:-1]', 6),
    ('return chain if chain[0].t >= past[-1].t - self.span', 'return chain if chain[0].t > past[-1].t - self.span', 1),
    ('if len(self.window(past)) == 1 else', 'if len(past) == 1 else', 1),
    ('for _ in range(e.weight)]', ']'),
    ('sum(numbers) / len(numbers))', 'sum(numbers) // len(numbers))', 1),
    ('(numbers[middle - 1] + numbers[middle]) / 2', 'numbers[middle]', 1),
    ('Fraction(100 * i,', 'Fraction(100 * i + 100,'),
    ('Fraction(100 * same, sum(e.weight for e in inside))', 'Fraction(100 * same, len(past))'),
    ('before = sum(e.weight for e in self.window(past, 2)) - now', 'before = sum(e.weight for e in self.window(past, 2))'),
    ('now < number(str(self.condition.get("least", 1)))', 'False'),
    ('aliases[k][name] if k in aliases else k', 'k'),
    ('setdefault(id(o), Entry(o, set()))', 'setdefault((id(o), name), Entry(o, set()))'),
    ('if None not in values:', 'if True:'),
    ('e.t >= last + span', 'False'),
    ('entries[at + len(inside)].t <= due', 'entries[at + len(inside)].t < due', 1),
    ('if c["type"] == "silence":\n                    due', 'if False:\n                    due'),
    ('if due >= self.end or', 'if', 3),
    ('set(named_values(c, inside)) - {None}', 'set(named_values(c, inside))', 5),
    ('set().union(*(e.rules for e in inside))', 'inside', 6),
    ('return not lookers or any(', 'return True or any('),
    ('return word == "always"', 'return False'),
    ('self.step_of(past[-1]) - 60]', 'self.step_of(past[-1]) - 59]'),
    ('* 10**9 // 60', '* 10**9 // 20'),
    ('if e.rules & of and not e.rules & without]', 'if e.rules & of]', 1),
    ('return len({self.step_of(e) for e in entries})', 'return len(entries)', 2),
    ('return sum(e.weight for e in entries)', 'return len(entries)'),
    ('len([v for v in values if None not in v])', 'len(values)'),
    ('if other else Figure(0)', 'if other else Figure(1)', 13),
    ('if not e.rules & on:', 'if False:', 1),
    ('return [e for e in entries if e.rules & set(as_list(self.c.get("evidence", list(self.rules))))]', 'return list(entries)', 4),
    ('attached = frozen if is_open else', 'attached = {} if False else', 4),
    ('// step + 64 >= ', '// step + 16 >= ', 23),
    ('not now < e.what and', 'e.what < now and', 5),
    ('is_open = of is not None and e.t < last + span', 'is_open = False', 1),
]


def count():
    """(cases, how many tell something, {(what they make use of, whether they do): how many}) of all rounds, which must agree."""
    n_cases = n_told = 0
    counts = collections.Counter()
    for r, got in ROUNDS.all():
        told, words = r.difference(got)
        assert words is None, words
        n_cases += r.n_cases
        n_told += len(told)
        counts.update((kind, name in told) for name in r.types for kind in r.kinds(name))
    return n_cases, n_told, counts


def figures(counts):
    return {kind: sigma_table.shown(counts[kind, True], counts[kind, False]) for kind in {k for k, _ in counts}}


def column():
    """For the table of docs/sigma.md."""
    return figures(count()[2])


@tap.test
def hundreds_of_correlations_over_streams_agree():
    n_cases, n_told, counts = count()
    print(f"# {n_cases} correlations over streams, {n_told} of them tell something; told and silent, by what they use:")
    for kind in sorted({k for k, _ in counts}):
        print(f"#   {kind:26} {counts[kind, True]:5} {counts[kind, False]:5}")
        assert ROUNDS.own_seed or (counts[kind, True] and counts[kind, False]), f"{kind} was never {'silent' if counts[kind, True] else 'told'}"
    assert n_cases >= 900 and n_told * 3 >= n_cases
    here = {k for k, _ in counts}
    wanted = {f"`{t}`" for t in sigma_table.types()} | {name for name, _ in sigma_table.CORRELATIONS}
    assert here == wanted, here ^ wanted
    ROUNDS.check_page(figures(counts))


@tap.test
def every_mistake_of_the_evaluator_is_seen():
    unseen = ROUNDS.unseen(MISTAKES, correlation)
    assert not unseen, "\n".join(unseen)


@tap.test
def the_developer_build_with_its_sanitizers_agrees():
    tap.need(DEVELOPER.exists(), "build-dev is not built")
    for r, got in ROUNDS.all()[:2]:
        assert r.found(DEVELOPER) == got


if __name__ == "__main__":
    tap.main()
