#!/usr/bin/env python3
"""The fetched list of what is blocked, with the takers it is for: a real nginx and a real squid refuse an address that is on it and
let it in again once the block is taken back. The hand's side is played (tests/flow/block_test.py has the real one)."""
import base64
import os
import re
import socket
import subprocess

import rooms
import tap

NGINX = """pid {d}/nginx.pid; error_log {d}/error.log; worker_processes 1; user root;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  server {{ listen 127.0.0.1:{port}; include {d}/kizuki-deny.conf; root {d}/www; }} }}
"""
SQUID = """http_port 127.0.0.1:{port}
pid_filename {d}/squid.pid
cache_log {d}/cache.log
access_log none
cache deny all
coredump_dir {d}
pinger_enable off
netdb_filename none
shutdown_lifetime 1 second
acl kizuki src "{d}/kizuki.acl"
http_access deny kizuki
acl here src 127.0.0.0/8
http_access allow here
http_access deny all
"""
ATTACKER, OTHER = "127.0.0.77", "127.0.0.78"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(r, taker, folder, name, *more):
    """As the text of content/lists says it: (status, body)."""
    out = folder / "fetched"
    x = tap.run("curl", "-s", "--cacert", r.data / "room/tls.crt", "--user", f"{taker['name']}:{taker['token']}", *more, "-D", folder / "head", "-o", out, "-w",
                "%{http_code}", f"https://localhost:{r.port}{taker['path']}")
    status = int(x.stdout)
    if status == 200:
        os.replace(out, folder / name)
    return status


def status_through(address, port, proxy=None):
    via = ["-x", f"http://127.0.0.1:{proxy}"] if proxy else []
    return int(tap.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "" if proxy else "*", "--interface", address, *via, f"http://127.0.0.1:{port}/").stdout)


def blocked(r, admin, address):
    """An action that the hand confirmed."""
    s = r.sensor()
    s.finding(1, rooms.finding(1, source=address, accounts=[f"m{k}" for k in range(20)]))
    s.wait_ack(1)
    rooms.Hand(r.data)
    tap.wait_until(lambda: admin.get("/me")["hand"], 30, 0.2, what="the hand")
    action = admin.get("/incidents/1/actions")["actions"][0]
    assert action["state"] == "proposed"
    return action, s


@tap.test
def what_is_blocked_is_fetched_with_a_token_and_refused_by_real_takers():
    tap.need_program("nginx", "curl")
    have_squid = bool(subprocess.run(["sh", "-c", "command -v squid || test -x /usr/sbin/squid"], capture_output=True).returncode == 0)
    with rooms.room() as r, tap.folder() as d:
        admin = r.browser()
        action, _ = blocked(r, admin, ATTACKER)
        takers = {}
        for name, form in (("web-01", "nginx"), ("proxy-01", "squid"), ("fw-01", "fortigate")):
            takers[name] = admin.api("POST", "/lists/consumers", {"name": name, "format": form, "every_s": 60}) | {"name": name}
        admin.api("POST", "/lists/consumers", {"name": "web-01", "format": "nginx"}, want=400)
        admin.api("POST", "/lists/consumers", {"name": "x", "format": "none"}, want=400)
        # a proposal is not on it
        assert fetch(r, takers["web-01"], d, "kizuki-deny.conf") == 200 and (d / "kizuki-deny.conf").read_text() == "# Kizuki\n"
        assert fetch(r, takers["proxy-01"], d, "kizuki.acl") == 200
        web, proxy = free_port(), free_port()
        (d / "www").mkdir()
        (d / "www/index.html").write_text("in")
        (d / "nginx.conf").write_text(NGINX.format(d=d, port=web))
        subprocess.run(["nginx", "-c", d / "nginx.conf"], check=True, capture_output=True)
        squid = None
        try:
            if have_squid:
                (d / "squid.conf").write_text(SQUID.format(d=d, port=proxy))
                os.chmod(d, 0o777)
                squid = subprocess.Popen(["/usr/sbin/squid", "-N", "-f", d / "squid.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                tap.wait_until(lambda: status_through(OTHER, web, proxy) == 200, 60, 0.2, what=lambda: (d / "cache.log").read_text()[-500:])
            assert status_through(ATTACKER, web) == 200
            admin.api("POST", f"/actions/{action['id']}/approve", {"version": action["version"], "minutes": 60})
            tap.wait_until(lambda: admin.get("/incidents/1/actions")["actions"][0]["state"] == "in_force", 60, 0.1)
            lists = admin.get("/lists")
            assert lists["n"] == 1 and not any(c["current"] for c in lists["consumers"]), lists
            assert fetch(r, takers["web-01"], d, "kizuki-deny.conf") == 200
            assert (d / "kizuki-deny.conf").read_text() == f"# Kizuki\ndeny {ATTACKER};\n"
            subprocess.run(["nginx", "-c", d / "nginx.conf", "-s", "reload"], check=True, capture_output=True)
            tap.wait_until(lambda: status_through(ATTACKER, web) == 403, 60, 0.1)
            assert status_through(OTHER, web) == 200
            assert fetch(r, takers["proxy-01"], d, "kizuki.acl") == 200
            if squid:
                subprocess.run(["/usr/sbin/squid", "-f", d / "squid.conf", "-k", "reconfigure"], check=True, capture_output=True)
                tap.wait_until(lambda: status_through(ATTACKER, web, proxy) == 403, 60, 0.2)
                assert status_through(OTHER, web, proxy) == 200
            # the same again costs nothing: the tag of the last answer is asked with
            etag = re.search(r"(?i)etag: (.+)", (d / "head").read_text())[1].strip()
            status = fetch(r, takers["proxy-01"], d, "unused", "-H", f"If-None-Match: W/{etag}, \"x\"")
            assert status == 304, (status, etag, (d / "head").read_text())
            state = {c["name"]: c for c in admin.get("/lists")["consumers"]}
            assert state["web-01"]["current"] and state["proxy-01"]["current"] and not state["fw-01"]["current"], state
            assert state["web-01"]["n"] == 1 and state["web-01"]["from"] == "127.0.0.1" and state["fw-01"]["fetched"] is None, state
            # taken back, it is off every list
            action = admin.get("/incidents/1/actions")["actions"][0]
            admin.api("POST", f"/actions/{action['id']}/undo", {"version": action["version"]})
            tap.wait_until(lambda: admin.get("/lists")["n"] == 0, 60, 0.1)
            assert fetch(r, takers["web-01"], d, "kizuki-deny.conf") == 200
            subprocess.run(["nginx", "-c", d / "nginx.conf", "-s", "reload"], check=True, capture_output=True)
            tap.wait_until(lambda: status_through(ATTACKER, web) == 200, 60, 0.1)
        finally:
            subprocess.run(["nginx", "-c", d / "nginx.conf", "-s", "quit"], capture_output=True)
            if squid:
                squid.kill()
                squid.wait()
        tap.need(have_squid, "squid is not installed: the proxy was left out")


@tap.test
def nobody_fetches_without_the_token():
    with rooms.room() as r:
        admin = r.browser()
        one = admin.api("POST", "/lists/consumers", {"name": "edge", "format": "plain"})
        two = admin.api("POST", "/lists/consumers", {"name": "other", "format": "paloalto-edl"})
        n = 0

        def ask(path, **headers):
            nonlocal n
            n += 1
            return rooms.Browser(r, f"127.0.3.{n}").request("GET", path, headers=headers)

        def basic(token):
            return "Basic " + base64.b64encode(f"edge:{token}".encode()).decode()
        assert ask("/lists/edge", Authorization="Bearer " + one["token"]).status == 200
        assert ask("/lists/edge", Authorization=basic(one["token"])).status == 200
        for path, given in (("/lists/edge", basic(two["token"])), ("/lists/edge", "Bearer "), ("/lists/none", basic(one["token"])), ("/lists/edge", "Basic ="),
                            ("/lists/edge", "Bearer " + one["token"] + "0"), ("/lists/edge", basic(one["token"].upper()))):
            x = ask(path, Authorization=given)
            assert x.status == 401 and x.headers["www-authenticate"].startswith("Basic") and not x.text, (path, given, x.status)
        assert ask("/lists/edge").status == 401
        assert one["token"] not in (r.data / "room/room.db").read_bytes().decode("latin-1")
        id_ = next(c["id"] for c in admin.get("/lists")["consumers"] if c["name"] == "edge")
        admin.api("DELETE", f"/lists/consumers/{id_}")
        assert ask("/lists/edge", Authorization=basic(one["token"])).status == 401
        admin.api("DELETE", f"/lists/consumers/{id_}", want=404)
        assert r.verify()[0] == 0


tap.main()
