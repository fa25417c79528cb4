#!/usr/bin/env python3
"""Playbooks from CACAO 2.0 and back: what goes out is valid by the schemas of OASIS and means what came in; our own form is
read, written and read again; what is wrong is refused with its place."""
import json
import os
import pathlib
import tempfile

import tap

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
OURS = "extension-definition--5d6c6a0e-6f0e-4a0f-9a53-4b697a756b69"
DATA = os.environ.get("KIZUKI_TEST_DATA")


def playbook(*args):
    return tap.run(tap.KIZUKI, "playbook", *[str(a) for a in args], text=True)


def converted(path, to):
    r = playbook("convert", "--to", to, path)
    assert r.returncode == 0, r.stderr
    return r


def written(folder, name, text):
    path = pathlib.Path(folder) / name
    path.write_text(text)
    return path


# ---- the schemas, all in one, so that no reference leads outside ----

def schemas():
    import jsonschema
    folder = pathlib.Path(DATA) / "cacao/schemas"
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*.json")}

    def inside(x, here):
        if isinstance(x, list):
            return [inside(v, here) for v in x]
        if not isinstance(x, dict):
            return x
        x = {k: inside(v, here) for k, v in x.items() if k != "$id"}
        if isinstance(x.get("$ref"), str):
            ref, _, part = x["$ref"].partition("#")
            to = os.path.normpath(os.path.join(os.path.dirname(here), ref)) if ref else here
            assert to in names, to
            x["$ref"] = "#/definitions/" + to.replace("/", "--") + part
        return x

    whole = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/playbook.json",
             "definitions": {n.replace("/", "--"): inside(json.loads((folder / n).read_text()), n) for n in names}}
    return jsonschema.Draft7Validator(whole)


def needs_schemas():
    tap.need(DATA, "KIZUKI_TEST_DATA is not set, so there are no schemas of CACAO")
    return schemas()


def without_ours(doc):
    """What only we say, in the place CACAO has for it."""
    doc = json.loads(json.dumps(doc))
    for holder, key in [(doc, "playbook_extensions"), (doc, "extension_definitions")] + [(s, "step_extensions") for s in doc["workflow"].values()]:
        holder.get(key, {}).pop(OURS, None)
        if key in holder and not holder[key]:
            del holder[key]
    return doc


# What the seven have that cannot be kept or is not valid; each is told on standard error.
LOSSES = {
    "test/integration/api/routes/playbook.json": ("two variables with names, an agent with a banana, an exception step that is not defined", 4),
    "examples/fin-playbook.json": ("an agent whose id is none and who has no address", 2),
    "examples/powershell-playbook.json": ("a port where there is none", 1),
}


def expected(name, doc, out):
    """The input, with what cannot be kept taken away and a made id in the place of one that was none."""
    doc = json.loads(json.dumps(doc))
    if name.startswith("test/integration"):
        del doc["workflow_exception"]
        for v in doc["playbook_variables"].values():
            v.pop("name", None)
    if name == "examples/fin-playbook.json":
        (bad, agent), = doc["agent_definitions"].items()
        made, = out["agent_definitions"]
        assert made.startswith("net-address--") and made != bad
        doc = json.loads(json.dumps(doc).replace(f'"agent": "{bad}"', f'"agent": "{made}"'))
        doc["agent_definitions"] = {made: {**agent, "address": {}}}
    return doc


@tap.test
def seven_published_playbooks_come_back():
    valid = needs_schemas()
    top = pathlib.Path(DATA) / "soarca-playbooks"
    seven = sorted(p for p in top.rglob("*.json") if "schemas" not in p.parts)
    assert len(seven) == 7, seven
    with tempfile.TemporaryDirectory() as d:
        for path in seven:
            name = path.relative_to(top).as_posix()
            doc = json.loads(path.read_text())
            first = converted(path, "kizuki")
            out = json.loads(converted(written(d, "p.yml", first.stdout), "cacao").stdout)
            wrong = [f"{list(e.absolute_path)}: {e.message}" for e in valid.iter_errors(out)]
            assert not wrong, (name, wrong)
            assert without_ours(out) == expected(name, doc, out), name
            assert first.stderr.count("\n") == LOSSES.get(name, ("", 0))[1], (name, first.stderr)


@tap.test
def every_part_of_cacao_is_used_and_valid():
    valid = needs_schemas()
    out = json.loads(converted(HERE / "playbooks/everything.yml", "cacao").stdout)
    folder = pathlib.Path(DATA) / "cacao/schemas"

    def types(sub, but):
        return {p.stem for p in (folder / sub).glob("*.json")} - set(but)
    used = {"workflows": {s["type"] for s in out["workflow"].values()},
            "commands": {c["type"] for s in out["workflow"].values() for c in s.get("commands", [])},
            "agent-target": {a["type"] for k in ("agent_definitions", "target_definitions") for a in out[k].values()},
            "authentication-info": {a["type"] for a in out["authentication_info_definitions"].values()},
            "data-markings": {m["type"] for m in out["data_marking_definitions"].values()}}
    for sub, base in (("workflows", "workflow-step"), ("commands", "command-data"), ("agent-target", "agent-target"),
                      ("authentication-info", "authentication-info"), ("data-markings", "data-marking")):
        missing = types(sub, [base]) - used[sub]
        assert not missing, (sub, missing)
    whole = json.loads((folder / "playbook.json").read_text())["properties"]
    assert not set(whole) - set(out), set(whole) - set(out)
    iep = [k for k in out["data_marking_definitions"] if k.startswith("marking-iep")]
    for k in iep:  # contradicts itself in the schemas
        del out["data_marking_definitions"][k]
    wrong = [f"{list(e.absolute_path)}: {e.message}" for e in valid.iter_errors(out)]
    assert not wrong, wrong


@tap.test
def our_form_and_cacao_come_back_byte_for_byte():
    with tempfile.TemporaryDirectory() as d:
        books = [HERE / "playbooks/everything.yml", *sorted(TOP.glob("packs/*/playbook.yml"))]
        assert len(books) > 1
        for path in books:
            ours = converted(path, "kizuki").stdout
            assert converted(written(d, "a.yml", ours), "kizuki").stdout == ours, path
            cacao = converted(path, "cacao").stdout
            back = converted(written(d, "b.json", cacao), "kizuki")
            assert back.stderr == "", back.stderr
            assert back.stdout == ours, path
            again = json.loads(converted(written(d, "c.yml", back.stdout), "cacao").stdout)
            once = json.loads(cacao)
            for doc in (once, again):  # our packs carry no date of their own
                if "undated" in doc["playbook_extensions"][OURS]:
                    del doc["created"], doc["modified"]
            assert again == once, path


@tap.test
def each_branch_has_an_end_of_its_own():
    out = json.loads(converted(HERE / "playbooks/everything.yml", "cacao").stdout)
    steps = out["workflow"]

    def ends(start, seen):
        if start in seen:
            return set()
        seen.add(start)
        s = steps[start]
        if s["type"] == "end":
            return {start}
        return set().union(*[ends(s[k], seen) for k in ("on_completion", "on_success", "on_failure") if k in s], set())
    roots = [b for s in steps.values() for b in [*s.get("next_steps", []), *s.get("cases", {}).values(),
                                                 *[s[k] for k in ("on_true", "on_false") if k in s]]]
    assert len(roots) >= 9
    met = [frozenset(ends(r, set())) for r in roots]
    assert all(len(m) == 1 for m in met) and len(set(met)) == len(met), met


ACT = "id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: action, name: a, "
BAD = [
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: tusk, name: a}\n", "4:19", "no kind of step"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: task, name: a, next: y}\n", "4:5", "there is no step 'y'"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: task, name: a, next: end}\n  - {id: y, kind: task, name: b}\n", "5:5", "never reached"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: together, name: a, steps: [y, z], next: end}\n"
     "  - {id: y, kind: task, name: b}\n  - {id: z, kind: task, name: c}\n", "6:5", "end a branch with 'next: end'"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: wait, name: a, wait: soon}\n", "4:40", "a duration like"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: task, name: a, colour: red}\n", "4:34", "has no 'colour'"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: task, name: a}\n  - {id: x, kind: task, name: b}\n", "5:5", "have the id 'x'"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: task, name: a, who: me}\n", "4:5", "no agent or target 'me'"),
    ("id: a\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: decision, ja: 一, en: a, cases: {a: end}}\n", "4:5", "has branches; 'next' must say"),
    ("id: A b\ntitle: {ja: a, en: a}\nsteps:\n  - {id: x, kind: task, name: a}\n", "1:1", "an id of small letters"),
    (ACT + "action: raise_level}\n", "4:5", "give it 'level', one of content/levels"),
    (ACT + "action: raise_level, level: cautious}\n", "4:5", "'cautious', which is not there; one of these is meant: caution, serious, bcp"),
    (ACT + "action: raise_level, level: bcp, until: 91d}\n", "4:5", "for more than 90 days"),
    (ACT + "action: raise_level, level: bcp, services: ['']}\n", "4:5", "a service has a name"),
    (ACT + "action: raise_level, level: bcp, until: soon}\n", "4:76", "a duration like"),
    (ACT + "action: block_source, level: bcp}\n", "4:5", "which are for 'action: raise_level'"),
    ("- 1\n", "1:1", "a playbook is a group"),
    ('{"type": "playbook", "spec_version": "cacao-1.1"}', None, "only cacao-2.0"),
    ('{"type": "bundle"}', None, "no CACAO playbook"),
    ('{"type": ', "1:", "end"),
]


@tap.test
def what_is_wrong_is_refused_with_its_place():
    with tempfile.TemporaryDirectory() as d:
        for i, (text, place, words) in enumerate(BAD):
            path = written(d, f"bad{i}.txt", text)
            r = playbook("check", path)
            assert r.returncode == 1 and words in r.stderr, (text, r.stderr)
            assert place is None or f"bad{i}.txt:{place}" in r.stderr, (place, r.stderr)
        r = playbook("check", *sorted(TOP.glob("packs/*/playbook.yml")))
        assert r.returncode == 0, r.stderr


tap.main()
