#!/usr/bin/env python3
"""The library list of each program: readelf -d against tools/libraries.txt. Sanitizer runtimes of developer
builds do not count. usage: check_libs.py BUILD_DIR [LIST]"""
import pathlib
import re
import subprocess
import sys

ALWAYS = re.compile(r"^(libc\.so|libm\.so|ld-linux|libasan|libubsan|linux-vdso|libgcc_s)")


def main():
    build = pathlib.Path(sys.argv[1])
    table = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent / "libraries.txt")
    bad = 0
    seen = 0
    for line in table.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, *allowed = line.split()
        exe = build / name
        if not exe.exists():
            continue
        seen += 1
        out = subprocess.run(["readelf", "-d", str(exe)], capture_output=True, text=True, check=True).stdout
        needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", out)
        for lib in needed:
            if not ALWAYS.match(lib) and lib not in allowed:
                print(f"{name} is linked with {lib}, which tools/libraries.txt does not list for it")
                bad += 1
    listed = {l.split()[0] for l in table.read_text().splitlines() if l and not l.startswith("#")}
    for exe in sorted(build.glob("kizuki*")):
        if exe.is_file() and "." not in exe.name and exe.name not in listed:
            print(f"{exe.name} has no line in tools/libraries.txt")
            bad += 1
    if not bad:
        print(f"libraries: {seen} programs load only what is listed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
