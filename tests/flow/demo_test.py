#!/usr/bin/env python3
"""The demonstration as the pages start and clear it: beside a running Kizuki, in a folder of its own, and gone afterwards."""
import contextlib
import hashlib
import os
import pathlib
import re
import signal
import time

import programs
import tap


class Page:
    """A person who is signed in to the room that may start a demonstration."""

    def __init__(self, served):
        self.served, self.folder = served, pathlib.Path(f"{served.data}-demo")
        self.browser = served.browser()

    def state(self):
        return self.browser.get("/demo")

    def ask(self, what):
        return self.browser.api("POST", f"/demo/{what}", {} if what == "start" else None)

    def wait(self, state, seconds=60):
        return tap.wait_until(lambda: (d := self.state())["state"] == state and d, seconds, 0.1,
                              f"demonstration {state}: {self.state()} {self.served.output()[-1500:]}")


def demo_processes(folder):
    """pid -> name of every program that was started over the folder."""
    found = {}
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            args = (p / "cmdline").read_bytes().split(b"\0")
            if str(folder).encode() in args and (p / "stat").read_text().rsplit(") ", 1)[1][0] != "Z":
                found[int(p.name)] = os.path.basename(args[0]).decode()
    return found


def nothing_left(page):
    tap.wait_until(lambda: not demo_processes(page.folder), 20, 0.1, "every process of the demonstration ends")
    tap.wait_until(lambda: not page.folder.exists(), 20, 0.1, f"{page.folder} is removed")


def fingerprint(data):
    """What a demonstration must not touch: everything but what a quiet Kizuki writes by itself."""
    return {str(p.relative_to(data)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(data.rglob("*")) if p.is_file() and p.relative_to(data).parts[0] in ("hand", "keys", "kizuki.yml")}


@contextlib.contextmanager
def page():
    with programs.served({"sources": []}, ["--no-local-logs"]) as s:
        p = Page(s)
        try:
            yield p
        finally:
            s.stop()
            for pid in demo_processes(p.folder):  # what a failed test leaves
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@tap.test
def it_starts_says_where_it_is_and_is_cleared():
    with page() as p:
        before = fingerprint(p.served.data)
        assert p.state()["state"] == "none" and not p.folder.exists()
        assert p.ask("start")["state"] == "starting"
        running = p.wait("running")
        assert re.match(r"https://\S+:\d+/signin\?token=", running["url"]), running
        names = sorted(demo_processes(p.folder).values())
        assert {"kizuki", "kizuki-sensor", "kizuki-room", "kizuki-hand"} <= set(names), names
        # A second start changes nothing.
        pids = demo_processes(p.folder)
        p.ask("start")
        again = p.wait("running", 5)
        assert again["url"] == running["url"] and demo_processes(p.folder) == pids
        # Its pages are other pages, with cases of their own.
        tap.wait_until(lambda: any(p.folder.glob("room/room.db")), 10)
        p.ask("clear")
        p.wait("none")
        nothing_left(p)
        assert fingerprint(p.served.data) == before
        assert p.browser.get("/incidents?state=all")["incidents"] == []
        # And once more from the beginning.
        p.ask("start")
        p.wait("running")
        p.ask("clear")
        p.wait("none")
        nothing_left(p)


@tap.test
def it_is_cleared_while_it_starts():
    with page() as p:
        for after in (0, 0.01, 0.03, 0.1, 0.3, 1):  # whatever it was doing just then
            p.ask("start")
            time.sleep(after)
            p.ask("clear")
            p.ask("clear")
            p.wait("none")
            nothing_left(p)


@tap.test
def its_killed_programs_come_back_and_a_killed_one_leaves_nothing():
    with page() as p:
        p.ask("start")
        p.wait("running")
        for name in ["kizuki-sensor", "kizuki-room", "kizuki-hand"]:
            pid = next(k for k, v in demo_processes(p.folder).items() if v == name)
            os.kill(pid, signal.SIGKILL)
            tap.wait_until(lambda: any(v == name and k != pid for k, v in demo_processes(p.folder).items()), 20, 0.1,
                           f"{name} of the demonstration comes back")
        assert p.state()["state"] == "running"
        # The demonstration itself is killed: its children end with it, and the page says so.
        pid = next(k for k, v in demo_processes(p.folder).items() if v == "kizuki")
        os.kill(pid, signal.SIGKILL)
        p.wait("none")
        tap.wait_until(lambda: not demo_processes(p.folder), 20, 0.1, "children end with their supervisor")
        p.ask("clear")
        p.wait("none")
        nothing_left(p)


@tap.test
def it_ends_with_the_kizuki_that_started_it():
    for how in (signal.SIGTERM, signal.SIGKILL):
        with page() as p:
            p.ask("start")
            p.wait("running")
            p.served.process.send_signal(how)
            p.served.process.wait(20)
            tap.wait_until(lambda: not demo_processes(p.folder), 20, 0.1, f"{signal.Signals(how).name}: nobody is left")


@tap.test
def a_folder_that_is_not_its_own_is_left_alone_and_the_page_says_so():
    with page() as p:
        p.folder.mkdir()
        (p.folder / "mine").write_text("x")
        p.ask("start")
        p.wait("none")
        time.sleep(0.2)
        assert (p.folder / "mine").read_text() == "x"
        assert p.state()["text"]["key"] == "demo.failed", p.state()


tap.main()
