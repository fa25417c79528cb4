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
        for f in ("base", "event", "detect", "spool", "app"):
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
expect_layers("a third-party header strays", {"detect/a.c": "#include <sqlite3.h>\n"},
              "<sqlite3.h> belongs to src/base")
expect_layers("an include without a folder", {"detect/a.c": '#include "rule.h"\n'}, "has no folder")
expect_layers("a private header leaves its folder", {"app/a.c": '#include "detect/plan_priv.h"\n'},
              "is private to src/detect")
code, out = layers({"detect/a.c": '#include "base/str.h"\n#include "event/port.h"\n#include <pcre2.h>\n'
                                  "#include <unistd.h>\n",
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

sys.exit(1 if failed else 0)
