"""Rules and events made from one small world of words, so that they meet often.

Everything the specification has comes up: each modifier alone and with others, wildcards and their escapes, null, empty
and absent values, arrays, nested objects, keywords, letters of other scripts, numbers, times, networks, placeholders,
conditions of every form, filters. A rule is given out as YAML text and read from there by both evaluators."""
import base64
import json
import random

import yaml

WORDS = [
    "cmd.exe", "C:\\Windows\\System32\\cmd.exe", "powershell -enc AAAA", "/c whoami", "-x", "\u2013enc \u2015x", "a - b / c", "abcabcabd", "ababab", "aab", "",
    "x", "\u00c4rger \u041f\u0420", "\u00e4rger", "\u212aelvin k \u0130i", "\u212a\u00e4", "k\u00c4", "\u2015enc", "\u2015x", "4624", "4624.0", "-7", "7",
    "\\\\host\\share", "a*b", "what?", "back\\slash", "two\\\\slashes", "end\\", "\\*", "user%name%", "100%", "long long text with abc inside and more",
    "HKLM\\Software\\Run", "run", "Run\\x", "a" * 24 + "b", "line one\nline two", "line two\nline one", "CMD.EXE", "tab\there", 'quote"d', "it's", "\U0001f600 grin", "\u65e5\u672c\u8a9e", "\uff43\uff4d\uff44",
    "true", "null", "~", "[x]", "{y}", "# no comment", ": colon",
]
ENCODED = ["cmd.exe", "cmd", "whoami", "run"]
CODECS = ["utf-8", "utf-16-le", "utf-16-be", "utf-16"]
# What some fields mostly hold, so that tests of times meet times.
NUMBERS = [4624, 4624.0, 7, 7.0, 7.0, -7, 0, 1000, 4624.0, 0.5, 10**15, 2**53 + 1, "4624", "-7", "1e3", "7.0"]
DATES = ["2026-11-23T02:03:08Z", "2024-02-29 23:59:00.123", "2020-12-31T00:00:00+09:00", "2021-01-03T12:30:59-05:00"]
ADDRESSES = ["10.1.2.3", "192.0.2.77", "192.0.2.63", "2001:db8::5", "2001:db9::", "::ffff:10.1.2.3", "10.1.2.3:80", "::"]
ENCODINGS = [base64.b64encode(w.encode(c)).decode() for w in ENCODED for c in CODECS]
ENCODINGS += [base64.b64encode(b"." * shift + w.encode(c) + b"!").decode() for w in ENCODED for c in CODECS for shift in range(3)]
ENCODINGS += [front + w.encode(c).decode() for w in ENCODED for c in CODECS[1:3] for front in ("", "x")]
LINES = ["line one\nline two", "line two\nline one", "CMD.EXE", "cmd.exe", "Run", "abcabcabd"]
MOSTLY = {"f2": NUMBERS, "F1": NUMBERS, "f3": DATES, "list": ADDRESSES, "nest.a": ENCODINGS, "nest.b.c": LINES}
WORDS += DATES + ADDRESSES + ENCODINGS[::7]
FIELDS = ["f0", "f1", "F1", "f2", "f3", "nest.a", "nest.b.c", "Two Words", "TwoWords", "dotted.name", "list"]
NETS = ["10.0.0.0/8", "192.0.2.64/26", "2001:db8::/32", "0.0.0.0/0", "::/0", "10.1.2.3/32", "192.0.2.76/31", "2001:db8::4/127"]
EXPRESSIONS = ["^C:", "[a-c]+d", "(ab)+$", "exe|whoami", "^$", "a{3}", "[0-9]{4}", "Run$", "x?\\\\share", "^.{2,5}$", "one.line", "^line", "[^a-z]", "(e|E)n", "k", "^line two$", "^line one$", "one$", "CMD|RUN", "[A-C]{3}D", "LINE.one"]
TIMES = {"minute": (3, 59, 0, 30), "hour": (2, 23, 0, 12), "day": (23, 29, 31, 3), "week": (48, 9, 53), "month": (11, 2, 12, 1), "year": (2026, 2024, 2020, 2021)}
PLACEHOLDERS = {"names": ["cmd*", "ru?"], "one": "x", "nets": ["10.0.0.0/8", "2001:db8::/32"], "dirs": ["*\\\\system32", "C:"]}


class World:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def chance(self, n):
        return self.r.randrange(n) == 0

    # --- events ---

    def scalar(self, field=None):
        r = self.r
        if field in MOSTLY and r.randrange(4):
            return r.choice(MOSTLY[field])
        k = r.randrange(14)
        if k == 0:
            return None
        if k == 1:
            return r.choice([True, False])
        if k == 2:
            return r.choice(NUMBERS)
        word = r.choice(WORDS)
        return self.other_case(word) if self.chance(5) else word

    def other_case(self, word):
        return "".join(c.swapcase() if len(c.swapcase()) == 1 and self.chance(3) else c for c in word)

    def value(self, field):
        k = self.r.randrange(12)
        if k == 0:
            return [self.scalar(field) for _ in range(self.r.randrange(4))]
        if k == 1 and self.chance(3):
            return self.r.choice([[], {}, [[]], [[self.scalar()], self.scalar()]])
        return self.scalar(field)

    def event(self):
        e = {}
        for f in FIELDS:
            if self.chance(5):
                continue
            at, parts = e, f.split(".") if self.chance(2) or not f.startswith("dotted") else [f]
            for p in parts[:-1]:
                at = at.setdefault(p, {})
            at[parts[-1]] = self.value(f)
        if self.chance(6):
            e["list"] = [{"a": self.scalar()}, {"a": self.scalar(), "b": self.scalar()}]
        text = json.dumps(e, ensure_ascii=self.chance(2), separators=self.r.choice([(",", ":"), (", ", ": ")]))
        if self.chance(8):  # JSON has more than one way to write a character
            text = text.replace("/", "\\/")
        return text

    # --- values of rules ---

    def escaped(self, word):
        """The word as a rule writes it: both ways of a plain backslash, wildcards escaped."""
        out = []
        for i, c in enumerate(word):
            if c in "*?":
                out.append("\\" + c)
            elif c == "\\":
                out.append("\\\\" if word[i + 1 : i + 2] in ("*", "?", "\\") or i + 1 == len(word) or self.chance(2) else "\\")
            else:
                out.append(c)
        return "".join(out)

    def piece(self, front, back):
        w = self.r.choice(WORDS)
        a = self.r.randrange(len(w)) if front and w else 0
        b = self.r.randrange(a + 1, len(w) + 1) if back and len(w) > a else len(w)
        w = w[a:b]
        return self.other_case(w) if self.chance(4) else w

    def text(self, front=False, back=False):
        w = self.piece(front, back)
        k = self.r.randrange(5)
        if not w or k > 1:
            return self.escaped(w)
        at = self.r.randrange(len(w))
        if k == 0:
            return self.escaped(w[:at]) + "?" + self.escaped(w[at + 1 :])
        return self.escaped(w[:at]) + "*" + self.escaped(w[at + self.r.randrange(len(w) - at) :])

    # --- items: (modifiers, value) ---

    def values(self, make, mods, empty_ok=True):
        n = 1 + (self.r.randrange(3) if self.chance(2) else 0)
        made = [make() for _ in range(n)]
        if not empty_ok:
            made = [m or "x" for m in made]
        if n > 1 and self.chance(3):
            mods = mods + ["all"]
        return mods, made if n > 1 or self.chance(4) else made[0]

    def sides(self):
        """Modifiers of place, and which ends of a word may be cut off for them."""
        return self.r.choice([([], False, False), (["startswith"], False, True), (["endswith"], True, False), (["contains"], True, True), (["contains"], True, True)])

    def item_text(self):
        mods, front, back = self.sides()
        if self.chance(7):
            mods = ["windash"] + mods
            return self.values(lambda: self.text(front, back) if self.chance(3) else self.r.choice(["-x", "/c", " - ", "\u2014enc", "\u2015x", "-enc"]), mods)
        return self.values(lambda: self.text(front, back), mods)

    def item_plain(self):
        return self.values(lambda: self.r.choice([4624, 7, -7, 0, 1000, 0.5, True, "4624", "", "*", "?", "?*", "\\*", "true", self.text()]), [])

    def item_null(self):
        return [], self.r.choice([None, None, ["x", None], [None, ""]])

    def item_exists(self):
        return ["exists"], self.chance(2)

    def item_re(self):
        flags = [f for f in "ims" if self.chance(3)]
        return self.values(lambda: self.r.choice(EXPRESSIONS), ["re"] + flags)

    def item_encoded(self):
        wide = self.r.choice([[], [], ["utf16"], ["utf16le"], ["utf16be"], ["wide"]])
        how = self.r.choice([["base64"], ["base64", "contains"], ["base64offset", "contains"], ["base64offset", "contains"], ["contains"], []])
        mods = (wide + how) or ["contains"]
        if mods == ["base64"] and self.chance(2):
            mods = mods + [self.r.choice(["contains", "startswith"])]
        return self.values(lambda: self.r.choice(ENCODED), mods)

    def item_number(self):
        compare = self.r.choice(["lt", "lte", "gt", "gte"])
        return self.values(lambda: self.r.choice([-8, -7, 0, 7, 0.5, 999, 1000, 4624, 5000]), [compare])

    def item_time(self):
        part = self.r.choice(list(TIMES))
        mods = [part] + ([self.r.choice(["lt", "lte", "gt", "gte"])] if self.chance(2) else [])
        if self.chance(2):
            mods.reverse()
        return self.values(lambda: self.r.choice(TIMES[part]), mods)

    def item_cidr(self):
        if self.chance(6):
            return ["cidr", "expand"], "%nets%"
        return self.values(lambda: self.r.choice(NETS), ["cidr"])

    def item_fieldref(self):
        return ["fieldref"] + self.r.choice([[], [], ["startswith"], ["endswith"], ["contains"]]), self.r.choice(FIELDS + ["F1"] * 5)

    def item_expand(self):
        mods = self.r.choice([["expand"], ["expand", "contains"], ["expand", "startswith"], ["contains", "expand"]])
        return self.values(lambda: self.r.choice(["%names%", "%one%", "%dirs%\\\\%names%", "user\\%name\\%", "100%", "%names%.exe", "a%one%"]), mods)

    def item(self):
        make = self.r.choice([self.item_text] * 8 + [self.item_plain] * 3 + [self.item_null, self.item_exists, self.item_re, self.item_re, self.item_encoded, self.item_encoded,
                             self.item_number, self.item_time, self.item_cidr, self.item_fieldref, self.item_expand])
        mods, value = make()
        kind = mods[0] if mods else ""
        if self.chance(8) and kind in ("", "startswith", "endswith", "contains", "fieldref", "expand") and value is not None and not (isinstance(value, list) and None in value):
            mods = mods + ["cased"]
        if self.chance(10):
            mods = mods + ["neq"]
        home = {self.item_number: "f2", self.item_plain: "f2", self.item_time: "f3", self.item_cidr: "list", self.item_encoded: "nest.a", self.item_fieldref: "f2", self.item_re: "nest.b.c"}.get(make)
        return "|".join([home if home and self.r.randrange(3) else self.r.choice(FIELDS)] + mods), value

    def map(self):
        m = {}
        for _ in range(1 if self.chance(2) else 2):
            k, v = self.item()
            m[k] = v
        return m

    def keyword(self):
        return self.text(True, True) or "x"

    def selection(self):
        k = self.r.randrange(8)
        if k == 0:
            words = [self.keyword() for _ in range(1 + self.r.randrange(3))]
            return words if self.chance(2) else words[0] if self.chance(2) else {"|all" + ("|cased" if self.chance(4) else ""): words}
        if k < 4:
            return [self.keyword() if self.chance(8) else self.map() for _ in range(1 + self.r.randrange(3))]
        return self.map()

    # --- conditions ---

    def condition(self, names, depth=0):
        k = self.r.randrange(4 if depth > 2 else 11)
        if k < 3:
            return self.r.choice(names)
        if k == 3:
            return self.r.choice(["1 of sel*", "1 of them", "all of sel*", "all of them", "any of them", "1 of *1", "1 of s*l*", "all of sel1*"])
        if k < 6:
            return "not " + self.condition(names, depth + 1)
        word = " and " if k < 8 else " or "
        parts = [self.condition(names, depth + 1) for _ in range(2)]
        return f"({word.join(parts)})" if self.chance(2) else word.join(parts)

    def detection(self):
        names = ["sel1"] + [n for n in ("sel2", "sel3", "_sel4") if self.chance(2)]
        d = {n: self.selection() for n in names}
        d["condition"] = self.condition(names) if self.r.randrange(6) else [self.condition(names), self.condition(names)]
        return d

    def document(self, d):
        if self.chance(2):
            return "---\n" + json.dumps(d, ensure_ascii=False).replace("\x7f", "") + "\n"
        return "---\n" + yaml.safe_dump(d, allow_unicode=True, sort_keys=False, width=10**6)

    def rules(self, n):
        out = [self.document({"placeholders": PLACEHOLDERS})]
        for i in range(n):
            head = {"title": f"rule {i}", "id": f"r{i}", "logsource": {"category": "test"}}
            if self.chance(3):
                head["name"] = f"name{i}"
            out.append(self.document({**head, "detection": self.detection()}))
        for i in range(n // 10):
            names = [f"r{self.r.randrange(n)}" for _ in range(3)]
            d = {"rules": names if self.r.randrange(8) else "any", "selection": self.map()}
            if d["rules"] == "any":
                d["selection"] = {"f0": "only this and nothing else"}
            d["condition"] = self.r.choice(["selection", "not selection"])
            if d["rules"] == "any":
                d["condition"] = "selection"
            out.append(self.document({"title": f"filter {i}", "id": f"flt{i}", "logsource": {"category": "test"}, "filter": d}))
        return "".join(out)
