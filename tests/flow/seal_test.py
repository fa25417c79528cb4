#!/usr/bin/env python3
"""What was received is sealed, can be proved without Kizuki, and whatever was done to it is found and named."""
import base64
import hashlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import time

import programs
import tap

SETTINGS = {"sources": [], "spool": {"segment": 1, "close_after": "1s"}}
LINES = 40000


def send(port, first, last):
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        for at in range(first, last, 500):
            s.sendall(b"".join(b"<38>Nov 21 12:00:00 host app[1]: line %d %s\n" % (i, b"x" * (i % 97))
                               for i in range(at, min(at + 500, last))))
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass


def verify(data, *args):
    r = tap.run(tap.KIZUKI, "verify", data, *args)
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def checkpoints(data):
    return sorted((data / "spool").glob("*.checkpoint"))


def filled(s, kills=0):
    """A sealed spool: lines sent while sensor and keeper are killed."""
    r = random.Random(5)
    s.wait_up()
    step = LINES // (kills + 1)
    for at in range(0, LINES, step):
        send(s.syslog_port, at, min(at + step, LINES))
        if kills:
            s.kill(r.choice(["kizuki-keep", "kizuki-keep", "kizuki-sensor"]))
            time.sleep(0.3)
    tap.wait_until(lambda: len(checkpoints(s.data)) >= 3, 30, what="three checkpoints: " + s.output()[-800:])
    # what came last is old enough to be closed soon, and sealed after that
    tap.wait_until(lambda: not [p for p in sorted((s.data / "spool").glob("*.seg"))[:-1]], 30, what="nothing closed is left open")


# ---- an evaluation that shares nothing with the product but the description of the format ----

def segments(data):
    for p in sorted((data / "spool").glob("*.seg*")):
        yield p.name[:8], (tap.run("zstd", "-dcq", p).stdout if p.suffix == ".zst" else p.read_bytes())


def leaves(data):
    """RFC 9162 leaf hashes of all records, and every line."""
    hashes, lines = [], []
    for _, b in segments(data):
        at = 64
        while at + 32 <= len(b):
            n, _, number = struct.unpack_from("<IIQ", b, at)
            if n < 32:
                break
            if b[at + 28] != 5:  # no mark
                assert number == len(hashes) + 1, (number, len(hashes))
                hashes.append(hashlib.sha256(b"\0" + b[at + 8:at + n]).digest())
                if b[at + 28] == 1:
                    lines.append(b[at + 32 + b[at + 29]:at + n])
            at += (n + 7) & ~7
    return hashes, lines


def root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + root(hashes[:k]) + root(hashes[k:])).digest()


def signature_holds(note, public, folder):
    """By openssl, as anybody could."""
    text, signature = note.rsplit(b"\n\n", 1)
    raw = base64.b64decode(signature.split()[-1])
    name = signature.split()[1]
    key = base64.b64decode(public.split(b":")[1])
    assert raw[:4] == hashlib.sha256(name + b"\n\x01" + key).digest()[:4]
    (folder / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key)
    (folder / "text").write_bytes(text + b"\n")
    (folder / "sig").write_bytes(raw[4:])
    r = tap.run("openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", folder / "key.der", "-rawin",
                "-in", folder / "text", "-sigfile", folder / "sig")
    return r.returncode == 0


@tap.test
def every_line_is_sealed_once_through_kills_and_provable_without_us():
    tap.need_program("zstd", "openssl")
    with programs.served(SETTINGS, ["--no-local-logs"]) as s, tap.folder() as d:
        filled(s, kills=8)
        s.stop()
        status, said = verify(s.data)
        assert status == 0, said
        hashes, lines = leaves(s.data)
        numbers = [int(m[1]) for m in (re.search(rb": line (\d+) x*$", l) for l in lines) if m]
        assert sorted(numbers) == list(range(LINES)), (len(numbers), len(set(numbers)))
        public = (s.data / "keep" / "key.pub").read_bytes()
        assert len(checkpoints(s.data)) >= 3
        for p in checkpoints(s.data):
            note = p.read_bytes()
            assert signature_holds(note, public, d), p
            _origin, size, b64 = note.split(b"\n")[:3]
            assert root(hashes[:int(size)]) == base64.b64decode(b64), p


@tap.test
def what_is_done_to_a_sealed_spool_is_named():
    with programs.served(SETTINGS, ["--no-local-logs"]) as s, tap.folder() as d:
        filled(s)
        s.stop()
        assert verify(s.data)[0] == 0
        elsewhere, key = d / "last.checkpoint", d / "key.pub"
        shutil.copy(checkpoints(s.data)[-1], elsewhere)
        shutil.copy(s.data / "keep" / "key.pub", key)

        def spoiled(change):
            copy = d / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(s.data / "spool", copy / "spool")
            change(copy / "spool")
            return verify(copy, "--key", key, "--checkpoint", elsewhere)

        assert spoiled(lambda spool: None)[0] == 0

        def flip(spool):
            p = spool / "00000002.seg.zst"
            b = bytearray(p.read_bytes())
            b[len(b) // 2] ^= 1
            p.write_bytes(b)
        status, said = spoiled(flip)
        assert status == 1 and "segment 00000002" in said and "damaged" in said, said

        def rewrite(spool):
            """Somebody who knows the format: a record's text changed, its checksum made to fit."""
            p = spool / "00000002.seg.zst"
            b = bytearray(tap.run("zstd", "-dcq", p).stdout)
            at = b.index(b": line ") + 7  # the first digit: of "line 0 " there is no third
            b[at] = ord("1") if b[at] != ord("1") else ord("2")
            (spool / "plain").write_bytes(b)
            frame = frame_at(b, at)
            fix_checksum(b, frame)
            os.unlink(p)
            os.unlink(spool / "plain")
            (spool / "00000002.seg").write_bytes(b)
        status, said = spoiled(rewrite)
        assert status == 1 and "changed since it was sealed: segment 00000002" in said, said

        def remove_one(spool):
            """One record taken out, everything else left valid."""
            p = spool / "00000002.seg.zst"
            b = bytearray(tap.run("zstd", "-dcq", p).stdout)
            at = frame_at(b, b.index(b": line ") + 9)
            size = (struct.unpack_from("<I", b, at)[0] + 7) & ~7
            number = struct.unpack_from("<Q", b, at + 8)[0]
            del b[at:at + size]
            os.unlink(p)
            (spool / "00000002.seg").write_bytes(b)
            return number
        removed = []
        status, said = spoiled(lambda spool: removed.append(remove_one(spool)))
        assert status == 1 and f"damaged: segment 00000002, records {removed[0]} to {removed[0] + 1}," in said, (removed, said)

        def swap(spool):
            a, b = spool / "00000001.seg.zst", spool / "00000002.seg.zst"
            a.rename(spool / "x")
            b.rename(a)
            (spool / "x").rename(b)
        status, said = spoiled(swap)
        assert status == 1 and "segment 00000001" in said and "segment 00000002" in said, said

        def remove(spool):
            (spool / "00000002.seg.zst").unlink()
        status, said = spoiled(remove)
        assert status == 1 and "missing: segment 00000002" in said, said

        def cut(spool):
            for p in spool.iterdir():
                if p.name[:8].isdigit() and int(p.name[:8]) > 1:
                    p.unlink()
        status, said = spoiled(cut)
        assert status == 1 and "cut off" in said and "kept elsewhere" in said, said
        # and without the checkpoint kept elsewhere nobody could know: that is said too
        status, said = verify(d / "copy", "--key", key)
        assert status == 0 and "only a checkpoint kept elsewhere can tell" in said, said


def frame_at(b, place):
    at = 64
    while True:
        n = struct.unpack_from("<I", b, at)[0]
        size = (n + 7) & ~7
        if at <= place < at + size:
            return at
        at += size


def crc32c(crc, data):
    crc ^= 0xffffffff
    for x in data:
        crc ^= x
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def fix_checksum(b, at):
    n = struct.unpack_from("<I", b, at)[0]
    size = (n + 7) & ~7
    crc = crc32c(0, bytes(b[32:48]))
    crc = crc32c(crc, bytes(b[12:16]))
    crc = crc32c(crc32c(crc, bytes(b[at:at + 4])), bytes(b[at + 8:at + size]))
    struct.pack_into("<I", b, at + 4, crc)


@tap.test
def without_a_seal_verify_says_so():
    with tap.folder() as d:
        (d / "spool").mkdir()
        status, said = verify(d)
        assert status == 1 and "nothing was sealed" in said and "--key" in said, said


tap.main()
