#!/usr/bin/env python3
"""What `./dev package` installs runs from where it lies: programs, content and lessons find each other."""
import json
import pathlib
import shutil

import programs
import tap

LINE = "2026-11-20T10:00:%02d+09:00 gate sshd[100]: Failed password for root from 203.0.113.9 port 4000 ssh2\n"


def installed(folder):
    tap.need_program("meson")
    tap.need((tap.BUILD / "build.ninja").exists(), f"{tap.BUILD} is not a build folder")
    r = tap.run("meson", "install", "-C", tap.BUILD, "--no-rebuild", "--destdir", folder)
    assert r.returncode == 0, r.stdout.decode() + r.stderr.decode()
    found = list(folder.glob("**/bin/kizuki"))
    assert len(found) == 1, found
    return found[0]


@tap.test
def an_installed_tree_is_whole():
    with tap.folder() as d:
        kizuki = installed(d)
        prefix = kizuki.parents[1]
        for name in ("kizuki-sensor", "kizuki-room", "kizuki-hand", "kizuki-keep", "kizuki-gate", "kizuki-vault", "kizuki-door", "kizuki-mail", "kizuki-firewall"):
            assert (prefix / "libexec" / "kizuki" / name).exists(), name
        for name in ("content/rules", "content/fields", "packs"):
            assert list((prefix / "share" / "kizuki" / name).iterdir()), name
        unit = next(d.glob("**/systemd/system/kizuki.service")).read_text()
        assert "@" not in unit.replace("@system-service", "").split("SystemCallFilter=~")[0], unit
        assert f"ExecStart=/{kizuki.relative_to(d)} serve" in unit, unit
        r = tap.run(kizuki, "pack", "list")
        assert r.returncode == 0 and b"nisc-2014-2-account-list" in r.stdout, r
        log = d / "auth.log"
        log.write_text("".join(LINE % i for i in range(40)))
        r = tap.run(kizuki, "hunt", "--stats", log)
        stats = json.loads(r.stderr.decode().splitlines()[-1])
        assert r.returncode == 0 and stats["rules"] > 0 and stats["rules_refused"] == 0, r
        assert b"203.0.113.9" in r.stdout, r


@tap.test
def an_installed_tree_serves():
    with tap.folder() as d:
        tap.KIZUKI = installed(d)
        with programs.served({"sources": [], "block": {"automatic": False}}, ["--no-local-logs"]) as s:
            s.wait_up()
            names = set(s.children())
            assert {"kizuki-sensor", "kizuki-room", "kizuki-hand", "kizuki-keep"} <= names, names


tap.main()
