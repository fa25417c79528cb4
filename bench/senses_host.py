"""What hosts say: a program that encrypts 2,000 files, ordinary programs over as many files, and a machine that guesses its way over SSH.

The files lie on a tmpfs of 64 MB in a mount namespace of its own. A watcher (inotify) writes a line of JSON for each file that was made, written or renamed, with the
entropy of its first 4 KiB, into a file `kizuki serve` follows: what an agent on a file server would send. (Linux' audit cannot be started inside a container, so the
watcher stands in for it.) The program that encrypts is a real one: it reads every file, writes it anew under another ending with a keystream over it, removes the old one
and leaves a note. tar, rsync, git, gzip and cp go over the same files before; nothing of theirs may be noticed. Then hydra tries passwords on sixteen addresses of a real sshd behind
a gateway whose conntrack is followed."""
import collections
import ctypes
import hashlib
import json
import math
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "flow"))
import netns  # noqa: E402
import programs  # noqa: E402
import tap  # noqa: E402

FILES, FOLDERS, LIMIT_S = 2000, 40, 60
KINDS = ["docx", "xlsx", "csv", "txt", "pdf", "jpg", "dwg", "sql"]
CREATE, CLOSE_WRITE, MOVED_FROM, MOVED_TO = 0x100, 0x8, 0x40, 0x80


def entropy(path):
    try:
        with open(path, "rb") as f:
            b = f.read(4096)
    except OSError:
        return None
    n = len(b)
    return -sum(c / n * math.log2(c / n) for c in collections.Counter(b).values()) if n else 0.0


class Watcher(threading.Thread):
    """inotify over all folders below `top`; a line for each file that was written, made or renamed."""

    def __init__(self, top, out):
        super().__init__(daemon=True)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd, self.out, self.top, self.folders = self.libc.inotify_init(), open(out, "a", buffering=1), top, {}
        self.lines = 0
        self.add(top)

    def add(self, folder):
        for d, names, _ in os.walk(folder):
            w = self.libc.inotify_add_watch(self.fd, os.fsencode(d), CREATE | CLOSE_WRITE | MOVED_FROM | MOVED_TO)
            self.folders[w] = d

    def tell(self, action, kind, path, before=None):
        at = time.time()
        base, name = os.path.split(path)
        parts = name.lstrip(".").split(".")
        e = {"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z", "event.category": "file", "event.type": kind, "event.action": action,
             "host.name": "fs-bench", "file.path": path, "file.name": name, "file.directory": base}
        if len(parts) > 1:
            e["file.extension"] = parts[-1].lower()
        was = os.path.basename(before).split(".") if before else parts[:-1]
        if len(was) > 1:
            e["file.Ext.original.extension"] = was[-1].lower()
        if before:
            e["file.Ext.original.path"] = before
        bits = entropy(path)
        if bits is not None:
            e["file.Ext.entropy"] = round(bits, 2)
        self.out.write(json.dumps(e) + "\n")
        self.lines += 1

    def run(self):
        moved = {}
        while True:
            data = os.read(self.fd, 1 << 20)
            at = 0
            while at < len(data):
                wd, mask, cookie, n = struct.unpack_from("iIII", data, at)
                name = os.fsdecode(data[at + 16:at + 16 + n].rstrip(b"\0"))
                at += 16 + n
                path = os.path.join(self.folders.get(wd, self.top), name)
                if mask & 0x40000000:  # a folder
                    if mask & (CREATE | MOVED_TO):
                        self.add(path)
                        for d, _, names in os.walk(path):  # made before anybody looked
                            for n in names:
                                self.tell("file-created", "creation", os.path.join(d, n))
                elif mask & CLOSE_WRITE:
                    self.tell("file-written", "change", path)
                elif mask & MOVED_FROM:
                    moved[cookie] = path
                elif mask & MOVED_TO:
                    self.tell("file-renamed", "change", path, moved.pop(cookie, None))


def make_files(top):
    rng = hashlib.shake_128(b"kizuki")
    for i in range(FILES):
        d = top / f"dept{i % FOLDERS}"
        d.mkdir(exist_ok=True)
        kind = KINDS[i % len(KINDS)]
        body = rng.digest(4096) if kind in ("docx", "xlsx", "pdf", "jpg") else (f"row {i}: the quick brown fox, 12,{i}\n" * 100).encode()
        (d / f"file{i}.{kind}").write_bytes(body)


ENCRYPT = '''import hashlib, os, sys
for d, _, names in os.walk(sys.argv[1]):
    for name in names:
        p = os.path.join(d, name)
        b = open(p, "rb").read()
        key = hashlib.shake_256(p.encode()).digest(len(b))
        open(p + ".crpt7", "wb").write(bytes(x ^ y for x, y in zip(b, key)))
        os.unlink(p)
    if names:
        open(os.path.join(d, "HOW_TO_RECOVER_FILES.txt"), "w").write("pay\\n")
'''


def findings(data, kind, since_ns):
    try:
        db = sqlite3.connect(f"file:{data}/room/room.db?mode=ro", uri=True, timeout=5)
        rows = db.execute("SELECT json_extract(json, '$.rule.name') FROM finding WHERE json_extract(json, '$.rule.kind') = ? AND last_at >= ?", (kind, since_ns)).fetchall()
        db.close()
        return [r[0] for r in rows]
    except sqlite3.OperationalError:
        return []


def wait(data, kind, seconds, since_ns):
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if findings(data, kind, since_ns):
            return time.monotonic() - begin
        time.sleep(0.05)
    return None


def ordinary(top, d):
    """Programs that go over as many files, one after the other."""
    work, tarball = top / "office", d / "a.tar"
    yield "tar unpacks", lambda: (subprocess.run(["tar", "cf", tarball, "-C", work, "."], check=True), (top / "t").mkdir(), subprocess.run(["tar", "xf", tarball, "-C", top / "t"], check=True))
    if shutil.which("rsync"):
        yield "rsync copies", lambda: subprocess.run(["rsync", "-a", f"{work}/", top / "r"], check=True)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.jp", "-C", str(top / "t")]
    yield "git checks out", lambda: [subprocess.run([*git, *a], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                                     for a in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["rm", "-rqf", "."], ["checkout", "-qf", "HEAD", "--", "."])]
    yield "gzip -r packs each", lambda: subprocess.run(["gzip", "-r", "-1", top / "t"], check=True)
    shutil.rmtree(top / "t", ignore_errors=True)
    debs = sorted(pathlib.Path("/var/cache/apt/archives").glob("*.deb"), key=lambda p: p.stat().st_size)[:3]
    if debs:
        yield "dpkg unpacks", lambda: [subprocess.run(["dpkg-deb", "-x", p, top / "p"], check=True) for p in debs]


def encrypting(report, d):
    disk = d / "disk"
    disk.mkdir()
    netns.sh("mount", "-t", "tmpfs", "-o", "size=64m", "none", disk)
    try:
        (disk / "office").mkdir()
        make_files(disk / "office")
        log = d / "files.ndjson"
        log.touch()
        served = programs.Served(d / "data", {"sources": [{"name": "files", "kind": "file", "path": str(log), "service": "files"}], "services": [{"name": "files", "title": "files"}]},
                                 ("--no-local-logs",))
        try:
            served.wait_up()
            time.sleep(3)
            watcher = Watcher(str(disk), log)
            watcher.start()
            for what, act in ordinary(disk, d):
                since, lines = time.time_ns(), watcher.lines
                act()
                time.sleep(6)
                false = findings(d / "data", "ransomware", since)
                print(f"| {what} ({watcher.lines - lines:,} changes seen) | ransomware | {'RAISED ' + ', '.join(false) if false else 'silent'} | never | {'LATE' if false else 'ok'} |", flush=True)
                if false:
                    report(what, "a false alarm", None, 0)
            since = time.time_ns()
            begin = time.monotonic()
            p = subprocess.Popen([sys.executable, "-c", ENCRYPT, str(disk / "office")])
            first = wait(d / "data", "ransomware", LIMIT_S + 30, since)
            p.wait()
            report(f"a program encrypts {FILES:,} files (it took {time.monotonic() - begin:.1f} s)", "ransomware", first, LIMIT_S)
        finally:
            served.process.terminate()
            served.process.wait(60)
    finally:
        netns.sh("umount", "-l", disk, check=False)


def spreading(report, d):
    with netns.network("10.77.0.1/24", "10.77.1.1/24") as net:
        bot, target = net.client("10.77.0.10/24"), net.client("10.77.1.100/24")
        bot.run("ip", "route", "add", "default", "via", "10.77.0.1")
        target.run("ip", "route", "add", "default", "via", "10.77.1.1")
        addresses = [f"10.77.1.{10 + i}" for i in range(20)]
        for a in addresses:
            target.run("ip", "addr", "add", f"{a}/24", "dev", "eth0")
        gw = net.server
        gw.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.br0.rp_filter=0", "net.ipv4.conf.all.send_redirects=0")
        gw.run("nft", "add table ip seen; add chain ip seen forward { type filter hook forward priority 0 ; } ; add rule ip seen forward ct state new counter")
        log = d / "conntrack.log"
        follow = gw.start("stdbuf", "-oL", "conntrack", "-E", "-e", "NEW", "-o", "timestamp", "-b", "16777216", stdout=open(log, "wb"), stderr=subprocess.DEVNULL)
        key = d / "hostkey"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        os.makedirs("/run/sshd", exist_ok=True)
        sshd = target.start("/usr/sbin/sshd", "-D", "-f", "/dev/null", "-h", str(key), "-p", "22", "-o", "UsePAM=no", "-o", "MaxStartups=200", stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        served = programs.Served(d / "data2", {"sources": [{"name": "conntrack", "kind": "file", "path": str(log), "service": "gateway", "host": "gw"}],
                                               "services": [{"name": "gateway", "title": "gateway"}]}, ("--no-local-logs",))
        hydra = None
        try:
            served.wait_up()
            time.sleep(3)
            (d / "targets").write_text("\n".join(addresses) + "\n")
            (d / "words").write_text("\n".join(f"pass{i}" for i in range(20)) + "\n")
            since = time.time_ns()
            hydra = bot.start("timeout", "60", "hydra", "-q", "-I", "-t", "2", "-T", "16", "-l", "admin", "-P", str(d / "words"), "-M", str(d / "targets"), "ssh", cwd=d,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            report("hydra tries passwords on 20 machines over SSH", "lateral_spread", wait(d / "data2", "lateral_spread", LIMIT_S + 30, since), LIMIT_S)
        finally:
            for p in (hydra, sshd, follow):
                if p:
                    p.terminate()
                    p.wait()
            served.process.terminate()
            served.process.wait(60)


def run(report):
    netns.need_real_root()
    netns.sh("ip", "link", "set", "lo", "up", check=False)
    with tap.folder() as d:
        encrypting(report, d)
        tap.need_program("hydra", "conntrack", "sshd")
        spreading(report, d)
