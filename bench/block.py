#!/usr/bin/env python3
"""From a log line to a dropped packet, over a hundred blocks.

`line`: nineteen failed logins of an address have been read; the twentieth is sent over TCP to `kizuki serve`
(spool and fsync, decode, rules, room, signed order, journal and fsync, nft). `order`: the room's part alone is
left out, an order is sent to kizuki-hand. In both, the address sends a datagram every two milliseconds, and the
clock stops at the first that does not arrive. Aim: p99 of `line` below one second.

usage: bench/block.py [--blocks N] [--at-once K]"""
import argparse
import json
import os
import pathlib
import random
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "flow"))
import battlefield  # noqa: E402
import hands  # noqa: E402
import netns  # noqa: E402
import tap  # noqa: E402
import whole  # noqa: E402

SERVER = "198.18.255.1"
PORT = 9
EVERY_S = 0.002


class Prober:
    """Datagrams from many addresses of one client, and when the last of each arrived."""

    def __init__(self, net, n):
        self.client = net.client("198.18.250.1/16")
        self.addresses = [f"198.18.{i // 200}.{i % 200 + 1}" for i in range(n)]
        for a in self.addresses:
            self.client.run("ip", "address", "add", f"{a}/16", "dev", "eth0")
        self.arrived = {}
        self.live = set()
        self.socket = battlefield.inside(net.server, lambda: self.bound(SERVER, PORT))
        self.sockets = battlefield.inside(self.client, lambda: {a: self.bound(a, 0) for a in self.addresses})
        threading.Thread(target=self.receive, daemon=True).start()
        threading.Thread(target=self.send, daemon=True).start()

    @staticmethod
    def bound(address, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((address, port))
        return s

    def receive(self):
        while True:
            data, (address, _) = self.socket.recvfrom(64)
            self.arrived[address] = struct.unpack("d", data)[0]  # when it was sent

    def send(self):
        while True:
            for a in list(self.live):
                self.sockets[a].sendto(struct.pack("d", time.monotonic()), (SERVER, PORT))
            time.sleep(EVERY_S)

    def begin(self, address):
        self.live.add(address)
        tap.wait_until(lambda: address in self.arrived, 5, 0.001, what=f"the first packet of {address}")

    def dropped(self, address, since, limit=20.0):
        """Seconds from `since` to the first packet that was lost."""
        while True:
            now = time.monotonic()
            last = self.arrived[address]
            if last + 0.15 < now:  # silence; the next packet after the last one was the first lost
                self.live.discard(address)
                return max(last + EVERY_S - since, 0.0)
            if now - since > limit:
                raise SystemExit(f"{address} was not blocked within {limit} s")
            time.sleep(0.01)


def report(name, times):
    t = sorted(times)
    pick = lambda q: t[min(len(t) - 1, int(q * len(t)))] * 1000
    print(f"{name}: {len(t)} blocks, p50 {pick(0.5):.0f} ms, p90 {pick(0.9):.0f} ms, p99 {pick(0.99):.0f} ms, "
          f"max {t[-1] * 1000:.0f} ms", flush=True)
    return dict(blocks=len(t), p50_ms=round(pick(0.5), 1), p99_ms=round(pick(0.99), 1), max_ms=round(t[-1] * 1000, 1))


LIMITS = "dry_run: false\nblocks_per_minute: 10000\norders_per_minute: 6000\n"


def order_to_drop(n):
    with netns.network(f"{SERVER}/16") as net, tap.folder() as d:
        prober = Prober(net, n)
        with hands.Hand(net.server, d, LIMITS) as hand:
            room = hand.room()
            times = []
            for a in prober.addresses:
                prober.begin(a)
                order = room.signer.frame(json.dumps(room.order("block", [a])))
                since = time.monotonic()
                room.socket.sendall(order)
                assert room.answer()["ok"]
                times.append(prober.dropped(a, since))
        return report("order to drop", times)


def line(address, user):
    now = time.strftime("%b %e %H:%M:%S")
    return (f"<86>{now} gate sshd[{random.randrange(1000, 30000)}]: Failed password for invalid user {user} "
            f"from {address} port {random.randrange(1024, 65000)} ssh2\n")


def line_to_drop(n, at_once):
    config = f"syslog: ['127.0.0.1:{battlefield.SYSLOG_PORT}']\nsources: []\nblock: {{automatic: true, minutes: 60}}\n"
    with netns.network(f"{SERVER}/16") as net, tap.folder() as d:
        prober = Prober(net, n)
        with whole.Whole(net.server, d / "data", config, LIMITS):
            feed = battlefield.inside(net.server, lambda: socket.create_connection(
                ("127.0.0.1", battlefield.SYSLOG_PORT)))
            feed.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            times, user = [], 0
            for at in range(0, n, at_once):
                group = prober.addresses[at : at + at_once]
                before = []
                for a in group:
                    prober.begin(a)
                    user += 1  # one account an address: many would be told as a list attack before the twentieth
                    before += [line(a, f"user{user * 13 % 90000}") for _ in range(19)]
                feed.sendall("".join(before).encode())
                time.sleep(0.5)
                for a in group:
                    assert prober.arrived[a] > time.monotonic() - 0.1, f"{a} was blocked before its twentieth failure"
                since = time.monotonic()
                feed.sendall("".join(line(a, f"user{user * 13 % 90000}") for a in group).encode())
                times += [prober.dropped(a, since) for a in group]
        return report(f"line to drop, {at_once} at once" if at_once > 1 else "line to drop", times)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--blocks", type=int, default=120)
    p.add_argument("--at-once", type=int, default=20)
    o = p.parse_args()
    netns.enter()
    try:
        netns.need_real_root()
    except tap.Skip as s:
        raise SystemExit(f"skipped: {s}")
    found = {"order": order_to_drop(o.blocks), "line": line_to_drop(o.blocks, 1),
             "wave": line_to_drop(o.blocks // o.at_once * o.at_once, o.at_once)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
