#!/usr/bin/env python3
"""The playbooks of content/playbooks can be used, say everything in both languages, and the table of their uses names only what is there.
usage: check_playbooks.py KIZUKI [ROOT]"""
import pathlib
import re
import subprocess
import sys

import yaml

root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".")
folder = root / "content/playbooks"
files = sorted(f for f in folder.glob("*.yml") if f.name != "use.yml")
bad, ids = [], set()
r = subprocess.run([sys.argv[1], "playbook", "check", *map(str, files)], capture_output=True, text=True)
if r.returncode:
    bad.append(r.stderr.strip())
for f in files:
    book = yaml.safe_load(f.read_text())
    ids.add(book["id"])
    if book["id"] != f.stem:
        bad.append(f"{f.name}: its id is {book['id']}; name the file by it")
    for x in [book["title"], *book["steps"]]:
        if x.get("kind") != "together" and not (x.get("ja") and x.get("en")):
            bad.append(f"{f.name}: '{x.get('id', 'title')}' lacks ja or en")
kinds = {k for f in (root / "content/rules").rglob("*.yml") for k in re.findall(r"^ +kind: (\w+)", f.read_text(), re.M)}
rules = {k for f in (root / "content/rules").rglob("*.yml") for k in re.findall(r"^id: (\S+)", f.read_text(), re.M)}
# what people report and what is still to be noticed have no rule
kinds |= {"suspicious_mail", "tip", "site_tampered"}
for row in yaml.safe_load((folder / "use.yml").read_text())["use"]:
    if row["playbook"] not in ids:
        bad.append(f"use.yml: there is no playbook {row['playbook']}")
    if row.get("kind") not in kinds and row.get("rule") not in rules:
        bad.append(f"use.yml: no rule has {row}")
print("\n".join(bad))
sys.exit(bool(bad))
