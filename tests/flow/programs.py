"""Starting `kizuki serve` for a test: a data folder, ports of its own, the children by name, somebody signed in."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import rooms
import tap


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def send(port, lines):
    """Lines over TCP, until they are taken."""
    with socket.create_connection(("127.0.0.1", port), 60) as c:
        c.sendall("".join(line + "\n" for line in lines).encode())
        c.shutdown(socket.SHUT_WR)
        while c.recv(4096):
            pass


class Served:
    def __init__(self, data, settings, extra=(), env=None):
        self.data = pathlib.Path(data)
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "kizuki.yml").write_text(json.dumps(settings))  # JSON is YAML
        self.syslog_port = free_port()
        self.port = free_port()
        self.log = open(self.data / "serve.log", "w+")
        self.process = subprocess.Popen(
            [str(tap.KIZUKI), "serve", "--data", str(self.data), "--https", f"127.0.0.1:{self.port}",
             "--syslog", f"127.0.0.1:{self.syslog_port}", *extra],
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True, env=env)

    def children(self):
        """pid by program name, of this supervisor only."""
        found = {}
        for p in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                text = p.read_text()
            except OSError:
                continue
            pid, rest = text.split(" (", 1)
            name, rest = rest.rsplit(") ", 1)
            if int(rest.split()[1]) == self.process.pid:
                found[name] = int(pid)
        return found

    def kill(self, name):
        pid = self.children().get(name[:15])
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    def wait_up(self, seconds=60):
        tap.wait_until(lambda: self.link(), seconds, what=f"sign-in link; log: {self.output()[-1500:]}")

    def output(self):
        return (self.data / "serve.log").read_text(errors="replace")

    def link(self):
        m = re.search(r"https://\S+/signin\?\S+", self.output())
        return m.group(0) if m else None

    def browser(self):
        """Somebody who has used the link that was printed."""
        self.wait_up()
        return rooms.Browser(self).sign_in(self.link().split(f":{self.port}", 1)[1])

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()


@contextlib.contextmanager
def served(settings, extra=()):
    with tap.folder() as d:
        s = Served(d / "data", settings, extra)
        try:
            yield s
        finally:
            s.stop()
