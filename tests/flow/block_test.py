#!/usr/bin/env python3
"""kizuki-hand for real: packets between network namespaces, nftables, signed orders, kill -9."""
import json
import os
import random
import re
import socket
import subprocess
import threading
import time

import netns
import tap
from hands import HAND, Hand, Signer, now_ms

SERVER = ("192.0.2.1/24", "2001:db8:1::1/64")


def need():
    netns.need()
    tap.need(HAND.exists(), "kizuki-hand is not built")


def listen(host, address, port):
    """Accepts connections and answers each byte, in the host's namespace."""
    code = """
import socket, threading, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
def serve(c):
    while True:
        b = c.recv(100)
        if not b: return
        c.sendall(b)
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
"""
    import sys
    p = host.start(sys.executable, "-c", code, address, port)
    tap.wait_until(lambda: host.connects(address, port), what="a listener")
    return p


def reasons(answer):
    return {r["address"]: r["reason"] for r in answer["results"]}


class Minute:
    """A block of one minute whose hand is killed at once and never comes back; looked at by the last test."""

    def __init__(self):
        self.net = netns.Network(*SERVER)
        self.client = self.net.client("192.0.2.10/24")
        self.data = tap.folder()
        self.hand = Hand(self.net.server, self.data.__enter__())
        self.hand.start()
        room = self.hand.room()
        room.block("192.0.2.10", minutes=1)
        self.since = time.monotonic()
        assert not self.client.pings("192.0.2.1")
        self.hand.kill()
        room.close()
        self.ended = None
        self.watch = threading.Thread(target=self.look, daemon=True)
        self.watch.start()

    def look(self):
        """Seconds after which packets went through again."""
        time.sleep(55)
        while time.monotonic() - self.since < 90:
            if self.client.pings("192.0.2.1", 0.2):
                self.ended = time.monotonic() - self.since
                return


class Lost:
    """A hand whose table somebody deletes; it looks every 30 s. Looked at by the last test but one."""

    def __init__(self):
        self.net = netns.Network(*SERVER)
        self.data = tap.folder()
        self.hand = Hand(self.net.server, self.data.__enter__())
        self.hand.start()
        self.room = self.hand.room()
        self.room.block("198.51.100.7", "2001:db8:7::/64", minutes=20)
        self.net.server.run("nft", "delete", "table", "inet", "kizuki")


_minute = _lost = None


@tap.test
def a_minute_begins():
    """Not a claim of its own: starts the clocks for the last tests."""
    global _minute, _lost
    need()
    _minute = Minute()
    _lost = Lost()


@tap.test
def blocked_packets_are_dropped_and_come_back_after_undo():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        bad = net.client("192.0.2.10/24", "2001:db8:1::10/64")
        good = net.client("192.0.2.11/24", "2001:db8:1::11/64")
        far = net.client("2001:db8:2::10/64")
        far.run("ip", "-6", "route", "add", "2001:db8:1::/64", "dev", "eth0")
        net.server.run("ip", "-6", "route", "add", "2001:db8:2::/64", "dev", "br0")
        listener = listen(net.server, "192.0.2.1", 8080)
        for c in (bad, good):
            assert c.reaches("192.0.2.1") and c.reaches("2001:db8:1::1") and c.connects("192.0.2.1", 8080)
        assert far.reaches("2001:db8:1::1")
        with Hand(net.server, d) as hand:
            room = hand.room()
            a = room.block("192.0.2.10", "2001:db8:2::/64", minutes=10)
            assert [r["state"] for r in a["results"]] == ["blocked", "blocked"], a
            assert abs(a["results"][0]["until_ms"] - now_ms() - 600000) < 5000
            assert not bad.pings("192.0.2.1") and not bad.connects("192.0.2.1", 8080)
            assert not far.pings("2001:db8:1::1")
            assert good.reaches("192.0.2.1") and good.connects("192.0.2.1", 8080)
            assert bad.reaches("2001:db8:1::1"), "only the ordered address"
            b = room.blocks()
            assert b["192.0.2.10"]["packets"] >= 2 and b["192.0.2.10"]["bytes"] > 80, b
            assert b["2001:db8:2::/64"]["packets"] >= 1, b
            assert b["192.0.2.10"]["rule"] == "test-rule" and b["192.0.2.10"]["dry_run"] is False
            e = net.server.nft()
            assert 590 < e["192.0.2.10"]["expires"] <= 600 and e["192.0.2.10"]["timeout"] == 600, e
            a = room.ask("unblock", ["192.0.2.10"])
            assert a["results"][0]["state"] == "unblocked", a
            assert bad.reaches("192.0.2.1") and bad.connects("192.0.2.1", 8080)
            assert not far.pings("2001:db8:1::1")
            hand.stop()
            assert not far.pings("2001:db8:1::1"), "leaving lifts nothing"
            assert "error" not in hand.said(), hand.said()
        listener.kill()


@tap.test
def a_connection_that_is_open_is_cut_too():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        bad = net.client("192.0.2.10/24")
        listener = listen(net.server, "192.0.2.1", 8080)
        talk = bad.start("python3", "-uc", """
import socket, time
s = socket.create_connection(('192.0.2.1', 8080), 5); s.settimeout(1.5)
while True:
    s.sendall(b'x')
    try: s.recv(10); print('answer', flush=True)
    except TimeoutError: print('silence', flush=True); break
    time.sleep(0.05)
""", stdout=subprocess.PIPE, text=True)
        assert talk.stdout.readline() == "answer\n"
        with Hand(net.server, d) as hand:
            hand.room().block("192.0.2.10")
            rest = talk.stdout.read()
        assert rest.endswith("silence\n"), rest
        talk.wait()
        listener.kill()


@tap.test
def a_hostile_room_is_refused_with_reasons():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        partner = net.client("192.0.2.77/24", "2001:db8:1::77/64")
        other = net.client("192.0.2.10/24")
        limits = ("dry_run: false\nblocks_per_minute: 100\nnever:\n"
                  "  - {address: 192.0.2.77, name: partner}\n  - 2001:db8:1::77\n")
        with Hand(net.server, d, limits) as hand:
            room = hand.room()
            # everything, in several dresses
            a = room.ask("block", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::ffff:0:0/96", "10.0.0.0/8"])
            assert set(reasons(a).values()) == {"prefix_too_short"}, a
            assert all(r["text"] for r in a["results"])
            # a partner: itself, its network, by its other family
            a = room.ask("block", ["192.0.2.77", "192.0.2.0/25", "2001:db8:1::77", "2001:db8:1::/64"])
            assert reasons(a) == {"192.0.2.77": "never_block", "192.0.2.0/25": "own_address",
                                  "2001:db8:1::77": "never_block", "2001:db8:1::/64": "own_address"}, a
            assert "partner" in a["results"][0]["text"], a
            a = room.ask("block", ["192.0.2.64/26"])
            assert reasons(a) == {"192.0.2.64/26": "never_block"}, a
            # this machine
            a = room.ask("block", ["192.0.2.1", "2001:db8:1::1", "127.0.0.1", "::1", "fe80::1", "224.0.0.1"])
            assert [r["reason"] for r in a["results"]] == ["own_address", "own_address", "loopback", "loopback",
                                                           "link_local", "multicast"], a
            # late, early, too long
            now = now_ms()
            assert room.ask("block", ["203.0.113.1"], issued_ms=now - 90000, expires_ms=now - 30000)["reason"] == "expired"
            assert room.ask("block", ["203.0.113.1"], issued_ms=now + 30000, expires_ms=now + 60000)["reason"] == "issued_in_future"
            assert room.ask("block", ["203.0.113.1"], expires_ms=now + 3600_000)["reason"] == "life_too_long"
            assert room.ask("block", ["203.0.113.1"], minutes=100000)["reason"] == "minutes_over_limit"
            # repeated, also over a restart
            once = room.order("block", ["203.0.113.1"])
            room.send(once)
            assert room.answer()["ok"]
            room.send(once)
            assert room.answer()["reason"] == "replayed"
            room.close()
            hand.kill()
            hand.start()
            room = hand.room()
            room.send(once)
            assert room.answer()["reason"] == "replayed"
            # not an order at all
            room.send(json.dumps(dict(once, order_id="another-one", command="/bin/sh")))
            assert room.answer()["reason"] == "unknown_key"
            room.send(json.dumps(dict(once, order_id="another-two", type="exec")))
            assert room.answer()["reason"] == "unknown_type"
            a = room.ask("block", ["; nft flush ruleset", "$(reboot)", "192.0.2.10\n", "@v4"])
            assert set(reasons(a).values()) == {"bad_address"}, a
            other_domain = Signer(hand.key, "checkpoint")
            room.socket.sendall(other_domain.frame(json.dumps(room.order("block", ["203.0.113.2"]))))
            assert room.answer()["reason"] == "bad_signature"
            other_domain.close()
            stranger = Signer(d / "stranger.key")
            room.socket.sendall(stranger.frame(json.dumps(room.order("block", ["203.0.113.2"]))))
            assert room.answer()["reason"] == "bad_signature"
            stranger.close()
            # only what was allowed stands, and everybody else still gets through
            assert set(net.server.nft()) == {"203.0.113.1"}, net.server.nft()
            assert partner.reaches("192.0.2.1") and partner.reaches("2001:db8:1::1") and other.reaches("192.0.2.1")
            hand.stop()


@tap.test
def ten_thousand_blocks_a_minute_are_not_ten_thousand():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        good = net.client("192.0.2.10/24")
        with Hand(net.server, d, "dry_run: false\nblocks_per_minute: 100\norders_per_minute: 60\n") as hand:
            room = hand.room()
            start = time.monotonic()
            said = {}
            for i in range(200):
                room.send(room.order("block", [f"198.18.{i}.{k}" for k in range(50)]))
            for i in range(200):
                a = room.answer()
                for r in a["results"]:
                    said[r["reason"]] = said.get(r["reason"], 0) + 1
            assert said[None] == 100 and said["too_many_a_minute"] == 60 * 50 - 100, said
            assert said["too_many_orders"] == 140 * 50, said
            assert len(net.server.nft()) == 100
            assert good.reaches("192.0.2.1")
            assert time.monotonic() - start < 50
            a = room.ask("unblock", ["198.18.0.0"])  # undoing is possible all the same
            assert a["results"][0]["state"] == "unblocked", a
            lines = hand.said().count("\n")
            assert lines < 400, f"{lines} lines in the log"
            hand.stop()


@tap.test
def killed_at_any_moment_the_hand_knows_its_blocks():
    need()
    r = random.Random(7)
    with netns.network(*SERVER) as net, tap.folder() as d:
        client = net.client("192.0.2.10/24")
        limits = "dry_run: false\nblocks_per_minute: 10000\n"
        hand = Hand(net.server, d, limits).start()
        ordered, must, mustnot = {}, set(), set()
        for i in range(16):
            room = hand.room()
            address = f"198.51.100.{i}"
            room.send(room.order("block", [address], minutes=30 + i))
            ordered[address] = 30 + i
            if i % 2:
                assert room.answer()["ok"]
                must.add(address)
            time.sleep(r.random() * 0.06)
            if i % 3 == 2:
                undo = f"198.51.100.{r.randrange(i)}"
                room.send(room.order("unblock", [undo]))
                must.discard(undo)
                if i % 2:
                    assert room.answer()["ok"]
                    mustnot.add(undo)
                time.sleep(r.random() * 0.03)
            hand.kill()
            room.close()
            hand.start()
            room = hand.room()
            listed = room.blocks()
            kernel = net.server.nft() or {}
            assert set(listed) == set(kernel), (listed, kernel, hand.said())
            assert must <= set(kernel), "what was acknowledged stands"
            assert not mustnot & set(kernel), "what was undone stays undone"
            for a, b in listed.items():
                left = (b["until_ms"] - now_ms()) / 1000
                assert abs(kernel[a]["expires"] - left) < 3, (a, kernel[a], left)
                assert left <= ordered[a] * 60, (a, left)
            room.close()
        room = hand.room()
        room.block("192.0.2.10", minutes=30)
        hand.kill()
        assert not client.pings("192.0.2.1"), "the kernel goes on"
        hand.start()
        room = hand.room()
        assert room.ask("unblock", ["192.0.2.10"])["results"][0]["state"] == "unblocked"
        assert client.reaches("192.0.2.1")
        assert room.ask("unblock", ["192.0.2.10"])["results"][0]["state"] == "already", "undone once"
        hand.stop()


@tap.test
def acknowledged_blocks_outlive_kill_and_lost_rules_with_the_time_that_is_left():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        hand = Hand(net.server, d).start()
        room = hand.room()
        a = room.block("198.51.100.7", "2001:db8:7::/64", minutes=20)
        until = a["results"][0]["until_ms"]
        hand.kill()
        net.server.run("nft", "flush", "ruleset")  # as after a start of the machine
        time.sleep(2.2)
        hand.start()
        room = hand.room()
        listed = room.blocks()
        assert set(listed) == {"198.51.100.7", "2001:db8:7::/64"}
        assert listed["198.51.100.7"]["until_ms"] == until
        e = net.server.nft()["198.51.100.7"]
        assert abs(e["expires"] - (until - now_ms()) / 1000) < 2 and e["timeout"] < 1199, e
        assert room.event("drift")["restored"] == 2  # at start, kept until there was a room to hear it
        hand.stop()


@tap.test
def a_torn_journal_recovers():
    """At every byte in the unit tests; here some cuts with the real kernel."""
    need()
    r = random.Random(3)
    with netns.network(*SERVER) as net, tap.folder() as d:
        hand = Hand(net.server, d).start()
        room = hand.room()
        for i in range(5):
            room.block(f"198.51.100.{i}")
        room.ask("unblock", ["198.51.100.2"])
        hand.kill()
        journal = d / "hand" / "blocks.journal"
        whole = journal.read_bytes()
        for cut in [0, 1, len(whole) - 1] + [r.randrange(len(whole)) for _ in range(7)]:
            journal.write_bytes(whole[:cut])
            hand.start()
            room = hand.room()
            assert set(room.blocks()) == set(net.server.nft()), cut
            assert {f"198.51.100.{i}" for i in (0, 1, 3, 4)} <= set(net.server.nft()), cut
            room.close()
            hand.kill()
            net.server.run("nft", "delete", "element", "inet", "kizuki", "v4", "{ 198.51.100.2 }", check=False)
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 4
        journal.write_bytes(flipped)
        hand.start()
        assert "the journal was damaged" in hand.said()
        assert (d / "hand" / "blocks.journal.damaged").read_bytes() == bytes(flipped)
        hand.stop()


@tap.test
def dry_run_is_the_default_and_touches_nothing():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        client = net.client("192.0.2.10/24")
        with Hand(net.server, d, limits=None) as hand:
            assert "dry_run: true" in hand.limits.read_text()
            room = hand.room()
            a = room.ask("block", ["192.0.2.10", "127.0.0.1"], minutes=5)
            assert [r["state"] for r in a["results"]] == ["dry_run", "refused"], a
            assert client.reaches("192.0.2.1") and net.server.nft() is None
            assert room.blocks()["192.0.2.10"]["dry_run"] is True
            # an operator looks at the list, and then means it
            hand.limits.write_text("dry_run: false\n")
            hand.hup()
            assert room.block("192.0.2.10", minutes=5)
            assert not client.pings("192.0.2.1")
            # a drill's order: the driver that has just blocked looks at it as at a real one, and nothing of it stands
            a = room.ask("block", ["198.51.100.7", "127.0.0.1"], minutes=5, dry_run=True)
            assert [r["state"] for r in a["results"]] == ["dry_run", "refused"], a
            assert "198.51.100.7" not in json.dumps(net.server.nft()) and "192.0.2.10" in json.dumps(net.server.nft())
            # a partner added to the file is let through at once
            hand.limits.write_text("dry_run: false\nnever: [192.0.2.10]\n")
            hand.hup()
            assert client.reaches("192.0.2.1")
            assert room.event("ended")["why"] == "not_allowed"
            # broken limits do not loosen anything
            hand.limits.write_text("never: [\n")
            hand.hup()
            assert "the old limits stay in force" in hand.said()
            assert reasons(room.ask("block", ["192.0.2.10"]))["192.0.2.10"] == "never_block"
            hand.stop()


@tap.test
def clear_takes_the_table_away_running_or_not():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        with Hand(net.server, d) as hand:
            room = hand.room()
            room.block("198.51.100.1")
            net.server.run(HAND, "--data", d, "--clear")
            assert net.server.nft() is None
            assert room.event("ended")["why"] == "cleared"
            assert room.blocks() == {}
            room.block("198.51.100.2")
            hand.stop()
            assert set(net.server.nft()) == {"198.51.100.2"}
            net.server.run(HAND, "--data", d, "--clear")
            assert net.server.nft() is None
            hand.start()
            assert hand.room().blocks() == {}
            hand.stop()


@tap.test
def it_distrusts_files_and_neighbours():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        hand = Hand(net.server, d)
        for path, says in ((hand.limits, "limits.yml"), (d / "hand" / "order.key.pub", "order.key.pub")):
            os.chmod(path, 0o666)
            hand.start(wait=False)
            assert hand.child.wait(20) == 1
            assert "may be written by others" in hand.said() and says in hand.said()
            os.chmod(path, 0o644)
        hand.limits.write_text("prefix4_min: 0\n")
        assert hand.start(wait=False).child.wait(20) == 1
        assert "limits.yml:1" in hand.said()
        hand.limits.write_text("dry_run: false\n")
        hand.start()
        os.chmod(d, 0o755)
        os.chmod(d / "run", 0o755)
        os.chmod(hand.socket, 0o666)  # even so
        if os.environ.get("KIZUKI_REAL_ROOT"):
            code = f"import socket; s=socket.socket(socket.AF_UNIX); s.connect('{hand.socket}'); print(s.recv(1))"
            r = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", code],
                               capture_output=True, text=True, timeout=20)
            assert r.stdout == "b''\n", (r.stdout, r.stderr)
            assert "refused a connection of user 65534" in hand.said()
        # a second hand on the same folder or the same namespace does not start
        with tap.folder() as d2:
            os.makedirs(d2 / "hand")
            for f in ("limits.yml", "order.key.pub"):
                (d2 / "hand" / f).write_bytes((d / "hand" / f).read_bytes())
            one = net.server.start(HAND, "--data", d, stderr=subprocess.PIPE, text=True)
            two = net.server.start(HAND, "--data", d2, stderr=subprocess.PIPE, text=True)
            assert "another kizuki-hand works in" in one.communicate(timeout=40)[1] and one.returncode == 1
            assert "another kizuki-hand acts in" in two.communicate(timeout=40)[1] and two.returncode == 1
        # broken framing costs the connection, not the hand
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(hand.socket))
        s.sendall(b"\xff\xff\xff\xff" + b"x" * 100)
        s.settimeout(10)
        assert s.recv(1) == b""
        assert hand.room().blocks() == {}
        hand.stop()


@tap.test
def its_rights_are_gone():
    need()
    with netns.network(*SERVER) as net, tap.folder() as d:
        with Hand(net.server, d) as hand:
            hand.room().block("198.51.100.1")

            def status(pid):
                return dict(l.split(":\t", 1) for l in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in l)

            pid = hand.child.pid
            runner = int(open(f"/proc/{pid}/task/{pid}/children").read().split()[0])
            for p, caps in ((pid, 0), (runner, 1 << 12)):  # CAP_NET_ADMIN
                s = status(p)
                for which in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
                    if which == "CapBnd" and not os.environ.get("KIZUKI_REAL_ROOT"):
                        continue
                    assert int(s[which], 16) == caps, (p, which, s[which])
                assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"
            # one without the other is no hand: it says so and leaves to be started anew
            os.kill(runner, 9)
            assert hand.child.wait(5) == 1 and "the nft runner is gone" in hand.said()
            hand.start()
            assert set(hand.room().blocks()) == {"198.51.100.1"} == set(net.server.nft())
            hand.stop()


@tap.test
def rules_deleted_while_the_hand_runs_are_put_back():
    need()
    net, hand, room = _lost.net, _lost.hand, _lost.room
    try:
        drift = room.event("drift", 60)
        assert drift["restored"] == 2 and set(drift["missing"]) == {"198.51.100.7", "2001:db8:7::/64"}, drift
        assert set(net.server.nft()) == set(drift["missing"])
        # one element taken out by hand is an ending, not an accident
        net.server.run("nft", "delete", "element", "inet", "kizuki", "v4", "{ 198.51.100.7 }")
        net.server.run("nft", "add", "element", "inet", "kizuki", "v4", "{ 198.51.100.99 timeout 5m }")
        listed = room.blocks()
        assert set(listed) == {"2001:db8:7::/64", "198.51.100.99"}, listed
        ended = room.event("ended")
        assert ended["why"] == "by_hand" and ended["addresses"] == ["198.51.100.7"], ended
        assert "not ordered" in listed["198.51.100.99"]["reason"]
        hand.stop()
    finally:
        net.close()
        _lost.data.__exit__(None, None, None)


@tap.test
def a_block_ends_by_itself_though_its_hand_is_dead():
    need()
    m = _minute
    try:
        m.watch.join()
        assert m.ended and 59.5 <= m.ended <= 63, m.ended
        # started after the end, the hand says so and has nothing
        m.hand.start()
        room = m.hand.room()
        assert room.blocks() == {}
        assert m.net.server.nft() == {}, m.net.server.nft()
        assert room.event("ended", 10)["addresses"] == ["192.0.2.10"]
        m.hand.stop()
    finally:
        m.net.close()
        m.data.__exit__(None, None, None)


if __name__ == "__main__":
    netns.enter()
    tap.main()
