"""The room's end of the sensor's line, for tests of a kizuki-sensor alone: it keeps what it is told, byte for byte,
and acknowledges it."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import tap

FINDING = re.compile(rb'\{"t":"finding","seq":(\d+),"finding":\{"id":"(\w+)","state":"\w+","revision":(\d+),')
SENSOR = tap.BUILD / "kizuki-sensor"


class Room:
    def __init__(self, path):
        self.path = path
        self.told = {}      # (id, revision) -> the finding's bytes
        self.contradictions = []
        self.n_told = 0
        self.stats, self.sources = {}, []
        self.acknowledges_after = 0  # seconds; None: not at all
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(4)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        data, at, seq, acked = bytearray(), 0, 0, 0
        try:
            while True:
                more = peer.recv(1 << 20)
                if not more:
                    return
                data += more
                while len(data) - at >= 4 and len(data) - at >= 4 + (n := struct.unpack_from("<I", data, at)[0]):
                    seq = self.take(bytes(data[at + 4:at + 4 + n])) or seq
                    at += 4 + n
                del data[:at]
                at = 0
                if seq > acked and self.acknowledges_after is not None:
                    time.sleep(self.acknowledges_after)
                    text = json.dumps({"t": "ack", "seq": seq}).encode()
                    peer.sendall(struct.pack("<I", len(text)) + text)
                    acked = seq
        except OSError:
            pass

    def take(self, text):
        if m := FINDING.match(text):
            key, finding = (m[2], int(m[3])), text[m.start(2):-1]
            if self.told.setdefault(key, finding) != finding:
                self.contradictions.append((self.told[key], finding))
            self.n_told += 1
            return int(m[1])
        message = json.loads(text)
        if message["t"] == "stats":
            self.stats = message
        elif message["t"] == "sources":
            self.sources = message["sources"]
        return None

    def heard(self, events, seconds, sensor):
        """Waits until the sensor has looked at so many events and has nothing more to tell."""
        tap.wait_until(lambda: self.stats.get("events") == events, seconds, 0.05,
                       f"{events} events looked at: {self.stats} {sensor.said()[-1500:]}")
        n = -1
        while n != self.n_told:
            n = self.n_told
            time.sleep(0.4)

    def close(self):
        self.server.close()


class Sensor:
    """One kizuki-sensor over a data folder; its log is shared by all that run there."""

    def __init__(self, data, room, settings, extra=(), **kw):
        self.data = data
        (data / "kizuki.yml").write_text(json.dumps(settings))
        self.log = open(data / "sensor.log", "ab")
        self.log_from = (data / "sensor.log").stat().st_size
        self.log_to = None
        room.stats = {}
        self.process = subprocess.Popen([str(SENSOR), "--data", str(data), "--room", str(room.path), "--no-local-logs", *extra],
                                        stdout=self.log, stderr=self.log, **kw, env=os.environ | {"LC_ALL": "C"})

    def said(self):
        return (self.data / "sensor.log").read_bytes()[self.log_from:self.log_to].decode(errors="replace")

    def goes_on_with(self):
        """Number of the first record looked at; None: it was killed before it began."""
        m = re.findall(r"goes on with record (\d+)", self.said())
        return int(m[-1]) if m else None

    def kill(self):
        self.log_to = (self.data / "sensor.log").stat().st_size
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.log.close()
        assert status == 0, (status, self.said()[-2000:])


def looks_at_the_spool(data, room):
    """All of it, nothing else (no clock ticks either), until the room has acknowledged what is told."""
    ours, theirs = os.pipe()
    os.close(theirs)
    sensor = Sensor(data, room, {"sources": []}, ["--replay-fd", str(ours), "--end-after-replay"], pass_fds=[ours])
    os.close(ours)
    assert sensor.process.wait(120) == 0, sensor.said()[-2000:]
