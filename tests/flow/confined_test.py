#!/usr/bin/env python3
"""From inside the running sensor: of the data folder it can open what is its own, and neither keys nor the room's database;
elsewhere the folders of its sources.

The sensor itself is made to try: it follows `*.log` in a folder, and links of that name that appear there lead into the
data folder. What it can open it reads, so the line in the file stands in its spool. The vault's and the index's programs do not
follow files, so a library loaded into them tries (inside.c)."""
import errno
import os
import re
import signal
import socket
import subprocess
import time

import programs
import spoolread
import tap

OWN = ("sensor", "rules", "spool", "incoming")
FOREIGN = ("keep", "room", "hand", "run")


@tap.test
def the_sensor_reads_no_key_and_no_database():
    with tap.folder() as logs, tap.folder() as root:
        usual = root / "var" / "log"  # this machine's usual logs, which nobody asked for
        (usual / "journal").mkdir(parents=True)
        (usual / "auth.log").write_text("planted among the usual logs\n")
        settings = {"sources": [{"name": "links", "kind": "file", "path": str(logs / "*.log")},
                                {"name": "deep", "kind": "file", "path": str(logs / "*" / "app.log")}]}
        with programs.served(settings, ["--logs-root", str(root)]) as s:
            s.wait_up()
            tap.need("no Landlock" not in s.output(), "this kernel has no Landlock")
            tap.wait_until(lambda: (s.data / "keep" / "key").exists(), 10, what="the key of the seals")

            def seen():
                return {l.decode(errors="replace") for l in spoolread.lines(s.data / "spool")}

            for folder in (*OWN, *FOREIGN):
                (s.data / folder).mkdir(exist_ok=True)
                (s.data / folder / "planted").write_text(f"planted in {folder}\n")
                (logs / f"{folder}.log").symlink_to(s.data / folder / "planted")
            # names of real secrets: a line end behind them makes whatever can be read a line
            secrets = {"key.log": s.data / "keep" / "key", "order.log": s.data / "room" / "order.key",
                       "tls.log": s.data / "room" / "tls.key", "db.log": s.data / "room" / "room.db"}
            for name, path in secrets.items():
                assert path.exists(), path
                (logs / name).symlink_to(path)
            (logs / "usual.log").symlink_to(usual / "auth.log")
            (logs / "below").mkdir()
            (logs / "below" / "app.log").write_text("in a folder that came later\n")
            (logs / "last.log").write_text("the last one\n")
            own = {f"planted in {f}" for f in OWN}
            own |= {"the last one", "in a folder that came later"}
            tap.wait_until(lambda: seen() >= own, 60, what="what it may read")
            # another whole look at all names after everything was there
            (logs / "later.log").write_text("a later look\n")
            tap.wait_until(lambda: "a later look" in seen(), 20, what="a later look")
            assert seen() == own | {"a later look"}, seen()


@tap.test
def the_same_links_are_read_where_nothing_confines():
    """The test above can fail: outside the data folder's secrets the very same link is followed."""
    with tap.folder() as logs, tap.folder() as other:
        settings = {"sources": [{"name": "links", "kind": "file", "path": str(logs / "*.log")},
                                {"name": "other", "kind": "file", "path": str(other / "none")}]}
        with programs.served(settings, ["--no-local-logs"]) as s:
            s.wait_up()
            (other / "key").write_text("planted elsewhere\n")
            (logs / "key.log").symlink_to(other / "key")
            tap.wait_until(lambda: spoolread.lines(s.data / "spool") == [b"planted elsewhere"], 20, what="the line behind the link")


INSIDE = tap.ROOT / "build-dev" / "tests" / "flow" / "inside.so"


def tried(program, args, tries, fds=()):
    """What a program could do behind its walls: {"r /path": errno or 0}, and how it ended."""
    tap.need(INSIDE.exists(), "inside.so is not built")
    env = os.environ | {"KIZUKI_TRY": "\n".join(tries), "LC_ALL": "C", "LD_PRELOAD": str(INSIDE)}
    p = subprocess.Popen([tap.BUILD / program, *map(str, args)], stderr=subprocess.PIPE, pass_fds=fds, env=env)
    said, end = b"", time.monotonic() + 60
    os.set_blocking(p.stderr.fileno(), False)
    while p.poll() is None and b"tried all" not in said and time.monotonic() < end:
        said += p.stderr.read() or b""
        time.sleep(0.02)
    if p.poll() is None:
        p.terminate()
    code = p.wait(60)
    said = (said + (p.stderr.read() or b"")).decode(errors="replace")
    tap.need("no Landlock" not in said, "this kernel has no Landlock")
    return {m[1]: int(m[2]) for m in re.finditer(r"^tried (.+): (-?\d+)$", said, re.M)}, code, said


def planted(data, *names):
    for name in names:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("planted\n")


def refused(program, args, may, may_not, fds=()):
    """Each of `may` goes, each of `may_not` is refused, and a program that is run ends it."""
    found, code, said = tried(program, args, [*may, *may_not, "x /bin/true"], fds)
    assert all(found.get(x) in (0, errno.ECONNREFUSED) for x in may), ({x: found.get(x) for x in may}, said[-800:])
    assert all(found.get(x) in (errno.EACCES, errno.EPERM) for x in may_not), ({x: found.get(x) for x in may_not}, said[-800:])
    assert "x /bin/true" in found and "x came back" not in found and code == -signal.SIGSYS, (found, code, said[-800:])


SECRETS = ("keep/key", "room/room.db", "room/order.key", "hand/limits.yml", "run/x")


@tap.test
def the_vaults_programs_reach_their_own_folders_and_no_more():
    with tap.folder() as d, socket.socket() as listening:
        first, vault = d / "first", d / "vault"
        planted(first, *SECRETS, "spool/planted", "vault/planted", "lend/planted", "kizuki.yml")
        planted(vault, *SECRETS, "spool/planted", "lend/planted", "vault/tokyo/spool/planted")
        # the key of the seals' public half, as the keeper leaves it
        key = tap.run(tap.BUILD / "kizuki-keep", "--once", "--data", d / "other")
        assert (d / "other" / "keep" / "key.pub").exists(), key.stderr
        (first / "keep" / "key.pub").write_bytes((d / "other" / "keep" / "key.pub").read_bytes())
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        outside = ["r /etc/passwd", "r /root", "r /tmp", "w /tmp/kizuki-planted", "w /etc/kizuki-planted"]
        refused("kizuki-vault", ["--offer", "--data", first, "--fd", listening.fileno()],
                [f"r {first}/spool/planted", f"w {first}/lend/made", f"w {first}/notes/made"],
                [*(f"r {first}/{x}" for x in (*SECRETS, "vault/planted", "kizuki.yml")), f"w {first}/spool/planted", f"w {first}/spool/made", "n", *outside],
                [listening.fileno()])
        refused("kizuki-vault", ["--pull", "--data", vault],
                [f"r {vault}/vault/tokyo/spool/planted", f"w {vault}/vault/tokyo/spool/made", f"w {vault}/notes/made", "r /etc/hosts", "n"],
                [*(f"r {vault}/{x}" for x in (*SECRETS, "spool/planted", "lend/planted")), f"w {vault}/spool/made", "w /etc/hosts", *outside])
        assert not (first / "spool" / "made").exists() and not (vault / "spool" / "made").exists()


@tap.test
def the_index_reaches_its_own_folder_and_no_network():
    """Walled before a byte of the library is read: here that is a file of our own, which is refused afterwards."""
    with tap.folder() as d, socket.socket(socket.AF_UNIX) as listening:
        data = d / "data"
        planted(data, *SECRETS, "spool/planted", "search/planted", "index/planted", "index/libchdb.so")
        listening.bind(str(d / "s"))
        listening.listen()
        refused("kizuki-index", ["--data", data, "--fd", listening.fileno()], [f"r {data}/index/planted", f"w {data}/index/made"],
                [*(f"r {data}/{x}" for x in (*SECRETS, "spool/planted", "search/planted")), f"w {data}/spool/made", f"w {data}/made", "n",
                 "r /etc/passwd", "r /root", "r /tmp", "w /tmp/kizuki-planted"], [listening.fileno()])


@tap.test
def the_same_is_possible_where_nothing_confines():
    """The two tests above can fail: a program without walls does all of it."""
    with tap.folder() as d:
        planted(d, "secret")
        env = os.environ | {"KIZUKI_TRY": f"r {d}/secret\nw {d}/made\nn", "LD_PRELOAD": str(INSIDE), "KIZUKI_TRY_NOW": "1"}
        tap.need(INSIDE.exists(), "inside.so is not built")
        said = subprocess.run(["/bin/cat", d / "secret"], env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, timeout=60).stderr.decode()
        assert f"tried r {d}/secret: 0" in said and f"tried w {d}/made: 0" in said and f"tried n: {errno.ECONNREFUSED}" in said, said


tap.main()
