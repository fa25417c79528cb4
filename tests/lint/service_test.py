#!/usr/bin/env python3
"""The service file is understood by systemd and leaves little open; both without a running systemd."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPOSURE_MAX = 30  # tenths; systemd calls up to 4.0 "OK" and an ordinary service has about 9.6
n = failed = 0


def check(name, good, why=""):
    global n, failed
    n += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {n} - {name}")
    if not good and why:
        print("\n".join("# " + l for l in why.splitlines()))


def analyze(*args):
    env = dict(os.environ, SYSTEMD_LOG_LEVEL="warning", LC_ALL="C")
    return subprocess.run(["systemd-analyze", *map(str, args)], capture_output=True, text=True, env=env)


def place(folder, text):
    program = folder / "bin" / "kizuki"
    program.parent.mkdir(exist_ok=True)
    program.write_text("#!/bin/true\n")
    program.chmod(0o755)
    unit = folder / "kizuki.service"
    unit.write_text(text.replace("@BINDIR@", str(folder / "bin")).replace("@DOCDIR@", "/usr/share/doc/kizuki")
                    .replace("@LIBEXECDIR@", "/usr/libexec/kizuki"))
    return unit


if not shutil.which("systemd-analyze"):
    print("ok 1 - service file # SKIP systemd-analyze is not installed")
    sys.exit(0)

TEXT = (ROOT / "packaging" / "systemd" / "kizuki.service.in").read_text()
with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    unit = place(d, TEXT)
    r = analyze("verify", "--man=no", unit)
    said = "\n".join(l for l in (r.stdout + r.stderr).splitlines() if "kizuki" in l)
    check("systemd understands every line", r.returncode == 0 and not said, r.stdout + r.stderr)
    r = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)
    last = (r.stdout.strip().splitlines() or [""])[-1]
    print(f"# {last}")
    check(f"exposure is at most {EXPOSURE_MAX / 10}", r.returncode == 0 and "exposure level" in r.stdout, r.stdout[-3000:] + r.stderr)
    r = analyze("verify", "--man=no", place(d, TEXT.replace("NoNewPrivileges=yes", "NoNewPrivilege=yes")))
    check("a misspelt line is seen", "NoNewPrivilege" in r.stdout + r.stderr)
    r = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                place(d, "[Service]\nExecStart=@BINDIR@/kizuki serve\n"))
    check("an open service is seen", r.returncode != 0)
sys.exit(1 if failed else 0)
