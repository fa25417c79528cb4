#!/usr/bin/env python3
"""Logs that come late: a CSV, a ZIP, plain lines; once in the same timeline with their own times, whoever is killed meanwhile."""
import io
import os
import time
import zipfile

import programs
import tap

HEAD = "日時,接続元IPアドレス,会員ID,結果,備考\r\n"


def logins(n, first=0, host="198.51.100.7"):
    """A dictionary attack of a week ago, as a hosting company's table tells it."""
    return "".join(f"2026/11/01 03:{k // 60:02}:{k % 60:02},{host},m{k % 7},失敗,\"行{k}, 引用\"\r\n" for k in range(first, first + n))


def lines(n, first=0):
    return "".join(f'203.0.113.{k % 200} - - [0{1 + k % 9}/Nov/2026:10:{k // 60 % 60:02}:{k % 60:02} +0900] "GET /{k} HTTP/1.1" 200 1 "-" "-"\n' for k in range(first, first + n))


def kizuki(s, *args, fails=False):
    r = tap.run(tap.KIZUKI, "import", "--data", s.data, *args)
    assert (r.returncode != 0) == fails, (args, r.stdout.decode(), r.stderr.decode())
    return (r.stderr if fails else r.stdout).decode()


def found(s, query, *more):
    r = tap.run(tap.KIZUKI, "search", query, s.data / "spool", "--count", *more)
    return int(r.stdout or b"0")


def left(s):
    return [p.name for p in (s.data / "late").iterdir()]


@tap.test
def late_logs_come_once_with_their_own_times():
    with tap.folder() as d, programs.served({"syslog": [], "sources": []}, ["--no-local-logs"]) as s:
        b = s.browser()
        tap.wait_until(lambda: (s.data / "late").is_dir(), 60, what="the folder")
        csv = d / "ログイン履歴202611.csv"
        csv.write_bytes((HEAD + logins(60) + "いつか,198.51.100.7,m1,失敗,x\r\n").encode("cp932"))
        said = kizuki(s, csv, "--try", "--service", "members")
        assert '"@timestamp":"2026-11-01T03:00:00.000+09:00"' in said and '"source.ip":"198.51.100.7"' in said and '"event.outcome":"failure"' in said, said
        assert "60 records of 1 files, 0 are there already, 1 refused" in said and "row 62: 'いつか'" in said, said
        assert not left(s) and found(s, "198.51.100.7") == 0, "a try changes nothing"
        assert "taken in: 60 records into 'ログイン履歴'" in kizuki(s, csv, "--service", "members")
        assert found(s, "event.outcome:failure and user.name:m3", "--from", "2026-11-01 00:00 +09:00", "--to", "2026-11-02 00:00 +09:00") == 9
        # the same file again, and one that overlaps: what is there is not doubled; the mapping is remembered
        again = kizuki(s, csv)
        assert "this very file was read before" in again and "taken in: 0 records" in again and "60 were there already" in again, again
        more = d / "次.csv"
        more.write_bytes((HEAD + logins(40, 40)).encode("cp932"))
        said = kizuki(s, more)
        assert "taken in: 20 records into 'ログイン履歴', 20 were there already" in said and found(s, "198.51.100.7") == 80, said
        # columns by hand
        odd = d / "odd.csv"
        odd.write_text("when,who,from where\n2026-11-03 01:02:03,sato,192.0.2.99\n")
        assert "no row names a time" in kizuki(s, odd, "--columns", "2=user.name", fails=True)
        assert "taken in: 1 records into 'portal'" in kizuki(s, odd, "--columns", "1=@timestamp,3=source.ip,2=user.name", "--source", "portal", "--zone", "+00:00")
        assert found(s, "source.ip:192.0.2.99", "--from", "2026-11-03T01:02:03Z", "--to", "2026-11-03T01:02:04Z") == 1
        # an archive of logs, dropped as FTP would: two equal lines are two lines, and stay two
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("logs/access_log", lines(300) + lines(1))
            z.writestr("logs/login.csv", HEAD + logins(5, host="198.51.100.99"))
        drop = s.data / "late/site-20261109.zip"
        drop.write_bytes(out.getvalue())
        os.utime(drop, (time.time() - 60,) * 2)
        tap.wait_until(lambda: not left(s), 60, 0.2, what=f"the archive is taken: {left(s)}; {s.output()[-500:]}")
        assert found(s, '"GET /0 HTTP"') == 2 and found(s, '"GET /"') == 301 and found(s, "198.51.100.99") == 5
        # what cannot be read stays there, and says why
        bad = s.data / "late/broken.zip"
        bad.write_bytes(b"PK\x03\x04 this is none")
        os.utime(bad, (time.time() - 60,) * 2)
        tap.wait_until(lambda: "broken.zip.refused" in left(s), 60, 0.2, what="refused")
        assert "no whole ZIP" in (s.data / "late/broken.zip.txt.why").read_text()
        # history is noticed, marked as such, and pages nobody: no case stands open, nothing is to be decided
        told = tap.wait_until(lambda: b.get("/findings")["findings"], 60, 0.2, what="findings")
        assert all(f["past"] for f in told) and "login_dictionary_by_address" in {f["rule"]["name"] for f in told}, told
        assert b.get("/now")["asks"] == [] and b.get("/incidents?state=all")["total"] == 0
        assert "Sanitizer" not in s.output() and "runtime error" not in s.output(), s.output()[-4000:]


@tap.test
def a_killed_sensor_loses_and_doubles_nothing():
    with tap.folder() as d, programs.served({"syslog": [], "sources": []}, ["--no-local-logs"]) as s:
        s.wait_up()
        tap.wait_until(lambda: (s.data / "late").is_dir(), 60, what="the folder")
        big = s.data / "late/access_log"
        big.write_text(lines(60000))
        os.utime(big, (time.time() - 60,) * 2)
        for _ in range(3):
            tap.wait_until(lambda: found(s, "HTTP") or not left(s), 60, 0.01, what="it began")
            s.kill("kizuki-sensor")
            tap.wait_until(lambda: "kizuki-sensor"[:15] in s.children(), 60, what="it is back")
        tap.wait_until(lambda: not left(s), 60, 0.2, what="the rest")
        assert found(s, "HTTP") == 60000, found(s, "HTTP")


@tap.test
def a_person_sends_a_file_through_the_page_of_sources():
    with programs.served({"syslog": [], "sources": []}, ["--no-local-logs"]) as s:
        b = s.browser()
        ended = lambda x: tap.wait_until(lambda: (r := b.get(f"/late/{x['late']}"))["state"] != "waiting" and r, 60, 0.2)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            z.writestr("ログイン.csv", (HEAD + logins(40)).encode("cp932"))
            z.writestr("access.log", lines(30))
        # first a look, which changes nothing and remembers nothing
        looked = ended(b.api("POST", "/late?file=look.zip&source=hosting&service=members&try=1", packed.getvalue()))
        assert (looked["state"], looked["tried"], looked["records"], looked["repeated"], len(looked["samples"])) == ("done", True, 70, 0, 20), looked
        assert "source.ip" in looked["columns"] and "198.51.100.7" in looked["samples"][0], looked
        b.api("POST", "/late?file=look.zip&try=2", packed.getvalue(), want=400)
        r = ended(b.api("POST", "/late?file=%E9%81%85%E3%81%84.zip&source=hosting&service=members", packed.getvalue()))
        assert (r["state"], r["source"], r["files"], r["records"], r["repeated"], r["refused"]) == ("done", "hosting", 2, 70, 0, 0) and not r["tried"], r
        again = ended(b.api("POST", "/late?file=again.zip&source=hosting&service=members", packed.getvalue()))
        assert (again["records"], again["repeated"]) == (0, 70), again
        tap.wait_until(lambda: found(s, "source.ip:198.51.100.7") == 40, 60)
        bad = ended(b.api("POST", "/late?file=inner.zip", b"PK\x03\x04 no archive at all"))
        assert bad["state"] == "refused" and bad["why"], bad
        b.get("/late/0000000000000000", want=404)
        b.get("/late/..%2Fkizuki", want=404)
        assert "late_logs" in str(b.get("/audit?limit=100"))
        assert not [p.name for p in (s.data / "incoming").iterdir() if p.name.startswith("upload-")], "what was read is removed"


if __name__ == "__main__":
    tap.main()
