#!/usr/bin/env python3
"""content/variants.tsv -> a C table for src/base/text_variants.c.

Rows of single characters: each becomes the first of its row that is no radical, as text usually has it. Rows of words
(their characters replaced so): each becomes the least one, fewest bytes, then lowest bytes. So a replacement leaves
fewer characters to replace, or a smaller text: replacing ends, and what was replaced holds nothing to replace. Refuses
a row that would not come to that end (a writing that another row changes first)."""
import sys
import unicodedata


def folded(s):
    return unicodedata.normalize('NFKC', unicodedata.normalize('NFKC', s).casefold())


def order(s):
    b = s.encode()
    return (len(b), b)


def read(path):
    """Classes of equal writings, rows that share one joined."""
    chars, words = [], []
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        line = line.rstrip('\n')
        if not line or line.startswith('#'):
            continue
        row = list(dict.fromkeys(folded(w) for w in line.split('\t') if w))
        if sum(w.isascii() for w in row) > 1:
            sys.exit(f'{path}:{number}: one writing of a row may be plain ASCII, not several')
        to = chars if all(len(w) == 1 for w in row) else words
        for c in [c for c in to if set(c) & set(row)]:
            row = c + [w for w in row if w not in c]
            to.remove(c)
        if len(row) > 1:
            to.append(row)
    return chars, words


def table_of(path):
    chars, words = read(path)
    table = {}
    for c in chars:
        usual = [w for w in c if not 0x2e80 <= ord(w) <= 0x2fdf][0]
        table.update({w: usual for w in c if w != usual})
    plain = dict(table)
    for c in words:
        row = {replace(w, plain) for w in c}
        least = min(row, key=order)
        table.update({w: least for w in row if w != least})
    return table


def replace(s, table):
    """As text_variants.c does it: leftmost, longest, then again from far enough before."""
    longest = max(map(len, table))
    i = 0
    while i < len(s):
        for n in range(min(longest, len(s) - i), 0, -1):
            if s[i:i + n] in table:
                s = s[:i] + table[s[i:i + n]] + s[i + n:]
                i = max(-1, i - longest)
                break
        i += 1
    return s


def main():
    path = sys.argv[1]
    table = table_of(path)
    for w, least in sorted(table.items()):
        if replace(w, table) != least or replace(least, table) != least:
            sys.exit(f"{path}: '{w}' does not become '{least}': another row changes a part of it")
    rows = sorted(((w.encode(), v.encode()) for w, v in table.items()), key=lambda r: (r[0][:3], -len(r[0]), r[0]))
    print('/* Made by tools/gen_variants.py from content/variants.tsv. By the first three bytes, the longest first. */')
    for w, v in rows:
        if len(w) < 3:
            sys.exit(f"{path}: '{w.decode()}' is shorter than three bytes")
        text = ['"' + ''.join(f'\\{b:03o}' for b in s) + '"' for s in (w, v)]
        print('{%s, %d, %s, %d},' % (text[0], len(w), text[1], len(v)))


main()
