#!/usr/bin/env python3
"""A lesson told live, as a drill: noticed like the real thing, marked everywhere, nothing of it acts, none of it stands in figures."""
import datetime
import json
import os
import pathlib
import shutil
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import programs
import tap

ID = "drill-2026-1"
START = datetime.datetime.fromisoformat("2026-11-23T10:00:00+09:00")
at = lambda s: (START + datetime.timedelta(seconds=s)).isoformat()
STORY = {"seed": 1, "start": at(0), "end": at(8),
         "sources": [{"name": "auth", "product": "login_event", "service": "members", "host": "auth-01"}],
         "addresses": {"bots": {"from": ["203.0.113.9/32"], "n": 1}}, "accounts": {"members": {"n": 500}}, "agents": {"tool": {"list": ["curl"]}},
         "actors": [{"id": "wave", "kind": "campaign", "service": "members", "from": at(1), "until": at(6), "tries": 400, "list_size": 400,
                     "accounts": "members", "addresses": "bots", "agents": "tool"}]}
EXPECT = {"noticed": [{"kind": "spraying", "within_s": 60}], "must_not": [{"noticed": "mail_abuse", "because": "nobody writes"}]}


def lesson(packs):
    shutil.copytree(tap.ROOT / "packs/nisc-2014-2-account-list", packs / ID)
    head = packs / ID / "pack.yml"
    head.write_text(head.read_text().replace("nisc-2014-2-account-list", ID))
    (packs / ID / "replay.yml").write_text(json.dumps(STORY))
    (packs / ID / "expect.yml").write_text(json.dumps(EXPECT))


def a_replay_is_recorded(s, b, d):
    """`--record` of a replay beside a Kizuki that runs: its page shows what the judge said, red or green, until the lesson changes."""
    def cell():
        b.api("POST", "/readiness/measure", {})
        lesson = next(p for p in b.get("/readiness")["packs"] if p["id"] == ID)
        return next(i for i in lesson["cells"]["noticed"]["items"] if i["kind"] == "replay")

    def play(*more):
        r = tap.run(tap.KIZUKI, "pack", "replay", ID, "--data", d / "played", "--record", s.data, *more, env={**os.environ, "KIZUKI_PACKS": str(d / "packs")})
        return r.returncode, (r.stdout + r.stderr).decode()
    assert cell()["state"] == "todo", cell()
    status, said = play()
    assert status == 0 and "spraying" in said, said
    green = cell()
    assert green["state"] == "ok" and "spraying" in green["says"] and green["at"], green
    story = d / "packs" / ID / "replay.yml"
    story.write_text(json.dumps({**STORY, "seed": 2}))  # another text: what is recorded now is not of the lesson that runs here
    status, said = play()
    assert status == 0 and cell()["state"] == "todo", (said, cell())
    story.write_text(json.dumps(STORY))
    assert not any((d / "played" / "room").glob("replays/*")) and b.get("/incidents")["total"] == 1, "something played reached what is real"


@tap.test
def a_drill_is_marked_and_nothing_of_it_acts():
    with tap.folder() as d:
        lesson(d / "packs")
        s = programs.Served(d / "data", {"services": [{"name": "members", "title": "members"}]}, ("--no-local-logs",), {**os.environ, "KIZUKI_PACKS": str(d / "packs")})
        try:
            b = s.browser()
            assert "no drill has opened a case" in tap.run(tap.KIZUKI, "pack", "score", "--data", s.data).stderr.decode()
            state = lambda: b.get("/rules/state")
            tap.wait_until(lambda: "drill" in state(), 60, what="the sensor's state")
            for name, says in (("../x", "no such lesson"), ("none-2026-1", "")):
                said = b.api("POST", "/rules/order", {"op": "drill", "name": name}, want=400)
                assert says in json.dumps(said), said
            b.api("POST", "/rules/order", {"op": "drill", "name": ID})
            tap.wait_until(lambda: (state()["drill"] or {}).get("pack") == ID or b.get("/incidents")["total"], 60, what="it is told that one is under way")
            tap.wait_until(lambda: b.get("/incidents")["total"] == 1, 60, what="a case")
            tap.wait_until(lambda: state()["drill"] is None, 60, what="its end")
            case = b.get("/incidents")["incidents"][0]
            assert case["drill"] is True, case
            db = sqlite3.connect(f"file:{s.data}/room/room.db?mode=ro", uri=True)
            assert db.execute("SELECT count(*), sum(drill = 1) FROM finding").fetchone() in [(n, n) for n in range(1, 100)]
            assert db.execute("SELECT count(*) FROM action WHERE incident_id = 1").fetchone()[0] >= 1, "nothing was proposed"
            assert all(h[k] == 0 for h in b.get("/now")["strip"] for k in ("low", "medium", "high", "critical")), "a drill stands in the figures"
            # what people decide in it is tried out by the hand there is, and stands in the score as that
            act = next(a for a in b.get(f"/incidents/{case['id']}/actions")["actions"] if a["state"] == "proposed")
            b.api("POST", f"/actions/{act['id']}/approve", {"version": act["version"], "minutes": 5})
            tried = lambda: [a["state"] for a in b.get(f"/incidents/{case['id']}/actions")["actions"] if a["id"] == act["id"]] == ["dry_run"]
            tap.wait_until(tried, 60, what="the hand's answer to a drill's order")
            out = tap.run(tap.KIZUKI, "pack", "score", "--data", s.data, env={**os.environ, "KIZUKI_PACKS": str(d / "packs")}).stdout.decode()
            assert f"told: {ID}" in out and "departures from procedure    0" in out, out
            for line in ("T1      noticed (気付き): survey: 一定時間ごとのログ監視（日次や毎時）", "T3      decided (判断): survey: says nothing, here: ", "T4      contained (封じ込め): survey: 停止まで数時間"):
                assert line in out and "after the first trace" in out.split(line)[1].split("\n")[0], out
            page = b.get(f"/incidents/{case['id']}/alike")
            assert page["told"] and page["survey"]["id"] == ID and page["times"][4]["tried"] and page["drill"]["departures"] == 0, page
            drilled = next(p for p in b.get("/readiness")["packs"] if p["id"] == ID)["cells"]["practised"]["items"]
            assert [i["answer"] for i in drilled if i["id"] == "drill"] == ["yes"] and "T4" in drilled[-1]["says"], drilled
            print("# " + out.strip().replace("\n", "\n# "))
            a_replay_is_recorded(s, b, d)
        finally:
            s.stop()


tap.main()
