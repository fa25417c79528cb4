"""Network namespaces for flow tests, without a trace on the machine.

enter() starts the test again inside namespaces of its own (network, mounts, processes), so that everything
in it, daemons included, is gone when it ends. A Network is a switch with hosts on it, each host a namespace."""
import contextlib
import json
import os
import shutil
import subprocess
import time
import sys

import tap

_why = None


def enter():
    """Call first, before anything is started. Where it cannot be, every test is skipped aloud (see need)."""
    global _why
    if os.environ.get("KIZUKI_NETNS") == "inside":
        return
    for name in ("unshare", "nsenter", "ip", "nft"):
        if not shutil.which(name) and not shutil.which(name, path="/usr/sbin:/sbin"):
            _why = f"{name} is not installed"
            return
    argv = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        argv[1:1] = ["--user", "--map-root-user"]
    probe = subprocess.run(argv + ["nft", "list", "ruleset"], capture_output=True, text=True)
    if probe.returncode:
        _why = "no namespaces or no nftables here: " + probe.stderr.strip().split("\n")[0]
        return
    env = dict(os.environ, KIZUKI_NETNS="inside", KIZUKI_REAL_ROOT="1" if os.geteuid() == 0 else "",
               PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    os.execvpe("unshare", argv + [sys.executable] + sys.argv, env)


def need():
    tap.need(_why is None, _why)


def need_real_root():
    need()
    tap.need(os.environ.get("KIZUKI_REAL_ROOT"), "needs root, not a user namespace")


def sh(*argv, check=True, **kw):
    r = subprocess.run([str(a) for a in argv], capture_output=True, text=True, **kw)
    if check and r.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))}: {r.stderr.strip() or r.stdout.strip()}")
    return r


PYTHON = sys.executable, "-I", "-S"  # nothing but the language: these start often


class Host:
    """One namespace, held by a sleeping process."""

    def __init__(self, name, *addresses):
        self.name = name
        self.addresses = addresses
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        tap.wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"),
                       what="a namespace")
        self.run("ip", "link", "set", "lo", "up")
        # a duplicate address cannot be here, and waiting for its detection costs seconds
        self.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", check=False)

    def argv(self, *argv):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "--", *map(str, argv)]

    def run(self, *argv, check=True, **kw):
        return sh(*self.argv(*argv), check=check, **kw)

    def start(self, *argv, **kw):
        return subprocess.Popen(self.argv(*argv), **kw)

    def pings(self, address, wait=1):
        return self.run(*PYTHON, tap.ROOT / "tests/flow/echo.py", address, wait, check=False).returncode == 0

    def reaches(self, address):
        """An answer comes, on a busy machine not within a second."""
        end = time.monotonic() + 30
        while not self.pings(address):
            if time.monotonic() > end:
                return False
        return True

    def connections(self, address, port, n, wait=1):
        """How many of n whole TCP connections, one after the other, are let in."""
        code = ("import socket,sys\nok=0\nfor _ in range(int(sys.argv[3])):\n try: socket.create_connection((sys.argv[1],int(sys.argv[2])),float(sys.argv[4])).close(); ok+=1\n"
                " except OSError: pass\nprint(ok)\n")
        return int(self.run(*PYTHON, "-c", code, address, port, n, wait).stdout)

    def connects(self, address, port, wait=1):
        return self.connections(address, port, 1, wait) == 1

    def nft(self):
        """Our table as nft sees it: {address or network: element}; None without a table."""
        r = self.run("nft", "-j", "list", "table", "inet", "kizuki", check=False)
        if r.returncode:
            return None
        found = {}
        for item in json.loads(r.stdout)["nftables"]:
            for e in item.get("set", {}).get("elem", []):
                e = e["elem"] if isinstance(e, dict) and "elem" in e else {"val": e}
                v = e["val"]
                found[v if isinstance(v, str) else f"{v['prefix']['addr']}/{v['prefix']['len']}"] = e
        return found

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Network:
    """A server on a bridge, and clients. Addresses are given with their prefix length."""

    def __init__(self, *addresses):
        self.server = Host("server", *addresses)
        self.hosts = [self.server]
        s = self.server
        s.run("ip", "link", "add", "br0", "type", "bridge")
        for a in addresses:
            s.run("ip", "address", "add", a, "dev", "br0", *(["nodad"] if ":" in a else []))
        s.run("ip", "link", "set", "br0", "up")

    def client(self, *addresses):
        h = Host(f"client{len(self.hosts)}", *addresses)
        port = f"p{len(self.hosts)}"
        self.hosts.append(h)
        self.server.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", h.holder.pid)
        self.server.run("ip", "link", "set", port, "master", "br0", "up")
        for a in addresses:
            h.run("ip", "address", "add", a, "dev", "eth0", *(["nodad"] if ":" in a else []))
        h.run("ip", "link", "set", "eth0", "up")
        return h

    def close(self):
        for h in self.hosts:
            h.close()


@contextlib.contextmanager
def network(*addresses):
    n = Network(*addresses)
    try:
        yield n
    finally:
        n.close()
