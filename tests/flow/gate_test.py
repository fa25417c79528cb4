#!/usr/bin/env python3
"""Senders that are answered: what the gate says, whom it refuses, and what happens when it or a connection breaks."""
import contextlib
import pathlib
import socket
import ssl
import time

import programs
import senders
import spoolread
import tap

up = {}


class Relp:
    """A RELP client as small as can be."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.f = self.s.makefile("rb")
        self.n = 0
        assert b"200 OK" in self.ask(b"open", b"relp_version=0\ncommands=syslog")

    def say(self, command, data=b""):
        self.n += 1
        self.s.sendall(b"%d %s %d" % (self.n, command, len(data)) + (b" " + data if data else b"") + b"\n")

    def hear(self):
        head = b""
        while head.count(b" ") < 3 and not head.endswith(b"\n"):
            c = self.f.read(1)
            if not c:
                return None
            head += c
        number, what, length = head.split()[:3]
        data = self.f.read(int(length) + 1) if int(length) else b""
        return int(number), what, data[:-1]

    def ask(self, command, data=b""):
        self.say(command, data)
        number, what, answer = self.hear()
        assert (number, what) == (self.n, b"rsp"), (number, what, answer)
        return answer

    def close(self):
        self.f.close()
        self.s.close()


@contextlib.contextmanager
def kizuki():
    """One for all tests of this program."""
    if not up:
        stack = contextlib.ExitStack()
        d = stack.enter_context(tap.folder())
        settings, ports = senders.settings_and_ports(d)
        s = stack.enter_context(programs.served(settings, ["--no-local-logs"]))
        s.wait_up(60)
        up.update(stack=stack, d=d, s=s, ports=ports)
    yield up["s"], up["ports"], up["d"]


def lines_with(s, word):
    return [l for l in spoolread.lines(s.data / "spool") if word in l]


@tap.test
def relp_answers_what_is_on_disk():
    with kizuki() as (s, ports, _):
        c = Relp(ports["relp"])
        assert c.ask(b"syslog", b"<13>relp one \x83\x65") == b"200 OK"
        assert lines_with(s, b"relp one") == [b"<13>relp one \x83\x65"]  # at once: it was answered
        s.kill("kizuki-sensor")
        assert c.ask(b"syslog", b"<13>relp two") == b"200 OK"
        assert lines_with(s, b"relp two") == [b"<13>relp two"]
        assert b"500" in c.ask(b"starttls")
        long = b"<13>" + b"L" * 150_000
        assert c.ask(b"syslog", long) == b"200 OK"
        assert b"".join(lines_with(s, b"LLLL")) == long
        assert c.ask(b"close") == b"" and c.hear()[1] == b"serverclose"
        assert c.hear() is None
        c.close()


@tap.test
def relp_messages_sent_again_after_a_break_are_kept_once():
    with kizuki() as (s, ports, _):
        first = [b"<13>again %d" % i for i in range(10)]
        c = Relp(ports["relp"])
        for m in first:
            c.say(b"syslog", m)
        tap.wait_until(lambda: len(lines_with(s, b"again")) == 10, 60)
        c.close()  # without having read an answer
        c = Relp(ports["relp"])
        for m in first[4:] + [b"<13>again 10", b"<13>again 4"]:
            assert c.ask(b"syslog", m) == b"200 OK"
        c.close()
        # the last one stands behind something new: it is a line of its own
        assert lines_with(s, b"again") == first + [b"<13>again 10", b"<13>again 4"], lines_with(s, b"again")


@tap.test
def nonsense_is_closed_and_hurts_nobody():
    with kizuki() as (s, ports, _):
        good = Relp(ports["relp"])
        for bad in (b"GET / HTTP/1.1\r\n\r\n", b"1 open 999999999 x", b"1 syslog 3 abc\n", b"\0" * 100):
            with socket.create_connection(("127.0.0.1", ports["relp"]), timeout=60) as c:
                c.sendall(bad)
                with contextlib.suppress(ConnectionResetError):
                    assert c.recv(100) == b"", bad
        assert good.ask(b"syslog", b"<13>still here") == b"200 OK"
        good.close()


@tap.test
def tls_wants_a_certificate_of_the_named_authority():
    with kizuki() as (s, ports, d):
        def send(who, port, bytes_):
            c = ssl.create_default_context(cafile=str(d / "ca.pem"))
            if who:
                c.load_cert_chain(str(d / f"{who}.pem"), str(d / f"{who}.key"))
            with socket.create_connection(("127.0.0.1", port), timeout=60) as plain, \
                    c.wrap_socket(plain, server_hostname="localhost") as t:
                t.sendall(bytes_)
                # in TLS 1.3 the refusal comes behind the client's own handshake: an alert, or the end
                assert t.recv(1) == b""
        for who in (None, "stranger"):
            with contextlib.suppress(ssl.SSLError, ConnectionResetError):
                send(who, ports["syslog_tls"], f"<13>from {who}\n".encode())
        with contextlib.suppress(TimeoutError):
            c = ssl.create_default_context(cafile=str(d / "ca.pem"))
            c.load_cert_chain(str(d / "client.pem"), str(d / "client.key"))
            plain = socket.create_connection(("127.0.0.1", ports["syslog_tls"]), timeout=60)
            with c.wrap_socket(plain, server_hostname="localhost") as t:
                t.sendall(b"<13>tls lines\n17 <13>tls counted \n<13>tls without an end")
                t.unwrap()
        want = {b"<13>tls lines", b"<13>tls without an end"}
        tap.wait_until(lambda: want <= set(lines_with(s, b"tls ")), 60, what=str(lines_with(s, b"tls ")))
        assert not lines_with(s, b"from ")


@tap.test
def the_gate_may_open_nothing_but_its_own():
    with kizuki() as (s, _, d):
        pid = s.children()["kizuki-gate"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, status


@tap.test
def a_gate_that_dies_comes_again():
    with kizuki() as (s, ports, _):
        s.kill("kizuki-gate")

        def answered():
            with contextlib.suppress(OSError, TypeError):
                c = Relp(ports["relp"])
                try:
                    return c.ask(b"syslog", b"<13>after the gate")
                finally:
                    c.close()
        assert tap.wait_until(answered, 60) == b"200 OK"
        assert b"<13>after the gate" in lines_with(s, b"after the gate")


try:
    tap.main()
finally:
    if up:
        up["stack"].close()
