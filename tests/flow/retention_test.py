#!/usr/bin/env python3
"""What is kept as long as it must be and no longer: whole segments go when their time is over, what a case holds stays, what was
removed is a record of its own, and verify tells a lawful removal from any other."""
import json
import os
import re
import shutil
import signal
import socket
import time

import programs
import seals as seal
import tap

SETTINGS = {"sources": [], "spool": {"segment": 1, "close_after": "1s"}, "retention": {"keep": "4s"}}


def verify(data, *args):
    r = tap.run(tap.KIZUKI, "verify", data, *args)
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def attack(port):
    """Enough for a case; its evidence are these very lines."""
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        s.sendall(b"".join(b"<38>Nov 21 12:00:%02d gate sshd[%d]: Failed password for invalid user u%d from 203.0.113.9 port %d ssh2\n"
                           % (i // 5, 100 + i, i, 4000 + i) for i in range(200)))
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass


def time_in(path, word):
    return re.search(rf"^{word} (\S+)$", path.read_text(errors="replace"), re.M)[1]


def segments(data):
    return {int(p.name[:8]) for p in (data / "spool").glob("*.seg*")}


def removed(data):
    return {int(p.name[:8]) for p in (data / "spool").glob("*.removed")}


def signed_by(data):
    """The fingerprint of who signed for each removal, by segment."""
    return {int(p.name[:8]): re.search("^\u2014 (\\w+) ", p.read_text(), re.M)[1] for p in (data / "spool").glob("*.removed")}


def send_more(s):
    """The tree goes on from its last whole block of 256 records: what stands in it stays until the next one is full, and what
    shares a segment with a case's lines stays for good. So there is always something newer, in segments of its own."""
    seal.send(s.syslog_port, [b"new %d" % i for i in range(600)])
    return True


def the_vault_removes_by_itself(first, vault, copy, theirs, d):
    """By its own settings, with its own key, and told in its own spool; never what a case of the first holds, and nothing while
    that is not known."""
    nothing = {"state": None, "removed": 0}  # the first note of a removal may be there before the first state
    state = lambda: next((c for c in json.loads((vault.data / "status" / "keep.json").read_text())["copies"] if c["name"] == "tokyo"), nothing)
    ours = lambda: {n for n, who in signed_by(copy).items() if who not in theirs}
    held = lambda: [int(l.split()[0]) for l in (copy / "hold" / "holds").read_text().splitlines()[1:-1]]
    # the note of a removal is on disk before the state says how many went
    tap.wait_until(lambda: send_more(first) and ours() and state()["state"] == "held" and state()["removed"] >= len(ours()), 60, 1, lambda: f"the vault removes: {state()} {signed_by(copy)} " + vault.output()[-1500:])
    assert state()["held_segments"] >= 1 and state()["held_incident"] >= 1, state()
    for n in held()[:3] + held()[-3:]:
        r = tap.run(tap.KIZUKI, "search", "*", copy, "--from-record", n, "--to-record", n + 1, "--count")
        assert r.stdout.strip() == b"1", (n, r)
    told = lambda: [json.loads(l) for l in tap.run(tap.KIZUKI, "search", "event.action:segment-removed", vault.data).stdout.splitlines()]
    assert ours() <= {int(t["kizuki.keep.segment"]) for t in told()} and {t["kizuki.keep.copy"] for t in told()} == {"tokyo"}, told()
    tap.wait_until(lambda: not (removed(copy) & {int(p.name[:8]) for p in (vault.data / "search" / "copy-tokyo").glob("*.filter")}), 60, 0.2, "filters of what went")
    page = vault.browser()
    seen = page.get("/seals")
    assert [(c["name"], c["removed"] > 0) for c in seen["keep"]["copies"]] == [("tokyo", True)] and seen["retention"]["copies"][0]["why"] == "contract 9" and seen["retention"]["copies"][0]["keep_days"] == 0, seen
    # the first is silent, or tells no more: after ten minutes nothing goes. The puller is held, so that it writes no other list.
    pullers = [p for name, p in vault.children().items() if name.startswith("kizuki-vault")]
    os.kill(pullers[0], signal.SIGSTOP)
    try:
        old = (copy / "hold" / "holds").read_text().splitlines(keepends=True)
        (d / "holds").write_text(f"kizuki-holds 1 {time.time_ns() - 11 * 60 * 10**9}\n" + "".join(old[1:]))
        os.replace(d / "holds", copy / "hold" / "holds")  # never half a list
        tap.wait_until(lambda: state()["state"] == "blind", 60, 0.1, lambda: str(state()))
    finally:
        os.kill(pullers[0], signal.SIGCONT)
    tap.wait_until(lambda: state()["state"] == "held", 60, 0.1, lambda: str(state()))


def the_vault_says_what_it_removed(vault, copy, theirs, d):
    ours = [n for n, who in signed_by(copy).items() if who not in theirs]
    status, said = verify(copy)
    who = (vault.data / "keep" / "key.pub").read_text()
    line = next(l for l in said.splitlines() if f"removed, and noted: segment {ours[0]:08}" in l)
    assert status == 0 and re.search(r"; 2\d{3}-\d\d-\d\dT[\d:]+.*, by this vault \(key \w{16}\)$", line), said
    assert "by the Kizuki that wrote them" in said and "what this vault removed is signed by" in said, said
    # with the vault's key as it is kept elsewhere; with another, and without one, what it removed is missing
    (d / "vault.pub").write_text(who)
    assert verify(copy, "--vault-key", d / "vault.pub")[0] == 0
    status, said = verify(copy, "--vault-key", copy / "keep" / "key.pub")
    assert status == 1 and "not to be believed" in said and "missing" in said, said
    (copy / "spool" / "vault.pub").unlink()
    assert verify(copy)[0] == 1
    (copy / "spool" / "vault.pub").write_text(who)


def a_vault_that_comes_late_verifies(first, at, d):
    """Enrolled after segments went (the first one is held by a case; unit_spool has that, too): the notes of what is gone are handed over, and what is pulled verifies without the first."""
    keep = {"copies": [{"name": "tokyo", "keep": "2s", "required": "1s", "why": "contract 9"}]}
    settings = {"sources": [], "spool": {"segment": 1, "close_after": "1s"}, "vault": {"every": "1s", "retention": keep}}
    vault = programs.Served(d / "vault", settings, ["--no-local-logs", "--vault"])
    try:
        vault.wait_up()
        code = tap.run(tap.KIZUKI, "vault", "code", "late", "--data", first.data).stdout.decode().strip()
        r = tap.run(tap.KIZUKI, "vault", "enrol", "tokyo", at, code, "--data", vault.data)
        assert r.returncode == 0, r.stderr
        copy = vault.data / "vault" / "tokyo"
        newest = max(int(p.name[:8]) for p in (first.data / "spool").glob("*.checkpoint"))
        tap.wait_until(lambda: (copy / "spool" / f"{newest:08}.checkpoint").exists(), 60, 0.1, lambda: "all is pulled: " + vault.output()[-1500:])
        theirs = set(signed_by(first.data).values())
        the_vault_removes_by_itself(first, vault, copy, theirs, d)
    finally:
        vault.stop()
    the_vault_says_what_it_removed(vault, copy, theirs, d)
    assert removed(copy) and not (removed(copy) & segments(copy)) and segments(copy), (removed(copy), segments(copy))
    status, said = verify(copy)
    assert status == 0 and f"removed, and noted: segment {min(removed(copy)):08}" in said, said


@tap.test
def segments_go_when_their_time_is_over_and_verify_knows():
    at = f"127.0.0.1:{programs.free_port()}"
    with programs.served(SETTINGS | {"vault": {"offer": [at]}}, ["--no-local-logs"]) as s, tap.folder() as d:
        s.wait_up()
        seal.send(s.syslog_port, [b"old %d" % i for i in range(2000)])
        seal.wait_sealed(s, 1)  # not in one segment with a case's lines
        attack(s.syslog_port)
        b = s.browser()
        tap.wait_until(lambda: b.get("/incidents?state=all")["incidents"], 60, 0.1, "a case")
        seal.wait_sealed(s, 2)
        # the first segments go, but not those in which a case's lines stand
        holds = lambda: (s.data / "hold" / "holds").read_text().splitlines()
        tap.wait_until(lambda: (s.data / "hold" / "holds").exists() and len(holds()) > 2, 60, 0.1, "the room tells what is held")
        held = [int(l.split()[0]) for l in holds()[1:-1]]
        tap.wait_until(lambda: send_more(s) and removed(s.data) and not (removed(s.data) & segments(s.data)), 60, 1,
                       lambda: "something is removed: " + s.output()[-1500:])
        status = lambda: json.loads((s.data / "status" / "keep.json").read_text())["retention"]
        tap.wait_until(lambda: status()["held_segments"] >= 1 and status()["state"] == "held", 60, 0.1, str(status()))
        told = lambda: [json.loads(l) for l in tap.run(tap.KIZUKI, "search", "event.action:segment-removed", s.data).stdout.splitlines()]
        tap.wait_until(told, 60, 0.2, "the removal is a record of its own")
        # what goes was told before, in a record that was sealed then: no note of a removal is older than the seal over its record
        record = lambda: {int(t["kizuki.keep.segment"]): t["kizuki.position"]["spool"] for t in reversed(told())}
        gone = sorted(removed(s.data))[:20]  # others go meanwhile
        tap.wait_until(lambda: set(gone) <= set(record()), 60, 0.2, "each removal was told")
        told_at = record()
        seals_of = sorted((int(re.search(r"^(\d+)$", p.read_text(), re.M)[1]), time_in(p, "sealed")) for p in (s.data / "spool").glob("*.checkpoint"))
        for n in gone:
            sealed = next(at for size, at in seals_of if size >= told_at[n])
            assert sealed <= time_in(s.data / "spool" / f"{n:08}.removed", "removed"), (n, told_at[n], sealed)
        # and the searcher keeps nothing of it
        tap.wait_until(lambda: not (removed(s.data) & {int(p.name[:8]) for p in (s.data / "search").glob("*.filter")}), 60, 0.2, "filters of removed segments")
        a_vault_that_comes_late_verifies(s, at, d)
        s.stop()
        found = tap.run(tap.KIZUKI, "search", "Failed password", s.data, "--count").stdout.decode()
        assert found.strip() == "200", found  # a case's lines are all there
        for n in held[:3] + held[-3:]:
            r = tap.run(tap.KIZUKI, "search", "*", s.data, "--from-record", n, "--to-record", n + 1, "--count")
            assert r.stdout.strip() == b"1", (n, r)
        status, said = verify(s.data)
        assert status == 0 and "removed, and noted: segment" in said and "kept for 0 days" in said, said

        # the same file gone without a note, and a note that somebody else signed
        kept = sorted(segments(s.data))[:-1]
        victim = f"{kept[0]:08}.seg.zst"
        copy = d / "copy"
        shutil.copytree(s.data, copy, ignore=shutil.ignore_patterns("*.sock", "lock"))
        os.unlink(copy / "spool" / victim)
        status, said = verify(copy)
        assert status == 1 and f"missing: segment {kept[0]:08}" in said, said
        some = sorted(removed(s.data))[0]
        (copy / "spool" / f"{some:08}.removed").chmod(0o600)
        (copy / "spool" / f"{some:08}.removed").unlink()
        status, said = verify(copy)
        assert status == 1 and "missing" in said, said


@tap.test
def what_cannot_be_meant_is_refused():
    with tap.folder() as d:
        for retention, why in (({"keep": "30d", "required": "1y", "why": "統一基準"}, "keep is shorter than what is required"),
                               ({"keep": "2y", "required": "1y"}, "wants why"),
                               ({"keep": "2y", "sources": [{"name": "fw", "required": "3y", "why": "contract 7"}]}, "shorter")):
            (d / "kizuki.yml").write_text(json.dumps({"retention": retention}))
            r = tap.run(tap.KIZUKI, "serve", "--data", d, timeout=20)
            assert r.returncode == 1 and why in r.stderr.decode(), (retention, r.stderr)


tap.main()
