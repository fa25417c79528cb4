#!/usr/bin/env python3
"""What keeps Kizuki from starting is said in one sentence with a remedy, and ends with status 1."""
import os
import socket

import programs
import tap


def refused(*args, words, env=None):
    r = tap.run(tap.KIZUKI, *args, env=dict(os.environ, **(env or {})), timeout=60)
    said = r.stderr.decode(errors="replace")
    assert r.returncode == 1, (r.returncode, said)
    assert all(w in said for w in words), said
    return said


@tap.test
def settings_that_are_wrong_are_named_with_their_place():
    with tap.folder() as d:
        (d / "bad.yml").write_text("htps: 127.0.0.1:1\n")
        refused("serve", "--data", d / "x", "--config", d / "bad.yml", words=["bad.yml:1:1", "htps"])
        refused("serve", "--data", d / "x", "--config", d / "none.yml", words=["none.yml"])


@tap.test
def ports_that_are_taken_are_named_with_a_remedy():
    with tap.folder() as d, socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        refused("serve", "--data", d / "x", "--https", f"127.0.0.1:{tcp.getsockname()[1]}", words=["--https"])
        refused("serve", "--data", d / "x", "--https", "127.0.0.1:0",
                "--syslog", f"127.0.0.1:{udp.getsockname()[1]}", words=["--syslog"])


@tap.test
def a_folder_in_use_is_left_alone():
    with programs.served({"sources": []}, ["--no-local-logs"]) as s:
        s.wait_up()
        refused("serve", "--data", s.data, "--https", "127.0.0.1:0", "--syslog", "off", words=["already running"])
        (s.data / "kizuki-replay").write_text("x")  # as if a demonstration ran here
        refused("demo", "--data", s.data, "--clear", words=["is running"])
        refused("pack", "replay", "--data", s.data, "nisc-2014-2-account-list", words=["is running"])
        assert {"kizuki-sensor", "kizuki-room", "kizuki-hand"} <= set(s.children())
        assert (s.data / "room" / "room.db").exists()


@tap.test
def a_replay_whose_sensor_cannot_start_ends():
    with tap.folder() as d:
        rules = d / "content" / "rules"
        rules.mkdir(parents=True)  # no content/fields: the sensor cannot load
        refused("pack", "replay", "--data", d / "data", "nisc-2014-2-account-list", words=["kizuki-sensor", "giving up"],
                env={"KIZUKI_CONTENT": str(d / "content"), "KIZUKI_PACKS": str(tap.ROOT / "packs")})


@tap.test
def a_folder_that_holds_other_things_is_not_cleared():
    with tap.folder() as d:
        (d / "thesis.txt").write_text("important")
        refused("pack", "replay", "--data", d, "nisc-2014-2-account-list", words=["no replay left there"])
        refused("demo", "--data", d, "--clear", words=["no replay left there"])
        assert (d / "thesis.txt").read_text() == "important"


tap.main()
