#!/usr/bin/env python3
"""`kizuki search`: files and a spool, what it prints, what it says of mistakes, how it ends."""
import csv
import datetime
import io
import json
import os
import time

import programs
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


# The same word as the surveys of incidents have it: Kangxi radicals (⾏ ⽬), half and full width, long vowels or none.
WRITINGS = [(["行動計画", "⾏動計画", "行動 計画"], "第３次⾏動計画の⽬的"), (["目的", "⽬的"], "第３次⾏動計画の⽬的"),
            (["ウイルス", "ウィルス", "ｳｨﾙｽ", "コンピュータウイルス"], "コンピュータウィルスに感染"), (["サーバ", "サーバー", "ｻｰﾊﾞｰ", "Webサーバ"], "Ｗｅｂサーバーを停止"),
            (["soc", "SOC", "SoC", "ＳＯＣ"], "ＳｏＣから連絡"), (["改ざん", "改竄"], "ページの改竄")]


@tap.test
def a_word_is_found_however_it_is_written():
    with tap.folder() as d:
        for queries, text in WRITINGS:
            (d / "text").write_text(f"何もない行\n{text}。\nSOCKS proxy\n")
            for query in queries:
                assert search("--raw", query, d / "text")[:2] == (0, f"{text}。\n"), (query, text, search("--raw", query, d / "text"))


@tap.test
def rows_for_a_spreadsheet_hold_no_formula():
    with tap.folder() as d:
        evil = ["=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-1", "\t=1", "＝1+1", 'say "=1", you', "plain"]
        (d / "log").write_text("".join(json.dumps({"@timestamp": "2026-06-01T00:00:00Z", "message": m, "user.name": m}) + "\n" for m in evil))
        status, out, err = search("--csv", "*", d / "log")
        assert status == 0 and out.startswith("\ufeff") and not err, err
        rows = list(csv.reader(io.StringIO(out[1:], newline="")))
        names = rows.pop(0)
        assert len(rows) == len(evil) and all(len(r) == len(names) for r in rows), rows
        for want, row in zip(evil, rows):
            got = dict(zip(names, row))
            assert got["time (JST)"] == "2026-06-01 09:00:00.000" and got["time (UTC)"] == "2026-06-01 00:00:00.000", got
            kept = want.replace("\t", " ")
            assert got["user.name"] in (kept, "'" + kept) and not any(c[:1] in "=+-@\t\r＝＋－＠" for c in row if c), row
        assert search("--csv", "--raw", "*", d / "log")[0] == 2


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


def searched(page, body):
    """A search run to its end."""
    n = page.api("POST", "/searches", body)["search"]
    box = {}

    def ended():
        box.update(page.get(f"/searches/{n}"))
        return box["state"] != "running"
    tap.wait_until(ended, 60, what="the end of the search")
    return box


def follows_a_slip(s, page):
    """POST /traces: what a provider said on the telephone, over live lines whose clocks the ledger knows."""
    now, fast = time.time(), -40  # the firewall is behind
    stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))  # noqa: E731
    programs.send(s.syslog_port, [
        f"<30>1 {stamp(now - 1)} gw dnsmasq-dhcp 42 - - DHCPACK(br-lan) 192.168.1.10 00:a0:de:0a:0b:0c pc-sato",
        f"<86>1 {stamp(now - 1)} pc-sato sshd 7 - - Accepted password for sato from 192.168.1.99 port 4000 ssh2"])
    programs.send(s.syslog_port, [
        f"<13>1 {stamp(now + fast)} fw conntrack 7 - - [NEW] tcp      6 120 SYN_SENT src=192.168.1.10 dst=203.0.113.80 sport=51234 dport=443 "
        "[UNREPLIED] src=203.0.113.80 dst=198.51.100.1 sport=443 dport=40001"])
    asked = {"address": "198.51.100.1", "port": "40001", "time": stamp(now), "zone": "utc"}
    box = {}

    def traced():
        n = page.api("POST", "/traces", asked)["search"]
        tap.wait_until(lambda: box.update(page.get(f"/traces/{n}")) or box["state"] != "running", 60, what="the end of a trace")
        return box["candidates"] and box["candidates"][0]["host"]
    tap.wait_until(traced, 60, every=0.3, what="somebody behind the address")
    first = box["candidates"][0]
    assert box["state"] == "done" and (first["address"], first["host"], first["user"]) == ("192.168.1.10", "pc-sato", "sato"), box
    assert abs(first["hops"][0]["clock_ms"] - fast * 1000) <= 5000 and first["hops"][0]["clock_from"] == "measured", first
    for wrong in [{**asked, "address": "nobody"}, {**asked, "port": "70000"}, {**asked, "time": "いつか"}, {**asked, "zone": "moon"}]:
        page.api("POST", "/traces", wrong, want=400)
    assert "198.51.100.1" in json.dumps(page.get("/audit?limit=1000"))


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@tap.test
def pages_search_what_arrived():
    with programs.served({"sources": [], "spool": {"segment": 1, "close_after": "1s"}}, ["--no-local-logs"]) as s:
        page = s.browser()
        assert page.api("POST", "/searches", {"query": "(a or"}, want=400)["error"]["key"] == "error.search_query"
        programs.send(s.syslog_port, LINES + [f"<38>Nov 21 12:01:00 web app[3]: filler {i} <b>x</b>" for i in range(3000)])
        tap.wait_until(lambda: searched(page, {"query": "filler"})["found"] == 3000, 60, what="all lines in the spool")
        # the first segments are closed and get filters by and by
        tap.wait_until(lambda: list((s.data / "search").glob("*.filter")), 60, what="a filter: " + s.output()[-600:])
        r = searched(page, {"query": "行動計画"})
        assert r["state"] == "done" and r["found"] == 1 and len(r["events"]) == 1, r
        assert r["progress"]["bytes_done"] == r["progress"]["bytes"] and r["why"] is None
        one = page.get(f"/events/{r['events'][0]['n']}")["event"]
        assert one["event.original"] == LINES[2] and one["host.name"] == "gate", one
        r = searched(page, {"query": "source.ip:192.0.2.0/24", "from": "10日前"})
        assert r["found"] == 2 and sum(r["histogram"]["counts"]) == 2, r
        assert {f["field"]: f["values"] for f in r["facets"]}["user.name"] == [{"value": "root", "n": 2}], r
        assert searched(page, {"query": "filler", "to": "昨日"})["found"] == 0
        # what is older than the spool, as logs that were read back are, stands in the histogram, too
        old = f"<38>1 {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 200))} web app 3 - - an older story"
        programs.send(s.syslog_port, [old, old.replace("older", "same")])
        tap.wait_until(lambda: searched(page, {"query": "story"})["found"] == 2, 60, what="both lines in the spool")
        r2 = searched(page, {"query": "story"})
        assert sum(r2["histogram"]["counts"]) == 2, r2["histogram"]
        for e in r2["events"]:  # what the device says, when it came, how far apart they are
            apart = (stamp(e["device_at"]) - stamp(e["arrived_at"])) * 1000
            assert abs(e["offset_ms"] - apart) <= 1 and -290_000 < e["offset_ms"] < -199_000 and e["at"] == e["device_at"], e
        silent = searched(page, {"query": "filler"})["events"][0]
        assert silent["device_at"] and silent["arrived_at"] and isinstance(silent["offset_ms"], int), silent
        rows = list(csv.reader(io.StringIO(page.request("GET", f"/api/v1/searches/{r['search']}/csv").text.lstrip("\ufeff"), newline="")))
        assert len(rows) == 3 and dict(zip(rows[0], rows[1]))["event.original"] == LINES[1], rows
        many = searched(page, {"query": "filler"})
        assert many["found"] == many["rows"] == 3000 and len(many["events"]) == 100
        text = page.request("GET", f"/api/v1/searches/{many['search']}/csv").text  # in several answers of the searcher
        assert text.count("\r\n") == 3001 and text.startswith("\ufeff") and '"filler 0 <b>x</b>"' in text
        draft = page.get(f"/searches/{r['search']}/rule")["text"]
        (s.data / "draft.yml").write_text("id: 599e6a8a-435e-5b50-a8d2-2c39a1fbbe88\n" + draft)
        told = tap.run(tap.KIZUKI, "rule", "test", s.data / "draft.yml")
        assert told.returncode == 0 and b"1 samples, 0 failed" in told.stdout and "source.ip|cidr" in draft, (draft, told.stdout, told.stderr)
        kept = page.api("POST", "/hunts", {"search": r["search"], "hypothesis": "誰かが root で試した"})
        assert kept["found"] == 2 and page.get("/hunts")["hunts"] == [kept]
        assert page.api("POST", f"/searches/{r['search']}/stop", {})["state"] == "done"  # it had ended
        page.get("/searches/1", want=404)
        page.get("/events/999999999", want=404)
        assert '"query":"source.ip:192.0.2.0/24"' in json.dumps(page.get("/audit?limit=1000"), separators=(",", ":"), ensure_ascii=False).replace("\\", "")
        follows_a_slip(s, page)
        # a searcher that ends is there again, and knows that it knows nothing
        old = s.kill("kizuki-search")
        tap.wait_until(lambda: s.children().get("kizuki-search") not in (None, old), 60, what="another searcher")
        tap.wait_until(lambda: page.request("GET", f"/api/v1/searches/{r['search']}").status == 404, 60, what="a sentence about a lost search")
        assert searched(page, {"query": "サーバ 改ざん"})["found"] == 1


if __name__ == "__main__":
    os.environ["TZ"] = "America/New_York"  # nothing may hang on it
    tap.main()
