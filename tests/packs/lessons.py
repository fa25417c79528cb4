"""What tests of lessons share: which are complete, playing one, and what is changed in a copy to see whether that is noticed."""
import datetime
import json
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import tap

try:
    import yaml
except ImportError:
    yaml = None

PACKS = tap.ROOT / "packs"
CONTENT = tap.ROOT / "content"
JST = datetime.timezone(datetime.timedelta(hours=9))


def complete():
    """Those that can be judged here: a story and what must come of it."""
    only = os.environ.get("KIZUKI_PACKS_PLAYED", "").split()
    ids = sorted(p.parent.name for p in PACKS.glob("*/replay.yml") if (p.parent / "expect.yml").exists())
    return [i for i in ids if not only or i in only]


def read(pack, name, packs=PACKS):
    return yaml.safe_load((packs / pack / name).read_text())


def play(pack, data, packs=None, content=None, seed=None, timeout=300):
    """(status, judgement, what was said on standard error)"""
    env = dict(os.environ)
    if packs:
        env["KIZUKI_PACKS"] = str(packs)
    if content:
        env["KIZUKI_CONTENT"] = str(content)
    args = ["--seed", seed] if seed else []
    r = tap.run(tap.KIZUKI, "pack", "replay", "--data", data, *args, pack, timeout=timeout, env=env)
    return r.returncode, r.stdout.decode(), r.stderr.decode(errors="replace")


def plain(v):
    """YAML's own times as the text they were."""
    if isinstance(v, datetime.datetime):
        return (v if v.tzinfo else v.replace(tzinfo=datetime.timezone.utc)).isoformat()
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    return v


def write_story(folder, story):
    (folder / "replay.yml").write_text(json.dumps(plain(story), ensure_ascii=False))


class Copy:
    """A copy of one lesson, and of what is shipped when a rule of that is to be changed."""

    def __init__(self, pack, folder):
        self.pack, self.folder = pack, folder
        self.packs, self.content = folder / "packs", None
        shutil.copytree(PACKS / pack, self.packs / pack)
        self.story, self.expect = read(pack, "replay.yml"), read(pack, "expect.yml")

    def traces(self):
        named = self.expect.get("traces")
        return [a for a in self.story["actors"] if (a["id"] in named if named else a["kind"] == "campaign")]

    def sole(self):
        return [w for w in self.expect.get("noticed", []) if w.get("sole")]

    def rule_texts(self, want):
        """(file, the texts of its documents, the places of those that say what is wanted); files of a copy that may be changed."""
        if not self.content:
            self.content = self.folder / "content"
            shutil.copytree(CONTENT, self.content)
        found = []
        for f in sorted([*self.content.glob("rules/**/*.yml"), *self.packs.glob("*/rules/*.yml")]):
            docs = re.split(r"(?m)^---\s*$", f.read_text())
            hit = [i for i, d in enumerate(docs) if says(d, want)]
            if hit:
                found.append((f, docs, hit))
        return found

    def remove_rule(self, want):
        found = self.rule_texts(want)
        for f, docs, hit in found:
            left = [d for i, d in enumerate(docs) if i not in hit and d.strip()]
            has_rule = any(re.search(r"(?m)^title:", d) for d in left)
            f.write_text("---".join("\n" + d.strip("\n") + "\n" for d in left)) if has_rule else f.unlink()
        return len(found)

    def raise_threshold(self, want):
        """Ten times as much as the rule asks; how many numbers that were."""
        n = 0
        for f, docs, hit in self.rule_texts(want):
            for i in hit:
                docs[i], k = ten_times(docs[i])
                n += k
            f.write_text("---".join(docs))
        return n

    def stop_sources(self):
        """Every log of what leaves the traces ends before the story begins."""
        logs = lambda s, a: a.get("service") in (None, s["service"]) and a.get("host") in (None, s["host"])
        names = [s["name"] for s in self.story["sources"] if any(logs(s, a) for a in self.traces())]
        for name in names:
            self.story["actors"].append({"id": f"mute-{name}", "kind": "silence", "source": name, "from": plain(self.story["start"])})
        write_story(self.packs / self.pack, self.story)
        return names

    def turn_clocks(self, off):
        hosts = sorted({s["host"] for s in self.story["sources"]})
        for h in hosts:
            self.story["actors"].append({"id": f"clock-{h}", "kind": "clock", "host": h, "off": off})
        write_story(self.packs / self.pack, self.story)
        return hosts

    def play(self, name="played"):
        return play(self.pack, self.folder / name, self.packs, self.content)


def says(doc, want):
    if "rule" in want:
        return bool(re.search(rf"(?m)^id:\s*{re.escape(want['rule'])}\s*$", doc))
    return bool(re.search(rf"(?m)^    kind:\s*{re.escape(want['kind'])}\s*$", doc))


NUMBER = r"((?:>=?|\b(?:gte?|times|least|reaches):)\s*)(\d+(?:\.\d+)?)"


def ten_times(doc):
    head, sep, tail = doc.partition("\ncorrelation:")
    if not sep:
        return doc, 0
    body, end = (re.split(r"(?m)^(?=\S)", tail[1:], maxsplit=1) + [""])[:2] if tail.startswith("\n") else (tail, "")
    body, n = re.subn(NUMBER, lambda m: m[1] + str(float(m[2]) * 10).removesuffix(".0"), body)
    return head + sep + tail[:1] + body + end, n


def lines_of(judgement, start):
    return [l for l in judgement.splitlines() if l.startswith(start)]
