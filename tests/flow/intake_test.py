#!/usr/bin/env python3
"""Live intake: nothing is lost and nothing doubled, however files rotate and whenever the process is killed."""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import tap

DEVELOPER = pathlib.Path(os.environ.get("KIZUKI_BUILD_DEV", tap.ROOT / "build-dev"))
PROBE = DEVELOPER / "tests" / "flow" / "intake_probe"
LINES = 200_000
LINE = re.compile(rb"^\d+ line [0-9a-f]+ \d+ \d+ n=(\d+) ")


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
        return err.decode()

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

    def shift(self, keep=300):
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
            while writer.is_alive() or kills <= 5:  # a loaded machine gets round to fewer while lines come
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


# ---- syslog ----

def sockets():
    """A UDP and a listening TCP socket on one port of the loopback."""
    for _ in range(100):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        tcp = socket.socket()
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            continue
        tcp.listen()
        return udp, tcp, udp.getsockname()[1]
    raise AssertionError("no port is free")


def bytes_of(record):
    text = record.split(b" ", 5)[5]
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)


def lines_of(probe):
    return [bytes_of(r) for r in probe.records() if r.split()[1] == b"line"]


@tap.test
def both_framings_and_datagrams_arrive_on_one_port():
    need_probe()
    udp, tcp, port = sockets()
    with tap.folder() as d, udp, tcp, Probe(d / "spool", "--udp", udp.fileno(), "--listen", tcp.fileno(),
                                            fds=(udp.fileno(), tcp.fileno())) as probe:
        probe.start()
        long = b"<13>" + b"L" * 150_000
        with socket.create_connection(("127.0.0.1", port)) as a, socket.create_connection(("127.0.0.1", port)) as b:
            a.sendall(b"<13>lines \x83\x65\n")
            b.sendall(b"".join(b"%d %s" % (len(m), m) for m in (b"<13>counted\n\x00", long, b"<13>after long\n")))
            for part in (b"<13>ha", b"lf", b" a line\n", b"no priority\n<13>without an end"):
                a.sendall(part)
                time.sleep(0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.sendto(b"<13>datagram\n", ("127.0.0.1", port))
            u.sendto(b"x" * 60000, ("127.0.0.1", port))
        want = {b"<13>lines \x83\x65", b"<13>half a line", b"no priority", b"<13>without an end", b"<13>counted\n\x00",
                b"<13>after long", b"<13>datagram", b"x" * 60000, long[:65536], long[65536:131072], long[131072:]}
        tap.wait_until(lambda: len(lines_of(probe)) >= len(want))
        probe.stop()
        got = lines_of(probe)
        assert set(got) == want and len(got) == len(want), [g[:40] for g in got]
        sources = [r for r in probe.records() if r.split()[1] == b"source"]
        assert len(sources) == 2 and b"\\x00127.0.0.1 (syslog)" in sources[1], sources


@tap.test
def fast_senders_are_never_left_standing():
    """Half a line that is left in the kernel pins a whole segment there; the window must stay open all the same."""
    need_probe()
    udp, tcp, port = sockets()
    connections, lines = 6, 20_000
    with tap.folder() as d, udp, tcp, Probe(d / "spool", "--listen", tcp.fileno(), fds=(tcp.fileno(),)) as probe:
        probe.start()

        def send(k):
            text = b"".join(b"<13>n=%d %s\n" % (k * lines + i, b"v" * (i % 150)) for i in range(lines))
            with socket.create_connection(("127.0.0.1", port)) as s:
                step = 65_483 + k  # about a segment, never a whole number of lines
                for at in range(0, len(text), step):
                    s.sendall(text[at:at + step])

        senders = [threading.Thread(target=send, args=(k,), daemon=True) for k in range(connections)]
        for t in senders:
            t.start()
        for t in senders:
            t.join(40)
            assert not t.is_alive(), "a sender stands still"
        numbers = lambda: [int(l.split()[0][6:]) for l in lines_of(probe)]
        tap.wait_until(lambda: len(numbers()) >= connections * lines, every=0.3)
        probe.stop()
        exactly_once(numbers(), connections * lines)


@tap.test
def datagrams_the_kernel_drops_are_counted():
    """Of two listeners, which share a source: each goes on with its own count."""
    need_probe()
    one, two = sockets(), sockets()
    udps = [one[0], two[0]]
    fds = [u.fileno() for u in udps]
    sent = 20_000
    argv = [a for fd in fds for a in ("--udp", fd)]
    with tap.folder() as d, one[0], one[1], two[0], two[1], Probe(d / "spool", *argv, fds=fds) as probe:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            def flood(port, n, running=True):
                """What is counted as lost, and how many of n arrived, the last of which does."""
                if running:
                    probe.start()
                before = len(lines_of(probe))
                if running:
                    u.sendto(b"<13>first", ("127.0.0.1", port))
                    tap.wait_until(lambda: len(lines_of(probe)) > before)
                    probe.child.send_signal(signal.SIGSTOP)
                for _ in range(n - 1 - running):
                    u.sendto(b"<13>" + b"x" * 400, ("127.0.0.1", port))
                if running:
                    probe.child.send_signal(signal.SIGCONT)
                else:
                    probe.start()
                tap.wait_until(lambda: len(lines_of(probe)) > before + running)
                time.sleep(0.5)
                u.sendto(b"<13>last", ("127.0.0.1", port))
                tap.wait_until(lambda: lines_of(probe)[-1] == b"<13>last")
                said = probe.stop()
                return int(re.search(r"source 1 lost (\d+)", said)[1]), len(lines_of(probe)) - before
            lost, got = flood(one[2], sent)
            assert lost > 0 and got + lost == sent, f"{got} arrived, {lost} counted as lost, {sent} sent"
            both, got = flood(two[2], sent)
            assert both > lost and got + both - lost == sent, f"{got} arrived, {both} - {lost} lost, {sent} sent"
            # nobody reads, and the first listener's socket overflows
            more, got = flood(one[2], sent, running=False)
            assert more > both and got + more - both == sent, f"{got} arrived, {more} - {both} lost, {sent} sent"
        probe.start()  # the next process knows it still
        said = probe.stop()
        assert f"source 1 lost {more}" in said, said


def inside_small_disk(folder):
    """Runs in a mount namespace of its own: a spool on a disk of 3 MB, filled by somebody else, then freed."""
    d = pathlib.Path(folder)
    (d / "spool").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(d / "spool")], check=True)
    log = d / "app.log"
    hog = d / "spool" / "hog"
    lines = 4000

    def write(a, b):
        with open(log, "ab") as f:
            f.write(b"".join(b"n=%d %s\n" % (i, b"z" * 200) for i in range(a, b)))

    write(0, 1000)
    with Probe(d / "spool", "--tail", log, "--rescan", 50) as probe:
        probe.start()
        tap.wait_until(lambda: len(probe.numbers()) == 1000)
        with open(hog, "wb", buffering=0) as f:
            with contextlib.suppress(OSError):
                while True:
                    f.write(b"h" * 4096)
        write(1000, 3000)
        time.sleep(1)
        stuck = len(probe.numbers())
        assert stuck < 3000, "the disk was not full"
        if os.environ.get("KIZUKI_SEED", "0") != "0" or stuck % 2:
            probe.kill()  # also with a kill in between
            probe.start()
        hog.unlink()
        write(3000, lines)
        tap.wait_until(lambda: len(probe.numbers()) >= lines)
        time.sleep(0.3)
        probe.stop()
        exactly_once(probe.numbers(), lines)
    print("fine")


@tap.test
def a_full_disk_loses_nothing_and_goes_on():
    need_probe()
    tap.need_program("unshare", "mount")
    tap.need(tap.run("unshare", "-m", "true").returncode == 0, "no mount namespaces here")
    for seed in ("0", "1"):
        with tap.folder() as d:
            done = tap.run("unshare", "-m", sys.executable, __file__, "--inside-small-disk", d,
                           env=dict(os.environ, KIZUKI_SEED=seed))
            assert done.stdout == b"fine\n", done.stderr.decode()[-2000:]


@tap.test
def a_connection_handed_to_the_next_process_loses_and_doubles_nothing():
    """The test is the supervisor: it accepts, keeps the connection, and hands it over after each kill."""
    need_probe()
    lines = 60_000
    seed = int(os.environ.get("KIZUKI_SEED", time.time_ns() % 100000))
    print(f"# seed {seed}")
    r = random.Random(seed)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def send(counted):
        with socket.create_connection(listener.getsockname()) as s:
            for i in range(0, lines, 100):
                block = b""
                for n in range(i, i + 100):
                    m = b"n=%d %s%s" % (n, b"c" if counted else b"l", b"y" * (n % 70))
                    m = b"<13>" + m
                    block += b"%d %s" % (len(m), m) if counted else m + b"\n"
                cut = r.randrange(len(block))
                s.sendall(block[:cut])
                s.sendall(block[cut:])
                time.sleep(0.004)

    with tap.folder() as d, listener:
        senders, kept = [], []
        for counted in (False, True):
            t = threading.Thread(target=send, args=(counted,))
            t.start()
            senders.append(t)
            kept.append(listener.accept()[0])
        options = [o for c in kept for o in ("--connection", c.fileno())]
        with Probe(d / "spool", *options, fds=[c.fileno() for c in kept]) as probe:
            kills = 0
            while any(t.is_alive() for t in senders):
                probe.start()
                time.sleep(r.random() * 0.3)
                probe.kill()
                kills += 1
            probe.start()
            tap.wait_until(lambda: len(lines_of(probe)) >= 2 * lines, seconds=30, every=0.5)
            time.sleep(0.2)
            probe.stop()
        for c in kept:
            c.close()
        print(f"# {kills} kills")
        assert kills > 5
        got = [re.match(rb"<13>n=(\d+) ([cl])", l) for l in lines_of(probe)]
        assert all(got), [(i, l[:80]) for i, l in enumerate(lines_of(probe)) if not got[i]][:5]
        for kind in (b"l", b"c"):
            numbers = [int(m[1]) for m in got if m[2] == kind]
            exactly_once(numbers, lines)
            assert numbers == sorted(numbers)


@tap.test
def a_slow_line_costs_no_processor_time():
    """Half a message waits in the kernel; the loop must not turn round it."""
    need_probe()
    udp, tcp, port = sockets()
    with tap.folder() as d, udp, tcp, Probe(d / "spool", "--listen", tcp.fileno(), fds=(tcp.fileno(),)) as probe:
        probe.start()
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"<13>half")

            def ticks():
                f = pathlib.Path(f"/proc/{probe.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
                return int(f[11]) + int(f[12])

            time.sleep(0.3)
            before = ticks()
            time.sleep(1)
            assert ticks() - before <= 10, f"{ticks() - before} ticks of the clock in a second of waiting"
            s.sendall(b" and half\n")
            tap.wait_until(lambda: lines_of(probe) == [b"<13>half and half"])
        probe.stop()


RSYSLOG = """
module(load="imuxsock" Socket="off")
module(load="imfile" PollingInterval="1")
global(workDirectory="{d}")
input(type="imfile" File="{d}/in.log" Tag="app:" addMetadata="off")
template(name="plain" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag%%msg%\n")
{actions}
"""


@tap.test
def a_real_rsyslog_delivers_in_all_three_ways():
    need_probe()
    tap.need_program("rsyslogd", "logger")
    lines = 5000
    for name, action in {
        "lines": 'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="traditional")',
        "counted": 'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted")',
        "datagrams": 'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="udp")',
    }.items():
        udp, tcp, port = sockets()
        with tap.folder() as d, udp, tcp, Probe(d / "spool", "--udp", udp.fileno(), "--listen", tcp.fileno(),
                                                fds=(udp.fileno(), tcp.fileno())) as probe:
            probe.start()
            (d / "in.log").write_bytes(b"".join("n={} 気付き {}\n".format(i, "z" * (i % 80)).encode() for i in range(lines)))
            (d / "rsyslog.conf").write_text(RSYSLOG.format(d=d, actions=action.format(port=port)))
            daemon = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-i", str(d / "pid"), "-f", str(d / "rsyslog.conf")],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                def count():
                    found = [re.search(rb"n=(\d+) \xe6\xb0\x97", l) for l in lines_of(probe)]
                    return [int(m[1]) for m in found if m]
                try:
                    tap.wait_until(lambda: len(count()) >= lines, seconds=40, every=0.3)
                except AssertionError:
                    raise AssertionError(f"{name}: {len(count())} of {lines} lines in 40 s")
                subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(port), "--tcp", "--octet-count", "from logger"], check=True)
                subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(port), "--udp", "from logger"], check=True)
                tap.wait_until(lambda: sum(b"from logger" in l for l in lines_of(probe)) == 2)
            finally:
                daemon.terminate()
                daemon.wait()
            exactly_once(count(), lines)
            probe.stop()


# ---- journal ----

REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")


def entry(i, text=b""):
    us = 1_600_000_000_000_000 + i * 1000
    return (b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n"
            b"MESSAGE=n=%d %s\nSYSLOG_IDENTIFIER=app\n_UID=0\n\n" % (us, 1000 + i, i, text))


@tap.test
def journal_entries_come_once_however_often_the_reader_is_killed():
    need_probe()
    tap.need(REMOTE.exists(), "systemd-journal-remote is not installed")
    lines = 20_000
    seed = int(os.environ.get("KIZUKI_SEED", time.time_ns() % 100000))
    print(f"# seed {seed}")
    r = random.Random(seed)
    with tap.folder() as d, contextlib.ExitStack() as stack:
        (d / "journal").mkdir()
        # a journal that is written while it is read, with values that need the binary form
        remote = subprocess.Popen([str(REMOTE), "-o", str(d / "journal" / "a.journal"), "-"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(lambda: remote.poll() is None and (remote.kill(), remote.wait()))

        def write():
            for i in range(0, lines, 50):
                remote.stdin.write(b"".join(entry(n, b"w" * (n % 200)) for n in range(i, i + 50)))
                remote.stdin.flush()
                time.sleep(0.005)
            remote.stdin.write(b"__REALTIME_TIMESTAMP=1600000999000000\n__MONOTONIC_TIMESTAMP=99999999\n"
                               b"_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n\n")
            remote.stdin.close()
            remote.wait()

        tap.wait_until(lambda: any((d / "journal").iterdir()))
        writer = threading.Thread(target=write)
        writer.start()
        probe = stack.enter_context(Probe(d / "spool", "--journal", d / "journal"))
        kills = 0
        while writer.is_alive():
            probe.start()
            time.sleep(r.random() * 0.3)
            probe.kill()
            kills += 1
        writer.join()
        assert remote.returncode == 0
        probe.start()
        count = lambda: [int(m[1]) for l in lines_of(probe) if (m := re.search(rb"MESSAGE=n=(\d+) ", l))]
        tap.wait_until(lambda: len(count()) >= lines, every=0.5, seconds=20)
        time.sleep(0.3)
        probe.stop()
        print(f"# {kills} kills")
        exactly_once(count(), lines)
        assert sum(b"MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n" in l for l in lines_of(probe)) == 1
        flags = {int(l.split()[2], 16) for l in probe.records() if l.split()[1] == b"line"}
        assert flags == {0x21}, flags  # export format, and older than this process

if len(sys.argv) == 3 and sys.argv[1] == "--inside-small-disk":
    inside_small_disk(sys.argv[2])
else:
    tap.main()
