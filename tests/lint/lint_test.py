#!/usr/bin/env python3
"""The guards have been seen to fail: each is given one violation and must name it, and passes without it."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
n = failed = 0


def check(name, good):
    global n, failed
    n += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {n} - {name}")


def layers(files):
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        for f in ("base", "duty", "event", "detect", "room", "spool", "app"):
            (d / "src" / f).mkdir(parents=True)
        for name, text in files.items():
            (d / "src" / name).write_text(text)
        r = subprocess.run([sys.executable, TOOLS / "check_layers.py", d], capture_output=True, text=True)
        return r.returncode, r.stdout


def expect_layers(name, files, words):
    code, out = layers(files)
    check(name, code == 1 and words in out)


expect_layers("a sibling includes a sibling", {"detect/a.c": '#include "spool/x.h"\n'},
              'detect/a.c:1: src/detect must not include "spool/x.h"')
expect_layers("base looks upward", {"base/a.c": '#include "event/record.h"\n'}, "src/base must not include")
expect_layers("what is pure looks at the room", {"duty/a.c": '#include "room/room.h"\n'}, "src/duty must not include")
expect_layers("a sibling other than the room asks the roster", {"detect/a.c": '#include "duty/roster.h"\n'},
              'src/detect must not include "duty/roster.h"')
expect_layers("a third-party header strays", {"detect/a.c": "#include <sqlite3.h>\n"},
              "<sqlite3.h> belongs to src/base")
expect_layers("an include without a folder", {"detect/a.c": '#include "rule.h"\n'}, "has no folder")
expect_layers("a private header leaves its folder", {"app/a.c": '#include "detect/plan_priv.h"\n'},
              "is private to src/detect")
code, out = layers({"detect/a.c": '#include "base/str.h"\n#include "event/port.h"\n#include <pcre2.h>\n'
                                  "#include <unistd.h>\n",
                    "room/a.c": '#include "duty/roster.h"\n',
                    "app/a.c": '#include "detect/x.h"\n#include "spool/y.h"\n'})
check("a tree that keeps the rule passes", code == 0)

with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    (d / "kizuki-x.c").write_text('#include <zlib.h>\nint main(void) { return (int) crc32(0, 0, 0); }\n')
    subprocess.run(["gcc", "-o", d / "kizuki-x", d / "kizuki-x.c", "-lz"], check=True)
    (d / "list").write_text("kizuki-x libother.so.1\n")
    r = subprocess.run([sys.executable, TOOLS / "check_libs.py", d, d / "list"], capture_output=True, text=True)
    check("a program with an unlisted library", r.returncode == 1 and "libz.so.1" in r.stdout)
    (d / "list").write_text("kizuki-x libz.so.1\n")
    r = subprocess.run([sys.executable, TOOLS / "check_libs.py", d, d / "list"], capture_output=True, text=True)
    check("the same program, listed", r.returncode == 0)
    (d / "list").write_text("")
    r = subprocess.run([sys.executable, TOOLS / "check_libs.py", d, d / "list"], capture_output=True, text=True)
    check("a program without a line", r.returncode == 1 and "has no line" in r.stdout)

with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    (d / "src" / "base").mkdir(parents=True)
    (d / "src" / "base" / "a.h").write_text("size_t f(void);\n")
    r = subprocess.run([sys.executable, TOOLS / "check_headers.py", d], capture_output=True, text=True)
    check("a header that leans on others", r.returncode == 1 and "does not compile alone" in r.stdout)

def decoders(samples):
    with tempfile.TemporaryDirectory() as d:
        (pathlib.Path(d) / "a.yml").write_text("decoder: a\nsamples:\n" + samples)
        r = subprocess.run([sys.executable, TOOLS / "check_decoders.py", d], capture_output=True, text=True)
        return r.returncode, r.stderr


PAGE = "  - line: 'x'\n    url: &doc https://www.cisco.com/c/a.html\n    expect: {a: b}\n"
check("samples with the page of the product's maker pass", decoders(PAGE + "  - line: y\n    url: *doc\n")[0] == 0)
code, out = decoders(PAGE + "  - line: y\n    expect: {url: 1}\n  - line: z\n    url: *doc\n")
check("a sample without a page", code == 1 and "a.yml:6: the sample names no page" in out)
code, out = decoders(PAGE + "  - line: y\n    url: https://www.cisco.com.example.org/a\n")
check("a page that is not the maker's", code == 1 and "is not a page of" in out)
check("a decoder without samples", decoders("")[0] == 1)


def deps(meson, table, npm="{}", dev=""):
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        (d / "docs").mkdir()
        (d / "ui").mkdir()
        (d / "meson.build").write_text(meson)
        (d / "ui" / "package.json").write_text(npm)
        (d / "dev").write_text(dev)
        (d / "docs" / "DEPENDENCIES.md").write_text("## Linked\n\n| a | b | c | d |\n|---|---|---|---|\n" + table)
        r = subprocess.run([sys.executable, TOOLS / "check_deps.py", d], capture_output=True, text=True)
        return r.returncode, r.stdout


ROW = "| x (`x`) | MIT | because | y |\n"
code, out = deps("dependency('x')\ndependency('threads')\n", ROW)
check("a table that fits passes", code == 0)
code, out = deps("dependency('x')\ncc.find_library('z')\n", ROW)
check("a linked library without a row", code == 1 and "asks for z" in out)
code, out = deps("dependency('x')\n", ROW, '{"dependencies": {"preact": "1"}}')
check("an npm package without a row", code == 1 and "asks for preact" in out)
code, out = deps("dependency('x')\n", ROW, dev='APT_TEST="gcc\n  hydra"\n')
check("a Debian package without a row", code == 1 and "asks for gcc" in out and "asks for hydra" in out)
code, out = deps("", ROW)
check("a row nobody asks for", code == 1 and "which nothing asks for" in out)
code, out = deps("dependency('x')\n", "| x (`x`) | GPL-3+ | because | y |\n")
check("a linked library under the GPL alone", code == 1 and "is linked and GPL" in out)
code, out = deps("dependency('x')\n", "| x (`x`) | MIT |  | y |\n")
check("a row without its reason", code == 1 and "wants licence, reason" in out)


def sizes(name, text):
    with tempfile.TemporaryDirectory() as d:
        p = pathlib.Path(d) / "src" / name
        p.parent.mkdir(parents=True)
        p.write_text(text)
        r = subprocess.run([sys.executable, TOOLS / "check_sizes.py", d], capture_output=True, text=True)
        return r.returncode, r.stdout


LONG = "static int f(int x) {\n" + "    x++;\n" * 90 + "    return x;\n}\n"
code, out = sizes("base/a.c", "/* Head. */\n" + "int x;\n" * 850)
check("a file of more than 800 lines", code == 1 and "lines" in out)
code, out = sizes("base/a.c", "/* Head.\n * Longer than 800 lines: one table. */\n" + "int x;\n" * 850)
check("the same file with its reason", code == 0)
code, out = sizes("base/a.c", "/* Head. */\n" + LONG)
check("a function of more than 80 lines", code == 1 and "f has 93 lines" in out)
code, out = sizes("base/a.c", "/* Head. */\n/* Longer than 80 lines: a dispatcher. */\n" + LONG)
check("the same function with its reason", code == 0)
code, out = sizes("base/a.c", '#include "base/a.h"\nint x;\n')
check("a file without a head", code == 1 and "no head" in out)


def bilingual(files, ja='{"a": "あ"}', en='{"a": "a"}'):
    with tempfile.TemporaryDirectory() as d:
        d = pathlib.Path(d)
        for name, text in {"content/texts/ja.json": ja, "content/texts/en.json": en, **files}.items():
            (d / name).parent.mkdir(parents=True, exist_ok=True)
            (d / name).write_text(text)
        r = subprocess.run([sys.executable, TOOLS / "check_bilingual.py", d], capture_output=True, text=True)
        return r.returncode, r.stdout


for name, files, words, texts in (
    ("a sentence in one language", {}, "b: no sentence in English", {"ja": '{"a": "あ", "b": "い"}'}),
    ("a sentence that leaves a number out", {}, "a: the English sentence leaves out n", {"ja": '{"a": "{n}件"}', "en": '{"a": "some"}'}),
    ("a sentence nobody translated", {}, "a: the English sentence is in Japanese", {"en": '{"a": "あした"}'}),
    ("a sentence nobody says", {"src/a.c": 'say("a.b"); printf("c.%s", x);'}, "a.d: nobody says", {"ja": '{"a.b": "あ", "a.d": "い", "c.e": "う"}', "en": '{"a.b": "a", "a.d": "b", "c.e": "c"}'}),
    ("a label of a form in one language", {"content/forms/f.yml": "fields:\n  - label: {ja: 住所}\n"}, "content/forms/f.yml#0.fields[0].label: only Japanese", {}),
    ("a label whose English is in Japanese", {"content/forms/f.yml": "label: {ja: あて先, en: あて先}\n"}, "the English is in Japanese", {}),
    ("a rule without an English title", {"content/rules/r.yml": "id: x\nkizuki:\n  title_ja: 何か\n"}, "title_ja: nothing in English beside it", {}),
    ("a lesson told in one language", {"packs/p/story.ja.md": "話\n"}, "packs/p/story.ja.md: story.en.md is missing", {}),
):
    code, out = bilingual(files, **texts)
    check(name, code == 1 and words in out)
code, out = bilingual({"src/a.c": 'say("a.b"); printf("c.%s", x);'}, *['{"a.b": "{x:word:f}", "a.b.lane": "x", "c.e": "x", "f.g": "x"}'] * 2)
check("sentences that are said pass", code == 0)
code, out = bilingual({"content/forms/f.yml": "label: {ja: 住所, en: address}\n", "packs/p/story.ja.md": "話\n", "packs/p/story.en.md": "story\n"})
check("what stands in both languages passes", code == 0)

sys.exit(1 if failed else 0)
