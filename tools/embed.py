#!/usr/bin/env python3
"""Files built into kizuki-room: the pages (ui/dist, else the plain page that says they are not built) and the
description of the API. usage: embed.py OUT.c FALLBACK_DIR OPENAPI.json UI_DIST

Writes OUT.c with one .incbin a file, and only when it changed. Compile it together with nothing else."""
import hashlib
import pathlib
import re
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
         ".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
         ".woff2": "font/woff2", ".map": "application/json"}
HASHED = re.compile(r"-[A-Za-z0-9_-]{8}\.[a-z0-9]+$")


def quote(path):
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def main():
    out, fallback, openapi, dist = map(pathlib.Path, sys.argv[1:5])
    root = dist if (dist / "index.html").is_file() else fallback
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.suffix in TYPES)
    lines = ["/* Made by tools/embed.py. */", '#include "app/room/assets.h"', ""]
    rows = []
    for i, (path, name) in enumerate([(p, "/" + p.relative_to(root).as_posix()) for p in files] + [(openapi, "/api/v1/openapi.json")]):
        data = path.read_bytes()
        etag = hashlib.sha256(data).hexdigest()[:32]
        lines.append(f'extern const unsigned char asset_{i}_begin[], asset_{i}_end[];')
        # the hash stands in the text, so that a changed file is compiled again
        lines.append(f'__asm__(".section .rodata\\n.balign 16\\n.global asset_{i}_begin\\nasset_{i}_begin:\\n.incbin \\"{quote(path.resolve())}\\"\\n'
                     f'.global asset_{i}_end\\nasset_{i}_end:\\n.byte 0\\n.text\\n"); /* {etag} */')
        rows.append('{.path = "%s", .type = "%s", .etag = "\\"%s\\"", .immutable = %s, .begin = asset_%d_begin, .end = asset_%d_end}'
                    % (quote(name), TYPES[path.suffix], etag, "true" if HASHED.search(name) else "false", i, i))
    lines.append("const struct asset assets[] = {\n    " + ",\n    ".join(rows[:-1]) + ",\n};")
    lines.append("const size_t n_assets = sizeof assets / sizeof assets[0];")
    lines.append("const struct asset asset_openapi = " + rows[-1] + ";")
    text = "\n".join(lines) + "\n"
    if not out.exists() or out.read_text() != text:
        out.write_text(text)


main()
