"""A real kizuki-room for tests: started over a folder, spoken to as a sensor and as a browser."""
import contextlib
import datetime
import http.client
import json
import os
import re
import select
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import threading

import openapi
import tap

ROOM = tap.BUILD / "kizuki-room"
SERVICES = """
services:
  - {name: members, title: {ja: 会員サイト, en: Members' site}, pages: [{path: /mypage/profile, shows: {ja: 氏名と住所, en: name and address}}]}
  - {name: billing, title: {ja: 請求照会, en: Billing}}
  - {name: points, title: {ja: ポイント, en: Points}}
"""


def iso(seconds_ago=0.0):
    t = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z"


def finding(n, *, revision=1, source=None, service="members", kind="list_attack", level="high", accounts=(), count=60,
            propose="block_source", ago=30.0, good=0, paths=(), evidence=(7, 8, 9), sources=(), rule="r-list"):
    def listed(values):
        return {"distinct": len(values), "at_least": False,
                "listed": [{"value": v, "count": 2, "first": iso(ago - i * 0.01), "at": {"spool": 1000 + i}} for i, v in enumerate(values)]}
    group = {}
    if source:
        group["kizuki.source.net"] = source
    if service and not source:
        group["service.name"] = service
    values = {}
    if accounts:
        values["user.name"] = listed(list(accounts))
    if service and source:
        values["service.name"] = listed([service])
    if paths:
        values["url.path"] = listed(list(paths))
    if sources:
        values["kizuki.source.net"] = listed(list(sources))
    return {"id": f"{n:032x}", "state": "open" if revision == 1 else "update", "revision": revision,
            "rule": {"id": rule, "name": rule, "title": "Account list attack", "kind": kind, "propose": propose},
            "level": level, "group": group, "count": count, "first": iso(ago), "last": iso(1), "detected": iso(1),
            "detected_at": {"spool": 9}, "measures": {"tries": count, "good_accounts": good, "failure_rate": 0.98},
            "values": values, "evidence": [{"spool": e} for e in evidence]}


class Sensor:
    """Speaks the sensor's side of room.sock."""

    def __init__(self, data):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(10)
        self.s.connect(str(data / "run/room.sock"))
        self.acked, self.asked, self.buffer, self.answers = 0, [], b"", {}
        self.lock = threading.Lock()

    def raw(self, data):
        self.s.sendall(data)

    def send(self, message):
        text = json.dumps(message).encode()
        self.raw(struct.pack("<I", len(text)) + text)

    def finding(self, seq, f):
        self.send({"t": "finding", "seq": seq, "finding": f})

    def read(self):
        """One message, None at the end."""
        while True:
            if len(self.buffer) >= 4:
                n, = struct.unpack("<I", self.buffer[:4])
                if len(self.buffer) >= 4 + n:
                    m = json.loads(self.buffer[4:4 + n])
                    self.buffer = self.buffer[4 + n:]
                    return m
            try:
                more = self.s.recv(65536)
            except (ConnectionError, OSError):
                return None
            if not more:
                return None
            self.buffer += more

    def wait_ack(self, seq):
        while self.acked < seq:
            m = self.read()
            assert m, "the room hung up"
            if m["t"] == "ack":
                self.acked = max(self.acked, m["seq"])
            else:
                self.asked.append(m)

    def serve(self, answer):
        """Answers questions in the background."""
        def run():
            while m := self.read():
                if m["t"] == "ack":
                    self.acked = max(self.acked, m["seq"])
                else:
                    self.send(answer(m))
        threading.Thread(target=run, daemon=True).start()

    def close(self):
        self.s.close()


class Hand:
    """Speaks the hand's side of hand.sock: whatever is ordered is done at once, and remembered."""

    def __init__(self, data):
        self.blocks = {}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(data / "run/hand.sock"))
        self.listener.listen()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            s, _ = self.listener.accept()
            f = s.makefile("rb")
            while head := f.read(4):
                note = f.read(struct.unpack("<I", head)[0]).decode()
                order = json.loads(note.split("\n\n\u2014 ")[0].split("\n", 1)[1])
                text = json.dumps(self.answer(order)).encode()
                s.sendall(struct.pack("<I", len(text)) + text)

    def answer(self, o):
        a = {"order_id": o["order_id"], "ok": True}
        if o["type"] == "list":
            return a | {"limits": {"dry_run": False}, "blocks": list(self.blocks.values()), "more": False}
        until = int(datetime.datetime.now().timestamp() * 1000) + 60000 * o.get("minutes", 0)
        gone = o["type"] == "unblock"
        for x in o.get("addresses", []):
            self.blocks.pop(x, None)
            if o["type"] == "block":
                self.blocks[x] = {"address": x, "order_id": o["order_id"], "since_ms": until - 60000 * o["minutes"], "until_ms": until, "packets": 0, "bytes": 0,
                                  "dry_run": False, "reason": "", "rule": "", "incident": ""}
        return a | {"results": [{"address": x, "ok": True, "state": "unblocked" if gone else "blocked", "reason": None, "text": "",
                                 "until_ms": None if gone else until} for x in o.get("addresses", [])]}


class Searcher:
    """Speaks the side of kizuki-search: each search has ended and found one event. The real one: search_test.py."""

    def __init__(self, data):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(data / "run/search.sock"))
        self.listener.listen()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            s, _ = self.listener.accept()
            f = s.makefile("rb")
            while head := f.read(4):
                asked = json.loads(f.read(struct.unpack("<I", head)[0]))
                exported = {"export": 3, "state": "done", "why": None, "records": 1, "not_sealed": 0, "bytes": 9, "sha256": "0" * 64, "key": "0" * 16}
                begun = {"start": {"search": 1}, "trace": {"search": 2}, "evidence": {"export": 3}, "evidence_state": exported,
                         "hunt": {"state": "running", "found": 0, "progress": {"bytes": 9, "bytes_done": 1}}, "hunt_stop": {"state": "stopped", "found": 0},
                         "scope": {"state": "running", "found": 0}, "scope_stop": {"state": "stopped", "found": 0},
                         "indicators_imports": {"imports": [], "alive": 0, "ended": 0}, "indicators_take": {"import": 1}, "indicators_remove": {"ok": True},
                         "indicators_preview": {"preview": 1, "format": "text", "new": 1, "known": 0, "same": 0, "passed": 0, "refused_total": 0, "refused": [], "sample": []},
                         "csv": {"text": "\ufeff\"time\"\r\n", "next": 0}, "rule": {"text": "title: x\n"}}.get(asked["op"])
                result = begun or (self.traced() if asked.get("search") == 2 else self.ended())
                text = json.dumps({"id": asked["id"], "ok": True, "result": result}).encode()
                s.sendall(struct.pack("<I", len(text)) + text)

    def ended(self):
        at = iso()
        progress = {"bytes": 9, "bytes_done": 9, "bytes_passed": 0, "segments": 1, "segments_passed": 0, "records": 1, "lost": 0,
                    "took_s": 0.1, "left_s": None}
        return {"search": 1, "state": "done", "why": None, "query": "root", "copy": "", "from": None, "to": None, "found": 1, "first_at": at,
                "last_at": at, "counted": 1, "looked_back_to": None, "rows": 1, "progress": progress, "histogram": {"from": at, "step_s": 1, "counts": [1]},
                "facets": [], "events": [{"n": 7, "at": at, "device_at": None, "arrived_at": iso(), "offset_ms": None, "source": "s", "fields": {"message": "x"}}]}

    def traced(self):
        question = {"address": "198.51.100.1", "port": 40001, "from": iso(), "to": iso(), "error_s": 0, "zone_told": False, "zone_min": 540,
                    "destination": None, "destination_port": None}
        return {"search": 2, "state": "done", "why": None, "question": question, "candidates": [], "missing": [], "events": 0, "events_lost": 0,
                "progress": {"rounds": 3, "rounds_most": 10, "records": 1, "bytes": 9, "lost": 0, "took_s": 0.1, "cpu_s": 0.1}}


class Reply:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    def json(self):
        return json.loads(self.text)


class Browser:
    def __init__(self, room, address="127.0.0.1"):
        self.room, self.address, self.cookie, self.csrf = room, address, None, None
        self.held = []  # connections that go on after an answer, as browsers keep them; one a thread
        self.verify_flags = 0
        self.trust = None

    def connect(self):
        certificate = (self.room.data / "room/tls.crt").read_bytes()
        if not self.trust or self.trust[0] != certificate:  # reading it takes as long as half a request
            self.trust = certificate, ssl.create_default_context(cadata=certificate.decode())
            self.trust[1].verify_flags |= self.verify_flags
        return http.client.HTTPSConnection("localhost", self.room.port, timeout=20, context=self.trust[1],
                                           source_address=(self.address, 0))

    def connection(self):
        """A connection, and whether it was used before."""
        while True:
            try:
                c = self.held.pop()
            except IndexError:
                return self.connect(), False
            if not select.select([c.sock], [], [], 0)[0]:
                return c, True
            c.close()  # the room has ended it, or was ended

    def request(self, method, path, body=None, headers=None, raw=None):
        h = {}
        if self.cookie:
            h["Cookie"] = f"kizuki_session={self.cookie}"
        if self.csrf and method != "GET":
            h["X-Kizuki-CSRF"] = self.csrf
        data = raw
        if body is not None:
            archive = isinstance(body, bytes)
            data = body if archive else json.dumps(body).encode()
            h["Content-Type"] = "application/json" if not archive else "application/zip" if "/rules/" in path else "application/octet-stream"
        h.update(headers or {})
        c, used = self.connection()
        try:
            try:
                c.request(method, path, data, h)
                r = c.getresponse()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                if not used:
                    raise
                c.close()  # it had waited too long, which the room sees only when somebody speaks: asked again, as browsers do
                c = self.connect()
                c.request(method, path, data, h)
                r = c.getresponse()
            self.last_bytes = r.read()  # of a file
            x = Reply(r.status, {k.lower(): v for k, v in r.getheaders()}, self.last_bytes.decode(errors="replace"))
            if not r.will_close:
                self.held.append(c)
                c = None
            return x
        finally:
            if c:
                c.close()

    def api(self, method, path, body=None, want=200, **kw):
        """The answer, held against the description."""
        path = "/api/v1" + path
        r = self.request(method, path, body, **kw)
        assert r.status == want, f"{method} {path}: {r.status}, wanted {want}: {r.text[:400]}"
        return openapi.check(method, path, r.status, r.headers["content-type"], r.text)

    def get(self, path, want=200):
        return self.api("GET", path, want=want)

    def sign_in(self, link):
        r = self.request("GET", link)
        assert r.status == 303, r.text
        m = re.match(r"kizuki_session=([0-9a-f]{64}); HttpOnly; Secure; SameSite=Strict; Path=/$", r.headers["set-cookie"])
        assert m, r.headers["set-cookie"]
        self.cookie = m[1]
        self.csrf = self.get("/me")["csrf"]
        return self

    def stream(self, query=""):
        c = self.connect()
        c.request("GET", "/api/v1/stream" + query, headers={"Cookie": f"kizuki_session={self.cookie}"})
        plain = c.sock  # the answer takes it over
        r = c.getresponse()
        assert r.status == 200 and r.getheader("content-type") == "text/event-stream"
        return Events(plain, r)


class Events:
    def __init__(self, plain, r):
        self.plain, self.r, self.seen = plain, r, []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        kind = None
        with contextlib.suppress(Exception):
            while line := self.r.readline():
                line = line.decode().rstrip("\n")
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    value = json.loads(line[6:])
                    openapi.validate(value, {"$ref": "#/components/schemas/" + {"change": "Changed", "clock": "Clock"}[kind]}, "event")
                    self.seen.append((kind, value))

    def wait(self, event, **fields):
        return tap.wait_until(lambda: any(k == event and all(v.get(n) == x for n, x in fields.items()) for k, v in list(self.seen)),
                              10, what=f"event {event} {fields} among {self.seen[-5:]}")

    def close(self):
        with contextlib.suppress(OSError):
            self.plain.shutdown(socket.SHUT_RDWR)  # also wakes the reader
        self.plain.close()


class Room:
    def __init__(self, data, config=SERVICES, extra=(), fds=()):
        self.data, self.extra, self.fds, self.child = data, extra, fds, None
        data.mkdir(parents=True, exist_ok=True)
        (data / "kizuki.yml").write_text(config)
        self.port = 0

    def start(self):
        self.log = open(self.data / "room.log", "a")
        self.child = subprocess.Popen([ROOM, "--data", self.data, "--https", f"127.0.0.1:{self.port}", *self.extra],
                                      stdout=subprocess.PIPE, stderr=self.log, text=True, pass_fds=self.fds)
        line = self.child.stdout.readline()
        m = re.match(r"listening on 127\.0\.0\.1:(\d+)", line)
        assert m, (line, self.said())
        self.port = int(m[1])
        return self

    def said(self):
        return (self.data / "room.log").read_text()

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            status = self.child.wait(15)
            assert status == 0, (status, self.said()[-3000:])
        said = self.said()
        assert "Sanitizer" not in said and "runtime error" not in said, said[-4000:]

    def link(self, person=None):
        r = tap.run(ROOM, "--data", self.data, "--sign-in-link", *(["--person", person] if person else []))
        assert r.returncode == 0, r.stderr
        return r.stdout.decode().strip()

    def browser(self, person=None, address="127.0.0.1"):
        return Browser(self, address).sign_in(self.link(person))

    def sensor(self):
        return Sensor(self.data)

    def one(self, sql):
        db = sqlite3.connect(self.data / "room/room.db")
        try:
            return db.execute(sql).fetchone()[0]
        finally:
            db.close()

    def verify(self):
        r = tap.run(ROOM, "--data", self.data, "--verify")
        return r.returncode, json.loads(r.stdout)


@contextlib.contextmanager
def room(config=SERVICES, extra=(), fds=()):
    with tap.folder() as d:
        r = Room(d / "data", config, extra, fds)
        r.start()
        try:
            yield r
            r.stop()
        finally:
            if r.child.poll() is None:
                r.kill()


def people(r):
    """A browser for each role, from an address each."""
    admin = r.browser(address="127.0.0.2")
    for name, role in (("duty", "handler"), ("checker", "auditor")):
        admin.api("POST", "/persons", {"name": name, "role": role})
    return {"administrator": admin, "handler": r.browser("duty", "127.0.0.3"), "auditor": r.browser("checker", "127.0.0.4")}
