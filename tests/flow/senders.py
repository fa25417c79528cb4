"""Real senders, and what became of the numbered lines they sent: kizuki serve over a small disk, the sensor killed
while they send, the disk full for a while. tests/flow/senders_test.py runs a few thousand lines of each in one
Kizuki, tests/soak/senders_million a million.

Every line says kzn-SENDER-NUMBER-; what is in the spool is read by tests/flow/spoolread.py, without our programs."""
import collections
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import programs
import spoolread
import tap

NUMBERED = re.compile(rb"kzn-([a-z0-9_]+)-(\d+)-")
SENDERS = []


def sender(cls):
    SENDERS.append(cls)
    return cls


class Sender:
    """One way of sending. send(a, b) has the numbers a…b-1 sent, and may return before they are."""
    name = "?"
    needs = ()       # programs; without them it is skipped aloud
    acknowledged = True  # over a connection: exactly once is promised

    def __init__(self, folder, ports):
        self.d = folder / self.name
        self.d.mkdir()
        self.ports = ports

    @classmethod
    def missing(cls):
        for n in cls.needs:
            if "/" in n and not pathlib.Path(n).exists():
                return f"{n} is not there"
            if "/" not in n and tap.shutil.which(n) is None and tap.shutil.which(n, path="/usr/sbin:/sbin") is None:
                return f"{n} is not installed"
        return None

    def line(self, i):
        return f"kzn-{self.name}-{i}- 気付き {'z' * (i % 90)}"

    def lines(self, a, b):
        return [self.line(i) for i in range(a, b)]

    def start(self):
        pass

    def stop(self):
        pass


# ---- rsyslog ----

class Rsyslog(Sender):
    needs = ("rsyslogd",)
    head = ""
    action = ""

    def start(self):
        (self.d / "in.log").write_bytes(b"")
        (self.d / "rsyslog.conf").write_text(f"""
module(load="imuxsock" Socket="off")
module(load="imfile" mode="polling" PollingInterval="1")
{self.head}
global(workDirectory="{self.d}" maxMessageSize="64k")
input(type="imfile" File="{self.d}/in.log" Tag="app:" addMetadata="off")
template(name="plain" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag%%msg%\\n")
{self.action.format(**self.ports, d=self.d)}
""")
        self.log = open(self.d / "log", "wb")
        self.daemon = subprocess.Popen(
            ["/usr/sbin/rsyslogd", "-n", "-i", str(self.d / "pid"), "-f", str(self.d / "rsyslog.conf")],
            stdout=self.log, stderr=self.log)

    def send(self, a, b):
        with open(self.d / "in.log", "ab") as f:
            f.write("".join(l + "\n" for l in self.lines(a, b)).encode())

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()
        self.log.close()


@sender
class RsyslogLines(Rsyslog):
    name = "rsyslog_lines"
    what = "rsyslog omfwd, lines"
    action = 'action(type="omfwd" target="127.0.0.1" port="{syslog}" protocol="tcp" TCP_Framing="traditional")'


@sender
class RsyslogCounted(Rsyslog):
    name = "rsyslog_counted"
    what = "rsyslog omfwd, octet-counted"
    action = 'action(type="omfwd" target="127.0.0.1" port="{syslog}" protocol="tcp" TCP_Framing="octet-counted")'


RSYSLOG_MODULES = pathlib.Path("/usr/lib/x86_64-linux-gnu/rsyslog")
ENDLESS = 'action.resumeRetryCount="-1" action.resumeInterval="1"'


@sender
class RsyslogRelp(Rsyslog):
    name = "rsyslog_relp"
    what = "rsyslog omrelp"
    needs = ("rsyslogd", str(RSYSLOG_MODULES / "omrelp.so"))
    head = 'module(load="omrelp")'
    action = 'action(type="omrelp" target="127.0.0.1" port="{relp}" timeout="90" template="plain" ' + ENDLESS + ')'


@sender
class RsyslogTls(Rsyslog):
    name = "rsyslog_tls"
    what = "rsyslog omfwd in TLS with a client certificate"
    needs = ("rsyslogd", str(RSYSLOG_MODULES / "lmnsd_gtls.so"), "openssl")
    action = ('action(type="omfwd" target="127.0.0.1" port="{syslog_tls}" protocol="tcp" TCP_Framing="octet-counted" '
              'StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" '
              'StreamDriver.CAFile="{d}/../ca.pem" StreamDriver.CertFile="{d}/../client.pem" '
              'StreamDriver.KeyFile="{d}/../client.key" ' + ENDLESS + ')')


# ---- the scenario ----

def certificates(folder):
    """An authority, a server and a client it signed, and a stranger."""
    def openssl(*argv):
        subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True, cwd=folder)

    for name in ("ca", "stranger"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "30", "-extfile", "ext", "-out", f"{name}.pem")


GATE = ("relp", "relp_tls", "syslog_tls")


def settings_and_ports(folder):
    """An `intake` with every listener, each on a port of its own."""
    certificates(folder)
    ports = {kind: programs.free_port() for kind in GATE}
    intake = {kind: [f"127.0.0.1:{port}"] for kind, port in ports.items()}
    intake["certificate"] = {"chain": str(folder / "server.pem"), "key": str(folder / "server.key")}
    intake["clients"] = str(folder / "ca.pem")
    return {"intake": intake}, ports


def numbers_in(spool):
    """By sender: how often each number is in the spool."""
    found = collections.defaultdict(collections.Counter)
    for line in spoolread.lines(spool):
        for name, i in NUMBERED.findall(line)[:1]:
            found[name.decode()][int(i)] += 1
    return found


def judge(counts, lines):
    """(missing, doubled) of 0…lines-1."""
    return sum(i not in counts for i in range(lines)), sum(n - 1 for n in counts.values())


def fill(path):
    with open(path, "wb", buffering=0) as f:
        with contextlib.suppress(OSError):
            while True:
                f.write(b"h" * 4096)


class Run:
    """Everything of one run, in a mount namespace of its own; `results` by sender: (sent, missing, doubled, why)."""

    def __init__(self, folder, lines, disk, only=()):
        self.d = pathlib.Path(folder)
        self.lines, self.disk = lines, disk
        self.chosen = [c for c in SENDERS if not only or c.name in only]
        self.results = {}

    def count(self):
        found = numbers_in(self.spool)
        return {s.name: len(found[s.name]) for s in self.senders}

    def all_have(self, n, seconds=60):
        def there():
            self.last = self.count()
            return all(c >= n for c in self.last.values())
        try:
            tap.wait_until(there, seconds, every=0.25)
        except AssertionError:
            print(f"# not everything arrived: {self.last} of {n}", file=sys.stderr)

    def send(self, a, b):
        threads = [threading.Thread(target=s.send, args=(a, b), daemon=True) for s in self.senders]
        for t in threads:
            t.start()
        return threads

    def run(self):
        settings, ports = settings_and_ports(self.d)
        data = self.d / "data"
        self.spool = data / "spool"
        self.spool.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.disk}", "none", str(self.spool)], check=True)
        k = programs.Served(data, settings, extra=("--no-local-logs",))
        ports["syslog"] = k.syslog_port
        self.senders = [c(self.d, ports) for c in self.chosen if not c.missing()]
        third = self.lines // 3
        try:
            k.wait_up(60)
            for s in self.senders:
                s.start()
            threads = self.send(0, third)
            self.all_have(third)
            # killed while they send
            threads += self.send(third, 2 * third)
            for _ in range(4):
                time.sleep(0.15)
                k.kill("kizuki-sensor")
            self.all_have(2 * third)
            # the disk is full while they send, and the sensor killed over it
            fill(self.spool / "hog")
            threads += self.send(2 * third, self.lines)
            time.sleep(1)
            self.while_full = self.count()
            k.kill("kizuki-sensor")
            time.sleep(0.5)
            (self.spool / "hog").unlink()
            for t in threads:
                t.join(60)
            self.all_have(self.lines)
            time.sleep(0.3)
            for s in self.senders:
                s.stop()
            found = numbers_in(self.spool)
            for c in self.chosen:
                self.results[c.name] = (c.missing() and (0, 0, 0, c.missing())) or (
                    self.lines, *judge(found[c.name], self.lines), "")
        finally:
            k.stop()
            self.log = k.output()
            subprocess.run(["umount", str(self.spool)], check=False)
        return self.results
