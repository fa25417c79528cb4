"""The whole of Kizuki in a namespace: `kizuki serve`, and a person signed in to its pages' API."""
import http.client
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading

import battlefield
import rooms
import tap

HTTPS_PORT = 8443


class Inside(rooms.Browser):
    """A browser in the host's namespace."""

    def connect(self):
        context = ssl.create_default_context(cafile=self.room.data / "room/tls.crt")
        plain = battlefield.inside(self.room.host, lambda: socket.create_connection(("127.0.0.1", HTTPS_PORT), 20))
        c = http.client.HTTPSConnection("localhost", HTTPS_PORT)
        c.sock = context.wrap_socket(plain, server_hostname="localhost")
        return c


class Whole:
    def __init__(self, host, data, config, limits):
        self.host, self.data = host, pathlib.Path(data)
        (self.data / "hand").mkdir(parents=True)
        self.data.chmod(0o755)
        (self.data / "hand").chmod(0o755)
        (self.data / "kizuki.yml").write_text(config)
        (self.data / "hand" / "limits.yml").write_text(limits)
        self.log_path = self.data.parent / f"{self.data.name}.log"
        self.child = None

    def start(self):
        """Also signs in with the link that is printed."""
        with open(self.log_path, "ab") as log:
            self.child = self.host.start(tap.KIZUKI, "serve", "--data", self.data, "--no-local-logs",
                                         "--https", f"127.0.0.1:{HTTPS_PORT}", stdout=subprocess.PIPE, stderr=log,
                                         text=True)
        self.token = None
        threading.Thread(target=self.read, daemon=True).start()
        tap.wait_until(lambda: self.token or self.child.poll() is not None, 40, what="a sign-in link: " + self.said())
        assert self.token, self.said()
        self.browser = Inside(self).sign_in(f"/signin?token={self.token}")
        return self

    def read(self):
        for line in self.child.stdout:
            if m := re.search(r"[?&]token=([A-Za-z0-9_-]+)", line):
                self.token = m[1]

    def said(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def get(self, path):
        return self.browser.get(path)

    def post(self, path, body):
        r = self.browser.request("POST", "/api/v1" + path, body)
        assert r.status in (200, 202), (path, r.status, r.text[:300])
        return r.json()

    def actions(self):
        """Every action of every case, with its addresses."""
        return [a for i in self.get("/incidents?state=all&limit=100")["incidents"]
                for a in self.get(f"/incidents/{i['id']}/actions")["actions"]]

    def pids(self):
        """The processes by name."""
        found = {}
        for line in subprocess.run(["ps", "-eo", "pid,comm"], capture_output=True, text=True).stdout.splitlines()[1:]:
            pid, name = line.split(None, 1)
            if name.startswith("kizuki"):
                found[name] = int(pid)
        return found

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
