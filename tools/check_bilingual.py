#!/usr/bin/env python3
"""Whatever people read stands in Japanese and in English: sentences of the pages and messages, words of data files (registers, forms, duties, drivers,
campaigns, playbooks, scopes, lessons), titles of rules, pages beside each other. A missing one, or one that is still in the other language, is named.

A sentence nobody says is named, too: its key stands nowhere in the sources and is made by none of their patterns nor by a row of MADE.

A sentence nobody says is named, too: its key stands nowhere in the sources, and nothing there makes it out of parts.

It reads files only. What is proper to one language (a rule's English title beside `title_ja`) is a row of BESIDE."""
import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
KANA = re.compile(r"[\u3040-\u30ff]")  # no English sentence has any; names in kanji may stand in one
HOLE = re.compile(r"\{([a-z_]+)[:}]|\[[?!>]([a-z_]+)\|")
# key of one language -> where its fellow stands: beside it, or in the document around it
BESIDE = {"title_ja": "title", "text_ja": "text_en", "falsepositives_ja": "falsepositives"}

# Where keys stand, and how one is made of parts: t(`a.${x}_b`), "a." + x, word("a", x), "a.%s" in C, {x:word:a} in a sentence.
SAYING = ("ui/src/**/*.ts", "ui/src/**/*.tsx", "src/**/*.c", "src/**/*.h", "content/**/*.yml", "content/**/*.json")
SILENT = re.compile(r"/content/(texts|api)/|\.test\.tsx?$")
KEY = re.compile(r"[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+")
OF_PARTS = ((re.compile(r"`([a-z](?:[a-z0-9_.]|\$\{[^{}`]+\})+)`"), ""), (re.compile(r'"([a-z][a-z0-9_.]*[._])" \+'), "*"),
            (re.compile(r'\bword\("([a-z_.]+)"'), ".*"), (re.compile(r'"([a-z][a-z0-9_.]*[._])%'), "*"), (re.compile(r":word:([a-z_.]+)\}"), ".*"))
# Made where only what follows is seen: a sentence with another name for its own key, which somebody says.
BEHIND = {".lane": "ui/src/widgets/Lanes.tsx", ".lane_short": "ui/src/widgets/Lanes.tsx", ".brief": "ui/src/pages/Now/index.tsx", ".name": "ui/src/widgets/Ledger.tsx"}
# Made of names alone: keys -> who makes them.
MADE = {"tips.form.*": "ui/src/pages/Reports/NewTip.tsx"} | dict.fromkeys(
    [f"{w}.{x}" for w in ("add", "write") for x in ("title", "step", "caption")], "ui/src/pages/Rules/Add.tsx") | dict.fromkeys(
    [f"{w}.{x}" for w in ("except", "suppress", "stop") for x in ("add", "title_one")], "ui/src/pages/Rules/Decide.tsx")


def pattern(glob):
    return re.compile("[A-Za-z0-9_.-]+".join(map(re.escape, glob.split("*"))))


def faults_of_keys(root, ja, en):
    """Sentences nobody says, and rows of MADE that make none."""
    texts = {f: f.read_text() for g in SAYING for f in root.glob(g) if not SILENT.search(f"/{f.relative_to(root)}")}
    there = {k for t in texts.values() for k in KEY.findall(t)}
    globs = {re.sub(r"\$\{[^}]+\}", "*", x) + end for how, end in OF_PARTS for t in (*texts.values(), *ja.values(), *en.values()) for x in how.findall(t)}
    made = MADE if (root / "ui/src").exists() else {}
    makes = [pattern(g) for g in globs | made.keys() if "." in g]
    says = lambda k: k in there or any(p.fullmatch(k) for p in makes)
    for k in ja:
        stem = next((k.removesuffix(x) for x in BEHIND if k.endswith(x)), None)
        if "." in k and not says(k) and not (stem and says(stem)):
            yield f"{k}: nobody says this sentence; take it away, or add how its key is made to MADE"
    for g, f in made.items():
        if not (root / f).exists() or not any(pattern(g).fullmatch(k) for k in ja):
            yield f"tools/check_bilingual.py: MADE: {g} of {f} makes no sentence"


def faults_of_texts(ja, en):
    """Both catalogues have the same sentences with the same holes."""
    for key in sorted(ja.keys() | en.keys()):
        if not ja.get(key, "").strip() or not en.get(key, "").strip():
            yield f"{key}: no sentence in {'Japanese' if not ja.get(key, '').strip() else 'English'}"
            continue
        holes = [{a or b for a, b in HOLE.findall(x)} for x in (ja[key], en[key])]
        if holes[0] - holes[1]:
            yield f"{key}: the English sentence leaves out {', '.join(sorted(holes[0] - holes[1]))}"
        if holes[1] - holes[0]:
            yield f"{key}: the Japanese sentence leaves out {', '.join(sorted(holes[1] - holes[0]))}"
        if KANA.search(en[key]):
            yield f"{key}: the English sentence is in Japanese"


def said(x):
    return bool(x) if not isinstance(x, str) else bool(x.strip())


def faults_of_data(x, where, around=()):
    """`ja` and `en` side by side, `…_ja` with `…_en`, and those of BESIDE with their fellow here or around."""
    if isinstance(x, list):
        for i, v in enumerate(x):
            yield from faults_of_data(v, f"{where}[{i}]", around)
    if not isinstance(x, dict):
        return
    pair = {"ja", "en"} & set(x)
    if pair and not (said(x.get("ja")) and said(x.get("en"))):
        yield f"{where}: only {'Japanese' if said(x.get('ja')) else 'English'}"
    if isinstance(x.get("en"), str) and KANA.search(x["en"]) and isinstance(x.get("ja"), str):
        yield f"{where}: the English is in Japanese"
    for k in x:
        if not isinstance(k, str):
            continue
        if k in BESIDE:
            if not any(said(d.get(f)) for d in (x, *around) for f in (BESIDE[k], k[:-3] + "_en", "description" if k == "text_ja" else k[:-3])):
                yield f"{where}.{k}: nothing in English beside it"
        elif k.endswith("_ja") and not said(x.get(k[:-3] + "_en")) or k.endswith("_en") and not said(x.get(k[:-3] + "_ja")):
            yield f"{where}.{k}: only one language"
    for k, v in x.items():
        yield from faults_of_data(v, f"{where}.{k}", (x, *around))


# Pages that stand beside each other under two names, and README, whose English one has no mark.
def faults_of_pages(root):
    for f in sorted([*root.glob("content/**/*.ja.*"), *root.glob("packs/**/*.ja.*"), *root.glob("content/**/*.en.*"), *root.glob("packs/**/*.en.*"), *root.glob("README.ja.md")]):
        other = f.with_name(f.name.replace(".ja.", ".en.") if ".ja." in f.name else f.name.replace(".en.", ".ja."))
        if not other.exists() and not f.with_name(f.name.replace(".ja.", ".")).exists():
            yield f"{f.relative_to(root)}: {other.name} is missing"


def faults(root):
    texts = [json.loads((root / f"content/texts/{l}.json").read_text()) for l in ("ja", "en")]
    yield from (f"content/texts: {x}" for x in (*faults_of_texts(*texts), *faults_of_keys(root, *texts)))
    for f in sorted([*root.glob("content/**/*.yml"), *root.glob("packs/**/*.yml")]):
        for i, doc in enumerate(yaml.load_all(f.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
            yield from faults_of_data(doc, f"{f.relative_to(root)}#{i}")
    yield from faults_of_pages(root)


def main():
    found = list(faults(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
    for x in found:
        print(x)
    print(f"{len(found)} in one language only, or said by nobody" if found else "everything stands in both languages, and is said")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
