#!/usr/bin/env python3
"""What people already have, unmodified: real senders into one Kizuki, with the sensor killed while they send and the
disk full for a while. Exactly once over every connection. The senders stand in senders.py."""
import json
import os
import sys

import senders
import tap

LINES = int(os.environ.get("KIZUKI_SENDER_LINES", "1800"))
ran = {}


def inside(folder):
    run = senders.Run(folder, LINES, "48m", datagrams={"logger_udp": 75_000, "snmptrap": 30})
    results = run.run()
    print(json.dumps({"results": results, "while_full": run.while_full, "log": run.log[-3000:]}))


def once():
    """The one run, in a mount namespace of its own."""
    if not ran:
        tap.need_program("unshare", "mount")
        tap.need(tap.run("unshare", "-m", "true").returncode == 0, "no mount namespaces here")
        with tap.folder() as d:
            done = tap.run("unshare", "-m", sys.executable, __file__, "--inside", d, timeout=300)
            sys.stderr.write(done.stderr.decode())
            ran.update(json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr.decode()[-3000:]})
    assert "failed" not in ran, ran["failed"]
    return ran


def add(cls):
    def check():
        lines, missing, doubled, why, _ = once()["results"][cls.name]
        tap.need(not why, why)
        assert (missing, doubled) == (0, 0), f"{missing} of {lines} missing, {doubled} doubled\n{ran['log']}"
    check.__name__ = f"{cls.name}_exactly_once"
    tap.test(check)


for c in senders.SENDERS:
    add(c)


def add_datagrams(cls):
    def check():
        sent, missing, doubled, why, shown = once()["results"][cls.name]
        tap.need(not why, why)
        assert (missing, doubled) == (shown, 0), f"of {sent} {missing} missing, {shown} shown as lost, {doubled} doubled"
        assert shown or cls is not senders.LoggerUdp, "nothing was dropped: this run proved nothing"
        print(f"# {sent} sent, {sent - missing} arrived, {shown} dropped by the kernel and shown")
    check.__name__ = f"{cls.name}_what_is_missing_is_shown"
    tap.test(check)


for c in senders.DATAGRAM_SENDERS:
    add_datagrams(c)


@tap.test
def the_disk_was_full_while_they_sent():
    full = once()["while_full"]
    assert full and all(n < LINES for n in full.values()), full


if len(sys.argv) == 3 and sys.argv[1] == "--inside":
    inside(sys.argv[2])
else:
    tap.main()
