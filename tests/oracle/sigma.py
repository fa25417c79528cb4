"""A second evaluator of Sigma detection rules, written from the specification alone and meant to be plainly right.

No plans, no triggers, no memory between events: for each rule and event, the rule's text is walked as it stands.
It shares nothing with the engine but what docs/sigma.md decides where the specification is silent. Slow on purpose.

A value of an event is a Value (kind, text); a rule's number that was not quoted is a Num, its null is None."""
import base64
import functools
import ipaddress
import itertools
import json
import re
from datetime import datetime

import yaml

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\Z")
STAR, ANY = object(), object()
DASHES = "-/\u2013\u2014\u2015"


COUNTS = {}  # of tests with these modifiers: how many were false and true


class Refused(Exception):
    pass


class Num(str):
    """An unquoted number as it is written."""


class Loader(yaml.CSafeLoader):
    """Texts stay as written: only null and numbers are something else."""


def _scalar(loader, node):
    text = loader.construct_scalar(node)
    return Num(text) if not node.style and NUMBER.match(text) else str(text)


for tag in ("str", "bool", "int", "float", "timestamp", "value"):
    Loader.add_constructor("tag:yaml.org,2002:" + tag, _scalar)


def load(text):
    return [d for d in yaml.load_all(text, Loader) if d is not None]


# --- events ---


class Value:
    __slots__ = ("kind", "text")

    def __init__(self, kind, text=""):
        self.kind, self.text = kind, text

    def __repr__(self):
        return f"{self.kind}:{self.text!r}"


def _value(v):
    if isinstance(v, Num):
        return Value("number", str(v))
    if isinstance(v, bool):
        return Value("bool", "true" if v else "false")
    return Value("null") if v is None else Value("text", v)


def _flatten(path, v, out):
    if isinstance(v, list) and v and isinstance(v[0], tuple):  # an object: a list of pairs
        for k, x in v:
            _flatten(f"{path}.{k}" if path else k, x, out)
    elif isinstance(v, list) and v:
        for x in v:
            _flatten(path, x, out)
    elif isinstance(v, (list, dict)):  # empty: stands there without a value
        out.setdefault(name_of(path), []).append(Value("null"))
    else:
        out.setdefault(name_of(path), []).append(_value(v))


def name_of(field):
    """The specification: names as the log source has them, all spaces stripped."""
    return field.replace(" ", "")


class Event:
    """One JSON line: its fields by dotted name, each with all its values, and the line for keywords."""

    def __init__(self, line):
        self.line = line
        pairs = json.loads(line, object_pairs_hook=lambda p: p or {}, parse_int=Num, parse_float=Num)
        self.fields = {}
        for k, v in pairs or []:
            _flatten(k, v, self.fields)

    @functools.cached_property
    def text(self):
        """The line as its strings mean it."""
        plain = re.sub(r'\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|["\\/bfnrt])', lambda m: json.loads(f'"{m[0]}"'), self.line)
        return Value("text", plain)


# --- texts ---


def lower(c):
    """One letter for one letter; a letter beyond ASCII never becomes one of ASCII."""
    l = c.lower()
    return l if len(l) == 1 and (ord(l) >= 128 or ord(c) < 128) else c


def tokens(text, expand=False):
    """Characters and wildcards of a rule's text: \\*, \\?, \\\\ (and \\% under expand) are the character itself."""
    out, i = [], 0
    while i < len(text):
        c, after = text[i], text[i + 1 : i + 2]
        if c == "\\" and after and after in "*?\\":
            out.append(after)
            i += 2
        elif c == "\\" and after == "%" and expand:
            out.append("%%")  # a percent that begins no placeholder
            i += 2
        else:
            out.append(STAR if c == "*" else ANY if c == "?" else c)
            i += 1
    return out


@functools.lru_cache(200_000)
def expression(pattern, cased):
    """A pattern as an expression of the standard library: * is any text, ? any one character."""
    return re.compile("".join(".*" if t is STAR else "." if t is ANY else re.escape(t if cased else lower(t)) for t in pattern), re.S)


@functools.lru_cache(10_000)
def lowered(text):
    return "".join(map(lower, text))


def matches(pattern, text, cased):
    return expression(tuple(pattern), cased).fullmatch(text if cased else lowered(text)) is not None


def expanded(pattern, placeholders):
    """Each placeholder replaced by each of its values."""
    for i, c in enumerate(pattern):
        if c != "%":
            continue
        try:
            end = pattern.index("%", i + 1)
        except ValueError:
            break
        inside = pattern[i + 1 : end]
        if not inside or any(t is STAR or t is ANY or t == "%%" for t in inside):
            continue
        name = "".join(inside)
        if name not in placeholders:
            raise Refused(f"no value for {name}")
        for value in placeholders[name]:
            for rest in expanded(pattern[end + 1 :], placeholders):
                yield pattern[:i] + tokens(value) + rest
        return
    yield ["%" if t == "%%" else t for t in pattern]


def as_bytes(pattern):
    if any(t is STAR or t is ANY for t in pattern):
        raise Refused("a wildcard has no encoding")
    return "".join(pattern).encode("utf-8", "surrogateescape")


def from_bytes(b):
    return list(b.decode("utf-8", "surrogateescape"))


def utf16(pattern, codec, bom=b""):
    """Wildcards stay what they are; every other character becomes its bytes."""
    out, first = [], True
    for t in pattern:
        out.append(t if t is STAR or t is ANY else t.encode(codec))
    joined = [bom] if bom else []
    joined += out
    result, run = [], b""
    for t in joined:
        if isinstance(t, bytes):
            run += t
        else:
            result += from_bytes(run) + [t]
            run = b""
    return result + from_bytes(run)


def base64_offsets(data):
    for shift in range(3):
        text = base64.b64encode(b" " * shift + data).decode()
        start = (0, 2, 3)[shift]
        end = (0, 3, 2)[(len(data) + shift) % 3]
        yield list(text[start : len(text) - end] if end else text[start:])


def dash_variants(pattern):
    places = [i for i, t in enumerate(pattern) if isinstance(t, str) and t in DASHES]
    for which in itertools.product(DASHES, repeat=len(places)):
        made = list(pattern)
        for i, dash in zip(places, which):
            made[i] = dash
        yield made


class Placeholders(dict):
    __hash__ = object.__hash__


@functools.lru_cache(200_000)
def transformed(value, modifiers, placeholders):
    """All patterns a rule's value stands for, its modifiers applied in the order they are written."""
    made = [tokens(value, "expand" in modifiers)]
    for m in modifiers:
        step = []
        for p in made:
            if m == "startswith":
                step.append(p + [STAR])
            elif m == "endswith":
                step.append([STAR] + p)
            elif m == "contains":
                step.append([STAR] + p + [STAR])
            elif m == "windash":
                step += dash_variants(p)
            elif m == "base64":
                step.append(list(base64.b64encode(as_bytes(p)).decode()))
            elif m == "base64offset":
                step += base64_offsets(as_bytes(p))
            elif m in ("utf16le", "wide"):
                step.append(utf16(p, "utf-16-le"))
            elif m == "utf16be":
                step.append(utf16(p, "utf-16-be"))
            elif m == "utf16":
                step.append(utf16(p, "utf-16-le", b"\xff\xfe"))
            elif m == "expand":
                step += expanded(p, placeholders)
            else:
                step.append(p)
        made = step
    return made


# --- one test of one value ---


def number(text):
    return float(text) if len(text) < 64 and NUMBER.match(text) else None


def time_part(text, part):
    m = re.match(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)", text)
    if not m:
        return None
    try:
        t = datetime.strptime(f"{m[1]} {m[2]}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return t.isocalendar()[1] if part == "week" else getattr(t, part)


def address(text):
    try:
        a = ipaddress.ip_address(text)
    except ValueError:
        return None
    return a.ipv4_mapped or a if a.version == 6 else a


COMPARE = {"lt": float.__lt__, "lte": float.__le__, "gt": float.__gt__, "gte": float.__ge__, "eq": float.__eq__}
TIMES = ("minute", "hour", "day", "week", "month", "year")


def one_value(value, wanted, mods, event, placeholders):
    """Whether one value of the event is what one value of the rule asks for."""
    cased = "cased" in mods
    if value.kind == "null":
        return False
    if "re" in mods:
        flags = sum({"i": re.I, "m": re.M, "s": re.S}[m] for m in mods if m in "ims")
        return re.search(wanted, value.text, flags) is not None
    if "cidr" in mods:
        a = address(value.text)
        nets = [ipaddress.ip_network("".join(p)) for p in transformed(wanted, ("expand",), placeholders)] if "expand" in mods else [ipaddress.ip_network(wanted)]
        return a is not None and any(a.version == n.version and a in n for n in nets)
    if "fieldref" in mods:
        return any(same_as(value, other, mods) for other in event.fields.get(name_of(wanted.strip()), []) if other.kind != "null")
    part = [m for m in mods if m in TIMES]
    compare = [m for m in mods if m in COMPARE]
    if part or compare:
        got = time_part(value.text, part[0]) if part else number(value.text)
        return got is not None and COMPARE[compare[0] if compare else "eq"](float(got), float(wanted))
    if isinstance(wanted, Num) and value.kind == "number" and not set(mods) - {"all", "neq", "cased"} and number(wanted) == number(value.text):
        return True
    return any(matches(p, value.text, cased) for p in transformed(wanted, tuple(mods), placeholders))


def same_as(value, other, mods):
    a, b = (value.text, other.text) if "cased" in mods else (lowered(value.text), lowered(other.text))
    if "contains" in mods or ("startswith" in mods and "endswith" in mods):
        return b in a
    if "startswith" in mods:
        return a.startswith(b)
    if "endswith" in mods:
        return a.endswith(b)
    return a == b or (value.kind == other.kind == "number" and number(a) == number(b))


# --- rules ---


def item(key, wanted, event, placeholders):
    """`field|modifiers: value` or `field|modifiers: [values]`."""
    field, *mods = key.split("|")
    field = name_of(field.strip())
    values = event.fields.get(field, []) if field else [event.text]
    seen = COUNTS.setdefault("|".join([field and "field" or "keyword"] + mods), [0, 0])
    if "exists" in mods:
        answer = (len(values) > 0) == (str(wanted[0] if isinstance(wanted, list) else wanted).lower() in ("true", "yes"))
        answer = answer != ("neq" in mods)
        seen[answer] += 1
        return answer
    answers = []
    for w in wanted if isinstance(wanted, list) else [wanted]:
        if w is None:
            answers.append(all(v.kind == "null" for v in values))
        elif not field and "re" not in mods:
            answers.append(keyword(w, mods, event, placeholders))
        else:
            answers.append(any(one_value(v, w, mods, event, placeholders) for v in values))
    answer = (all if "all" in mods else any)(answers) != ("neq" in mods)
    seen[answer] += 1
    return answer


def keyword(word, mods, event, placeholders):
    return any(matches([STAR] + p + [STAR], event.text.text, "cased" in mods) for p in transformed(word, tuple(mods), placeholders))


def selection(s, event, placeholders):
    if isinstance(s, dict):
        return all(item(k, v, event, placeholders) for k, v in s.items())
    if isinstance(s, list):
        return any(selection(x, event, placeholders) for x in s)
    return keyword(s, [], event, placeholders)


class Condition:
    """or < and < not < x of < ( ); Python's own operators would evaluate lazily, which changes nothing here."""

    def __init__(self, text, detection, event, placeholders):
        self.words = re.findall(r"\(|\)|[^\s()]+", text)
        self.detection, self.event, self.placeholders = detection, event, placeholders
        self.names = [n for n in detection if n not in ("condition", "timeframe", "rules")]

    def next(self):
        return self.words[0].lower() if self.words else ""

    def chain(self, word, below, join):
        answers = [below()]
        while self.next() == word:
            self.words.pop(0)
            answers.append(below())
        return join(answers)

    def either(self):
        return self.chain("or", self.both, any)

    def both(self):
        return self.chain("and", self.negated, all)

    def negated(self):
        if self.next() == "not":
            self.words.pop(0)
            return not self.negated()
        return self.primary()

    def primary(self):
        word = self.words.pop(0)
        if word == "(":
            answer = self.either()
            if self.words.pop(0) != ")":
                raise Refused("parenthesis")
            return answer
        if self.next() == "of" and word.lower() in ("1", "any", "all"):
            self.words.pop(0)
            return self.of(word.lower(), self.words.pop(0))
        return selection(self.detection[word], self.event, self.placeholders)

    def of(self, how, pattern):
        them = pattern.lower() == "them"
        like = re.compile(".*".join(map(re.escape, pattern.split("*"))) + r"\Z", re.S)
        names = [n for n in self.names if them or like.match(n)]
        if them or not pattern.startswith("_"):
            names = [n for n in names if not n.startswith("_")]
        if not names:
            raise Refused(f"no selection for {pattern}")
        return (all if how == "all" else any)([selection(self.detection[n], self.event, self.placeholders) for n in names])


def detection_holds(detection, event, placeholders):
    conditions = detection["condition"]
    return any([Condition(c, detection, event, placeholders).either() for c in (conditions if isinstance(conditions, list) else [conditions])])


class Rules:
    """Documents of a file: detections, filters and placeholders."""

    def __init__(self, text):
        self.detections, self.filters, self.placeholders = [], [], Placeholders()
        for d in load(text):
            if "placeholders" in d:
                self.placeholders.update({k: v if isinstance(v, list) else [v] for k, v in d["placeholders"].items()})
            elif "filter" in d:
                self.filters.append(d)
            else:
                self.detections.append(d)

    def suppressed(self, rule, event):
        for f in self.filters:
            names = f["filter"]["rules"]
            if names != "any" and not {rule.get("id"), rule.get("name")} & set(names):
                continue
            if any(rule["logsource"].get(k) != v for k, v in f["logsource"].items()):
                continue
            keep = all(re.match(r"\(*not\b", c.strip()) and " or " not in c and " and " not in c for c in [f["filter"]["condition"]])
            if detection_holds(f["filter"], event, self.placeholders) != keep:
                return True
        return False

    def hits(self, event):
        return [r["id"] for r in self.detections if detection_holds(r["detection"], event, self.placeholders) and not self.suppressed(r, event)]

    def show(self, which):
        rule = next(r for r in self.detections if r["id"] == which)
        named = [f["filter"] for f in self.filters if which in f["filter"]["rules"] or f["filter"]["rules"] == "any"]
        return json.dumps([rule["detection"], *named], ensure_ascii=False, indent=1)
