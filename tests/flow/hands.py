"""A kizuki-hand in a namespace, and a room that gives it orders signed with the room's key."""
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import tap

DEVELOPER = pathlib.Path(os.environ.get("KIZUKI_BUILD_DEV", tap.ROOT / "build-dev"))
HAND = tap.BUILD / "kizuki-hand"
SIGN = DEVELOPER / "tests" / "flow" / "order_sign"


def now_ms():
    return int(time.time() * 1000)


class Here:
    """This test's own namespace, as the host of a hand."""

    @staticmethod
    def start(*argv, **kw):
        return subprocess.Popen([str(a) for a in argv], **kw)


class Signer:
    def __init__(self, key, domain="kizuki/order/1"):
        self.child = subprocess.Popen([str(SIGN), "note", str(key), domain], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)

    def frame(self, text):
        self.child.stdin.write(text.encode() + b"\n")
        self.child.stdin.flush()
        head = self.child.stdout.read(4)
        return head + self.child.stdout.read(struct.unpack("<I", head)[0])

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()


class Room:
    """A connection to the hand's socket."""

    def __init__(self, path, key):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(20)
        self.signer = Signer(key)
        self.bytes = b""
        self.events = []

    def receive(self):
        """The next message, events included."""
        while len(self.bytes) < 4 or len(self.bytes) < 4 + struct.unpack("<I", self.bytes[:4])[0]:
            got = self.socket.recv(1 << 20)
            if not got:
                raise EOFError("the hand closed the connection")
            self.bytes += got
        n = struct.unpack("<I", self.bytes[:4])[0]
        message, self.bytes = self.bytes[4 : 4 + n], self.bytes[4 + n :]
        return json.loads(message)

    def answer(self):
        while True:
            m = self.receive()
            if "event" not in m:
                return m
            self.events.append(m)

    def event(self, kind, seconds=20):
        """Waits for an event of that kind."""
        end = time.monotonic() + seconds
        while not any(e["event"] == kind for e in self.events):
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            m = self.receive()
            if "event" in m:
                self.events.append(m)
        self.socket.settimeout(20)
        found = next(e for e in self.events if e["event"] == kind)
        self.events.remove(found)
        return found

    def order(self, kind, addresses=(), minutes=60, **more):
        o = dict(order_id=secrets.token_hex(8), type=kind, issued_ms=now_ms(), expires_ms=now_ms() + 60000,
                 reason="test", rule="test-rule", incident="1")
        if kind in ("block", "unblock", "never"):
            o["addresses"] = list(addresses)
        if kind in ("block", "never"):
            o["minutes"] = minutes
        if kind == "block":
            o["dry_run"] = False
        o.update(more)
        return o

    def send(self, order):
        self.socket.sendall(self.signer.frame(order if isinstance(order, str) else json.dumps(order)))

    def ask(self, kind, addresses=(), minutes=60, **more):
        self.send(self.order(kind, addresses, minutes, **more))
        return self.answer()

    def block(self, *addresses, minutes=60):
        a = self.ask("block", addresses, minutes)
        assert a["ok"], a
        return a

    def blocks(self):
        a = self.ask("list")
        assert a["ok"], a
        found = list(a["blocks"])
        while a["more"]:
            a = self.answer()
            found += a["blocks"]
        return {b["address"]: b for b in found}

    def close(self):
        self.signer.close()
        self.socket.close()


class Hand:
    def __init__(self, host, data, limits="dry_run: false\n"):
        self.host, self.data = host, pathlib.Path(data)
        self.key = self.data / "room" / "order.key"
        self.socket = self.data / "run" / "hand.sock"
        self.limits = self.data / "hand" / "limits.yml"
        self.log = self.data / "hand.log"
        self.child = None
        for d in ("room", "hand", "run"):
            (self.data / d).mkdir(parents=True, exist_ok=True)
        subprocess.run([str(SIGN), "key", str(self.key)], check=True)
        shutil.copy(f"{self.key}.pub", self.data / "hand" / "order.key.pub")
        if limits is not None:
            self.limits.write_text(limits)

    def start(self, *more, wait=True):
        before = self.said().count(" ready, driver") if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.child = self.host.start(HAND, "--data", self.data, *more, stderr=log, stdout=log)
        if wait:
            tap.wait_until(lambda: self.child.poll() is not None or self.said().count(" ready, driver") > before,
                           25, what="the hand to be ready")
            assert self.child.poll() is None, self.said()
        return self

    def said(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.child = None

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            assert self.child.wait(20) == 0, self.said()
        self.child = None

    def hup(self):
        """New limits, and waits until they are read."""
        n = self.said().count("limits")
        self.child.send_signal(signal.SIGHUP)
        tap.wait_until(lambda: self.said().count("limits") > n, what="limits read again")

    def room(self):
        return Room(self.socket, self.key)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait()


class Deeds(Hand):
    """kizuki-hand as the driver NAME of lasting acts; `site` is its file of DATA/hand/drivers."""

    def __init__(self, host, data, name, site):
        super().__init__(host, data, limits=None)
        self.name = name
        self.socket = self.data / "run" / f"hand-{name}.sock"
        (self.data / "hand" / "drivers").mkdir(exist_ok=True)
        self.site = self.data / "hand" / "drivers" / f"{name}.yml"
        self.site.write_text(json.dumps(site))

    def start(self, *more, wait=True):
        return super().start("--deeds", self.name, *more, wait=wait)

    def room(self):
        return DeedRoom(self.socket, self.key, self.name)


class DeedRoom(Room):
    def __init__(self, path, key, driver):
        super().__init__(path, key)
        self.driver = driver

    def deed(self, verb, kind, *targets, minutes=60, params=None, dry_run=False, **more):
        o = dict(order_id=secrets.token_hex(8), type=verb, driver=self.driver, kind=kind, targets=list(targets),
                 issued_ms=now_ms(), expires_ms=now_ms() + 60000, reason="test", incident="1", dry_run=dry_run)
        if verb == "apply":
            o["minutes"] = minutes
            if params:
                o["params"] = params
        return dict(o, **more)

    def act(self, verb, kind, *targets, **more):
        self.send(self.deed(verb, kind, *targets, **more))
        return self.answer()

    def standing(self):
        self.send(dict(order_id=secrets.token_hex(8), type="list", driver=self.driver, issued_ms=now_ms(),
                       expires_ms=now_ms() + 60000))
        a = self.answer()
        assert a["ok"], a
        return {b["address"]: b for b in a["blocks"]}
