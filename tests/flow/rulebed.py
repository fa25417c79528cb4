"""Rule sets for tests, and stored logs to try them on."""
import contextlib
import io
import json
import subprocess
import zipfile

import programs
import tap

RULE = """title: {title}
id: {id}
author: Somebody Else
logsource: {{product: linux, service: sshd}}
detection:
    failed:
        event.outcome: failure
        user.name: {user}
    condition: failed
level: {level}
"""
ID = "11111111-2222-4333-8444-55555555555"
LINE = "2026-11-22T17:03:{:02}.000000+00:00 gate sshd[812]: Failed password for invalid user {} from 192.0.2.{} port 40022 ssh2\n"


def kizuki(*args):
    return subprocess.run([str(tap.KIZUKI), *map(str, args)], capture_output=True, text=True, timeout=120)


def rule(data, verb, *args, fails=False):
    r = kizuki("rule", verb, *args, "--data", data)
    assert (r.returncode != 0) == fails, (r.returncode, r.stdout, r.stderr)
    return r.stderr if fails else r.stdout


def make_set(d, **texts):
    (d / "rules").mkdir(parents=True, exist_ok=True)
    (d / "LICENSE").write_text("MIT License\n")
    for name, text in texts.items():
        (d / "rules" / f"{name}.yml").write_text(text)
    return d


def text(n=1, title="Guessing", user="admin", level="medium"):
    return RULE.format(title=title, id=f"{ID}{n}", user=user, level=level)


def fill_spool(d, log):
    """What the log says, in a spool, by the real sensor."""
    (d / "data").mkdir(exist_ok=True)
    settings = {"sources": [{"name": "auth", "kind": "file", "path": str(log)}], "syslog": []}
    s = programs.Served(d / "data", settings, ["--no-local-logs"])
    try:
        s.wait_up()
        tap.wait_until(lambda: stored(d) >= 30, 20, what="the log in the spool: " + s.output()[-500:])
    finally:
        s.stop()


def stored(d):
    r = kizuki("hunt", "--stats", d / "data/spool")
    return json.loads(r.stderr.splitlines()[-1])["events"] if r.returncode == 0 else 0


@contextlib.contextmanager
def pages(d, log):
    """A served Kizuki that has read the log, and somebody who is signed in."""
    (d / "data").mkdir(exist_ok=True)
    s = programs.Served(d / "data", {"sources": [{"name": "auth", "kind": "file", "path": str(log)}], "syslog": []}, ["--no-local-logs"])
    try:
        b = s.browser()
        lines = len(log.read_text().splitlines())
        tap.wait_until(lambda: stored(d) >= lines and b.get("/me")["sensor"] and "sets" in b.get("/rules/state"), 60, what="the log in the spool: " + s.output()[-500:])
        try:
            yield b
        except AssertionError as e:
            raise AssertionError(f"{e}\nthe log says: {s.output()[-3000:]}") from e
        assert not list((s.data / "incoming").iterdir()), "what was sent in lies about"
        assert "Sanitizer" not in s.output() and "runtime error" not in s.output(), s.output()[-4000:]
    finally:
        s.stop()


def zipped(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for f in sorted(folder.rglob("*")):
            if f.is_file():
                z.write(f, f.relative_to(folder.parent))
    return out.getvalue()


def tried(b, state="done"):
    """The trial that was started last, when it has come to this end."""
    x = tap.wait_until(lambda: (t := b.get("/rules/trial")["trial"]) and t["state"] != "running" and t, 60, what="the end of the trial")
    assert x["state"] == state, x
    return x


def set_state(b, name, state):
    """The row of a set once it is in this state; of a draft, once it was said what it changes."""
    is_it = lambda s: (s["name"], s["state"]) == (name, state) and (state != "draft" or s["change"])
    return tap.wait_until(lambda: next(filter(is_it, b.get("/rules/state")["sets"]), None), 60,
                          what=f"{name} to be {state}: {b.get('/rules/state')['sets']}")
