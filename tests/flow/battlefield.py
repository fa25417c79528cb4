"""A small member service under attack: nginx with passwords and sshd on one server, their logs through rsyslog
over TCP, hydra on twenty addresses, a partner, and a gateway with hundreds of honest people behind it.

Everything is the real program of Debian with a configuration of its own, inside the namespaces of netns.enter()."""
import base64
import contextlib
import ctypes
import os
import pathlib
import queue
import shutil
import socket
import subprocess
import threading
import time

import netns
import tap

SERVER = "192.0.2.1"
PARTNER = "192.0.2.77"
GATEWAY = "192.0.2.200"
ATTACKERS = [f"192.0.2.{n}" for n in range(101, 121)]
SYSLOG_PORT = 5514
GOOD_ACCOUNTS = 400
CLONE_NEWNET = 0x40000000


def need():
    netns.need_real_root()
    tap.need_program("nginx", "sshd", "rsyslogd", "hydra", "ssh-keygen")


def inside(host, f):
    """f() in a thread that lives in the host's network namespace; sockets it makes stay there."""
    box = queue.Queue()

    def work():
        try:
            fd = os.open(f"/proc/{host.holder.pid}/ns/net", os.O_RDONLY)
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            os.close(fd)
            box.put((f(), None))
        except BaseException as e:
            box.put((None, e))

    t = threading.Thread(target=work, daemon=True)
    t.start()
    value, error = box.get()
    if error:
        raise error
    return value


def mount(*args):
    netns.sh("mount", *args)


def private_folders():
    """/run and /dev of our own: sshd's folder, and a /dev/log that is not the machine's."""
    if os.path.exists("/run/kizuki-test"):
        return
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.makedirs("/run/kizuki-test")
    new = pathlib.Path("/run/kizuki-test/dev")
    new.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", new)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (new / name).touch()
        mount("--bind", f"/dev/{name}", new / name)
    for name in ("pts", "shm"):
        (new / name).mkdir()
        if os.path.isdir(f"/dev/{name}"):
            mount("--bind", f"/dev/{name}", new / name)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
                         ("stderr", "/proc/self/fd/2"), ("ptmx", "pts/ptmx")):
        (new / name).symlink_to(target)
    mount("--move", new, "/dev")


NGINX = """
daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log {run}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {run}/access.log combined;
    client_body_temp_path {run}/t1; proxy_temp_path {run}/t2; fastcgi_temp_path {run}/t3;
    uwsgi_temp_path {run}/t4; scgi_temp_path {run}/t5;
    server {{
        listen {server}:80;
        root {run}/www;
        location /member/ {{ auth_basic "members"; auth_basic_user_file {run}/htpasswd; }}
    }}
}}
"""
SSHD = """
ListenAddress {server}:22
HostKey {run}/host_key
PidFile {run}/sshd.pid
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 400:30:800
LoginGraceTime 20
UseDNS no
"""
RSYSLOG = """
global(workDirectory="{run}")
module(load="imuxsock")
module(load="imfile" mode="inotify")
input(type="imfile" file="{run}/access.log" tag="nginx:" facility="local6")
*.* @@127.0.0.1:{port}
"""


class Battlefield:
    def __init__(self, folder):
        private_folders()
        self.run = pathlib.Path(folder)
        self.net = netns.Network(f"{SERVER}/24")
        self.server = self.net.server
        self.attackers = {a: self.net.client(f"{a}/24") for a in ATTACKERS}
        self.partner = self.net.client(f"{PARTNER}/24")
        self.gateway = self.net.client(f"{GATEWAY}/24")
        self.daemons = []
        self.hydras = []
        self.good = [(f"member{n:03d}", f"pw-{n * 7919 % 100000}") for n in range(GOOD_ACCOUNTS)]

    def start(self, *argv):
        log = open(self.run / f"{os.path.basename(argv[0])}.out", "ab")
        p = self.server.start(*argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        self.daemons.append(p)
        return p

    def start_services(self):
        fill = dict(run=self.run, server=SERVER, port=SYSLOG_PORT)
        os.chmod(self.run, 0o755)
        (self.run / "www" / "member").mkdir(parents=True)
        (self.run / "www" / "member" / "index.html").write_text("welcome\n")
        (self.run / "htpasswd").write_text("".join(f"{u}:{{PLAIN}}{p}\n" for u, p in self.good))
        (self.run / "access.log").touch()
        for name, text in (("nginx.conf", NGINX), ("sshd_config", SSHD), ("rsyslog.conf", RSYSLOG)):
            (self.run / name).write_text(text.format(**fill))
        netns.sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.run / "host_key")
        os.makedirs("/run/sshd", exist_ok=True)
        self.start("/usr/sbin/rsyslogd", "-n", "-f", self.run / "rsyslog.conf", "-i", self.run / "rsyslog.pid")
        tap.wait_until(lambda: os.path.exists("/dev/log"), what="rsyslog's /dev/log")
        self.start("/usr/sbin/nginx", "-c", self.run / "nginx.conf", "-e", self.run / "error.log")
        self.start("/usr/sbin/sshd", "-D", "-f", self.run / "sshd_config")
        tap.wait_until(lambda: self.gateway.connects(SERVER, 80) and self.gateway.connects(SERVER, 22), 20,
                       what="nginx and sshd")

    def visit(self, host, accounts, seconds=5.0):
        """Signs in once for each account from that host; how many were let in."""
        def go():
            n = 0
            for user, password in accounts:
                try:
                    s = socket.create_connection((SERVER, 80), seconds)
                    word = base64.b64encode(f"{user}:{password}".encode()).decode()
                    s.settimeout(seconds)
                    s.sendall(f"GET /member/ HTTP/1.1\r\nHost: m\r\nConnection: close\r\n"
                              f"Authorization: Basic {word}\r\nUser-Agent: Mozilla/5.0\r\n\r\n".encode())
                    n += b" 200 " in s.recv(4096)
                    s.close()
                except OSError:
                    pass
            return n
        return inside(host, go)

    def word_list(self, name, n, offset=0):
        """Stolen pairs: accounts of elsewhere, a few of which exist here, each tried once."""
        path = self.run / name
        path.write_text("".join(f"user{(offset + i) * 13 % 90000}:{'secret'}{i}\n" for i in range(n)))
        return path

    def hydra(self, host, service, pairs, tasks=2):
        where = f"ssh://{SERVER}" if service == "ssh" else f"http-get://{SERVER}/member/"
        p = host.start("hydra", "-I", "-t", str(tasks), "-w", "3", "-C", pairs, where, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=self.run)
        self.hydras.append(p)
        return p

    def attack(self, pairs=300):
        """Ten addresses on the pages, ten on ssh, all at once."""
        for i, (address, host) in enumerate(self.attackers.items()):
            self.hydra(host, "http" if i % 2 else "ssh", self.word_list(f"pairs{i}", pairs, i * 1000))

    def end_attack(self):
        for p in self.hydras:
            if p.poll() is None:
                p.kill()
            p.wait()
        self.hydras.clear()

    def close(self):
        self.end_attack()
        for p in reversed(self.daemons):
            p.terminate()
        for p in self.daemons:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.net.close()


@contextlib.contextmanager
def field():
    with tap.folder() as d:
        b = Battlefield(d)
        try:
            yield b
        finally:
            b.close()
