"""What machines say: a small disk that fills up, told by the real collectd.

A tmpfs of 64 MB stands in a mount namespace of its own; collectd measures it every second and sends its packets to `kizuki serve`. First it is filled
slowly, in steps of one second, and the end must be foretold a minute before; then stress-ng writes what is left at once, and danger must be told."""
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "flow"))
import netns  # noqa: E402
import programs  # noqa: E402
import tap  # noqa: E402

DISK_MB, FULL_AFTER_S = 64, 240


def noticed(data, rule, since_ns):
    try:
        db = sqlite3.connect(f"file:{data}/room/room.db?mode=ro", uri=True, timeout=5)
        row = db.execute("SELECT detected_at FROM finding WHERE json_extract(json, '$.rule.name') = ? AND last_at >= ?", (rule, since_ns)).fetchone()
        db.close()
        return row
    except sqlite3.OperationalError:
        return None


def wait(data, rule, since, until):
    while time.time() < until:
        row = noticed(data, rule, int(since * 1e9))
        if row:
            return row
        time.sleep(0.2)
    return None


def collectd(d, disk, port):
    (d / "collectd.conf").write_text(f"""Hostname "small-disk"
FQDNLookup false
Interval 1
BaseDir "{d}"
LoadPlugin df
LoadPlugin network
<Plugin df>
  MountPoint "{disk}"
</Plugin>
<Plugin network>
  Server "127.0.0.1" "{port}"
</Plugin>
""")
    return subprocess.Popen([shutil.which("collectd", path="/usr/sbin:/usr/bin"), "-f", "-C", str(d / "collectd.conf"), "-P", str(d / "pid")],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def fill(disk, data):
    """Until the end is foretold: when that was, and how long before the end."""
    began, step = time.time(), b"\0" * int(DISK_MB * 2**20 / FULL_AFTER_S)
    with open(disk / "grows", "wb") as f:
        for i in range(FULL_AFTER_S - 10):
            f.write(step)
            f.flush()
            while time.time() < began + i + 1:
                row = noticed(data, "resource_exhausted_knee", int(began * 1e9))
                if row:
                    return time.time() - began
                time.sleep(0.1)
    return None


def run(report):
    netns.need_real_root()
    tap.need_program("collectd", "stress-ng")
    netns.sh("ip", "link", "set", "lo", "up", check=False)
    port = programs.free_port()
    with tap.folder() as d:
        disk = d / "disk"
        disk.mkdir()
        netns.sh("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", disk)
        try:
            with programs.served({"intake": {"collectd": [f"127.0.0.1:{port}"]}}, ["--no-local-logs"]) as s:
                s.wait_up(60)
                c = collectd(d, disk, port)
                try:
                    foretold = fill(disk, s.data)
                    report(f"a disk fills up in {FULL_AFTER_S} s", "resource_exhausted_knee", foretold, FULL_AFTER_S - 60)
                    now = time.time()
                    subprocess.run(["stress-ng", "--hdd", "1", "--hdd-bytes", f"{DISK_MB}m", "--temp-path", str(disk), "--timeout", "20s"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                    row = wait(s.data, "resource_danger", now, now + 60)
                    report("stress-ng writes what is left", "resource_danger", row[0] / 1e9 - now if row else None, 60)
                finally:
                    c.terminate()
                    c.wait()
        finally:
            netns.sh("umount", disk, check=False)
