"""Generated correlations and timed events. Times are whole seconds and small, so that windows end exactly at an event often."""
import json
import random

import correlation

SPANS = [1, 2, 3, 5, 10, 20, 60]
DETECTIONS = ["a", "b", "c", "d"]
VALUES = ["p", "q", "r", "P"]
NUMBERS = ["0", "1", "2", "3", "5", "7", "7.5", "10", "-4", "100"]
DEEPEST = 6  # chains; 8 levels are read
START = 1795366800  # 2026-11-22T17:00:00Z


BEATS = ["visits", "period", "jitter"]
DAY = 86400
SAYS = ["value", "beside", "learnt", "share", "same", "most", "low", "high", "hour"]


class Story:
    """Events of one stream, as lines and as (seconds, fields, weight); and rules over them."""

    def __init__(self, seed, n_events=60):
        self.r = random.Random(seed)
        self.t = START
        self.events, self.lines = [], []
        for _ in range(n_events):
            self.t += self.r.choice([0, 0, 0, 1, 1, 1, 2, 3, 5, 5, 10, 20, 60] if self.r.randrange(12) else [100, 400])
            self.sshd() if self.chance(4) else self.json()
        # Half of the streams break off; the other half goes on until everything has been judged.
        self.end = self.t
        if self.chance(2):
            self.end = self.t + 100_000
            self.lines.append(json.dumps({"@timestamp": self.stamp(self.end), "k": "nothing"}))

    def chance(self, n):
        return self.r.randrange(n) == 0

    @staticmethod
    def stamp(t):
        from datetime import datetime, timezone

        return datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def json(self):
        k = self.r.sample(DETECTIONS, self.r.choice([0, 1, 1, 1, 1, 2, 2, 3]))
        fields = {"k": k, "source.ip": self.r.choice(["192.0.2.1", "192.0.2.2"]), "user.name": self.r.choice(["sato", "abe", "192.0.2.1", "192.0.2.2"]),
                  "host.name": self.r.choice(["h1", "h2", "H1"]), "v": self.r.choice(VALUES), "source.port": self.r.choice(NUMBERS + ["many", "1e1"])}
        fields = {f: v for f, v in fields.items() if f == "k" or self.r.randrange(10)}
        shown = {f: self.shown(f, v) for f, v in fields.items()}
        self.lines.append(json.dumps({"@timestamp": self.stamp(self.t), **shown}))
        self.events.append((self.t, fields, 1))

    def shown(self, field, v):
        """A number may stand there as a number or as a text."""
        return v if field != "source.port" or v in ("many", "1e1") or self.chance(3) else json.loads(v)

    def sshd(self):
        """A line that stands for several, as rsyslog writes it."""
        ip, user, n = self.r.choice(["192.0.2.1", "192.0.2.2"]), self.r.choice(["sato", "abe"]), self.r.choice([1, 1, 2, 3, 7])
        port = self.r.choice(["1", "2", "5", "10", "100"])
        text = f"Failed password for {user} from {ip} port {port} ssh2"
        if n > 1:
            text = f"message repeated {n} times: [ {text}]"
        self.lines.append(f"{self.stamp(self.t)[:-1]}+00:00 gate sshd[812]: {text}")
        self.events.append((self.t, {"k": ["f"], "source.ip": ip, "user.name": user, "host.name": "gate", "source.port": port}, n))

    # --- rules ---

    def rules(self, n):
        out = []
        for name in DETECTIONS:
            out.append({"title": name, "id": name, "name": name, "logsource": {"category": "test"}, "kizuki": {"finding": "never"},
                        "detection": {"s": {"k": name}, "condition": "s"}})
        out.append({"title": "f", "id": "f", "name": "f", "logsource": {"category": "test"}, "kizuki": {"finding": "never"},
                    "detection": {"s": [{"process.name": "sshd"}, {"k": "f"}], "condition": "s"}})
        names, deep = DETECTIONS + ["f"] * 2, {}
        for i in range(n):
            d = self.correlation(f"c{i}", names)
            out += [self.provider(d["correlation"], names)] if "attach" in d["correlation"] else []
            deep[d["id"]] = 1 + max(deep.get(r, 0) for r in d["correlation"]["rules"])
            out.append(d)
            if self.chance(3) and deep[d["id"]] < DEEPEST and not correlation.waits(d["correlation"]):
                names = names + [d["id"]]
        return "".join("---\n" + json.dumps(d) + "\n" for d in out)

    def correlation(self, name, names):
        kind = self.r.choice(["event_count"] * 3 + ["value_count"] * 3 + ["temporal"] * 3 + ["words"] * 2 + ["temporal_ordered"] * 3
                             + ["value_sum", "value_avg", "value_median", "value_percentile", "value_percentile", "rate_change", "rate_change",
                                "first_seen", "silence", "measures", "measures", "measures", "measures"])
        looked = list(dict.fromkeys(self.r.choice(names) for _ in range(self.r.choice([1, 1, 2, 2, 3]) if kind not in ("temporal", "words", "temporal_ordered")
                                                                  else self.r.choice([2, 2, 3, 4]))))
        c = {"type": "temporal" if kind == "words" else kind, "rules": looked, "timespan": f"{self.r.choice(SPANS)}s"}
        self.group(c)
        if kind == "measures":
            self.measures(c, name)
        condition = getattr(self, "of_" + kind, lambda looked: None)(looked)
        if condition is not None:
            c["condition"] = condition
        if self.chance(6):
            c["generate"] = True
        return {"title": name, "id": name, "name": name, "correlation": c, **({"kizuki": {"finding": "always"}} if self.r.randrange(3) else {})}

    def group(self, c):
        keys = self.r.choice([[], ["source.ip"], ["source.ip"], ["user.name"], ["host.name"], ["source.ip", "user.name"]])
        if self.chance(5):
            c["aliases"] = {"who": {r: self.r.choice(["source.ip", "user.name"]) for r in c["rules"]}}
            keys = self.r.choice([["who"], ["who", "host.name"]])
        if keys:
            c["group-by"] = keys if len(keys) > 1 or self.chance(2) else keys[0]

    def some(self, names):
        """One, or a list of some."""
        chosen = self.r.sample(names, self.r.randint(1, len(names)))
        return chosen[0] if len(chosen) == 1 and self.chance(2) else chosen

    def measures(self, c, name):
        looked, known = c["rules"], []
        self.known = known
        if self.chance(4) and "aliases" not in c:
            c["attach"] = {"apart": f"{name}_apart"}
            known.append("apart")
        c["measures"] = {}
        for i in range(self.r.choice([1, 2, 2, 3, 4])):
            kind = self.r.choice(["count", "count", "distinct", "distinct", "spread", "formula"])
            if kind == "formula" and known:
                a, b = self.r.choice(known), self.r.choice(known + ["2", "0.5"])
                m = self.r.choice([f"{a} {self.r.choice('+-*/')} {b}", f"({a} + 1) / ({b} - 1)", f"{b} / ({a} - 2)", f"-{a} + 3 * {b}"])
            elif kind == "distinct":
                m = {"distinct": self.r.choice(["v", "user.name", "source.ip", "source.port", ["v", "user.name"], ["source.ip", "host.name"]])}
                m |= {"of": self.some(looked)} if self.chance(2) else {}
            else:
                m = {"spread" if kind == "spread" else "count": self.some(looked)}
            if isinstance(m, dict) and len(looked) > 1 and self.chance(4):
                m["without"] = self.some(looked)
            c["measures"][f"m{i}"] = m
            known.append(f"m{i}")
        if len(looked) > 1 and self.chance(4):
            c["on"] = self.some(looked)
        if self.chance(3):
            c["evidence"] = self.some(looked)

    def provider(self, c, names):
        keys = [k for k in correlation.as_list(c.get("group-by", [])) if self.chance(2)]
        p = {"type": "value_count", "rules": [self.r.choice(names)], "timespan": f"{self.r.choice(SPANS)}s",
             "condition": {"field": self.r.choice(["v", "user.name", "source.port", ["v", "host.name"]])}, **({"group-by": keys} if keys else {})}
        name = c["attach"]["apart"]
        return {"title": name, "id": name, "name": name, "correlation": p, "kizuki": {"finding": "never"}}

    def of_measures(self, looked):
        def one():
            name = self.r.choice(known)
            return f"{name} {self.r.choice(['>=', '>=', '>=', '>', '<', '<=', '==', '!='])} {self.r.choice(['1', '2', '2', '3', '4', '0.5', self.r.choice(known)])}"

        known = self.known
        text = one()
        for _ in range(self.r.choice([0, 0, 1, 1, 2])):
            other = one() if self.r.randrange(4) else f"not {one()}" if self.chance(2) else f"({one()} or {one()})"
            text += f" {self.r.choice(['and', 'and', 'or'])} {other}"
        return text

    def bounds(self, numbers, upper=True):
        a, b = sorted(self.r.sample(numbers, 2))
        return self.r.choice([{"gte": a}, {"gt": a}, {"gte": b}] * 3 + ([{"lt": b}, {"lte": a}, {"eq": a}, {"neq": a}, {"gte": a, "lte": b}, {"gt": a, "lt": b + 1}] if upper else []))

    def at_least(self, numbers):
        """gt or gte of a whole number from 1."""
        n = self.r.choice(numbers)
        return self.r.choice([{"gte": n}, {"gt": n - 1}] if n > 1 else [{"gte": 1}, {"gt": 0}])

    def of_event_count(self, looked):
        return self.bounds([1, 2, 3, 4]) if self.chance(3) else self.at_least([1, 2, 2, 3, 3, 4, 8])

    def of_value_count(self, looked):
        field = self.r.choice(["v", "v", "user.name", "source.port", ["v", "user.name"], ["source.ip", "user.name"]])
        if isinstance(field, str) and self.chance(3):
            return {"field": field, **self.bounds([1, 2, 3])}
        return {"field": field, **self.at_least([1, 2, 2, 3])}

    def of_temporal(self, looked):
        k = self.r.randrange(5)
        return None if k < 3 else self.at_least(list(range(1, len(looked) + 1))) if k == 3 or len(looked) < 2 else self.bounds(list(range(1, len(looked) + 1)))

    def of_words(self, looked):
        def word(depth):
            k = self.r.randrange(3 if depth > 2 else 7)
            if k < 3:
                return self.r.choice(looked)
            if k == 3:
                return "not " + word(depth + 1)
            parts = [word(depth + 1) for _ in range(2)]
            text = self.r.choice([" and ", " or "]).join(parts)
            return f"({text})" if self.chance(2) else text

        return word(0)

    def number(self):
        return {"field": "source.port", **self.bounds([0, 1, 2, 3, 5, 7, 10])}

    def of_value_sum(self, looked):
        return self.number()

    def of_value_avg(self, looked):
        return self.number()

    def of_value_median(self, looked):
        return self.number()

    def of_value_percentile(self, looked):
        if self.chance(2):
            return {**self.number(), "percentile": self.r.choice([0, 1, 5, 25, 50, 55, 70, 75, 95, 100])}
        return {"field": self.r.choice(["v", "user.name"]), **self.bounds([10, 25, 40, 50, 75, 100])}

    def of_rate_change(self, looked):
        return {**self.bounds([1, 2, 3]), **({"least": self.r.choice([1, 2, 3])} if self.chance(2) else {})}


class Ahead(Story):
    """What looks back over weeks, and ahead: 40 days of hosts with habits (an even seed), or half a day of measured values and
    of programs that call home (an odd one)."""

    def __init__(self, seed, n_events):
        self.r = random.Random(seed)
        self.days = seed % 2 == 0
        self.t = START + self.r.choice([20, -self.r.randrange(300)]) * DAY  # the turn of the year, or any day
        self.events, self.lines = [], []
        made = self.habits(n_events) if self.days else self.measured() + self.calls()
        for self.t, what in sorted(made, key=lambda x: x[0]):
            what()
        self.end = self.t

    def at(self, **fields):
        """An event, told later."""
        return lambda: self.tell({"k": self.r.sample(DETECTIONS, self.r.choice([1, 1, 2])), **fields})

    def tell(self, fields):
        self.lines.append(json.dumps({"@timestamp": self.stamp(self.t), **fields}))
        self.events.append((self.t, fields, 1))

    # --- weeks ---

    def habits(self, n_events):
        made, hours = [], {h: self.r.sample(range(24), 3) for h in ("h1", "h2")}
        for i in range(n_events):
            host = self.r.choice(["h1", "h1", "h2"])
            t = self.t + self.r.randrange(40) * DAY + self.r.choice(hours[host] if self.r.randrange(6) else range(24)) * 3600
            burst = self.r.randrange(3, 25) if self.chance(60) else 1
            made += [(t + self.r.choice([0, self.r.randrange(3600)]), self.answer(host)) for _ in range(burst)]
            if self.chance(10):
                made.append((t, self.sshd))
        return made

    def answer(self, host):
        """A page has its words and its numbers; now and then there is another."""
        word = self.r.choice(["200", "200", "200", "404", "3e2", "p"] + [f"w{self.r.randrange(60)}"] * 6 if host == "h2" else ["200"] * 20 + ["404", "500", "p"])
        n = self.r.choice(["5", "7", "8", "9", "1000", "1100", "64000", "0", "-4", "many"]) if self.chance(4) else str(int(1.3 ** self.r.uniform(0, 60)))
        fields = {"host.name": host, "user.name": f"u{int(self.r.paretovariate(0.6)) % 40}", "source.ip": self.r.choice(["192.0.2.1", "192.0.2.2"]), "w": word, "n": n}
        return self.at(**{f: v for f, v in fields.items() if self.r.randrange(25)})

    def sshd(self):
        ip, user, n = self.r.choice(["192.0.2.1", "192.0.2.2"]), self.r.choice(["sato", "abe"]), self.r.choice([1, 2, 3, 7, 800, 2500, 6000])
        port = self.r.choice(["1", "2", "5", "10", "100", str(self.r.randrange(1, 60000))])
        text = f"Failed password for {user} from {ip} port {port} ssh2"
        if n > 1:
            text = f"message repeated {n} times: [ {text}]"
        self.lines.append(f"{self.stamp(self.t)[:-1]}+00:00 gate sshd[812]: {text}")
        self.events.append((self.t, {"k": ["f"], "source.ip": ip, "user.name": user, "host.name": "gate", "source.port": port}, n))

    # --- hours ---

    def measured(self):
        made = []
        for host in ("h1", "h2", "h3", "h4"):
            t, v, rise, noise = self.t + self.r.randrange(3600), self.r.uniform(0, 40), self.r.choice([0, 0.02, 0.05, -0.03]), self.r.choice([0, 0, 0.2, 2])
            for i in range(80):
                t += self.r.choice([60, 60, 60, 60, 60, 30, 300])
                rise = self.r.choice([0, 0.02, 0.05, 0.2, -0.03]) if self.chance(25) else rise
                v = v / 3 if self.chance(50) else v + rise * 60
                n = "many" if self.chance(40) else str(self.r.choice([0, 500])) if self.chance(30) else f"{v + self.r.uniform(-noise, noise):.3f}"
                made.append((t, self.at(**{"host.name": host, "source.ip": "192.0.2.1", "n": n})))
        return made

    def calls(self):
        made = []
        for host in ("h5", "h6", "h7"):
            t, period, jitter = self.t, self.r.choice([20, 60, 300]), self.r.choice([0, 5, 30, 90])
            for i in range(self.r.choice([20, 60, 110])):
                t += self.r.randrange(5 * period) if self.chance(12) else max(1, round(period * self.r.uniform(100 - jitter, 100 + jitter) / 100))
                who = self.r.choice(["192.0.2.1"] * 8 + ["192.0.2.2"])
                made += [(t + d, self.at(**{"host.name": host, "source.ip": who})) for d in self.r.choice([[0], [0], [0, 1], [0, 4, 5], [0, 3, 6]])]
        return made

    # --- rules ---

    def correlation(self, name, names):
        kinds = ["unusual", "unusual", "seen_again", "seen_again", "asks", "asks", "days"] if self.days else ["forecast", "forecast", "beats"]
        kind = self.r.choice(kinds)
        looked = list(dict.fromkeys(self.r.choice(DETECTIONS + ["f"] * self.days) for _ in range(self.r.choice([1, 1, 2, 3]))))
        c = {"type": {"asks": "measures", "days": "value_count", "beats": "measures"}.get(kind, kind), "rules": looked}
        c["group-by"] = self.r.choice({"unusual": [["host.name"], ["source.ip"]], "seen_again": [["user.name"], ["user.name", "host.name"], ["w"], ["host.name"]],
                                       "days": [["user.name"], ["host.name"], ["kizuki.day"]], "forecast": [["host.name"]]}.get(kind, [["host.name"], ["host.name", "source.ip"]]))
        getattr(self, f"a_{kind}")(c, name)
        return {"title": name, "id": name, "name": name, "correlation": c, "kizuki": {"finding": "always"}}

    def a_unusual(self, c, name):
        c["timespan"] = self.r.choice(["14d", "21d", "56d"])
        c["condition"] = {"each": self.r.choice(["1h", "1h", "1d"]), "times": self.r.choice([1.5, 2, 3]), "least": self.r.choice([2, 4, 8, 60]), "known": self.r.choice(["1d", "3d", "10d"])}

    def a_seen_again(self, c, name):
        c["timespan"] = self.r.choice(["10m", "30m", "3h", "12h", "1d", "2d", "5d", "30d"])

    def a_days(self, c, name):
        c["timespan"] = self.r.choice(["1d", "3d", "9d"])
        c["condition"] = {"field": "user.name" if c["group-by"] == ["kizuki.day"] else "kizuki.day", "gte": self.r.choice([2, 3, 4])}

    def a_asks(self, c, name):
        c["timespan"] = self.r.choice(["1h", "6h", "2d"])
        says = self.r.sample(SAYS, self.r.choice([2, 3, 4]))
        c["attach"] = {s: {"of": f"{name}_apart", "say": s} for s in says}
        c["measures"] = {"m0": {"count": self.some(c["rules"])}}
        one = lambda: self.r.choice({"value": ["value >= 1000", "value < 9"], "beside": ["beside >= 300", "beside == 200"], "learnt": ["learnt >= 20", "learnt > 200"],
                                     "share": ["share < 5", "share >= 20"], "same": ["same < 1", "same > 50"], "most": ["most == 200", "most == 0"],
                                     "low": ["low > 0", "low >= 8"], "high": ["high > 60000", "high < 9000"], "hour": ["hour >= 9", "hour < 3"]}[self.r.choice(says)])
        c["condition"] = f"m0 >= {self.r.choice([1, 1, 2])} {self.r.choice(['and', 'and', 'or not'])} {one()}"

    def a_forecast(self, c, name):
        c["timespan"] = self.r.choice(["10m", "20m", "30m", "1h"])
        c["rules"] = DETECTIONS if self.chance(2) else c["rules"]
        c["condition"] = {"field": "n", "reaches": self.r.choice([30, 50, 80, 100]), "within": self.r.choice(["10m", "1h", "5h"]), **self.r.choice([{}, {"least": 4}, {"least": 9}])}

    def a_beats(self, c, name):
        c["timespan"] = self.r.choice(["5m", "20m", "1h", "6h"])
        c["measures"] = {k: {k: self.some(c["rules"])} for k in self.r.sample(BEATS, self.r.choice([1, 2, 3]))}
        c["condition"] = self.r.choice({"visits": ["visits >= 9", "visits >= 64", "visits < 4"], "period": ["period > 0", "period == 60", "period > 200"],
                                        "jitter": ["jitter <= 40", "jitter < 6", "jitter > 150"]}[self.r.choice(list(c["measures"]))])

    def provider(self, c, names):
        name = next(iter(c["attach"].values()))["of"]
        of_users = self.chance(4)
        p = {"type": "usual", "rules": ["f"] if of_users else c["rules"], "timespan": "90d", "group-by": c["group-by"][: self.r.choice([1, 2])],
             "condition": {"beside": "user.name" if of_users else "w", **({"field": "source.port" if of_users else "n"} if self.r.randrange(4) else {})}}
        if len(p["rules"]) > 1 and self.chance(2):
            p["without"] = p["rules"][0]
        return {"title": name, "id": name, "name": name, "correlation": p, "kizuki": {"finding": "never"}}
