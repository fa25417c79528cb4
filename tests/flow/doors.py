"""What the door's tests share: a real kizuki-door, a real mail server (exim) and a real HTTP server (nginx), each over a folder
of its own on the loopback address."""
import contextlib
import email
import email.policy
import json
import os
import pathlib
import pwd
import signal
import socket
import struct
import subprocess

import programs
import tap

DOOR = tap.BUILD / "kizuki-door"
EXIM = """
primary_hostname = mail.test
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
pid_file_path = {d}/exim.pid
exim_user = {user}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {tls_port} : {plain_port}
tls_on_connect_ports = {tls_port}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{plain_port}}}{{}}{{*}}}}
tls_certificate = {d}/mail.crt
tls_privatekey = {d}/mail.key
smtputf8_advertise_hosts = *
acl_smtp_rcpt = rcpt
acl_smtp_data = data
keep_environment =
queue_run_max = 1
local_from_check = false
begin acl
rcpt:
  deny local_parts = nobody
       message = no such person here
  defer local_parts = later
       message = the mailbox is locked, try later
  accept authenticated = *
  accept condition = ${{if eq{{$received_port}}{{{plain_port}}}}}
  deny message = relaying denied, sign in first
data:
  accept condition = ${{if eq{{$recipients}}{{slow@mail.test}}}}
         delay = 60s
  accept
begin routers
report:
  driver = accept
  local_parts = report
  transport = box
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  maildir_format
  directory = {d}/mail
  create_directory
  user = {user}
  group = {group}
  delivery_date_add
  envelope_to_add
  return_path_add
box:
  driver = appendfile
  maildir_format
  directory = {d}/box
  create_directory
  user = {user}
  group = {group}
  return_path_add
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{kizuki}}}}{{eq{{$auth3}}{{pass word}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""
NGINX = """
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
daemon off; pid {d}/nginx.pid; error_log {d}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  log_format all escape=json '{{"uri":"$request_uri","method":"$request_method","auth":"$http_authorization","type":"$content_type","body":"$request_body","x":"$http_x_case"}}';
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {d}/mail.crt; ssl_certificate_key {d}/mail.key;
    access_log {d}/access.log all;
    location /ok {{ echo_read_request_body; echo '{{"status":"accepted"}}'; }}
    location /no {{ echo_read_request_body; echo_status 400; echo 'bad number'; }}
    location /busy {{ echo_read_request_body; echo_status 503; echo 'busy'; }}
    location /between {{ echo_read_request_body; echo_status 504; echo 'gateway'; }}
    location /away {{ return 302 https://elsewhere.example.jp/; }}
    location /slow {{ echo_read_request_body; echo_sleep 60; echo done; }}
    location /huge {{ echo_duplicate 200000 'x'; }}
  }}
}}
"""


def frame(message):
    text = json.dumps(message).encode()
    return struct.pack("<I", len(text)) + text


class Line:
    """A connection to door.sock."""

    def __init__(self, data):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(60)
        self.s.connect(str(data / "run/door.sock"))
        self.f = self.s.makefile("rb")
        self.seen = {}

    def say(self, message):
        self.s.sendall(frame(message))

    def read(self):
        head = self.f.read(4)
        return json.loads(self.f.read(struct.unpack("<I", head)[0])) if len(head) == 4 else None

    def send(self, id, way, to="", drill=False, **vars):
        """Asks, and waits for what became of it."""
        self.say({"t": "send", "id": id, "way": way, "to": to, "vars": vars, "drill": drill})
        return self.outcome(id)

    def outcome(self, id):
        while True:
            m = self.read()
            assert m, "the door hung up"
            if m["t"] == "outcome" and m["id"] == id:
                return m

    def ways(self):
        self.say({"t": "ways"})
        while True:
            m = self.read()
            assert m, "the door hung up"
            if m["t"] == "ways":
                return m

    def close(self):
        self.f.close()
        self.s.close()


class Door:
    def __init__(self, data, ways):
        self.data = data
        (data / "door").mkdir(parents=True, exist_ok=True)
        self.write(ways)
        self.child = None

    def write(self, ways):
        text = ways if isinstance(ways, str) else json.dumps({"ways": ways})
        beside = self.data / "door/new"
        beside.write_text(text)
        beside.chmod(0o600)
        beside.rename(self.data / "door/door.yml")

    def start(self, *extra):
        self.log = open(self.data / "door.log", "a")
        self.child = subprocess.Popen([DOOR, "--data", self.data, *extra], stderr=self.log)
        return tap.wait_until(self.connect, 60, what=lambda: self.said())

    def connect(self):
        assert self.child.poll() is None, self.said()
        with contextlib.suppress(OSError):
            return Line(self.data)

    def said(self):
        return (self.data / "door.log").read_text(errors="replace")

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait(60)
        assert "Sanitizer" not in self.said() and "runtime error" not in self.said(), self.said()[-4000:]


def certificate(d):
    tap.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", d / "mail.key", "-out", d / "mail.crt", check=True)
    (d / "mail.key").chmod(0o644)  # of a test, for whoever the servers run as


class Exim:
    def __init__(self, d):
        user = pwd.getpwnam("Debian-exim")
        self.d, self.port, self.tls_port, self.plain_port = d, programs.free_port(), programs.free_port(), programs.free_port()
        d.chmod(0o755)
        for name in ("spool", "log", "mail", "box"):
            (d / name).mkdir()
            os.chown(d / name, user.pw_uid, user.pw_gid)
        (d / "exim.conf").write_text(EXIM.format(d=d, user="Debian-exim", group=user.pw_gid, port=self.port, tls_port=self.tls_port, plain_port=self.plain_port))
        (d / "exim.conf").chmod(0o644)
        self.start()

    def start(self):
        d = self.d
        self.child = subprocess.Popen(["/usr/sbin/exim4", "-C", d / "exim.conf", "-bdf", "-q1h"], stdout=subprocess.DEVNULL, stderr=open(d / "exim.err", "w"))
        for port in (self.port, self.tls_port, self.plain_port):
            tap.wait_until(lambda p=port: answers(p), 60, what=lambda: (d / "exim.err").read_text())

    def box(self, who):
        """Mails that were delivered, whole and as they came."""
        new = self.d / "mail/new"
        found = sorted(new.glob("*")) if new.is_dir() else []
        mails = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in found]
        return [m for m in mails if m["envelope-to"] == f"{who}@mail.test"]

    def wait(self, who, n=1):
        tap.wait_until(lambda: len(self.box(who)) >= n, 60, what=lambda: self.log())
        return self.box(who)

    def log(self):
        return "".join(f.read_text(errors="replace") for f in (self.d / "log").glob("*"))

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


DOVECOT = """
base_dir = {d}/dovecot
state_dir = {d}/dovecot
log_path = {d}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{d}/mail.crt
ssl_key = <{d}/mail.key
mail_location = maildir:{d}/box
first_valid_uid = 1
passdb {{
  driver = static
  args = password=geheim
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={d}/box
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


class Dovecot:
    """IMAP over the box exim delivers reports to."""

    def __init__(self, d):
        user = pwd.getpwnam("Debian-exim")
        self.d, self.port = d, programs.free_port()
        (d / "dovecot.conf").write_text(DOVECOT.format(d=d, port=self.port, user=user.pw_uid, group=user.pw_gid))
        self.child = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", d / "dovecot.conf"], stdout=subprocess.DEVNULL, stderr=open(d / "dovecot.err", "w"))
        tap.wait_until(lambda: answers(self.port), 60, what=lambda: (d / "dovecot.err").read_text())

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


class Nginx:
    def __init__(self, d):
        self.d, self.port = d, programs.free_port()
        (d / "nginx.conf").write_text(NGINX.format(d=d, port=self.port))
        self.child = subprocess.Popen(["/usr/sbin/nginx", "-c", d / "nginx.conf", "-e", d / "error.log"], stderr=subprocess.DEVNULL)
        tap.wait_until(lambda: answers(self.port), 60, what=lambda: (d / "error.log").read_text())

    def requests(self):
        path = self.d / "access.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def stop(self):
        self.child.terminate()
        self.child.wait(30)


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True


@contextlib.contextmanager
def outside(mail=True, web=True):
    """A mail server and an HTTP server with one certificate, in one folder."""
    tap.need(os.geteuid() == 0, "a mail server of its own needs root")
    tap.need_program("exim4", "nginx", "openssl")
    tap.need(pathlib.Path("/usr/lib/nginx/modules/ngx_http_echo_module.so").exists() or not web, "nginx's echo module is not installed")
    with tap.folder() as d, contextlib.ExitStack() as ends:
        certificate(d)
        e = Exim(d) if mail else None
        if e:
            ends.callback(e.stop)
        n = Nginx(d) if web else None
        if n:
            ends.callback(n.stop)
        yield d, e, n
