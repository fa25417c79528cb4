#!/usr/bin/env python3
"""Packs ask only measures that exist, with parameters of their kind; and the files of content/measures and the rows of
src/room/measure_rows.c are the same list.

It judges data of this tree; a pack from elsewhere is judged when it is loaded (src/room/readiness.c answers "not known").

usage: check_measures.py [ROOT]"""
import pathlib
import re
import sys

import yaml

CELLS = {"noticed", "handled", "prevented", "practised", "told"}


def fits(p, v):
    kind = p["kind"]
    if kind == "flag":
        return isinstance(v, bool)
    if kind in ("days", "number"):
        return isinstance(v, int) and not isinstance(v, bool) and p.get("least", 0) <= v <= p.get("most", 2**53)
    if kind == "share":
        return isinstance(v, (int, float)) and not isinstance(v, bool) and 0 <= v <= 1
    if kind == "word":
        return v in p["of"]
    return kind == "name" and isinstance(v, str) and re.fullmatch(r"[a-z0-9][a-z0-9_/-]*", v) is not None


def judge_control(where, c, measures):
    if c.get("cell") and c["cell"] not in CELLS:
        yield f"{where}: cell '{c['cell']}' is none of {', '.join(sorted(CELLS))}"
    if c.get("attested") and not c.get("cell"):
        yield f"{where}: what a person attests says which cell it counts for"
    if "measure" not in c:
        return
    m = measures.get(c["measure"])
    if not m:
        yield f"{where}: there is no measure '{c['measure']}'; content/measures has {', '.join(sorted(measures))}"
        return
    given, wanted = c.get("parameters") or {}, m.get("parameters") or {}
    for k in wanted.keys() - given.keys():
        yield f"{where}: {c['measure']} wants the parameter '{k}'"
    for k, v in given.items():
        if k not in wanted:
            yield f"{where}: {c['measure']} knows no parameter '{k}'"
        elif not fits(wanted[k], v):
            yield f"{where}: '{v}' does not fit {k} of {c['measure']}: {wanted[k]}"


def judge_lessons(folder):
    """Each lesson names what carries it, and that is there."""
    controls = {c["id"] for c in yaml.safe_load((folder / "controls.yml").read_text())["controls"]}
    steps = set(re.findall(r"\bid: ([\w.-]+)", (folder / "playbook.yml").read_text()))
    pack = yaml.safe_load((folder / "pack.yml").read_text())
    for x in pack["lessons"]:
        kind, _, name = x.get("by", "").partition("/")
        there = {"control": controls, "step": steps, "rule": {r.rstrip("/") for r in pack.get("rules", [])} | {p.stem for p in folder.glob("rules/*.yml")}, "drill": {""}}
        if name not in there.get(kind, set()):
            yield f"{folder.name}/pack.yml: lesson {x['id']}: by '{x.get('by', '')}' names no control, step, rule of it, nor drill"


def main(root):
    faults, measures = [], {}
    for f in sorted((root / "content/measures").glob("*.yml")):
        m = yaml.safe_load(f.read_text())
        measures[m["measure"]] = m
        if m["measure"] != f.stem or m["cell"] not in CELLS or set(m.get("step", ())) != {"ja", "en"} or str(m["none"]).lower() not in ("yes", "no", "unknown", "true", "false"):
            faults.append(f"{f}: name, cell, step or none is wrong")
    rows = root / "src/room/measure_rows.c"
    if rows.exists():
        have = set(re.findall(r'^    \{"([a-z_]+)"', rows.read_text(), re.M))
        faults += [f"{rows}: no row for '{n}'" for n in measures.keys() - have]
        faults += [f"content/measures: no file for the row '{n}'" for n in have - measures.keys()]
    n = 0
    for f in sorted((root / "packs").glob("*/controls.yml")):
        for c in yaml.safe_load(f.read_text())["controls"]:
            n += 1
            faults += judge_control(f"{f.parent.name}/controls.yml: {c['id']}", c, measures)
        faults += judge_lessons(f.parent)
    print("\n".join(faults) or f"{len(measures)} measures, {n} controls")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)))
