"""Real senders, and what became of the numbered lines they sent: kizuki serve over a small disk, the sensor killed
while they send, the disk full for a while. tests/flow/senders_test.py runs a few thousand lines of each in one
Kizuki, tests/soak/senders_million a million.

Every line says kzn-SENDER-NUMBER-; what is in the spool is read by tests/flow/spoolread.py, without our programs."""
import collections
import contextlib
import gzip
import json
import os
import pathlib
import re
import signal
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


# ---- HTTP ----

def add_token(data, name):
    return subprocess.run([str(tap.KIZUKI), "token", "add", name, "--data", str(data)], check=True, capture_output=True,
                          text=True).stdout.strip()


class Curl(Sender):
    """A request for each 200 lines; 429 and 503 are tried again, as shippers do."""
    needs = ("curl",)
    port = "http"
    path = "/ndjson"
    a_request = int(os.environ.get("KIZUKI_SENDER_REQUEST", "200"))
    headers = {}

    def body(self, a, b):
        return "".join(json.dumps({"message": l}, ensure_ascii=False) + "\n" for l in self.lines(a, b)).encode()

    def post(self, path, body, name):
        f = self.d / name
        f.write_bytes(body)
        argv = ["curl", "-sS", "--fail-with-body", "--retry", "100", "--retry-delay", "1", "--cacert",
                str(self.d.parent / "ca.pem"), "-X", "POST", "--data-binary", f"@{f}", "-o", str(f) + ".out"]
        for k, v in self.headers.items():
            argv += ["-H", f"{k}: {v}"]
        scheme = "https" if self.port == "https" else "http"
        if scheme == "https":
            argv += ["--cert", str(self.d.parent / "client.pem"), "--key", str(self.d.parent / "client.key")]
        done = subprocess.run(argv + [f"{scheme}://127.0.0.1:{self.ports[self.port]}{path}"], capture_output=True)
        answer = pathlib.Path(str(f) + ".out").read_bytes()
        assert done.returncode == 0, (self.name, done.stderr, answer)
        return answer

    def send(self, a, b):
        for i in range(a, b, self.a_request):
            self.check(self.post(self.path, self.body(i, min(b, i + self.a_request)), f"{i}"), min(b, i + self.a_request) - i)

    def check(self, answer, n):
        assert json.loads(answer) == {"lines": n}, answer


@sender
class CurlLines(Curl):
    name = "curl_ndjson"
    what = "curl, JSON lines, gzip, in TLS with a token"
    port = "https"

    def start(self):
        self.headers = {"Authorization": f"Bearer {add_token(self.d.parent / 'data', 'web-1')}", "Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}

    def body(self, a, b):
        return gzip.compress(super().body(a, b))


@sender
class CurlBulk(Curl):
    name = "curl_bulk"
    what = "curl, Elastic _bulk"
    path = "/logs-app/_bulk"
    headers = {"Content-Type": "application/x-ndjson"}

    def body(self, a, b):
        return b"".join(b'{"create":{"_id":"%s-%d"}}\n' % (self.name.encode(), a + i) + l + b"\n"
                        for i, l in enumerate(super().body(a, b).splitlines()))

    def check(self, answer, n):
        answer = json.loads(answer)
        assert len(answer["items"]) == n and answer["errors"] is False, answer


@sender
class CurlHec(Curl):
    name = "curl_hec"
    what = "curl, Splunk HEC with acknowledgement"
    path = "/services/collector/event"
    headers = {"X-Splunk-Request-Channel": "0b0e1c52-6b1e-4b8f-9f52-000000000001"}

    def body(self, a, b):
        return "".join(json.dumps({"time": 1700000000 + i, "host": "h", "event": l if i % 2 else {"message": l}})
                       for i, l in enumerate(self.lines(a, b))).encode()

    def check(self, answer, n):
        said = json.loads(answer)
        assert said["code"] == 0, said
        acks = json.loads(self.post("/services/collector/ack", json.dumps({"acks": [said["ackId"]]}).encode(), "ack"))
        assert acks == {"acks": {str(said["ackId"]): True}}, acks


def pb(number, value):
    """A protobuf field: bytes, or a number as fixed64."""
    def varint(v):
        out = b""
        while v > 127:
            out, v = out + bytes([v & 127 | 128]), v >> 7
        return out + bytes([v])
    if isinstance(value, int):
        return varint(number << 3 | 1) + value.to_bytes(8, "little")
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


@sender
class CurlOtlp(Curl):
    name = "curl_otlp"
    what = "curl, OTLP/HTTP, protobuf"
    path = "/v1/logs"
    headers = {"Content-Type": "application/x-protobuf"}

    def body(self, a, b):
        record = lambda i, l: pb(2, pb(1, 1700000000000000000 + i) + pb(3, "INFO") + pb(5, pb(1, l)))
        resource = pb(1, pb(1, pb(1, "host.name") + pb(2, pb(1, "otel-host"))))
        return pb(1, resource + pb(2, b"".join(record(i, l) for i, l in enumerate(self.lines(a, b)))))

    def check(self, answer, n):
        assert answer == b"", answer


# ---- syslog-ng and logger ----

SYSLOG_NG = tap.ROOT / "artefacts" / "senders" / "syslog-ng"  # unpacked by ./dev: its package would put rsyslog out


class SyslogNg(Sender):
    needs = (str(SYSLOG_NG / "usr" / "sbin" / "syslog-ng"),)
    destination = ""

    def start(self):
        (self.d / "in.log").write_bytes(b"")
        (self.d / "syslog-ng.conf").write_text(f"""@version: 3.38
source s {{ file("{self.d}/in.log" follow-freq(0.5) program-override("app") flags(no-parse)); }};
destination d {{ {self.destination.format(**self.ports, d=self.d)} }};
log {{ source(s); destination(d); flags(flow-control); }};
""")
        usr = SYSLOG_NG / "usr" / "lib"
        self.log = open(self.d / "log", "wb")
        self.daemon = subprocess.Popen(
            [self.needs[0], "-F", "--no-caps", "-f", str(self.d / "syslog-ng.conf"), "-R", str(self.d / "persist"), "-p",
             str(self.d / "pid"), "-c", str(self.d / "control"), f"--module-path={usr / 'syslog-ng' / '3.38'}"],
            stdout=self.log, stderr=self.log,
            env={**os.environ, "LD_LIBRARY_PATH": f"{usr / 'syslog-ng'}:{usr / 'x86_64-linux-gnu'}:{SYSLOG_NG / 'lib' / 'x86_64-linux-gnu'}"})

    send = Rsyslog.send
    stop = Rsyslog.stop


@sender
class SyslogNgLines(SyslogNg):
    name = "syslog_ng_lines"
    what = "syslog-ng network(), lines"
    destination = 'network("127.0.0.1" port({syslog}) transport("tcp") time-reopen(1));'


@sender
class SyslogNgTls(SyslogNg):
    name = "syslog_ng_tls"
    what = "syslog-ng syslog() (RFC 5424, octet-counted) in TLS with a client certificate"
    destination = ('syslog("127.0.0.1" port({syslog_tls}) transport("tls") time-reopen(1) tls(ca-file("{d}/../ca.pem") '
                   'cert-file("{d}/../client.pem") key-file("{d}/../client.key") peer-verify(required-trusted)));')


class Logger(Sender):
    needs = ("logger",)
    how = ()

    def send(self, a, b):
        f = self.d / f"{a}"
        f.write_text("".join(l + "\n" for l in self.lines(a, b)))
        subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(self.ports["syslog"]), "-t", "app", *self.how, "-f", str(f)],
                       check=True)


@sender
class LoggerLines(Logger):
    name = "logger_tcp"
    what = "logger over TCP, lines"
    how = ("-T",)


@sender
class LoggerCounted(Logger):
    name = "logger_counted"
    what = "logger over TCP, octet-counted"
    how = ("-T", "--octet-count")


# ---- clients from npm ----

NODE_SENDERS = tap.ROOT / "tests" / "senders"


class Node(Sender):
    """tests/senders/send.mjs has the client."""
    needs = ("node", str(NODE_SENDERS / "node_modules"))
    kind = ""

    def start(self):
        self.log = open(self.d / "log", "wb")
        self.client = subprocess.Popen(["node", "send.mjs", self.kind, self.name, f"http://127.0.0.1:{self.ports['http']}",
                                        add_token(self.d.parent / "data", self.name)],
                                       cwd=NODE_SENDERS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.turn = threading.Lock()

    def send(self, a, b):
        with self.turn:
            self.client.stdin.write(f"{a} {b}\n".encode())
            self.client.stdin.flush()
            said = self.client.stdout.readline()
        assert said == f"done {b}\n".encode(), (said, (self.d / "log").read_text()[-2000:])

    def stop(self):
        with contextlib.suppress(BrokenPipeError):
            self.client.stdin.close()
        self.client.wait()
        self.client.stdout.close()
        self.log.close()


@sender
class NodeElastic(Node):
    name = "node_elastic"
    what = "@elastic/elasticsearch (npm), bulk helper"
    kind = "elastic"


@sender
class NodeSplunk(Node):
    name = "node_splunk"
    what = "splunk-logging (npm)"
    kind = "splunk"


@sender
class NodeOtelJson(Node):
    name = "node_otel_json"
    what = "OpenTelemetry SDK (npm), OTLP/HTTP, JSON"
    kind = "otel_json"


@sender
class NodeOtelProto(Node):
    name = "node_otel_proto"
    what = "OpenTelemetry SDK (npm), OTLP/HTTP, protobuf"
    kind = "otel_proto"


@sender
class JournalUpload(Sender):
    name = "journal_upload"
    what = "systemd-journal-upload"
    needs = ("/lib/systemd/systemd-journal-upload", "/lib/systemd/systemd-journal-remote")

    def start(self):
        (self.d / "journal").mkdir()
        self.remote = subprocess.Popen([self.needs[1], "-o", str(self.d / "journal" / "a.journal"), "-"],
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.log = open(self.d / "log", "wb")

    def send(self, a, b):
        entry = ("__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID=0123456789abcdef0123456789abcdef\n"
                 "MESSAGE={}\nSYSLOG_IDENTIFIER=app\n\n")
        for i in range(a, b):
            self.remote.stdin.write(entry.format(1_700_000_000_000_000 + i * 1000, 1000 + i, self.line(i)).encode())
        self.remote.stdin.flush()
        for _ in range(100):  # it ends when its peer does, and is started again by its service: here by us
            done = subprocess.run([self.needs[0], "-u", f"http://127.0.0.1:{self.ports['http']}", "-D",
                                   str(self.d / "journal"), f"--save-state={self.d}/state", "--follow=no"],
                                  stdout=self.log, stderr=self.log)
            if done.returncode == 0 and self.read_to(b):
                return
            time.sleep(0.2)

    def read_to(self, b):
        """Whether what was sent is all that was written: the writer is another process and may be behind."""
        return len(numbers_in(self.d.parent / "data" / "spool")[self.name]) >= b

    def stop(self):
        self.remote.stdin.close()
        self.remote.wait()
        self.log.close()


# ---- over UDP: nobody answers, so what arrived and what the kernel dropped, as the ledger shows it, are what was sent ----

DATAGRAM_SENDERS = []


def datagram_sender(cls):
    DATAGRAM_SENDERS.append(cls)
    return cls


@datagram_sender
class LoggerUdp(Logger):
    name = "logger_udp"
    what = "logger over UDP, the reader standing while a part is sent"
    how = ("-d",)
    reader = "kizuki-sensor"


@datagram_sender
class Snmptrap(Sender):
    name = "snmptrap"
    what = "snmptrap, a process each, the reader standing while a part is sent"
    needs = ("snmptrap",)
    reader = "kizuki-gate"

    def send(self, a, b):
        for i in range(a, b):
            subprocess.run(["snmptrap", "-v", "2c", "-c", "x", f"127.0.0.1:{self.ports['snmp']}", str(i), "1.3.6.1.6.3.1.1.5.1",
                            "1.3.6.1.2.1.1.5.0", "s", f"kzn-{self.name}-{i}- z"], check=True, env={**os.environ, "MIBS": ""})


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


GATE = ("http", "https", "relp", "relp_tls", "syslog_tls", "snmp", "flow", "collectd", "statsd")


def settings_and_ports(folder):
    """An `intake` with every listener, each on a port of its own."""
    certificates(folder)
    ports = {kind: programs.free_port() for kind in GATE}
    intake = {kind: [f"127.0.0.1:{port}"] for kind, port in ports.items()}
    intake["certificate"] = {"chain": str(folder / "server.pem"), "key": str(folder / "server.key")}
    intake["without_token"] = ["127.0.0.1/32"]
    intake["clients"] = str(folder / "ca.pem")
    return {"intake": intake}, ports


READ = {}


def numbers_of(lines):
    found = collections.defaultdict(collections.Counter)
    for line in lines:
        for name, i in NUMBERED.findall(line)[:1]:
            found[name.decode()][int(i)] += 1
    return found


def numbers_in(spool):
    """By sender: how often each number is in the spool."""
    found = collections.defaultdict(collections.Counter)
    sealed = {p.name: p for p in pathlib.Path(spool).glob("*.seg.zst")}
    for p in sealed.values():
        if p not in READ:  # what is sealed does not change
            READ[p] = numbers_of(spoolread.lines_in(subprocess.run(["zstd", "-dcq", p], check=True, capture_output=True).stdout))
        for name, counts in READ[p].items():
            found[name].update(counts)
    for p in sorted(pathlib.Path(spool).glob("*.seg")):
        if p.name + ".zst" not in sealed:
            with contextlib.suppress(FileNotFoundError):  # sealed meanwhile: seen with the next look
                for name, counts in numbers_of(spoolread.lines_in(p.read_bytes())).items():
                    found[name].update(counts)
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
    """Everything of one run, in a mount namespace of its own; `results` by sender: (sent, missing, doubled, why, how many
    are shown as lost)."""

    def __init__(self, folder, lines, disk, only=(), seconds=60, datagrams=None):
        """datagrams: how many of each sender over UDP, by name."""
        self.d = pathlib.Path(folder)
        self.lines, self.disk, self.seconds = lines, disk, seconds
        self.chosen = [c for c in SENDERS if not only or c.name in only]
        self.datagrams = datagrams or {}
        self.results = {}
        self.why = {}
        self.page = None

    def count(self):
        found = numbers_in(self.spool)
        return {s.name: len(found[s.name]) for s in self.senders}

    def all_have(self, n):
        def there():
            self.last = self.count()
            return all(c >= n for c in self.last.values())
        try:
            tap.wait_until(there, self.seconds, every=max(0.25, self.lines / 100_000))
        except AssertionError:
            print(f"# not everything arrived: {self.last} of {n}", file=sys.stderr)

    def send(self, a, b):
        def send(s):
            try:
                s.send(a, b)
            except Exception as e:
                self.why[s.name] = repr(e)[:1000]
        threads = [threading.Thread(target=send, args=(s,), daemon=True) for s in self.senders]
        for t in threads:
            t.start()
        return threads

    def send_datagrams(self, k, s, n):
        """A third while the reader stands still, so that the kernel has to drop some when there are many."""
        self.page = self.page or k.browser()
        lost = lambda: sum(row["lost"] for row in self.page.get("/sources")["sources"])
        before = lost()
        pid = k.children()[s.reader]
        s.send(0, n // 3)
        os.kill(pid, signal.SIGSTOP)
        try:
            s.send(n // 3, 2 * n // 3)
        finally:
            os.kill(pid, signal.SIGCONT)
        s.send(2 * n // 3, n)

        def settled():
            self.last = judge(numbers_in(self.spool)[s.name], n), lost() - before
            return self.last[0][0] == self.last[1]
        with contextlib.suppress(AssertionError):
            tap.wait_until(settled, self.seconds, every=0.5)
        (missing, doubled), shown = self.last
        return n, missing, doubled, "", shown

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
                time.sleep(max(0.15, self.lines / 500_000))
                k.kill("kizuki-sensor")
            self.all_have(2 * third)
            # the disk is full while they send, and the sensor killed over it
            fill(self.spool / "hog")
            threads += self.send(2 * third, self.lines)
            time.sleep(max(1, self.lines / 125_000))
            self.while_full = self.count()
            k.kill("kizuki-sensor")
            time.sleep(0.5)
            (self.spool / "hog").unlink()
            for t in threads:
                t.join(self.seconds)
            self.all_have(self.lines)
            time.sleep(0.3)
            for s in self.senders:
                s.stop()
            print("".join(f"# {n}: {w}\n" for n, w in self.why.items()), end="", file=sys.stderr)
            found = numbers_in(self.spool)
            for c in self.chosen:
                self.results[c.name] = (c.missing() and (0, 0, 0, c.missing(), 0)) or (
                    self.lines, *judge(found[c.name], self.lines), "", 0)
            for c in DATAGRAM_SENDERS:
                if c.name in self.datagrams:
                    self.results[c.name] = (c.missing() and (0, 0, 0, c.missing(), 0)) or self.send_datagrams(
                        k, c(self.d, ports), self.datagrams[c.name])
        finally:
            k.stop()
            self.log = k.output()
            subprocess.run(["umount", str(self.spool)], check=False)
        return self.results
