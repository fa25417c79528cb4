#!/usr/bin/env python3
"""Every header of src/ compiles alone. usage: check_headers.py [ROOT]"""
import concurrent.futures
import pathlib
import subprocess
import sys


def compile_alone(root, header):
    rel = header.relative_to(root / "src")
    r = subprocess.run(
        ["gcc", "-std=gnu17", "-D_GNU_SOURCE", '-DKIZUKI_VERSION="x"', "-Wall", "-Wextra", "-Werror",
         "-Wno-unused-parameter", "-I", str(root / "src"), "-fsyntax-only", "-x", "c", "-"],
        input=f'#include "{rel}"\n', text=True, capture_output=True)
    return rel, r.returncode, r.stderr


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    headers = sorted((root / "src").rglob("*.h"))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for rel, code, err in pool.map(lambda h: compile_alone(root, h), headers):
            if code:
                failed += 1
                print(f"src/{rel} does not compile alone:\n{err}")
    if not failed:
        print(f"headers: {len(headers)} compile alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
