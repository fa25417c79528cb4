"""A night that is played: the real programs under `kizuki serve` with their wall clock laid under them (night_clock.c), a site behind a real nginx,
members in a real slapd, and people who are automated clients: they get their messages from the real door and answer over HTTPS.

Between what happens the clock is set forward as people would let it pass; what the programs do takes as long as it takes."""
import contextlib
import datetime
import json
import os
import re
import struct
import subprocess
import time

import doors
import programs
import rooms
import tap
from hands import DEVELOPER
from sites import Directory, Site

CLOCK = DEVELOPER / "tests" / "flow" / "night_clock.so"
JST = datetime.timezone(datetime.timedelta(hours=9))
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: the certificate was made in the night
BOX = """#!/usr/bin/python3
import json, os, sys
with open(sys.argv[1], "a") as f:
    f.write(json.dumps({"to": sys.argv[2], "text": sys.argv[3]}) + "\\n")
"""


class Clock:
    def __init__(self, d, at):
        self.path = d / "clock"
        self.offset = 0
        self.set(at)

    def now(self):
        return time.time() + self.offset / 1e9

    def set(self, at):
        """Forward, to a time of the night."""
        self.offset = int((at - time.time()) * 1e9)
        if not self.path.exists():
            self.path.write_bytes(struct.pack("<q", self.offset))
        else:
            with open(self.path, "r+b") as f:  # the programs have it mapped
                f.write(struct.pack("<q", self.offset))

    def passes(self, minutes):
        self.set(self.now() + 60 * minutes)


def jst(year, month, day, hour, minute):
    return datetime.datetime(year, month, day, hour, minute, tzinfo=JST).timestamp()


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Stage:
    """One operator: a members' site, who is on duty, who may decide."""

    def __init__(self, d, served, site, clock, box):
        self.d, self.served, self.site, self.clock, self.box = d, served, site, clock, box
        self.admin = self.browser(served.link().split(f":{served.port}", 1)[1])
        self.people = {}

    def browser(self, link):
        b = rooms.Browser(self.served)
        b.verify_flags = NO_CHECK_TIME
        return b.sign_in(link)

    def row(self, register, **values):
        return self.admin.api("POST", f"/registers/{register}", {"values": values})

    def person(self, name, role, mobile, **more):
        self.row("people", name=name, mobile=mobile, account=name, **more)
        if role:
            self.admin.api("POST", "/persons", {"name": name, "role": role})

    def messages(self, to):
        """What came to a telephone so far."""
        if not self.box.exists():
            return []
        return [m["text"] for m in map(json.loads, self.box.read_text().splitlines()) if m["to"] == to]

    def rings(self, to, n=1, what=""):
        """Waits until the telephone has rung n times; the last text."""
        return tap.wait_until(lambda: len(self.messages(to)) >= n and self.messages(to)[-1], 60, 0.1,
                              what=lambda: (what, to, n, self.messages(to), self.admin.get("/messages"), self.served.output()[-1500:]))

    def browser_of(self, name):
        """By a link made on the machine itself: an administrator in the evening."""
        r = tap.run(rooms.ROOM, "--data", self.served.data, "--sign-in-link", "--person", name, env=self.env)
        assert r.returncode == 0, r.stderr
        return self.browser(r.stdout.decode().strip()[r.stdout.decode().index("/signin"):])

    def signs_in(self, name):
        """By a link an administrator made: at the beginning of a shift."""
        p = next(x for x in self.admin.get("/persons")["persons"] if x["name"] == name)
        self.people[name] = self.browser(self.admin.api("POST", f"/persons/{p['id']}/link", {})["path"])
        return self.people[name]

    def answers(self, name, text):
        """The button behind the link of a call, and signed in: the session of a week ago is long over, and no administrator is awake."""
        link = re.search(r"https://[^\s/]+(/ack\?token=[0-9a-f]{32})", text)[1]
        stranger = rooms.Browser(self.served)
        stranger.verify_flags = NO_CHECK_TIME
        assert "<button>" in stranger.request("GET", link).text
        r = stranger.request("POST", link)
        assert r.status == 200, r.text
        self.people[name] = self.browser(re.search(r"/signin\?token=[0-9a-f]+", r.text)[0])
        return self.people[name]

    def ledger(self, incident):
        """When each row of the ledger was, in seconds of the night."""
        return {r["code"]: when(r["at"]) for r in self.admin.get(f"/incidents/{incident}")["ledger"] if r["at"]}

    def verified(self):
        """The chain of everything that was written, checked by the program itself."""
        r = tap.run(rooms.ROOM, "--data", self.served.data, "--verify")
        return r.returncode, r.stdout[-1500:]

    def told(self, incident, key):
        """When the case first says this."""
        at = [when(e["at"]) for e in self.admin.get(f"/incidents/{incident}/timeline?limit=500")["entries"] if e["text"].get("key") == key]
        return min(at) if at else None


@contextlib.contextmanager
def stage(at):
    tap.need_program("nginx", "curl", "slapd", "slapadd", "ldapwhoami", "ldapmodify", "ldapsearch")
    tap.need(CLOCK.exists(), f"{CLOCK} is not built")
    with tap.folder() as d:
        os.chmod(d, 0o755)
        (d / "web").mkdir()
        (d / "ldap").mkdir()
        clock, data = Clock(d, at), d / "data"
        site = Site(d / "web", programs.free_port())
        with Directory(d / "ldap", 60) as slapd:
            drivers = data / "hand" / "drivers"
            drivers.mkdir(parents=True)
            (drivers / "web.yml").write_text(json.dumps(site.site))
            (drivers / "accounts.yml").write_text(json.dumps(slapd.site | {"never": []}))
            box, script = d / "box", d / "box.py"
            script.write_text(BOX)
            script.chmod(0o755)
            (data / "door").mkdir()
            doors.Door(data, [{"name": "sms", "kind": "program", "argv": [str(script), str(box), "{{to}}", "{{text}}"], "a_minute": 1000}])
            env = os.environ | {"LD_PRELOAD": str(CLOCK), "KIZUKI_NIGHT_CLOCK": str(clock.path)}
            s = programs.Served(data, {"services": [{"name": "members", "title": {"ja": "会員サイト", "en": "Members' site"}}]}, ("--no-local-logs",), env)
            try:
                s.wait_up()
                st = Stage(d, s, site, clock, box)
                st.slapd, st.env = slapd, env
                yield st
            finally:
                s.stop()
                subprocess.run(["nginx", "-s", "stop", "-c", d / "web" / "nginx.conf"], capture_output=True)
