"""What the network says, by real tools through a real gateway: an own machine that scans, guesses and floods, and a flood from outside.

A gateway with forwarding and the kernel's connection tracking stands between an own network and the world, each a namespace; `conntrack -E` writes
what it sees into a file that `kizuki serve` follows. Every tool is bounded in time and packets, and nothing leaves the machine. Seconds are counted
from the start of the tool to the finding in the room's database (as the page shows it)."""
import json
import pathlib
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "flow"))
import netns  # noqa: E402
import programs  # noqa: E402
import tap  # noqa: E402

WORLD, SITE = "203.0.113.9", "192.168.50.80"

# what is done, where, by which command, what must be noticed, and within how many seconds it must be (DOMAIN 5: one minute)
TRIALS = [
    ("nmap looks for open SSH in a network outside", "own", ["nmap", "-n", "-Pn", "-sS", "-p22", "--max-rate", "100", "--max-retries", "0", "198.18.0.0/23"], "attacks_outward", "net_scan_out", 60),
    ("nmap tries 1,000 ports of one host outside", "own", ["nmap", "-n", "-Pn", "-sS", "--max-rate", "100", "--max-retries", "0", WORLD], "attacks_outward", "net_scan_out", 60),
    ("hping3 opens SSH of one host again and again", "own", ["hping3", "-q", "-S", "-p", "22", "-i", "u100000", "-c", "400", WORLD], "attacks_outward", "net_guess_out", 60),
    ("hping3 floods one host outside", "own", ["hping3", "-q", "-S", "-p", "443", "-i", "u2000", "-c", "8000", WORLD], "attacks_outward", "net_flood_out", 60),
    ("hping3 floods a site of ours, sources by chance", "world", ["hping3", "-q", "-S", "-p", "443", "-i", "u2000", "-c", "8000", "--rand-source", SITE], "ddos_direct", "net_ddos_direct", 60),
    ("hping3 as if name servers answered", "world", ["hping3", "-q", "--udp", "-s", "53", "-k", "-p", "30000", "-i", "u2000", "-c", "8000", "--rand-source", SITE], "ddos_reflected", "net_ddos_reflected", 60),
]


NGINX = """daemon off; pid {d}/nginx.pid; error_log {d}/nginx.err; worker_processes 1; events {{ worker_connections 1024; }}
http {{ access_log {d}/access.log combined; client_body_temp_path {d}; proxy_temp_path {d}; fastcgi_temp_path {d}; uwsgi_temp_path {d}; scgi_temp_path {d};
server {{ listen 80; location / {{ return 200 "ok"; }} }} }}
"""
# From 100 addresses in turn, requests as fast as they are answered, for at most some seconds; or one a second.
ASK = """import socket, sys, time
site, seconds, pause = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
end, i = time.monotonic() + seconds, 0
while time.monotonic() < end:
    with socket.socket() as s:
        s.settimeout(2)
        s.bind((f"203.0.113.{100 + i % 100}", 0))
        s.connect((site, 80))
        s.sendall(b"GET / HTTP/1.0\\r\\nHost: site\\r\\nUser-Agent: Mozilla/5.0\\r\\n\\r\\n")
        s.recv(4096)
    i += 1
    time.sleep(pause)
"""


def noticed(data, rule, since_ns):
    try:
        db = sqlite3.connect(f"file:{data}/room/room.db?mode=ro", uri=True, timeout=5)
        row = db.execute("SELECT detected_at, incident_id, count FROM finding WHERE json_extract(json, '$.rule.name') = ? AND last_at >= ?", (rule, since_ns)).fetchone()
        db.close()
        return row
    except sqlite3.OperationalError:
        return None


def run(report):
    netns.need_real_root()
    netns.sh("ip", "link", "set", "lo", "up", check=False)
    with tap.folder() as d, netns.network("192.168.50.1/24", "203.0.113.1/24") as net:
        world, site = net.client(f"{WORLD}/24"), net.client(f"{SITE}/24")
        own = [net.client(f"192.168.50.{10 + i}/24") for i, t in enumerate(TRIALS) if t[1] == "own"]  # one each, so that no finding is another trial's
        for h in (*own, site):
            h.run("ip", "route", "add", "default", "via", "192.168.50.1")
        world.run("ip", "route", "add", "default", "via", "203.0.113.1")
        world.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
        gw = net.server
        gw.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.br0.rp_filter=0", "net.ipv4.conf.all.send_redirects=0")
        gw.run("ip", "route", "add", "default", "via", WORLD)
        gw.run("nft", "add table ip seen; add chain ip seen forward { type filter hook forward priority 0 ; } ; add rule ip seen forward ct state new counter")
        log = d / "conntrack.log"
        out = open(log, "wb")
        follow = gw.start("stdbuf", "-oL", "conntrack", "-E", "-e", "NEW", "-o", "timestamp", "-b", "16777216", stdout=out, stderr=subprocess.DEVNULL)
        (d / "nginx.conf").write_text(NGINX.format(d=d))
        (d / "access.log").touch()
        nginx = site.start("nginx", "-c", str(d / "nginx.conf"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        served = programs.Served(d / "data", {"sources": [{"name": "web", "kind": "file", "path": str(d / "access.log"), "service": "site", "host": "web"},
                                                          {"name": "conntrack", "kind": "file", "path": str(log), "service": "gateway", "host": "gw"}],
                                              "services": [{"name": "gateway", "title": "gateway"}]}, ("--no-local-logs",))
        try:
            served.wait_up()
            time.sleep(5)  # what was written before the sensor looks is not of now
            trials(report, d, own, world)
            flooded_web(report, d, world)
        finally:
            served.process.terminate()
            served.process.wait(60)
            for p in (follow, nginx):
                p.terminate()
                p.wait(60)


def trials(report, d, own, world):
    for what, where, argv, kind, rule, limit in TRIALS:
        tap.need(subprocess.run(["which", argv[0]], capture_output=True).returncode == 0, f"{argv[0]} is not installed")
        if where == "world":  # what is usual, so that a rise is one
            quiet = world.start("hping3", "-q", "-S", "-p", "80", "-i", "u500000", "-c", "150", SITE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(65)
            quiet.terminate()
            quiet.wait()
        begin, clock = time.monotonic(), time.time_ns()
        tool = (own.pop(0) if where == "own" else world).start("timeout", "45", *argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        row = None
        while not row and time.monotonic() - begin < limit + 30:
            row = noticed(d / "data", rule, clock)
            time.sleep(0.1)
        seconds = time.monotonic() - begin
        tool.terminate()
        tool.wait()
        report(what, kind, seconds if row else None, limit)


def flooded_web(report, d, world):
    """A real nginx, its own access log: a minute of one request a second, then as many as it answers."""
    for i in range(100, 200):
        world.run("ip", "address", "add", f"203.0.113.{i}/24", "dev", "eth0")
    world.run(*netns.PYTHON, "-c", ASK, SITE, "65", "1")
    begin, clock = time.monotonic(), time.time_ns()
    tool = world.start(*netns.PYTHON, "-c", ASK, SITE, "30", "0", stderr=subprocess.DEVNULL)
    row = None
    while not row and time.monotonic() - begin < 90:
        row = noticed(d / "data", "web_ddos", clock)
        time.sleep(0.1)
    seconds = time.monotonic() - begin
    tool.terminate()
    tool.wait()
    report("requests from a hundred addresses, to a real nginx", "ddos_web", seconds if row else None, 60)


if __name__ == "__main__":
    print(json.dumps([t[0] for t in TRIALS]))
