"""A second evaluator of correlations, written from the specification and content/extensions.md alone and meant to be plainly
right: for every event it looks again at the whole past. No windows that move, no state, no groups that are kept.

What happens is an Occurrence: an event, or what a correlation that waits for the end of its time says at that end. A rule is a
list of the occurrences at which it is true; a correlation is judged over those of the rules it names, group by group."""
import collections
import datetime
import functools
import json
import math
import pathlib
import re
from fractions import Fraction

import sigma

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DAY = 86400
JAPAN = 9 * 3600
CALENDAR = pathlib.Path(sigma.__file__).resolve().parents[2] / "content" / "calendar"
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\Z")


class Occurrence:
    """`line` 1… is the event's; `turn` its place among all that happens at one time: events first, as they came."""

    def __init__(self, t, turn, fields, line, weight=1):
        self.t, self.turn, self.fields, self.line, self.weight = t, turn, fields, line, weight

    @functools.cached_property
    def event(self):
        e = sigma.Event("{}")
        e.fields = {k: [sigma.Value("text", x) for x in as_list(v)] for k, v in self.fields.items()}
        return e

    def __lt__(self, other):
        return (self.t, self.turn) < (other.t, other.turn)


class Entry:
    """An occurrence as a correlation sees it: which of its rules were true."""

    def __init__(self, what, rules):
        self.what, self.rules, self.t, self.weight, self.line = what, rules, what.t, what.weight, what.line

    def value(self, field):
        return self.what.fields.get(field)


class Finding:
    measures = ()

    def __init__(self, rule, group, detected, entries, count=None):
        self.rule, self.group, self.detected, self.entries = rule, group, detected, entries
        self.count = sum(e.weight for e in entries) if count is None else count

    def key(self, with_count=True):
        lines = sorted(e.line for e in self.entries)
        times = [e.t for e in self.entries] + [self.detected] * bool(self.measures)  # which need not be evidence
        return (self.rule, tuple(sorted(self.group.items())), self.detected, min(times), max(times), tuple(lines), self.count if with_count else None,
                tuple(sorted((name, round(v, 4)) for name, v in self.measures)))


@functools.cache
def number(text):
    return Fraction(text) if text is not None and NUMBER.match(text) else None


def span_of(text):
    return int(text[:-1]) * UNITS[text[-1]]


def holds(condition, v):
    """gt, gte, lt, lte, eq, neq: all that stand there."""
    tests = {"gt": lambda a: v > a, "gte": lambda a: v >= a, "lt": lambda a: v < a, "lte": lambda a: v <= a, "eq": lambda a: v == a, "neq": lambda a: v != a}
    return all(tests[k](number(str(a))) for k, a in condition.items() if k in tests)


def quiet(c):
    """How long a finding stays open after the last event at which its rule was true."""
    if c["type"] == "unusual":
        return 2 * span_of(c["condition"]["each"])
    return 3600 if c["type"] == "seen_again" else span_of(c["timespan"])


def waits(c):
    """Whether nothing can be said before the time is over."""
    condition = c.get("condition")
    counts = c["type"] in ("event_count", "value_count", "temporal") and isinstance(condition, dict)
    return c["type"] == "silence" or (counts and bool({"lt", "lte", "eq", "neq"} & set(condition)))


def as_list(v):
    return v if isinstance(v, list) else [v]


def named_values(c, entries):
    """The value of an entry for a value_count: of one field, or of several together; None where one is absent."""
    made = []
    for e in entries:
        values = tuple(e.value(f) for f in as_list(c["condition"]["field"]))
        made.append(None if None in values else values)
    return made


def percentile(numbers, percent):
    """Nearest rank: the smallest of the numbers with at least so many per cent of all at or below it."""
    numbers = sorted(numbers)
    return next(v for i, v in enumerate(numbers, 1) if Fraction(100 * i, len(numbers)) >= percent)


def median(numbers):
    numbers = sorted(numbers)
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


class Words:
    """A condition in words: rules joined by and, or, not and parentheses."""

    def __init__(self, text, true):
        self.words, self.true = re.findall(r"[()]|[^\s()]+", text), true

    def chain(self, word, below, join):
        answers = [below()]
        while self.words and self.words[0] == word:
            self.words.pop(0)
            answers.append(below())
        return join(answers)

    def either(self):
        return self.chain("or", self.both, any)

    def both(self):
        return self.chain("and", self.one, all)

    def one(self):
        word = self.words.pop(0)
        if word == "not":
            return not self.one()
        if word == "(":
            answer = self.either()
            assert self.words.pop(0) == ")"
            return answer
        return word in self.true


class Judge:
    """The types that are judged at every event. Each answers the entries that make the correlation true at the last entry of
    `past`, or None. `past` is everything of one group until then, in order."""

    def __init__(self, c, rules):
        self.c, self.rules, self.span, self.condition = c, rules, span_of(c["timespan"]), c.get("condition")
        self.said = {}  # the measures of what was true last
        self.hours = Hours(c) if c["type"] == "unusual" else None

    def window(self, past, n=1):
        return [e for e in past if past[-1].t - n * self.span <= e.t]

    def event_count(self, past):
        inside, taken, n = self.window(past), [], 0
        if not holds(self.condition, sum(e.weight for e in inside)):
            return None
        while not holds(self.condition, n):  # as few as are needed, from the newest
            taken.insert(0, inside.pop())
            n += taken[0].weight
        return taken

    def value_count(self, past):
        if named_values(self.c, past[-1:]) == [None]:
            return None
        inside = self.window(past)
        last = {}
        for e, value in zip(inside, named_values(self.c, inside)):
            if value is not None:
                last.pop(value, None)
                last[value] = e  # in order of their last events
        if not holds(self.condition, len(last)):
            return None
        n = len(last)
        while holds(self.condition, n - 1):
            n -= 1
        return list(last.values())[-n:]

    def temporal(self, past):
        last = {}
        for e in self.window(past):
            for r in e.rules:
                last[r] = e
        if isinstance(self.condition, str):
            true = Words(self.condition, set(last)).either()
        else:
            true = holds(self.condition, len(last)) if self.condition else set(last) == set(self.rules)
        return [e for e in past if e in last.values()] if true else None

    def temporal_ordered(self, past):
        """The chain that ends here and begins as late as any."""
        at, chain = len(past) - 1, [past[-1]]
        if self.rules[-1] not in past[-1].rules:
            return None
        for r in reversed(self.rules[:-1]):
            at = next((i for i in range(at - 1, -1, -1) if r in past[i].rules), None)
            if at is None:
                return None
            chain.insert(0, past[at])
        return chain if chain[0].t >= past[-1].t - self.span else None

    def first_seen(self, past):
        return past[-1:] if len(self.window(past)) == 1 else None

    def numbers(self, past):
        """[(entry, number)] of the window, as often as the message stands for; None where this event has no number."""
        if number(past[-1].value(self.condition["field"])) is None:
            return None
        with_numbers = [(e, number(e.value(self.condition["field"]))) for e in self.window(past)]
        return [(e, v) for e, v in with_numbers if v is not None for _ in range(e.weight)]

    def of_numbers(self, past, what):
        inside = self.numbers(past)
        if inside is None or not holds(self.condition, what([v for _, v in inside])):
            return None
        return [e for i, (e, _) in enumerate(inside) if i == 0 or inside[i - 1][0] is not e]

    def value_sum(self, past):
        return self.of_numbers(past, sum)

    def value_avg(self, past):
        return self.of_numbers(past, lambda numbers: sum(numbers) / len(numbers))

    def value_median(self, past):
        return self.of_numbers(past, median)

    def value_percentile(self, past):
        if "percentile" in self.condition:
            return self.of_numbers(past, lambda numbers: percentile(numbers, number(str(self.condition["percentile"]))))
        field, this = self.condition["field"], past[-1].value(self.condition["field"])
        if this is None:
            return None
        inside = [e for e in self.window(past) if e.value(field) is not None]
        same = sum(e.weight for e in inside if e.value(field) == this)
        return inside if holds(self.condition, Fraction(100 * same, sum(e.weight for e in inside))) else None

    def rate_change(self, past):
        now = sum(e.weight for e in self.window(past))
        before = sum(e.weight for e in self.window(past, 2)) - now
        if not before or now < number(str(self.condition.get("least", 1))):
            return None
        return self.window(past, 2) if holds(self.condition, Fraction(now, before)) else None


    def seen_again(self, past):
        gap = past[-1].t - past[-2].t if len(past) > 1 else 0
        return past[-1:] if self.span < gap <= min(4 * self.span, 400 * DAY) else None

    def forecast(self, past):
        """Of each sixty-fourth of the window the newest value, and the line through them."""
        c, newest = self.condition, {}
        if number(past[-1].value(c["field"])) is None:
            return None
        for e in self.window(past):
            if number(e.value(c["field"])) is not None:
                newest[e.t * 10**9 // (self.span * 10**9 // 64)] = e
        if len(newest) < int(c.get("least", 6)):
            return None
        points = gathered([((e.t - past[-1].t) / 60, float(number(e.value(c["field"])))) for e in newest.values()])
        said = foretold(points, float(c["reaches"]), span_of(c["within"]) / 60)
        self.said = said or self.said
        return list(newest.values()) if said else None

    def unusual(self, past):
        said = self.hours.told(past)
        self.said = said or self.said
        return past[-1:] if said else None


def gathered(points):
    """Of more than 48 points 48 stretches of equally many, each at the time of its middle one and with the median of the values."""
    n = min(len(points), 48)
    stretches = [points[i * len(points) // n : (i + 1) * len(points) // n] for i in range(n)]
    return [(s[len(s) // 2][0], median([v for _, v in s])) for s in stretches]


def foretold(points, limit, within):
    """The measures of a forecast, or None."""
    n = len(points)
    slopes = sorted((v - u) / (t - s) for i, (s, u) in enumerate(points) for t, v in points[i + 1 :] if t > s)
    if len(slopes) < 3:
        return None
    slope, off = median(slopes), 2.58 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = slopes[max(int((len(slopes) - off) / 2), 0)]
    high = slopes[min(math.ceil((len(slopes) + off) / 2), len(slopes) - 1)]
    now = median([v - slope * t for t, v in points])
    away = median([abs(v - slope * t - now) for t, v in points])
    seen, left = points[-1][0] - points[0][0], limit - now
    if left <= 0 or low * seen <= 1e-9 * max(abs(limit), abs(now)) or slope * seen < 3 * away:
        return None
    minutes, most = left / slope, (left + away) / low
    if minutes > within or minutes > 4 * seen or most > 3 * minutes:
        return None
    return {"minutes": minutes, "minutes_least": max(left - away, 0) / high, "minutes_most": most, "now": now, "per_hour": slope * 60, "limit": limit}


@functools.cache
def holidays():
    """Days since 1970."""
    made, hours = set(), json.loads((CALENDAR / "hours.json").read_text())
    first, last = hours["year_end"]
    known = json.loads((CALENDAR / "holidays-jp.json").read_text())["days"]
    for day in range(18262, 24000):
        text = str(datetime.date(1970, 1, 1) + datetime.timedelta(day))
        if text in known or text[5:] >= first or text[5:] <= last:
            made.add(day)
    return made


class Slot:
    """What is known of one hour of one kind of day: mean, variance, of how many."""

    def __init__(self):
        self.mean, self.var, self.n = 0.0, 0.0, 0


class Hours:
    """An `unusual` of one group. The one evaluator that goes on from where it was: an hour that is over is learnt once."""

    def __init__(self, c):
        self.c, self.each, self.span = c["condition"], span_of(c["condition"]["each"]), span_of(c["timespan"])
        self.parts, self.next = DAY // self.each, None
        self.slots = {(kind, hour): Slot() for kind in range(8) for hour in range(self.parts)}

    def period(self, t):
        return (t + JAPAN) // self.each

    def place(self, period):
        day, hour = divmod(period, self.parts)
        return (7 if day in holidays() else (day + 4) % 7), hour

    def usual(self, place):
        """(basis, mean, variance, of how many); None while too little is known."""
        own, off = self.slots[place], lambda kind: kind in (0, 6, 7)
        if own.n >= 2:
            return 1, own.mean, own.var, own.n
        wider = [
            (2, 3, lambda kind, hour: hour == place[1] and off(kind) == off(place[0])),
            (3, 3, lambda kind, hour: hour == place[1]),
            (4, 24 if self.parts > 1 else 3, lambda kind, hour: True),
        ]
        for basis, enough, belongs in wider:
            slots = [s for at, s in self.slots.items() if s.n and belongs(*at)]
            n = sum(s.n for s in slots)
            if n < enough:
                continue
            mean = sum(s.n * s.mean for s in slots) / n
            return basis, mean, max(sum(s.n * (s.var + s.mean * s.mean) for s in slots) / n - mean * mean, 0), n
        return None

    def bound(self, mean, var):
        return max(float(self.c["least"]), float(self.c["times"]) * mean, mean + 3 * math.sqrt(max(var, mean)))

    def learn(self, period, count):
        s, known, weeks = self.slots[self.place(period)], self.usual(self.place(period)), max(self.span // (7 * DAY), 2)
        v = min(float(count), self.bound(*known[1:3])) if known else float(count)
        part, off = 1 / min(s.n + 1, weeks), v - s.mean
        s.mean += part * off
        s.var = (1 - part) * (s.var + part * off * off)
        s.n = min(s.n + 1, 7 * weeks)

    def told(self, past):
        first, now, counts = self.period(past[0].t), self.period(past[-1].t), collections.Counter()
        for e in past:
            counts[self.period(e.t)] += e.weight
        for period in range(self.next or first + 1, now):
            self.learn(period, counts[period])
        self.next = max(now, first + 1)
        known = self.usual(self.place(now))
        if (now - first) * self.each < span_of(self.c["known"]) or not known or counts[now] < self.bound(*known[1:3]):
            return None
        basis, mean, _, n = known
        kind, hour = self.place(now)
        return {"count": counts[now], "usual": mean, "times": counts[now] / max(mean, 1), "learnt": n, "basis": basis, "weekday": kind,
                "hour": hour if self.parts > 1 else -1}


def step_of_number(v):
    """Steps of an eighth of an octave; numbers below 8 are steps themselves."""
    return v if v < 8 else (v.bit_length() - 3) * 8 + (v >> (v.bit_length() - 4)) % 8


def begin_of_step(step):
    return step if step < 8 else (8 + step % 8) << (step // 8 - 1)


def whole(text):
    """The number of a text as `usual` takes it, or None."""
    v = number(text)
    return int(v) if v is not None and 0 <= v <= 10**18 else None


Row = collections.namedtuple("Row", "word low high count")


class Page:
    """What a `usual` knows after some events: rows in the order of their words' first appearance and of their numbers."""

    def __init__(self, c, rows=(), last=None, own=None, weight=0):
        self.c, self.rows, self.last, self.own, self.weight = c, list(rows), last, own, weight

    def number(self, what):
        field = self.c["condition"].get("field")
        return whole(what.fields.get(field)) if field else None

    def word(self, what):
        return what.fields.get(self.c["condition"]["beside"])

    def after(self, e):
        """The page when this event, too, has taught."""
        v, word = self.number(e.what), self.word(e.what)
        if e.rules & set(as_list(self.c.get("without", []))) or word is None or (v is None and "field" in self.c["condition"]):
            return self
        rows, step, weight = list(self.rows), step_of_number(v or 0), min(e.weight, 4096)
        if sum(r.count for r in rows) >= 4096:
            rows = [r._replace(count=r.count // 2) for r in rows if r.count // 2]
        at = lambda: next((i for i, r in enumerate(rows) if r.word == word and r.low <= step <= r.high), None)
        if at() is None and len(rows) == 32:
            self.make_room(rows)
        i = at()
        if i is None:
            mine = [k for k, r in enumerate(rows) if r.word == word]
            i = next((k for k in mine if rows[k].low > step), mine[-1] + 1 if mine else len(rows))
            rows.insert(i, Row(word, step, step, 0))
        rows[i] = rows[i]._replace(count=rows[i].count + weight)
        return Page(self.c, rows, e.what, i, weight)

    @staticmethod
    def make_room(rows):
        gaps = [(b.low - a.high, i) for i, (a, b) in enumerate(zip(rows, rows[1:])) if a.word == b.word]
        if gaps:
            _, i = min(gaps)
            rows[i : i + 2] = [Row(rows[i].word, rows[i].low, rows[i + 1].high, rows[i].count + rows[i + 1].count)]
        else:
            rows.remove(min(rows, key=lambda r: r.count))

    def without(self, what):
        """The rows without the event at hand."""
        return [r._replace(count=r.count - self.weight) if self.last is what and i == self.own else r for i, r in enumerate(self.rows)]

    def say(self, word, what):
        v, mine, rows = self.number(what), self.word(what), self.without(what)
        step, words = step_of_number(v or 0), collections.Counter()
        for r in rows:
            words[r.word] += r.count
        learnt = sum(words.values())
        most = max(words, key=words.get) if learnt else None
        per_cent = lambda n: 100 * n / learnt if learnt else 0
        near = sum(r.count for r in rows if r.word == mine and r.low - 1 <= step <= r.high + 1)
        whose = mine if words[mine] and words[mine] * 100 >= learnt else most
        edges = [r for r in rows if r.word == whose and r.count * 100 >= words[whose]]
        said = {
            "value": v or 0, "beside": whole(mine) or 0, "learnt": learnt, "hour": what.t // 3600 % 24,
            "share": per_cent(words[mine] if v is None else near), "same": per_cent(words[mine]), "most": whole(most) or 0,
            "low": begin_of_step(edges[0].low) if edges else 0, "high": begin_of_step(edges[-1].high + 1) - 1 if edges else 0,
        }
        return said[word]


class Figure(float):
    """A number of an expression: what is divided by zero is 0."""

    def __add__(self, other):
        return Figure(float(self) + other)

    def __sub__(self, other):
        return Figure(float(self) - other)

    def __mul__(self, other):
        return Figure(float(self) * other)

    def __neg__(self):
        return Figure(-float(self))

    def __truediv__(self, other):
        return Figure(float(self) / other) if other else Figure(0)


def value_of(expression, figures):
    """The expressions of measures are those of Python, as far as they go."""
    names = {name: Figure(v) for name, v in figures.items()}
    text = re.sub(r"(?<![a-z_0-9.])\d+(\.\d+)?", r"Figure(\g<0>)", " ".join(expression.split()))
    return float(eval(text, {"Figure": Figure, **names}))


class Measured:
    """Figures of one window that moves in steps: time is cut into sixtieths of the timespan (in whole nanoseconds) since 1970,
    and the window has the step of the event and the sixty before it."""

    def __init__(self, c):
        self.c, self.rules, self.step = c, set(as_list(c["rules"])), span_of(c["timespan"]) * 10**9 // 60

    def step_of(self, e):
        return e.t * 10**9 // self.step

    def window(self, past):
        return [e for e in past if self.step_of(e) >= self.step_of(past[-1]) - 60]

    def counted(self, m, inside):
        """The events a measure looks at, and those alone."""
        of = set(as_list(next((m[k] for k in ("count", "spread", "visits", "period", "jitter", "of") if k in m), list(self.rules))))
        without = set(as_list(m.get("without", [])))
        return [e for e in inside if e.rules & of and not e.rules & without]

    def figure(self, m, inside):
        entries = self.counted(m, inside)
        if "count" in m:
            return sum(e.weight for e in entries)
        if "spread" in m:
            return len({self.step_of(e) for e in entries})
        values = {tuple(e.value(f) for f in as_list(m["distinct"])) for e in entries}
        return len([v for v in values if None not in v])

    def regularity(self, m, past):
        """Of visits: what comes within 5 s of the begin of one belongs to it. Intervals are judged from seven visits on."""
        visits, oldest = [], self.step_of(past[-1]) - 60
        for e in self.counted(m, past):
            if not visits or e.t - visits[-1].t >= 5:
                visits.append(e)
        times = [e.t for e in visits if self.step_of(e) >= oldest][-64:]
        if "visits" in m:
            return len(times)
        apart = [b - a for a, b in zip(times, times[1:])]
        if len(apart) < 6:
            return 0 if "period" in m else 2**32 - 1
        rank = lambda numbers, per_cent: sorted(numbers)[-(-len(numbers) * per_cent // 100) - 1]
        usual = rank(apart, 50)
        if "period" in m:
            return usual
        far = rank([abs(a - usual) for a in apart], 80)
        return min(math.ceil(Fraction(far, usual) * 100 * 100 / 80), 10**6)

    def figures(self, past, attached):
        made, inside = dict(attached), self.window(past)
        for name, m in self.c["measures"].items():
            made[name] = value_of(m, made) if isinstance(m, str) else self.regularity(m, past) if {"visits", "period", "jitter"} & set(m) else self.figure(m, inside)
        return made

    def evidence(self, entries):
        return [e for e in entries if e.rules & set(as_list(self.c.get("evidence", list(self.rules))))]


class Correlations:
    """Documents of detections (judged by sigma.py) and correlations over events [(seconds, {field: text}, weight)]. `detected` keeps
    what detections say, {id: lines}, for others that ask of the same events."""

    def __init__(self, documents, events, end, detected=None):
        self.detected = {} if detected is None else detected
        self.documents = documents
        self.by_name = {n: d for d in self.documents for n in (d.get("id"), d.get("name")) if n}
        self.events = [Occurrence(t, (0, i, 0), {**fields, "kizuki.day": str(t // DAY)}, i, weight) for i, (t, fields, weight) in enumerate(events, 1)]
        self.end = end  # nothing is known of what comes later
        self.known, self.pages = {}, {}
        self.findings = []

    # --- occurrences ---

    def true_at(self, rule):
        """The occurrences at which a rule is true, in order."""
        if rule["id"] not in self.known:
            if "detection" in rule:
                if rule["id"] not in self.detected:
                    self.detected[rule["id"]] = {o.line for o in self.events if sigma.detection_holds(rule["detection"], o.event, sigma.Placeholders())}
                self.known[rule["id"]] = [o for o in self.events if o.line in self.detected[rule["id"]]]
            else:
                self.known[rule["id"]] = sorted({id(o): o for o in self.correlate(rule)}.values())
        return self.known[rule["id"]]

    def groups(self, rule):
        """{values of group-by: entries in order}. An event without one of the fields takes no part; an alias may send one event
        to several groups."""
        c = rule["correlation"]
        keys, aliases = as_list(c.get("group-by", [])), c.get("aliases", {})
        made = {}
        for name in as_list(c["rules"]):
            r = self.by_name[name]
            for o in self.true_at(r):
                values = tuple(o.fields.get(aliases[k][name] if k in aliases else k) for k in keys)
                if None not in values:
                    made.setdefault(values, {}).setdefault(id(o), Entry(o, set())).rules.add(name)
        return {tuple(zip(keys, values)): sorted(entries.values(), key=lambda e: (e.t, e.what.turn)) for values, entries in made.items()}

    # --- correlations ---

    def speaks(self, rule):
        """Whether its hits are findings."""
        word = rule.get("kizuki", {}).get("finding")
        if word in ("always", "never"):
            return word == "always"
        names = {rule.get("id"), rule.get("name")}
        lookers = [d["correlation"] for d in self.documents if "correlation" in d and names & set(as_list(d["correlation"]["rules"]))]
        return not lookers or any(str(c.get("generate", "false")) == "true" for c in lookers)

    def correlate(self, rule):
        """Notes the findings; answers the occurrences at which the correlation is true."""
        c, hits = rule["correlation"], []
        if c["type"] == "value_count" and set(c["condition"]) == {"field"}:
            return []  # a figure for others
        if c["type"] == "usual":
            return []  # asked by others
        for group, entries in self.groups(rule).items():
            if waits(c):
                hits += self.wait(rule, dict(group), entries)
                continue
            if c["type"] == "measures":
                hits += self.measure(rule, group, entries)
                continue
            judge = Judge(c, as_list(c["rules"]))
            true = [(e, getattr(judge, c["type"])(entries[: i + 1]), judge.said) for i, e in enumerate(entries)]
            hits += [e.what for e, because, _ in true if because]
            self.fold(rule, dict(group), [x for x in true if x[1]])
        return hits

    def provided(self, name, keys, now):
        """What a value_count without a number counts in the group, this event with it. Its window moves in sixty-fourths."""
        if isinstance(name, dict):
            return self.said(name["of"], keys, now).say(name["say"], now)
        rule = self.by_name[name]
        c = rule["correlation"]
        step = span_of(c["timespan"]) * 10**9 // 64
        group = tuple((k, dict(keys)[k]) for k in as_list(c.get("group-by", [])))
        entries = [e for e in self.groups(rule).get(group, []) if not now < e.what and e.t * 10**9 // step + 64 >= now.t * 10**9 // step]
        return len(set(named_values(c, entries)) - {None})

    def said(self, name, keys, now):
        """What a `usual` knows in the group, this event with it: the newest of its pages."""
        c = self.by_name[name]["correlation"]
        if name not in self.pages:
            self.pages[name] = {group: self.written(c, entries) for group, entries in self.groups(self.by_name[name]).items()}
        group = tuple((k, dict(keys)[k]) for k in as_list(c.get("group-by", [])))
        return next((page for e, page in reversed(self.pages[name].get(group, [])) if not now < e.what), Page(c))

    @staticmethod
    def written(c, entries):
        made, page = [], Page(c)
        for e in entries:
            page = page.after(e)
            made.append((e, page))
        return made

    def measure(self, rule, group, entries):
        """As long as a finding is open, what is attached to it stays as it was when it opened."""
        c, of, frozen, last, hits = rule["correlation"], None, {}, None, []
        m, span, on = Measured(c), span_of(c["timespan"]), set(as_list(c.get("on", c["rules"])))
        for i, e in enumerate(entries):
            if not e.rules & on:
                continue
            is_open = of is not None and e.t < last + span
            attached = frozen if is_open else {name: self.provided(which, group, e.what) for name, which in c.get("attach", {}).items()}
            figures = m.figures(entries[: i + 1], attached)
            if not value_of(c["condition"], figures):
                continue
            hits.append(e.what)
            if not self.speaks(rule):
                continue
            if is_open:
                of.entries += m.evidence([e])
                of.count += sum(x.weight for x in m.evidence([e]))
            else:
                of, frozen = Finding(rule["name"], dict(group), e.t, m.evidence(m.window(entries[: i + 1]))), attached
                self.findings.append(of)
            last, of.measures = e.t, list(figures.items())
        return hits

    def fold(self, rule, group, true):
        """A finding opens with what makes it true, grows with every event at which it is true, and is over when for a timespan
        it was not."""
        span, of, last = quiet(rule["correlation"]), None, None
        for e, because, said in true:
            if of is None or e.t >= last + span:
                of = Finding(rule["name"], group, e.t, list(because), self.opening_count(rule["correlation"], because))
                if self.speaks(rule):
                    self.findings.append(of)
            else:
                of.entries.append(e)
                of.count += e.weight
            last, of.measures = e.t, list(said.items())

    @staticmethod
    def opening_count(c, because):
        """What an event_count asks for: a message that stands for several may be needed in part."""
        if c["type"] != "event_count":
            return None
        need = next(n for n in range(1, 10**6) if holds(c["condition"], n))
        return max(need, because[-1].weight)

    def wait(self, rule, group, entries):
        """What is judged when its time is over: a timespan after the first event, or, for silence, after the last."""
        c, span, hits, at = rule["correlation"], span_of(rule["correlation"]["timespan"]), [], 0
        while at < len(entries):
            inside = [entries[at]]
            due = inside[0].t + span
            while at + len(inside) < len(entries) and entries[at + len(inside)].t <= due:
                inside.append(entries[at + len(inside)])
                if c["type"] == "silence":
                    due = inside[-1].t + span
            at += len(inside)
            if due >= self.end or not self.true_in_time(c, inside):
                continue
            hits.append(Occurrence(due, (1, inside[0].line, 0), dict(group), inside[-1].line))
            if self.speaks(rule):
                self.findings.append(Finding(rule["name"], group, due, inside))
        return hits

    @staticmethod
    def true_in_time(c, inside):
        if c["type"] == "silence":
            return True
        if c["type"] == "event_count":
            return holds(c["condition"], sum(e.weight for e in inside))
        if c["type"] == "value_count":
            return holds(c["condition"], len(set(named_values(c, inside)) - {None}))
        return holds(c["condition"], len(set().union(*(e.rules for e in inside))))

    def all(self, only=None):
        for d in self.documents:
            if "correlation" in d and only in (None, d["id"]):
                self.true_at(d)
        return self.findings
