#!/usr/bin/env python3
"""docs/DEPENDENCIES.md against what is really used: the dependency() and find_library() lines of meson.build, the
packages of ui/package.json and tests/senders/package.json, and those ./dev installs. Every one has a row with licence, reason and what would
replace it; a row nobody uses any more is refused; nothing under "Linked" may be GPL without LGPL.
usage: check_deps.py [ROOT]"""
import json
import pathlib
import re
import sys

PLATFORM = {"threads", "m"}  # parts of the C library


def used(root):
    """name -> where it is asked for"""
    found = {}
    for f in [root / "meson.build", *sorted(root.glob("*/**/meson.build"))]:
        if "build" in f.relative_to(root).parts[0] and f.parent != root:
            continue
        for name in re.findall(r"(?:\bdependency|find_library)\('([^']+)'", f.read_text()):
            if name not in PLATFORM:
                found.setdefault(name, str(f.relative_to(root)))
    for where in ("ui/package.json", "tests/senders/package.json"):
        if not (root / where).exists():
            continue
        doc = json.loads((root / where).read_text())
        for key in ("dependencies", "devDependencies"):
            for name in doc.get(key, {}):
                found.setdefault(name, where)
    dev = root / "dev"
    for names in re.findall(r'^(?:APT_\w+|    local packages)="([^"]*)"', dev.read_text() if dev.exists() else "", re.M):
        for name in names.split():
            found.setdefault(name, "dev")
    return found


def rows(text):
    """(section, names, cells) of every row of a table whose first cell names something in backticks"""
    section = ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.lstrip("# ")
        elif line.startswith("|"):
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            names = re.findall(r"`([^`]+)`", cells[0])
            if names:
                yield section, names, cells


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1])
    asked = used(root)
    listed, bad = set(), []
    for section, names, cells in rows((root / "docs" / "DEPENDENCIES.md").read_text()):
        listed.update(names)
        for n in names:
            if n not in asked:
                bad.append(f"docs/DEPENDENCIES.md lists {n}, which nothing asks for")
        if len(cells) != 4 or not all(cells):
            bad.append(f"docs/DEPENDENCIES.md: the row of {names[0]} wants licence, reason and what would replace it")
        elif section.startswith("Linked") and re.search(r"(?<![LA])GPL", cells[1]) and "LGPL" not in cells[1]:
            bad.append(f"docs/DEPENDENCIES.md: {names[0]} is linked and {cells[1]}")
    for name, where in sorted(asked.items()):
        if name not in listed:
            bad.append(f"{where} asks for {name}, which docs/DEPENDENCIES.md does not list")
    print("\n".join(bad) if bad else f"dependencies: {len(asked)} asked for, each with its row")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
