#!/usr/bin/env python3
"""Every file of src/ begins with what it is for (a file beside a header of the same name: there or here), no file
has more than 800 lines and no function more than 80 without a reason at its head ("Longer than …: why").
Functions are found by clang-format's layout: a line at column 0 that ends in "{", up to a "}" at column 0.
usage: check_sizes.py [ROOT]"""
import pathlib
import re
import sys

FILE_MAX, FUNCTION_MAX = 800, 80
REASON = re.compile(r"longer than", re.I)
NAME = re.compile(r"(\w+)\(")


def functions(lines):
    """(name, first line, last line), counted from 0; the first line is that of the opening"""
    begin = signature = None
    for i, line in enumerate(lines):
        if line.startswith("}"):
            if begin is not None:
                name = NAME.search(lines[begin])
                yield (name.group(1) if name else lines[begin].strip()), begin, i
            begin = signature = None
        elif begin is None:
            if line[:1].isalpha() or line[:1] == "_":
                signature = i if "(" in line and "=" not in line.split("(")[0] else None
            elif not line.startswith(" "):
                signature = None
            if signature is not None and line.endswith("{"):
                begin = signature
            elif line.endswith(";"):
                signature = None


def comment_above(lines, i):
    text = []
    while i > 0 and lines[i - 1].strip() and not lines[i - 1].startswith("}"):
        i -= 1
        text.append(lines[i])
    return "\n".join(text)


def has_head(path, lines):
    if lines and lines[0].startswith("/*"):
        return True
    header = path.with_suffix(".h")
    return path.suffix == ".c" and header.exists() and header.read_text().startswith("/*")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1])
    bad, n = [], 0
    for path in sorted([*root.glob("src/**/*.c"), *root.glob("src/**/*.h")]):
        lines = path.read_text().splitlines()
        where = path.relative_to(root)
        n += 1
        if not has_head(path, lines):
            bad.append(f"{where} has no head: what it is for, what it does not do")
        if len(lines) > FILE_MAX and not REASON.search("\n".join(lines[:30])):
            bad.append(f"{where} has {len(lines)} lines and gives no reason")
        for name, first, last in functions(lines):
            size = last - first + 1
            if size > FUNCTION_MAX and not REASON.search(comment_above(lines, first)):
                bad.append(f"{where}:{first + 1}: {name} has {size} lines and gives no reason")
    print("\n".join(bad) if bad else f"sizes: {n} files")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
