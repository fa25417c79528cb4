#!/usr/bin/env python3
"""Live intake: nothing is lost and nothing doubled, however files rotate and whenever the process is killed."""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import tap

DEVELOPER = pathlib.Path(os.environ.get("KIZUKI_BUILD_DEV", tap.ROOT / "build-dev"))
PROBE = DEVELOPER / "tests" / "flow" / "intake_probe"
LINES = 200_000
LINE = re.compile(rb"^\d+ line [0-9a-f]+ \d+ n=(\d+) ")


class Probe:
    """The probe, started again each time it was killed."""

    def __init__(self, spool, *options, fds=()):
        self.argv = [str(PROBE), "run", str(spool), *map(str, options)]
        self.fds = fds
        self.spool = spool
        self.child = None

    def start(self):
        self.child = subprocess.Popen(self.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=self.fds)
        assert self.child.stdout.readline() == b"ready\n", self.child.stderr.read()

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.close()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        err = self.child.stderr.read()
        assert self.child.wait(30) == 0, err
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.kill()

    def close(self):
        self.child.stdout.close()
        self.child.stderr.close()

    def records(self):
        done = tap.run(PROBE, "dump", self.spool)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def numbers(self):
        return [int(m[1]) for m in map(LINE.match, self.records()) if m]


def need_probe():
    tap.need(PROBE.exists(), "the developer build is not there (meson setup build-dev -Dtests=true)")


class Writer(threading.Thread):
    """Writes numbered lines, and rotates between two of its writes as logrotate does, in all its ways."""

    def __init__(self, folder, seed, lines, pace):
        super().__init__()
        self.folder, self.random, self.lines, self.pace = folder, random.Random(seed), lines, pace
        self.log = folder / "app.log"
        self.rotations = {"rename": 0, "copytruncate": 0, "dated": 0}
        self.dates = 0

    def shift(self, keep=12):
        for i in range(keep, 0, -1):
            old = self.folder / f"app.log.{i}"
            if old.exists():
                old.rename(self.folder / f"app.log.{i + 1}")

    def rotate(self, out):
        how = self.random.choice(list(self.rotations))
        self.rotations[how] += 1
        if how == "dated":
            self.dates += 1
            self.log.rename(self.folder / f"app.log-{20260100 + self.dates}")
            out.close()
            return open(self.log, "ab", buffering=0)
        self.shift()
        if how == "rename":
            self.log.rename(self.folder / "app.log.1")
            # the writer goes on in the old file for a moment, as a server does until it gets its signal
            self.put(out)
            out.close()
            return open(self.log, "ab", buffering=0)
        shutil.copyfile(self.log, self.folder / "app.log.1")
        os.truncate(self.log, 0)
        return out

    def put(self, out):
        n = min(self.random.randrange(1, 400), self.lines - self.next)
        block = b"".join(b"n=%d \xe6\xb0\x97\xe4\xbb\x98\xe3\x81\x8d %s\n" % (i, b"x" * (i % 90))
                         for i in range(self.next, self.next + n))
        self.next += n
        # a write that ends in the middle of a line, often of a character
        cut = self.random.randrange(len(block) + 1)
        out.write(block[:cut])
        if self.random.random() < 0.1:
            time.sleep(0.002)
        out.write(block[cut:])

    def run(self):
        self.next = 0
        out = open(self.log, "ab", buffering=0)
        while self.next < self.lines:
            self.put(out)
            if self.random.random() < 0.04:
                out = self.rotate(out)
            time.sleep(self.pace)
        out.close()


def exactly_once(numbers, lines):
    seen = set(numbers)
    missing = [i for i in range(lines) if i not in seen]
    assert not missing, f"{len(missing)} lines are missing, the first is {missing[0]}"
    assert len(numbers) == lines, f"{len(numbers) - lines} lines are doubled"


@tap.test
def rotating_files_and_kills_lose_and_double_nothing():
    need_probe()
    seed = int(os.environ.get("KIZUKI_SEED", time.time_ns() % 100000))
    print(f"# seed {seed}")
    r = random.Random(seed)
    with tap.folder() as d:
        (d / "logs").mkdir()
        writer = Writer(d / "logs", seed, LINES, 0.002)
        probe = Probe(d / "spool", "--tail", d / "logs" / "app.log", "--rescan", 50)
        kills = 0
        with probe:
            writer.log.touch()
            probe.start()  # what was rotated away before the first look is not ours
            writer.start()
            tap.wait_until(probe.numbers, every=0.1)
            probe.kill()
            while writer.is_alive():
                probe.start()
                time.sleep(r.random() * 0.25)
                probe.kill()
                kills += 1
            writer.join()
            probe.start()
            before, now = -1, 0
            while before != now:  # until nothing more comes
                time.sleep(0.5)
                before, now = now, len(probe.numbers())
            probe.stop()
        print(f"# {kills} kills, {writer.rotations}")
        assert kills > 5 and min(writer.rotations.values()) > 3
        exactly_once(probe.numbers(), LINES)


@tap.test
def a_file_rotated_while_nobody_looked_goes_on_where_it_was():
    need_probe()
    with tap.folder() as d, contextlib.ExitStack() as stack:
        log = d / "app.log"

        def write(path, *numbers):
            with open(path, "ab") as f:
                for n in numbers:
                    f.write(b"n=%d some text so that the files differ\n" % n)

        probe = stack.enter_context(Probe(d / "spool", "--tail", log, "--rescan", 50))
        write(log, 0, 1)
        probe.start()
        tap.wait_until(lambda: len(probe.numbers()) == 2)
        probe.kill()
        write(log, 2)
        shutil.copyfile(log, d / "app.log.1")  # copytruncate
        os.truncate(log, 0)
        write(log, 3)
        log.rename(d / "app.log.0")  # and a rename right behind it
        write(log, 4)
        (d / "app.log.audit").write_bytes(b"n=99 of no interest\n")
        (d / "app.logger").write_bytes(b"n=98 of no interest\n")
        probe.start()
        tap.wait_until(lambda: len(probe.numbers()) >= 5)
        time.sleep(0.2)
        probe.stop()
        assert sorted(probe.numbers()) == [0, 1, 2, 3, 4], probe.numbers()
        flags = [int(l.split()[2], 16) for l in probe.records() if LINE.match(l)]
        assert flags == [1] * 5, flags  # all of it existed before this process looked


@tap.test
def only_what_existed_before_is_backfill():
    need_probe()
    with tap.folder() as d, contextlib.ExitStack() as stack:
        (d / "old.log").write_bytes(b"n=0 before\n")
        probe = stack.enter_context(Probe(d / "spool", "--tail", d / "*.log", "--rescan", 50))
        probe.start()
        tap.wait_until(lambda: len(probe.numbers()) == 1)
        with open(d / "old.log", "ab") as f:
            f.write(b"n=1 after\n")
        (d / "new.log").write_bytes(b"n=2 after\n")
        (d / "packed.log").write_bytes(b"\x1f\x8b\x08\x00 not for a tail\n")
        tap.wait_until(lambda: len(probe.numbers()) == 3)
        probe.stop()
        flags = {int(LINE.match(l)[1]): int(l.split()[2], 16) for l in probe.records() if LINE.match(l)}
        assert flags == {0: 1, 1: 0, 2: 0}, flags


tap.main()
