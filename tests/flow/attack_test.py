#!/usr/bin/env python3
"""A real attack: hydra from twenty addresses against a real nginx and a real sshd, noticed and blocked."""
import os
import re
import signal
import socket
import threading
import time

import battlefield
import netns
import tap
import whole


class Listener:
    """Takes what rsyslog sends, where Kizuki would."""

    def __init__(self, host):
        self.lines = []
        self.socket = battlefield.inside(host, lambda: socket.create_server(("127.0.0.1", battlefield.SYSLOG_PORT)))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.read, args=(c,), daemon=True).start()

    def read(self, c):
        with c.makefile("r", errors="replace") as f:
            for line in f:
                self.lines.append(line.rstrip("\n"))


@tap.test
def the_battlefield_is_real():
    """Logs of both services reach a TCP listener through rsyslog, with hydra's addresses in them."""
    battlefield.need()
    with battlefield.field() as b:
        listener = Listener(b.server)
        b.start_services()
        assert b.visit(b.gateway, b.good[:20]) == 20
        b.attack(pairs=40)
        b.hydra(b.partner, "http", b.word_list("partner", 40, 77000))

        def enough():
            ssh = {m[1] for l in list(listener.lines) if (m := re.search(r"sshd\[\d+\]: Failed password for invalid user user\d+ from (\S+) port", l))}
            web = {m[1] for l in list(listener.lines) if (m := re.search(r"nginx:? (\S+) - user\d+ \[.*\] \"GET /member/ .*\" 401 ", l))}
            return len(ssh) == 10 and len(web) == 11 and battlefield.PARTNER in web
        tap.wait_until(enough, 60, 0.2, what="lines of every attacker")
        assert sum("member0" in l and '" 200 ' in l for l in listener.lines) == 20


CONFIG = f"""
syslog: ['127.0.0.1:{battlefield.SYSLOG_PORT}']
sources: []
partners: [{battlefield.PARTNER}]
block: {{automatic: true, minutes: 60}}
"""
LIMITS = f"dry_run: false\nnever:\n  - {{address: {battlefield.PARTNER}, name: partner}}\n"


def rows(actions, address):
    return [(a, r) for a in actions for r in a["addresses"] if r["address"] == address]


@tap.test
def hydra_is_noticed_and_blocked_and_nobody_else():
    """Twenty attackers are dropped. A partner who does the same is not. A gateway with 400 good accounts behind it
    is only proposed, and not one of its good logins is lost."""
    battlefield.need()
    for name in ("kizuki", "kizuki-sensor", "kizuki-room", "kizuki-hand"):
        tap.need((tap.BUILD / name).exists(), f"{name} is not built")
    with battlefield.field() as b, tap.folder() as d, whole.Whole(b.server, d / "data", CONFIG, LIMITS) as kizuki:
        b.start_services()
        assert kizuki.get("/me")["dry_run"] is False
        assert b.visit(b.gateway, b.good) == len(b.good)
        good, stop = [], threading.Event()

        def honest_people():
            i = 0
            while not stop.is_set():
                good.append(b.visit(b.gateway, [b.good[i % len(b.good)]]))
                i += 1
                time.sleep(0.02)

        people = threading.Thread(target=honest_people)
        people.start()
        try:
            b.attack(pairs=300)
            b.hydra(b.partner, "http", b.word_list("partner", 120, 77000))
            b.hydra(b.gateway, "ssh", b.word_list("behind", 60, 78000))
            tap.wait_until(b.server.nft, 60, 0.05, what="the first address in nftables")
            os.kill(kizuki.pids()["kizuki-hand"], signal.SIGKILL)  # in the middle of it
            try:
                tap.wait_until(lambda: set(b.server.nft() or ()) >= set(battlefield.ATTACKERS), 60, 0.2,
                               what="twenty addresses in nftables")
            except AssertionError as e:
                missing = set(battlefield.ATTACKERS) - set(b.server.nft() or ())
                raise AssertionError(f"{e}; missing {missing}: {[rows(kizuki.actions(), m) for m in missing]}\n"
                                     f"{kizuki.said()[-4000:]}") from None
            actions = tap.wait_until(lambda: (a := kizuki.actions()) and rows(a, battlefield.GATEWAY) and
                                     rows(a, battlefield.PARTNER) and a, 60, 0.5, what="what is only proposed")
        finally:
            stop.set()
            people.join()

        # in the kernel: the twenty, each with an end, each being hit
        table = b.server.nft()
        assert set(table) == set(battlefield.ATTACKERS), set(table) ^ set(battlefield.ATTACKERS)
        for address, host in b.attackers.items():
            assert not host.connects(battlefield.SERVER, 80, 0.3), address
        table = b.server.nft()
        for address, element in table.items():
            assert 3400 < element["expires"] <= 3600, (address, element)
            assert element["counter"]["packets"] > 0, (address, element)
        # the partner and the people behind the gateway are untouched
        assert b.partner.connects(battlefield.SERVER, 80) and b.partner.connects(battlefield.SERVER, 22)
        assert len(good) > 20 and all(good), f"{len(good) - sum(good)} of {len(good)} good logins were dropped"
        assert b.visit(b.gateway, b.good) == len(b.good)

        # and the room knows why
        for address in battlefield.ATTACKERS:
            found = rows(actions, address)
            assert any(r["state"] == "blocked" and a["state"] == "in_force" for a, r in found), (address, found)
            assert all(a["rule"]["id"] and a["reason"]["key"] for a, r in found)
            assert all(r["until"] and a["until"] for a, r in found if r["state"] == "blocked"), found
        assert all(r["state"] == "proposed" and r["reason"] == "good_accounts" and r["good_accounts_7d"] == 400
                   for a, r in rows(actions, battlefield.GATEWAY)), rows(actions, battlefield.GATEWAY)
        assert all(r["state"] == "refused" and r["reason"] == "partner" for a, r in rows(actions, battlefield.PARTNER))
        incidents = kizuki.get("/incidents?state=open")["incidents"]
        assert incidents and all(i["counts"]["findings"] > 0 for i in incidents)

        # a person lifts what stands: everybody can connect again
        b.end_attack()
        for action in (a for a in kizuki.actions() if a["state"] == "in_force"):
            kizuki.post(f"/actions/{action['id']}/undo", {"version": action["version"]})
        tap.wait_until(lambda: not b.server.nft(), 20, 0.1, what="the blocks to be lifted")
        assert all(h.connects(battlefield.SERVER, 80) for h in b.attackers.values())


if __name__ == "__main__":
    netns.enter()
    tap.main()
