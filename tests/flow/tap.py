"""What flow tests share: TAP lines, the programs, waiting without sleeping longer than needed.

A flow test is a program: `import tap`, then functions decorated with @tap.test, then tap.main(). A function
raises AssertionError to fail and tap.Skip to be skipped aloud."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KIZUKI_BUILD", ROOT / "build"))
KIZUKI = BUILD / "kizuki"
DATA = os.environ.get("KIZUKI_TEST_DATA")
_tests = []


class Skip(Exception):
    pass


def test(f):
    _tests.append(f)
    return f


def need(condition, why):
    if not condition:
        raise Skip(why)


def need_program(*names):
    for n in names:
        need(shutil.which(n) or shutil.which(n, path="/usr/sbin:/sbin"), f"{n} is not installed")


def wait_until(check, seconds=10.0, every=0.02, what=""):
    """The first true value of check(); AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what or check}")
        time.sleep(every)


@contextlib.contextmanager
def folder():
    d = tempfile.mkdtemp(prefix="kizuki-test-")
    try:
        yield pathlib.Path(d)
    finally:
        shutil.rmtree(d, ignore_errors=True)


def run(*argv, **kw):
    kw.setdefault("timeout", 120)
    return subprocess.run([str(a) for a in argv], capture_output=True, **kw)


def cpu():
    """Of this process and of those it waited for."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def main():
    only = sys.argv[1:]
    passed = failed = skipped = 0
    for i, f in enumerate(_tests, 1):
        name = f.__name__.replace("_", " ")
        if only and not any(o in name for o in only):
            continue
        began, used = time.monotonic(), cpu()
        try:
            f()
            passed += 1
            print(f"ok {i} - {name}", flush=True)
        except Skip as s:
            skipped += 1
            print(f"ok {i} - {name} # SKIP {s}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {i} - {name}", flush=True)
            print("\n".join("# " + l for l in traceback.format_exc().splitlines()), flush=True)
        print(f"# {time.monotonic() - began:.1f} s, {cpu() - used:.1f} s CPU", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed else 0)
