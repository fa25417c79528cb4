"""The background of all lessons together, without what is to be noticed: nothing of it may raise a case.

Everybody of a story who leaves no trace (expect.yml) and breaks nothing is background. Names are made different from story to story;
who acts only for a time in the story acts all the time here."""
import copy
import datetime
import json
import sqlite3

import lessons

POOLS = ("addresses", "accounts", "agents")
FAULTS = ("silence", "clock", "campaign")
START = datetime.datetime(2026, 10, 1, tzinfo=lessons.JST)
SOURCES_MAX = 64  # of one story


def background(pack):
    story, expect = lessons.read(pack, "replay.yml"), lessons.read(pack, "expect.yml")
    traces = expect.get("traces", [])
    return story, [a for a in story["actors"] if a["kind"] not in FAULTS and a["id"] not in traces]


def joined(packs, days):
    all_of_it = {"seed": 1, "start": START.isoformat(), "end": (START + datetime.timedelta(days=days)).isoformat(), "sources": [], "actors": [],
                 "addresses": {}, "accounts": {}, "agents": {}, "services": []}
    for k, pack in enumerate(packs):
        story, actors = background(pack)
        other = lambda name: f"p{k}-{name}"
        for s in story["sources"]:
            all_of_it["sources"].append({**s, "name": other(s["name"]), "host": other(s["host"]), "service": other(s["service"])})
        for s in story.get("services") or []:
            all_of_it["services"].append({**s, "name": other(s["name"])})
        for kind in POOLS:
            for name, pool in (story.get(kind) or {}).items():
                all_of_it[kind][other(name)] = pool
        for a in actors:
            b = copy.deepcopy(a)
            for time in ("from", "until"):
                b.pop(time, None)
            if "curve" in b and not isinstance(b["curve"], str):
                b["curve"] = [{"at": all_of_it["start"], "value": min(float(p["value"]) for p in b["curve"])}]
            b["id"] = other(a["id"])
            for key in ("service", "host", "router", "firewall", "of"):
                if key in b:
                    b[key] = other(b[key])
            for key, v in a.items():
                if isinstance(v, str) and any(v in (story.get(kind) or {}) for kind in POOLS) and key not in ("id", "kind", "service", "host", "router", "firewall", "of"):
                    b[key] = other(v)
            all_of_it["actors"].append(b)
    return {key: v for key, v in all_of_it.items() if v}


def groups(packs):
    """So many together as one story may have sources."""
    group, n = [], 0
    for p in packs:
        k = len(lessons.read(p, "replay.yml")["sources"])
        if group and n + k > SOURCES_MAX:
            yield group
            group, n = [], 0
        group, n = group + [p], n + k
    if group:
        yield group


def play(folder, days):
    for i, packs in enumerate(groups([p for p in lessons.complete() if background(p)[1]])):
        name = f"quiet-{i}"
        where = folder / name / "packs" / name
        where.mkdir(parents=True)
        for f in ("pack.yml", "story.ja.md", "story.en.md"):
            text = (lessons.PACKS / packs[0] / f).read_text()
            (where / f).write_text(text.replace(packs[0], name) if f == "pack.yml" else text)
        rules = where / "rules"
        for p in packs:  # whatever a lesson brings is tried on the background of all
            for f in sorted((lessons.PACKS / p / "rules").glob("*.yml")):
                rules.mkdir(exist_ok=True)
                (rules / f"{p}-{f.name}").write_bytes(f.read_bytes())
        lessons.write_story(where, joined(packs, days))
        status, said, why = lessons.play(name, folder / name / "played", where.parent, timeout=1800)
        assert status == 0, said + why[-1500:]
        db = sqlite3.connect(f"file:{folder / name}/played/room/room.db?mode=ro", uri=True)
        events = json.loads(db.execute("SELECT json FROM report WHERE kind = 'stats'").fetchone()[0])["events"]
        cases = db.execute("SELECT number, kind, title_params FROM incident").fetchall()
        assert not cases, f"{len(cases)} cases of {', '.join(packs)}: {cases[:3]}"
        assert events > 100 * days, f"only {events} events in {days} days: nobody was there"
        loose = db.execute("SELECT count(*) FROM finding").fetchone()[0]
        print(f"# {len(packs)} lessons, {days} days, {events} events: no case, {loose} findings below one")
