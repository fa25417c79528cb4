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
import story  # noqa: E402
from rounds import Rounds, sigma_table  # noqa: E402

ROUNDS = Rounds(int(os.environ.get("KIZUKI_ROUNDS", 24)), 20250802, compare.Told, lambda program, r: r.found(program))
# What looks back over weeks, and ahead: few streams, long ones. The fourth is one that shows more than its neighbour.
ELSEWHERE = {20261125: 20261132}
AHEAD = Rounds(4 if ROUNDS.n >= 24 else 2, 20261122, lambda seed: compare.Told(ELSEWHERE.get(seed, seed), 24, 260, story.Ahead), ROUNDS.ask)
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

AHEAD_MISTAKES = [
    # seen_again
    ('self.span < gap <=', 'self.span <= gap <=', (2, "c21")),
    ('gap <= min(4 * self.span, 400 * DAY)', 'gap', (0, "c17")),
    ('return 3600 if c["type"] == "seen_again" else', 'return', (3, "c21")),
    # forecast
    ('if len(newest) < int(c.get("least", 6))', 'if len(newest) < 4', (1, "c10")),
    ('newest[e.t * 10**9 // (self.span * 10**9 // 64)] = e', 'newest[e.t] = e', (1, "c20")),
    ('n = min(len(points), 48)', 'n = len(points)', (1, "c20")),
    ('off = median(slopes), 2.58 *', 'off = sum(slopes) / len(slopes), 2.58 *', (1, "c18")),
    ('2.58 * math', '1.96 * math', (1, "c18")),
    ('now = median([', 'now = max([', (1, "c18")),
    ('or minutes > 4 * seen', '', (1, "c16")),
    ('or most > 3 * minutes', '', (1, "c11")),
    ('left <= 0 or', '', (1, "c0")),
    ('(left + away) / low', 'left / low', (1, "c18")),
    # unusual
    ('return 2 * span_of', 'return span_of', (0, "c5")),
    ('return (t + JAPAN) // self.each', 'return t // self.each', (0, "c22")),
    ('(7 if day in holidays() else (day + 4) % 7)', '(day + 4) % 7', (0, "c22")),
    ('or text[5:] >= first or text[5:] <= last', '', (0, "c22")),
    ('if own.n >= 2:', 'if own.n >= 3:', (0, "c5")),
    ('kind in (0, 6, 7)', 'kind in (0, 6)', (0, "c5")),
    ('hour == place[1] and off(kind) == off(place[0])', 'hour == place[1]', (0, "c5")),
    ('math.sqrt(max(var, mean))', 'math.sqrt(var)', (0, "c12")),
    ('if known else float(count)', 'if False else float(count)', (0, "c5")),
    ('part, off = 1 / min(s.n + 1, weeks)', 'part, off = 1 / (s.n + 1)', (0, "c22")),
    ('s.var = (1 - part) * (s.var + part * off * off)', 's.var += part * off * off', (0, "c8")),
    ('counts[self.period(e.t)] += e.weight', 'counts[self.period(e.t)] += 1', (0, "c5")),
    ('range(self.next or first + 1, now)', 'range(self.next or first - 50, now)', (0, "c12")),
    ('(now - first) * self.each < span_of(self.c["known"]) or', '', (0, "c5")),
    # usual
    ('return v if v < 8 else', 'return v if v < 32 else', (3, "c4")),
    ('(v.bit_length() - 3) * 8 +', '(v.bit_length() - 3) * 8 + 0 *', (0, "c13")),
    ('return int(v) if v is not None and 0 <= v', 'return int(v) if v is not None and -5 <= v', (2, "c11")),
    ('if e.rules & set(as_list(self.c.get("without", []))) or', 'if', (2, "c2")),
    ('min(e.weight, 4096)', 'e.weight', (0, "c13")),
    ('if sum(r.count for r in rows) >= 4096:', 'if False:', (0, "c13")),
    ('r._replace(count=r.count - self.weight)', 'r._replace(count=r.count - 1)', (0, "c13")),
    ('if self.last is what and', 'if False and', (0, "c13")),
    ('r.low - 1 <= step <= r.high + 1', 'r.low <= step <= r.high', (2, "c7")),
    ('words[mine] if v is None else near', 'near', (2, "c7")),
    ('words[mine] * 100 >= learnt', 'words[mine] * 10 >= learnt', (2, "c15")),
    ('r.count * 100 >= words[whose]', 'r.count * 10 >= words[whose]', (0, "c13")),
    ('begin_of_step(edges[-1].high + 1) - 1', 'begin_of_step(edges[-1].high)', (0, "c13")),
    ('what.t // 3600 % 24', '(what.t + JAPAN) // 3600 % 24', (0, "c14")),
    ('not now < e.what), Page(c))', 'e.what < now), Page(c))', (0, "c13")),
    # visits, period, jitter, kizuki.day
    ('e.t - visits[-1].t >= 5', 'e.t - visits[-1].t > 5', (1, "c1")),
    ('if self.step_of(e) >= oldest]', ']', (1, "c15")),
    ('if len(apart) < 6', 'if len(apart) < 7', (1, "c14")),
    ('rank(apart, 50)', 'rank(apart, 60)', (1, "c14")),
    ('usual) for a in apart], 80)', 'usual) for a in apart], 50)', (1, "c12")),
    ('100 * 100 / 80)', '100)', (1, "c3")),
    ('str(t // DAY)', 'str((t + JAPAN) // DAY)', (0, "c11")),
]
# Mistakes that would be seen by other seeds, or by no stream that is made here: said aloud, and not proved.
UNPROVED = [
    ('(s[len(s) // 2][0],', '(s[0][0],'),
    ('or slope * seen < 3 * away', ''),
    ('if minutes > within', 'if most > within'),
    ('max(left - away, 0) / high', '(left - away) / high'),
    ('(4, 24 if', '(4, 96 if'),
    ('for r in rows if r.count // 2]', 'for r in rows]'),
    ('and len(rows) == 32:', 'and len(rows) == 31:'),
    ('_, i = min(gaps)', '_, i = max(gaps)'),
    ('rows.remove(min(rows', 'rows.remove(max(rows'),
    ('[-64:]', ''),
]


def count():
    """(cases, how many tell something, {(what they make use of, whether they do): how many}) of all rounds, which must agree."""
    n_cases = n_told = 0
    counts = collections.Counter()
    for r, got in ROUNDS.all() + AHEAD.all():
        told, words = r.difference(got)
        assert words is None, words
        n_cases += r.n_cases
        n_told += len(told)
        counts.update((kind, name in told) for name in r.types for kind in r.kinds(name))
    return n_cases, n_told, counts


def figures(counts):
    return {kind: sigma_table.shown(counts[kind, True], counts[kind, False]) for kind in {k for k, _ in counts} & wanted()}


def wanted():
    """The rows of the page."""
    return {f"`{t}`" for t in sigma_table.types()} | {name for name, _ in sigma_table.CORRELATIONS}


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
    besides = {f"`{name}`" for name in (*story.BEATS, "kizuki.day")}
    assert here == wanted() | besides, here ^ wanted() ^ besides
    ROUNDS.check_page(figures(counts))


@tap.test
def every_mistake_of_the_evaluator_is_seen():
    unseen = ROUNDS.unseen(MISTAKES, correlation) + AHEAD.unseen(AHEAD_MISTAKES, correlation)
    for old, new in UNPROVED:
        compare.broken(old, new, correlation)
        print(f"# SKIP no stream shows this mistake: {old}  ->  {new}")
    assert not unseen, "\n".join(unseen)


@tap.test
def the_developer_build_with_its_sanitizers_agrees():
    tap.need(DEVELOPER.exists(), "build-dev is not built")
    for r, got in ROUNDS.all()[:2] + AHEAD.all()[:2]:
        assert r.found(DEVELOPER) == got


if __name__ == "__main__":
    tap.main()
