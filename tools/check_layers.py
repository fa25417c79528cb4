#!/usr/bin/env python3
"""The include rule of docs/ARCHITECTURE.md: base <- event, door <- siblings <- app, duty below the room, and a third-party
header only inside the folder that owns its library. Prints each violation with file and line; exit 1.

usage: check_layers.py [ROOT]   (ROOT holds src/, tests/ and bench/)"""
import pathlib
import re
import sys

BELOW = {"base": set(), "event": {"base"}, "door": {"base"}, "duty": {"base"}, "firewall": {"base"}}
ALSO = {"room": {"duty"}}  # rosters and authority are pure: who keeps the rows may ask them
SIBLING_MAY = {"base", "event", "door"}
# header prefix or name -> folders of src/ that may include it
OWNERS = {
    "yaml.h": {"base"}, "sqlite3.h": {"base"}, "sodium.h": {"base"}, "nettle/": {"base"},
    "uni": {"base"}, "iconv.h": {"base"},
    "uv.h": {"intake", "app"}, "zstd.h": {"spool", "intake"}, "zlib.h": {"intake"},
    "pcre2.h": {"detect"}, "systemd/": {"intake"}, "microhttpd.h": {"app"}, "gnutls/": {"app"},
    "seccomp.h": {"app"}, "cap-ng.h": {"app"}, "sys/capability.h": {"app"},
    "curl/": {"door"}, "zip.h": {"ruleset", "table"}, "expat.h": {"firewall", "table"},
}
NOT_UNISTRING = {"unistd.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def owner_of(header):
    if header in NOT_UNISTRING:
        return None
    for prefix, folders in OWNERS.items():
        if header == prefix or (prefix.endswith("/") or prefix == "uni") and header.startswith(prefix):
            return folders
    return None


def check_file(root, path):
    rel = path.relative_to(root)
    in_src = rel.parts[0] == "src"
    folder = rel.parts[1] if in_src else None
    may = None
    if in_src and folder != "app":
        may = BELOW.get(folder, SIBLING_MAY) | ALSO.get(folder, set()) | {folder}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        m = INCLUDE.match(line)
        if not m:
            continue
        kind, header = m.groups()
        if kind == "<":
            owners = owner_of(header)
            if in_src and owners and folder not in owners:
                yield f"{rel}:{number}: <{header}> belongs to src/{', src/'.join(sorted(owners))}"
            continue
        if header.startswith(".") or "/" not in header:
            if in_src:
                yield f'{rel}:{number}: "{header}" has no folder; write "{folder}/{header}"'
            continue
        target = header.split("/")[0]
        if not in_src or not (root / "src" / target).is_dir():
            continue
        if may is not None and target not in may:
            yield f'{rel}:{number}: src/{folder} must not include "{header}"'
        if header.endswith("_priv.h") and target != folder:
            yield f'{rel}:{number}: "{header}" is private to src/{target}'


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    files = [p for d in ("src", "tests", "bench") for p in sorted((root / d).rglob("*.[ch]"))]
    bad = [b for p in files for b in check_file(root, p)]
    print("\n".join(bad) if bad else f"layers: {len(files)} files keep the include rule")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
