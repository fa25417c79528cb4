#!/usr/bin/env python3
"""What keeps Kizuki from starting is said in one sentence with a remedy, and ends with status 1; a start says where the
pages are when they are there; an end is an end for all."""
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import programs
import tap


def refused(*args, words, env=None):
    r = tap.run(tap.KIZUKI, *args, env=dict(os.environ, **(env or {})), timeout=60)
    said = r.stderr.decode(errors="replace")
    assert r.returncode == 1, (r.returncode, said)
    assert all(w in said for w in words), said
    return said


@tap.test
def settings_that_are_wrong_are_named_with_their_place():
    with tap.folder() as d:
        (d / "bad.yml").write_text("htps: 127.0.0.1:1\n")
        refused("serve", "--data", d / "x", "--config", d / "bad.yml", words=["bad.yml:1:1", "htps"])
        refused("serve", "--data", d / "x", "--config", d / "none.yml", words=["none.yml"])


@tap.test
def ports_that_are_taken_are_named_with_a_remedy():
    with tap.folder() as d, socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        refused("serve", "--data", d / "x", "--https", f"127.0.0.1:{tcp.getsockname()[1]}", words=["--https"])
        refused("serve", "--data", d / "x", "--https", "127.0.0.1:0",
                "--syslog", f"127.0.0.1:{udp.getsockname()[1]}", words=["--syslog"])


@tap.test
def a_folder_in_use_is_left_alone():
    with programs.served({"sources": []}, ["--no-local-logs"]) as s:
        s.wait_up()
        refused("serve", "--data", s.data, "--https", "127.0.0.1:0", "--syslog", "off", words=["already running"])
        (s.data / "kizuki-replay").write_text("x")  # as if a demonstration ran here
        refused("demo", "--data", s.data, "--clear", words=["is running"])
        refused("pack", "replay", "--data", s.data, "nisc-2014-2-account-list", words=["is running"])
        assert {"kizuki-sensor", "kizuki-room", "kizuki-hand", "kizuki-door"} <= set(s.children())
        assert (s.data / "room" / "room.db").exists()


@tap.test
def a_replay_whose_sensor_cannot_start_ends():
    with tap.folder() as d:
        rules = d / "content" / "rules"
        rules.mkdir(parents=True)  # no content/fields: the sensor cannot load
        refused("pack", "replay", "--data", d / "data", "nisc-2014-2-account-list", words=["kizuki-sensor", "giving up"],
                env={"KIZUKI_CONTENT": str(d / "content"), "KIZUKI_PACKS": str(tap.ROOT / "packs")})


@tap.test
def a_folder_that_holds_other_things_is_not_cleared():
    with tap.folder() as d:
        (d / "thesis.txt").write_text("important")
        refused("pack", "replay", "--data", d, "nisc-2014-2-account-list", words=["no replay left there"])
        refused("demo", "--data", d, "--clear", words=["no replay left there"])
        assert (d / "thesis.txt").read_text() == "important"


def descendants(pid):
    found = []
    for p in pathlib.Path("/proc").glob(f"{pid}/task/*/children"):
        for child in map(int, p.read_text().split()):
            found += [child, *descendants(child)]
    return found


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


@tap.test
def the_link_is_said_when_the_room_answers():
    with tap.folder() as d:
        s = programs.Served(d / "data", {"sources": []}, ["--no-local-logs"])
        try:
            # the room is held before it has done anything
            room = tap.wait_until(lambda: next((p for p in descendants(s.process.pid) if name_of(p) == "kizuki-room"), None),
                                  10, 0.001, "kizuki-room")
            os.kill(room, signal.SIGSTOP)
            assert not (s.data / "room" / "tls.crt").exists(), "the room was faster than this test"
            tap.wait_until(lambda: {"kizuki-sensor", "kizuki-hand", "kizuki-door", "kizuki-mail", "kizuki-keep", "kizuki-search"} <= set(s.children()), 60, what=lambda: s.children())
            time.sleep(1.5)
            assert not s.link(), s.output()
            os.kill(room, signal.SIGCONT)
            link = tap.wait_until(s.link, 20, 0.001, "a link")
            # at once, with the room's own certificate as the only one believed
            trust = ssl.create_default_context(cafile=str(s.data / "room" / "tls.crt"))
            with urllib.request.urlopen(link.split("/signin")[0] + "/", context=trust, timeout=5) as r:
                assert r.status == 200, r.status
        finally:
            s.stop()


@tap.test
def control_c_ends_everything_and_a_second_start_is_refused():
    """./dev run, as a person at a terminal has it: Ctrl-C goes to every process of the group."""
    tap.need(tap.BUILD == tap.ROOT / "build", "./dev run starts build/")
    # a build in the middle of other tests would take their programs away
    dry = tap.run("ninja", "-C", tap.BUILD, "-n")
    newer = tap.run("find", "ui/src", "content", "-newer", "ui/dist/index.html", "!", "-name", "schema.ts", cwd=tap.ROOT)
    assert dry.stdout.count(b"Compiling") <= 1 and not newer.stdout, "build/ is older than the tree: ./dev build"
    os.environ["QUICK"] = "1"  # as it is built now
    with tap.folder() as d:
        argv = [str(tap.ROOT / "dev"), "run", "--data", str(d / "data"), "--syslog", "off", "--no-local-logs", "--https"]
        with open(d / "out", "w+") as out:
            run = subprocess.Popen([*argv, "127.0.0.1:0"], stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
            try:
                tap.wait_until(lambda: re.search(r"/signin\?", (d / "out").read_text()), 60, what="a link")
                again = tap.run(*argv, "127.0.0.1:0", timeout=60)
                assert again.returncode == 1 and b"already running" in again.stderr, again
                all_of_them = descendants(run.pid)
                names = {name_of(p) for p in all_of_them}
                assert {"kizuki", "kizuki-sensor", "kizuki-room", "kizuki-hand", "kizuki-keep", "kizuki-search"} <= names, names
                began = time.monotonic()
                os.killpg(run.pid, signal.SIGINT)
                run.wait(10)
                tap.wait_until(lambda: not any(name_of(p) for p in all_of_them), 5, what="all of them to end")
                took = time.monotonic() - began
                assert took < 5, took
                said = (d / "out").read_text()
                assert "is killed" not in said, said
            finally:
                if run.poll() is None:
                    os.killpg(run.pid, signal.SIGKILL)


tap.main()
