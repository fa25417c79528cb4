#!/usr/bin/env python3
"""What a page costs must not grow with the cases of years: every GET route that needs no row of its own, and those of one case, are
asked of a room with 100 cases and of one with 10,000, both with fifty open. Compared are statements and steps of the database's
machine, which count work and not seconds. The times: ./dev bench room."""
import re
import shutil
import sqlite3
import subprocess

import rooms
import tap

CASES, OPEN = 100, 50
TIMES = 199  # copies of the fifty closed ones: 10,050 cases

# Whose work is the whole: each with the reason.
WHOLE = {"/api/v1/audit/verify": "reads the chain from its first row; asked for by an auditor"}
# What looks at the latest so many of the closed ones: few had not so many. Statements, steps (ALIKE_CASES_LOOKED_AT is 400).
BOUNDED = {"/api/v1/triage": (2, 40_000), "/api/v1/incidents/{id}/alike": (10 * 400, 1_200 * 400)}
# No answer of the room's own, or none at once.
ELSEWHERE = {"/api/v1/stream", "/signin", "/ack", "/report", "/answer"}
# So much may an answer grow (the depth of a tree of pages): a factor, and steps.
FACTOR, STEPS = 1.5, 4000


def keys(db, table):
    """column -> the table it names, and the table's own columns that nobody may have twice."""
    refers = {row[3]: row[2] for row in db.execute(f"PRAGMA foreign_key_list({table})")}
    unique = {db.execute(f"PRAGMA index_info({i[1]})").fetchall()[0][2] for i in db.execute(f"PRAGMA index_list({table})")
              if i[2] and len(db.execute(f"PRAGMA index_info({i[1]})").fetchall()) == 1}
    return refers, unique


def multiply(path):
    """Copies all rows that belong to closed cases, with new ids. Only for reading: the copies stand in no chain."""
    db = sqlite3.connect(path)
    tables = [t for t, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    closed = {i for i, in db.execute("SELECT id FROM incident WHERE state = 'closed'")}
    assert len(closed) == CASES - OPEN, len(closed)
    mine = {"incident": closed}  # table -> ids that are copied
    step, again = 10_000_000, True
    while again:  # what hangs on a copied row is copied
        again = False
        for t in tables:
            refers, _ = keys(db, t)
            columns = [c[1] for c in db.execute(f"PRAGMA table_info({t})")]
            if t in mine or t in ("session", "link") or "id" not in columns or not any(to in mine for to in refers.values()):
                continue
            by = next(c for c, to in refers.items() if to in mine)
            ids = {i for i, v in db.execute(f"SELECT id, {by} FROM {t}") if v in mine[refers[by]]}
            if ids:
                mine[t], again = ids, True
    for t in tables:
        refers, unique = keys(db, t)
        columns = [c[1] for c in db.execute(f"PRAGMA table_info({t})")]
        part = "id" not in columns
        by = "id" if not part else next((c for c, to in refers.items() if to in mine), None)
        if not (t in mine or (part and by)):
            continue
        wanted = mine[t] if not part else mine[refers[by]]
        at = {c: i for i, c in enumerate(columns)}
        rows = [r for r in db.execute(f"SELECT * FROM {t}") if r[at[by]] in wanted]
        for n in range(1, TIMES + 1):
            copies = []
            for r in rows:
                c = list(r)
                for name, i in at.items():
                    if c[i] is None:
                        continue
                    if name == "id" or refers.get(name) in mine:
                        to = t if name == "id" else refers[name]
                        c[i] += n * step if c[i] in mine[to] else 0
                    elif name in unique:
                        c[i] = f"{c[i]}{n:04}" if isinstance(c[i], str) else c[i] + n * step
                copies.append(c)
            db.executemany(f"INSERT INTO {t} VALUES ({','.join('?' * len(columns))})", copies)
    db.commit()
    n, = db.execute("SELECT count(*) FROM incident").fetchone()
    db.close()
    return n


def routes():
    """Paths to ask, with {id} for the case's."""
    listed = tap.run(rooms.ROOM, "--list-routes").stdout.decode()
    for line in listed.splitlines():
        method, path = line.split("\t")[:2]
        if method == "GET" and path not in ELSEWHERE and not re.search(r"\{", path.replace("/incidents/{id}", "")):
            yield path


def cost(folder):
    """path -> (status, statements, steps) of the second time it is asked."""
    room = rooms.Room(folder, extra=("--effort",))
    room.start()
    try:
        browser = room.browser()
        case = room.one("SELECT max(id) FROM incident WHERE state = 'open'")
        found = {}
        for path in routes():
            for _ in range(2):  # the first time, what is kept in memory is made
                r = browser.request("GET", path.replace("{id}", str(case)))
            told = dict(re.findall(r"(\w+);dur=(\d+)", r.headers["server-timing"])) if "server-timing" in r.headers else None
            found[path] = (r.status, int(told["statements"]), int(told["steps"])) if told else (r.status, 0, 0)
        room.stop()
        return found
    finally:
        if room.child.poll() is None:
            room.kill()


@tap.test
def pages_of_ten_thousand_cases_cost_what_those_of_a_hundred_do():
    subprocess.run(["ninja", "-C", tap.BUILD, "bench/room_gen"], check=True, capture_output=True)
    with tap.folder() as d:
        tap.run(tap.BUILD / "bench/room_gen", d / "few", str(CASES), "3", "4")
        shutil.copytree(d / "few", d / "many")
        n = multiply(d / "many/room/room.db")
        assert n >= 10_000, n
        few, many = cost(d / "few"), cost(d / "many")
    assert len(few) > 30 and few["/api/v1/incidents/{id}"][1] > 3, few
    grown = []
    for path, (status, statements, steps) in sorted(few.items()):
        status_many, statements_many, steps_many = many[path]
        print(f"# {statements:5} {statements_many:5} {steps:8} {steps_many:8} {status} {path}")
        assert status == status_many, (path, status, status_many)
        more, most = BOUNDED.get(path, (2, steps * FACTOR + STEPS))
        if path not in WHOLE and (statements_many > statements + more or steps_many > most):
            grown.append(f"{path}: statements {statements} -> {statements_many}, steps {steps} -> {steps_many}")
    assert not grown, "\n".join(grown)


tap.main()
