#!/usr/bin/env python3
"""`kizuki search`: files and a spool, what it prints, what it says of mistakes, how it ends."""
import json
import os

import tap

LINES = ["<38>Nov 21 12:00:00 gate sshd[7]: Failed password for root from 192.0.2.3 port 22 ssh2",
         "<38>Nov 21 12:00:01 gate sshd[7]: Failed password for root from 192.0.2.33 port 22 ssh2",
         "<38>Nov 21 12:00:02 gate app[9]: 重要インフラの第３次⾏動計画を決定",
         "<38>Nov 21 12:00:03 gate app[9]: ｻｰﾊﾞｰの改竄を検知"]


def search(*args):
    r = tap.run(tap.KIZUKI, "search", *args)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


@tap.test
def files_are_searched_by_word_field_and_japanese():
    with tap.folder() as d:
        (d / "log").write_text("\n".join(LINES) + "\n")
        for query, want in [("192.0.2.3", [1]), ("source.ip:192.0.2.0/24", [1, 2]), ("行動計画", [3]), ("サーバ 改ざん", [4]),
                            ("user.name:root and not 192.0.2.33", [1]), ("*", [1, 2, 3, 4])]:
            status, out, err = search(query, d / "log")
            got = [json.loads(line)["kizuki.position"]["line"] for line in out.splitlines()]
            assert (status, got) == (0, want), (query, status, got, err)
        assert search("--raw", "行動計画", d / "log")[1] == LINES[2] + "\n"
        assert search("--count", "gate", d / "log")[:2] == (0, "4\n")
        assert search("--last", "2", "gate", d / "log")[1].count("\n") == 2


@tap.test
def statuses_and_mistakes():
    with tap.folder() as d:
        (d / "log").write_text(LINES[0] + "\n")
        assert search("nowhere", d / "log")[:2] == (1, "")
        assert search("root", d / "log", d / "none")[0] == 2
        status, out, err = search("user.name:(a, ", d / "log")
        assert status == 2 and not out and "query:1:11" in err and "not closed" in err, err
        assert search("--from", "いつか", "root", d / "log")[0] == 2


@tap.test
def a_spool_is_searched_with_positions():
    with tap.folder() as d:
        (d / "log").write_text("".join(f"line {i} of host web-{i % 5}\n" for i in range(2000)))
        program = tap.ROOT / "build-dev" / "tests" / "flow" / "intake_probe"
        tap.need(program.exists(), "intake_probe is not built")
        probe = tap.run(program, "run", d / "spool", "--tail", d / "log", "--until", "2000")
        assert probe.returncode == 0, probe.stderr
        status, out, err = search("--last", "3", "--stats", "web-4", d)
        events = [json.loads(line) for line in out.splitlines()]
        assert status == 0 and [e["message"] for e in events] == [f"line {i} of host web-4" for i in (1999, 1994, 1989)], (events, err)
        at = events[1]["kizuki.position"]["spool"]
        assert search("--count", "--to-record", at, "web-4", d)[1] == "398\n"
        assert search("--count", "--from-record", at, "web-4", d / "spool")[1] == "2\n"
        assert json.loads(err)["records"] == 2000
        assert search("--make-filters", "*", d)[0] == 0  # the only segment still grows
        assert search("--make-filters", "*", d / "spool")[0] == 2


if __name__ == "__main__":
    os.environ["TZ"] = "America/New_York"  # nothing may hang on it
    tap.main()
