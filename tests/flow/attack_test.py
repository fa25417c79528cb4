#!/usr/bin/env python3
"""A real attack: hydra from twenty addresses against a real nginx and a real sshd, noticed and blocked."""
import re
import socket
import threading
import time

import battlefield
import netns
import tap


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


if __name__ == "__main__":
    netns.enter()
    tap.main()
