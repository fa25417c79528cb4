"""What tests of sealed spools share: sending lines, waiting for seals."""
import socket

import tap


def send(port, lines):
    """Over TCP; returns when the sensor has all of them."""
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        for at in range(0, len(lines), 500):
            s.sendall(b"".join(b"<38>Nov 21 12:00:00 host app[1]: " + l + b"\n" for l in lines[at:at + 500]))
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass


def checkpoints(data):
    return sorted((data / "spool").glob("*.checkpoint"))


def wait_sealed(served, n):
    tap.wait_until(lambda: len(checkpoints(served.data)) >= n, 60, 0.05, f"{n} checkpoints: " + served.output()[-800:])
