#!/usr/bin/env python3
"""Searching the spool: ./dev bench keep [--events N] [--dir DIR] [--large] [--data DIR] [--no-scan] [--path N].

Generated mixed events (bench/keep_gen.c) over 30 days, sealed as they are written. Processor seconds of the whole process (with
an index: and of kizuki-index), best of three, everything in the page cache. The floor of a scan is `zstd -dc | grep -Fc`,
which neither decodes, folds nor checks sums; it is measured in turn with ours.

With the library of the index (./dev index, or KIZUKI_CHDB) the index is filled and asked, and what it takes at rest is told.
--large: 100,000,000 events in about 20 GB of --dir; half an hour to make, an hour to fill the index, which goes on where it
stood when --data names the folder again; then what the index is for: by address, user, digest and period, with the seconds
that pass. --data: a folder an earlier run left with --keep. --path N: instead of all this, N events over syslog through a
whole `kizuki serve`. KIZUKI_BUILD: programs of another folder than build/."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("KIZUKI_BUILD", ROOT / "build"))
KIZUKI = BUILD / "kizuki"
LIBRARY = pathlib.Path(os.environ.get("KIZUKI_CHDB", BUILD / "index" / "libchdb.so"))
TURNS = 3
FREE_MIN = 15 << 30  # on the disk, else it ends
TOLD_S = 60
ADDRESSES = 10_000  # of the set: all of 10.0.0.0/8, and the one that is there


def cpu(argv, stdin=None):
    """Processor seconds of a command, and what it printed."""
    before = os.times()
    r = subprocess.run([str(a) for a in argv], stdin=stdin, capture_output=True, check=False)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, r


def best(turn):
    return min((turn() for _ in range(TURNS)), key=lambda x: x[0])


def of_process(pid):
    """Processor seconds so far, resident MB, of them its own."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), int(status["VmRSS"].split()[0]) / 1024, int(status["RssAnon"].split()[0]) / 1024


def searched(data, *args, index=None, may_fail=False):
    before = of_process(index)[0] if index else 0
    seconds, r = cpu([KIZUKI, "search", "--stats", *([] if index else ["--no-index"]), *args, data])
    if r.returncode not in (0, 1):
        sys.exit(r.stderr.decode())
    if index:
        seconds += of_process(index)[0] - before
    stats = json.loads(r.stderr.splitlines()[-1])
    if index and stats["index_why"] and not may_fail:
        sys.exit(stats["index_why"])
    return seconds, int(stats["found"]), stats


def floor(data, needle):
    files = sorted((data / "spool").glob("*.zst")) + sorted((data / "spool").glob("*.seg"))
    script = "(zstd -dcq \"$@\"; cat \"$LAST\") | LC_ALL=C grep -aFc \"$NEEDLE\""
    env = dict(os.environ, NEEDLE=needle, LAST=str(files[-1]))
    before = os.times()
    subprocess.run(["bash", "-c", script, "x", *map(str, files[:-1])], env=env, capture_output=True, check=False)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, 0


def row(what, ours, bound, note=""):
    ratio = f"{ours / bound:5.2f}" if bound else "    –"
    print(f"{what:52} {ours:8.3f} {bound and f'{bound:8.3f}' or '       –'} {ratio}  {note}", flush=True)


def size(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.name not in (".lock", "libchdb.so")) if folder.exists() else 0


class Index:
    """kizuki-index and the searcher that fills it, as `kizuki serve` starts them."""

    def __init__(self, data):
        (data / "run").mkdir(exist_ok=True)
        self.data = data
        self.sockets = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for s, name in zip(self.sockets, ("index", "search")):
            path = data / "run" / f"{name}.sock"
            path.unlink(missing_ok=True)
            s.bind(str(path))
            s.listen()
        self.log = open(data / "index.log", "w")
        self.index = self.start("kizuki-index", 0, "--library", LIBRARY)
        self.search = self.start("kizuki-search", 1, "--index", data / "run" / "index.sock")

    def start(self, name, n, *args):
        fd = self.sockets[n].fileno()
        return subprocess.Popen([str(a) for a in (BUILD / name, "--data", self.data, "--fd", fd, *args)], pass_fds=[fd], stderr=self.log)

    def records(self):
        r = subprocess.run([KIZUKI, "index", "status", self.data], capture_output=True, check=False)
        return json.loads(r.stdout)["records"] if r.returncode == 0 else 0

    def stop(self):
        for p in (self.search, self.index):
            p.terminate()
            p.wait()
        for s in self.sockets:
            s.close()
        (self.data / "run" / "index.sock").unlink()
        self.log.close()


def searches(data, made, what, options, index=None):
    some = ",".join(f"10.{i // 100}.{i % 100}.9" for i in range(ADDRESSES - 1))
    day = ("--from", "2026-10-23T00:00:00+09:00", "--to", "2026-11-22T00:00:00+09:00")
    for name, args, want in [("last 100 of a host", ("--last", "100", "host.name:web-07"), None),
                             ("last 100 of a host seldom seen", ("--last", "100", "host.name:needle-db-07"), None),
                             ("one address over 30 days", ("--count", *day, "198.51.100.77"), made["address"]),
                             ("Japanese, two characters, over 30 days", ("--count", *day, "改ざ"), made["japanese"]),
                             (f"{ADDRESSES:,} addresses", ("--count", *day, f"source.ip:({some},198.51.100.77)"), None),
                             ("a word that is not there", ("--count", "zzzznotthere"), 0)]:
        ours, found, s = best(lambda x=args: searched(data, *options, *x, index=index))
        if want is not None and found != want:
            sys.exit(f"{name}: {found} found, {want} were made")
        if name.endswith("addresses") and not found:
            sys.exit("none of the addresses was found")
        row(f"{what}: {name}", ours, 0, f"{s['records']} records of {s['segments'] - s['segments_passed_over']} of {s['segments']} segments")


def fill(x, data, made):
    """Until every record is in it. What an earlier run had filled is told apart."""
    began = told = time.monotonic()
    first = seen = x.records()
    while seen < made["events"]:
        if x.index.poll() is not None or x.search.poll() is not None:
            sys.exit((data / "index.log").read_text()[-2000:])
        if shutil.disk_usage(data).free < FREE_MIN:
            sys.exit("the disk is nearly full")
        time.sleep(1)
        seen = x.records()
        if time.monotonic() - told > TOLD_S:
            told = time.monotonic()
            print(f"# {told - began:6.0f} s {seen:>11,} of {made['events']:,} in the index; processor seconds {of_process(x.index.pid)[0]:.0f} and "
                  f"{of_process(x.search.pid)[0]:.0f}, {shutil.disk_usage(data).free >> 30} GB free", flush=True)
    note = f", {first:,} were there" if first else ""
    row("filling the index, once: kizuki-index", of_process(x.index.pid)[0], 0, f"{(seen - first) / max(time.monotonic() - began, 1):.0f} events/s{note}")
    row("filling the index, once: kizuki-search", of_process(x.search.pid)[0], 0, f"{of_process(x.search.pid)[1]:.0f} MB resident")


def large(data, made, what, options, index=None):
    """What somebody asks of months of logs: processor seconds, and seconds that pass, of the first turn and of the best of three."""
    hour = ("--from", "2026-11-05T10:00:00+09:00", "--to", "2026-11-05T11:00:00+09:00")
    print(f"{what:52} {'CPU s':>8} {'wall s':>8} {'first':>6}")
    for name, args, want in [("one address, on two days of thirty", ("198.51.100.77",), made["address"]),
                             ("one address that comes every day", ("20.100.200.101",), None),
                             ("one user, on every day", ("user.name:svc-needle",), made["user"]),
                             ("one SHA-256, on two days", ("5a7e1f00c0ffee11" * 4,), made["hash"]),
                             ("everything of one hour", (*hour, "*"), None),
                             ("one host of the site in that hour", (*hour, "host.name:web-07"), None),
                             ("a user in that hour", (*hour, "user.name:u42"), None),
                             ("the newest 100 of a host seldom seen", ("--last", "100", "host.name:needle-db-07"), None)]:
        turns, without = [], 0
        for _ in range(TURNS):
            began = time.monotonic()
            count = () if args[0] == "--last" else ("--count",)
            seconds, found, s = searched(data, *options, *count, *args, index=index, may_fail=True)
            without += bool(s["index_why"])
            turns.append((time.monotonic() - began, seconds))
        if want is not None and found != want:
            sys.exit(f"{name}: {found} found, {want} were made")
        wall, seconds = min(turns)
        print(f"  {name:50} {seconds:8.2f} {wall:8.2f} {turns[0][0]:6.2f}  {found:,} found; {s['records']:,} records of "
              f"{s['segments'] - s['segments_passed_over']} of {s['segments']} segments" + (f"; {without} times the index did not answer" if without else ""), flush=True)


def with_index(data, made, large_too):
    x = Index(data)
    try:
        fill(x, data, made)
        if large_too:
            large(data, made, "with the index", (), x.index.pid)
        searches(data, made, "index", (), x.index.pid)
        if large_too:
            large(data, made, "by filters alone", ())
        time.sleep(20)
        before, began = of_process(x.index.pid)[0], time.monotonic()
        time.sleep(20)
        after, mb, own = of_process(x.index.pid)
        print(f"at rest: kizuki-index {mb:.0f} MB resident ({own:.0f} its own), {100 * (after - before) / (time.monotonic() - began):.2f} % of a core")
    finally:
        x.stop()


def scans(data, made, raw):
    for what, query, needle, want in [("scan: a word that is not there", "zzzznotthere", "zzzznotthere", 0), ("scan: a host", "host.name:needle-db-07", "needle-db-07", made["host"]),
                                      ("scan: an address", "198.51.100.77", "198.51.100.77", made["address"]), ("scan: Japanese, two characters and a variant", "改ざん", "改ざん", made["japanese"])]:
        ours, found, _ = best(lambda q=query: searched(data, "--count", "--no-filters", q))
        if found != want:
            sys.exit(f"{query}: {found} found, {want} were made")
        bound, _ = best(lambda n=needle: floor(data, n))
        row(what, ours, bound, f"{raw / ours / 1e9:.2f} GB/s of raw log a core")


def measure(data, made, a):
    raw, n = made["bytes"], made["events"]
    print(f"{n} events of {raw / n:.0f} bytes over 30 days")
    print(f"{'processor seconds':52} {'ours':>8} {'floor':>8} ratio")
    if not a.no_scan:
        scans(data, made, raw)
    if not a.large and not list((data / "search").glob("*.filter")):  # else they are made with the index, in one reading
        seconds, _ = cpu([KIZUKI, "search", "--make-filters", "*", data])
        row("making the filters, once", seconds, 0, f"{raw / seconds / 1e6:.0f} MB/s")
    if not a.large:
        searches(data, made, "filters", ())
    if LIBRARY.exists():
        with_index(data, made, a.large)
    else:
        print(f"no library at {LIBRARY}: nothing is said of the index")
    parts = {"spool, sealed": sum(f.stat().st_size for f in (data / "spool").glob("*.zst")), "its newest segment, not yet sealed": sum(f.stat().st_size for f in (data / "spool").glob("*.seg")),
             "tree and checkpoints": size(data / "spool") - sum(f.stat().st_size for f in (data / "spool").glob("*.seg*")), "filters": size(data / "search"), "index": size(data / "index" / "db")}
    print("bytes an event: " + ", ".join(f"{name} {b / n:.1f}" for name, b in parts.items() if b) + f"; together {sum(parts.values()) / n:.1f}")


# ---- the whole path ----

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def children(pid):
    return [int(c) for p in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for c in p.read_text().split()]


def whole_path(folder, n):
    """Events over syslog into `kizuki serve` with all rules, until all are in the spool and in the index."""
    subprocess.run([BUILD / "bench/keep_gen", folder / "made", str(n), folder / "lines"], check=True, capture_output=True)
    shutil.rmtree(folder / "made")
    data, port = folder / "data", free_port()
    data.mkdir()
    (data / "kizuki.yml").write_text(json.dumps({"sources": [], "index": {"library": str(LIBRARY)}}))
    with open(folder / "serve.log", "w+") as log:
        serve = subprocess.Popen([KIZUKI, "serve", "--data", data, "--https", "127.0.0.1:0", "--syslog", f"127.0.0.1:{port}", "--no-local-logs"], stdout=log, stderr=log)
        try:
            while "/signin?" not in (folder / "serve.log").read_text():
                time.sleep(0.2)
            pids = {pathlib.Path(f"/proc/{p}/comm").read_text().strip(): p for p in children(serve.pid)}
            rest = {name: of_process(p)[1] for name, p in pids.items()}
            began, peaks, used = time.monotonic(), {}, {name: of_process(p)[0] for name, p in pids.items()}
            sender = subprocess.Popen(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}; cat '{folder / 'lines'}' >&3; exec 3>&-"])
            seen = 0
            while seen < n:
                time.sleep(5)
                r = subprocess.run([KIZUKI, "index", "status", data], capture_output=True, check=False)
                seen = json.loads(r.stdout)["records"] if r.returncode == 0 else 0
                mb = {name: round(of_process(p)[1]) for name, p in pids.items()}
                print(f"{time.monotonic() - began:6.0f} s {seen:9} in the index  MB: {mb}", flush=True)
            took = time.monotonic() - began
            sender.wait()
            used = {name: of_process(p)[0] - used[name] for name, p in pids.items()}
            print(f"{n / took:.0f} events/s from the socket to the index; processor seconds: " + ", ".join(f"{k} {v:.1f}" for k, v in used.items()) +
                  f"; {n / max(used.values()):.0f} events a second of the busiest")
            time.sleep(40)
            before = {name: of_process(p)[0] for name, p in pids.items()}
            time.sleep(20)
            for name, p in pids.items():
                c, mb, own = of_process(p)
                print(f"at rest: {name:15} {mb:6.0f} MB resident ({own:.0f} its own; {rest[name]:.0f} when it began), {100 * (c - before[name]) / 20:.2f} % of a core")
        finally:
            serve.send_signal(signal.SIGTERM)
            serve.wait()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--events", type=int, default=1_000_000)
    p.add_argument("--large", action="store_true")
    p.add_argument("--dir")
    p.add_argument("--data", type=pathlib.Path)
    p.add_argument("--keep", action="store_true", help="leave the folder")
    p.add_argument("--no-scan", action="store_true")
    p.add_argument("--path", type=int)
    a = p.parse_args()
    if "KIZUKI_BUILD" not in os.environ:
        subprocess.run(["ninja", "-C", BUILD, "bench/keep_gen"], check=True, capture_output=True)
    folder = a.data or pathlib.Path(tempfile.mkdtemp(prefix="bench-keep-", dir=a.dir or BUILD))
    try:
        if a.path:
            whole_path(folder, a.path)
            return
        if not (folder / "made.json").exists():
            (folder / "made.json").write_bytes(subprocess.run([BUILD / "bench/keep_gen", folder, str(100_000_000 if a.large else a.events)], check=True, capture_output=True).stdout)
        measure(folder, json.loads((folder / "made.json").read_text()), a)
    finally:
        if not a.keep and not a.data:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(folder)


main()
