#!/usr/bin/env python3
"""Two nights of published surveys, played by automated clients against the real programs: a list attack on a members' site (A-2), a tampered
site that a ministry tells of (A-1). Nobody answers at first; deputy, authority, site closed, publication. Every time is read from the ledger and
the timeline of the case, in the time of the night."""
import datetime
import subprocess

import night
import netns
import programs
import tap
from night import JST, jst
from sites import fetch

MINUTE = 60


def line(at, user, ok, source="198.51.100.7"):
    t = datetime.datetime.fromtimestamp(at, JST).isoformat(timespec="milliseconds")
    outcome = "success" if ok else "failure"
    return (f'<134>1 {t} web01 members - - - {{"@timestamp":"{t}","event.category":"authentication","event.action":"login","event.outcome":"{outcome}",'
            f'"service.name":"members","user.name":"{user}","source.ip":"{source}","user_agent.original":"python-requests/2.31"}}')


def office(s):
    """Who is on duty, who may decide at night; written beforehand, as offices do."""
    s.person("佐藤", "handler", "090-0000-0001")
    s.person("鈴木", "handler", "090-0000-0002")
    s.person("部長", "approver", "090-0000-0003")
    s.person("次長", "approver", "090-0000-0004")
    s.person("監視", "handler", "090-0000-0005")
    s.row("roster", group="システム当番", first="佐藤", second="鈴木")
    for kind in ("stop", "freeze", "publish"):
        s.row("authority", kind=kind, verb="decide", who="部長", order="1")
        s.row("authority", kind=kind, verb="decide", who="次長", order="2", after_min="5" if kind == "publish" else "10")


def run_of(b, incident, key):
    return next((r for r in b.get(f"/incidents/{incident}/tasks")["runs"] if r["key"] == key), None)


def open_steps(b, run):
    return {t["step"]: t for t in b.get(f"/runs/{run}")["tasks"] if t["state"] in ("due", "doing")}


def ends(b, run, step, **said):
    t = tap.wait_until(lambda: open_steps(b, run).get(step), 60, 0.1, what=lambda: (step, b.get(f"/runs/{run}")["tasks"]))
    return b.api("POST", f"/tasks/{t['id']}/end", {"version": t["version"], "to": "done", **said})


def deed(b, incident, kind):
    return next((d for d in b.get(f"/incidents/{incident}/deeds")["deeds"] if d["kind"] == kind), None)


def becomes(s, b, incident, kind, state):
    return tap.wait_until(lambda: (d := deed(b, incident, kind)) and d["state"] == state and d, 60, 0.1,
                          what=lambda: (kind, state, b.get(f"/incidents/{incident}/deeds"), s.served.output()[-1500:]))


def answered_by_the_deputy(s, sender, text, case=None):
    """02:10: somebody from outside telephones the desk that is there at all hours; whom Kizuki calls does not answer, the deputy does."""
    first = s.people["監視"]
    rung = {who: len(s.messages(who)) for who in ("090-0000-0001", "090-0000-0002")}
    told = s.clock.now()
    tip = first.api("POST", "/tips", {"from": sender, "text": text, "contact": "03-0000-0000"})["id"]
    s.rings("090-0000-0001", rung["090-0000-0001"] + 1, "who is on duty is called at once")
    s.clock.passes(5)
    s.rings("090-0000-0002", rung["090-0000-0002"] + 1, "the deputy is called")
    s.clock.passes(2)
    deputy = s.answers("鈴木", s.messages("090-0000-0002")[-1])
    ask = next(a for a in deputy.get("/now")["asks"] if a["kind"] == "tip")
    assert ask["buttons"][0]["path"] == f"/reports/tips/{tip}", ask
    x = deputy.get(f"/tips/{tip}")
    incident = deputy.api("POST", f"/tips/{tip}/case", {"version": x["version"], **({"incident": case} if case else {})})["incident"]["id"]
    assert 6 * MINUTE < s.clock.now() - told < 10 * MINUTE, s.clock.now() - told
    return incident, told


def publishes(s, incident, writer, decides, phone, day, silent, **facts):
    """Draft from what is confirmed, asked, decided by who may (phone), out as files; silent: who decided before did not answer. When the draft was there."""
    for name, value in facts.items():
        writer.api("PUT", f"/incidents/{incident}/facts", {"name": name, "version": 0, "state": "confirmed", "value": value, "source": "確かめた"})
    writer.api("PUT", f"/incidents/{incident}/facts", {"name": "persons_affected", "version": 0, "state": "unconfirmed", "value": "4812", "source": "推定"})
    one = writer.api("POST", f"/incidents/{incident}/publications", {"statement": "notice", "stage": "first"})["publications"][0]
    draft = s.clock.now()
    text = str(one["says"])
    assert all(v in text for v in facts.values()) and "4812" not in text and "4,812" not in text, text  # nothing is invented, nothing leaks early
    writer.api("POST", f"/publications/{one['id']}/ask", {"version": one["version"]})
    # publishing is a decision of its own: who did not answer for the stop is not waited for again
    rung = len(s.messages(phone))
    writer.api("POST", f"/incidents/{incident}/callouts", {"purpose": "decide", "kind": "publish", "text": "第一報を出してよいか"})
    s.rings(phone, rung + 1, "who decides, or stands in, is called at once")
    assert not silent or s.told(incident, "event.silent_passed"), s.admin.get(f"/incidents/{incident}/timeline?limit=500")
    ask = next(d for d in decides.get(f"/incidents/{incident}/decisions")["decisions"] if d["kind"] == "publish" and d["state"] != "decided")
    decides.api("POST", f"/decisions/{ask['id']}/make", {"version": ask["version"], "verdict": "do"})
    number = writer.get(f"/incidents/{incident}")["number"]
    page = s.served.data / "room" / "published" / number / "index.html"
    tap.wait_until(page.exists, 60, 0.1, what=lambda: (page, s.served.output()[-1500:]))
    assert all(v in page.read_text() for k, v in facts.items() if k != "occurred_at") and day in page.read_text(), page.read_text()
    assert "4812" not in page.read_text() and "4,812" not in page.read_text()
    return draft


def few(s, source, at):
    """Twelve failures of three accounts: half of what a burst is called."""
    programs.send(s.served.syslog_port, [line(at - 24 + i * 2, f"guest{i % 3}", False, source) for i in range(12)])


def seen(s, source):
    """Whether the sensor has read the last of them, and the cases that name the address."""
    read = sum(x["lines"] for x in s.admin.get("/sources")["sources"])
    return read, [i["id"] for i in s.admin.get(f"/incidents?state=all&q={source}")["incidents"]]


def watched_more_closely(s, case):
    """What was too little to say anything of before the attack is a reason to look after it, at the service that was attacked."""
    s.admin.api("POST", f"/incidents/{case}/watch", {"days": 56})
    tap.wait_until(lambda: (x := s.admin.get("/tightenings")["sensor"])["knows"] and x["rules"] > 0, 60, 0.2, what=lambda: s.admin.get("/tightenings"))
    few(s, "203.0.113.60", s.clock.now())
    found = tap.wait_until(lambda: seen(s, "203.0.113.60")[1], 60, 0.2, what=lambda: s.served.output()[-2000:])
    told = [f for i in found for f in s.admin.get(f"/incidents/{i}/findings")["findings"] if "203.0.113.60" in str(f)]
    assert told and not any(a["kind"] == "block_source" and "203.0.113.60" in str(a) for a in s.admin.get("/now")["asks"]), told  # a reason to look, not to block


@tap.test
def two_nights():
    netns.need_real_root()
    with night.stage(jst(2026, 11, 22, 18, 0)) as s:
        office(s)
        tap.wait_until(lambda: sum(d["connected"] for d in s.admin.get("/drivers")["drivers"]) == 2, 60, 0.1, what="both drivers")
        s.clock.set(jst(2026, 11, 22, 22, 0))
        few(s, "203.0.113.50", s.clock.now())
        s.admin.get("/me")  # somebody looks before going home
        s.signs_in("監視")
        # at the end of the day the right to stop is lent to the department that is there at all hours, until morning
        s.signs_in("部長").api("POST", "/lends", {"kind": "stop", "person": "監視", "hours": 11, "why": "夜間は駆けつけに数時間かかる"})
        case = the_night_of_the_list_attack(s)
        assert seen(s, "203.0.113.50") == (412, []), seen(s, "203.0.113.50")
        s.clock.set(jst(2026, 11, 23, 22, 0))
        s.admin = s.browser_of("administrator")
        watched_more_closely(s, case)
        s.signs_in("監視")
        the_night_of_the_tampered_site(s)
        status, said = s.verified()
        assert status == 0, said


def the_night_of_the_list_attack(s):
    """A-2: noticed by rule within a minute, accounts frozen one by one, the service stopped by the department the right was lent to."""
    s.clock.set(jst(2026, 11, 23, 2, 3))
    began = s.clock.now() - 40  # ten tries a second, and the last one now
    tries = [line(began + i * 0.1, f"user{i}", i in (8, 16)) for i in range(400)]
    programs.send(s.served.syslog_port, tries)
    desk = s.people["監視"]
    case = tap.wait_until(lambda: desk.get("/incidents")["incidents"], 60, 0.1, what=lambda: s.served.output()[-3000:])[0]["id"]
    s.clock.set(jst(2026, 11, 23, 2, 10))
    incident, told = answered_by_the_deputy(s, "isp", "貴社会員サイトへ198.51.100.7から大量のログイン試行があります", case)
    assert incident == case
    b = s.people["鈴木"]
    run = run_of(b, case, "login-list-attack")
    b.api("PUT", f"/runs/{run['id']}", {"version": run["version"], "to": "running"})
    ends(b, run["id"], "look", note="リスト型")
    ends(b, run["id"], "real", answer="本物 real")
    # the stop: whom the right was lent to decides alone
    d = desk.api("POST", f"/incidents/{case}/decisions", {"kind": "stop", "risk_do": "会員が使えない", "risk_go_on": "漏えいが広がる"})["decisions"][0]
    assert d["authority"]["verdict"] == "alone", d["authority"]
    assert b.get(f"/incidents/{case}/decisions")["decisions"][0]["authority"]["verdict"] != "alone"
    desk.api("POST", f"/decisions/{d['id']}/make", {"version": d["version"], "verdict": "do"})
    x = desk.api("POST", f"/incidents/{case}/deeds", {"kind": "site_close", "driver": "web", "targets": ["www"], "minutes": 240})["deeds"][0]
    desk.api("POST", f"/deeds/{x['id']}/approve", {"version": x["version"], "kept": "ログは別に保管されている"})
    becomes(s, desk, case, "site_close", "in_force")
    tap.wait_until(lambda: fetch(s.site.url)[0] == 503, 60, what="the site is closed to visitors")
    # accounts: this time who decides answers; the step proposes those that were probably entered, and they are frozen in the directory
    b.api("POST", f"/incidents/{case}/callouts", {"purpose": "decide", "kind": "freeze", "text": "口座を凍結してよいか"})
    chief = s.answers("部長", s.rings("090-0000-0003", 1, "who decides is called"))
    ends(chief, run["id"], "owners", answer="凍結する freeze")
    x = becomes(s, chief, case, "account_freeze", "proposed")
    rows = [d for d in chief.get(f"/incidents/{case}/deeds")["deeds"] if d["kind"] == "account_freeze"]
    assert sorted(d["target"] for d in rows) == ["user16", "user8"] and s.slapd.signs_in(8) and s.slapd.signs_in(16), rows
    chief.api("POST", f"/deeds/{x['id']}/approve", {"version": x["version"]})
    tap.wait_until(lambda: not s.slapd.signs_in(8) and not s.slapd.signs_in(16), 60, 0.2, what=lambda: chief.get(f"/incidents/{case}/deeds"))
    tap.wait_until(lambda: "freeze" not in open_steps(b, run["id"]), 60, 0.1, what="the step ends with them")
    assert s.slapd.signs_in(7)
    ledger = s.ledger(case)
    print(f"# A-2: noticed {ledger['rule'] - began:.1f} s after the first try, stopped {(ledger['contained'] - began) / 60:.1f} min after, "
          f"{s.told(case, 'event.deed_in_force') - s.told(case, 'event.deed_approved'):.1f} s after the approval")
    assert ledger["rule"] - began < MINUTE
    assert s.told(case, "event.deed_in_force") - s.told(case, "event.deed_approved") < 5 * MINUTE
    draft = publishes(s, case, b, chief, "090-0000-0003", "11月23日", False, summary="他社から漏れた組み合わせによる不正なログインがありました", services="会員サイト", occurred_at="2026-11-23 02:03")
    print(f"# A-2: draft {(draft - told) / 60:.1f} min after the call, published {(s.ledger(case)['published'] - told) / 60:.1f}")
    assert draft - told < 30 * MINUTE and s.ledger(case)["published"] - told < 30 * MINUTE
    x = deed(desk, case, "site_close")
    desk.api("POST", f"/deeds/{x['id']}/undo", {"version": x["version"]})
    tap.wait_until(lambda: fetch(s.site.url)[0] == 200, 60, what="the site is open again")
    return case


def the_night_of_the_tampered_site(s):
    s.clock.set(jst(2026, 11, 24, 2, 10))
    incident, told = answered_by_the_deputy(s, "ministry", "貴社サイトのトップページが改ざんされているとNCOから連絡がありました")
    b = s.people["鈴木"]
    # the deputy begins what is proposed; it leads to the playbook for sites
    run = run_of(b, incident, "tip-outside")
    b.api("PUT", f"/runs/{run['id']}", {"version": run["version"], "to": "running"})
    ends(b, run["id"], "call-back", note="省の代表番号へかけ直した。本物")
    ends(b, run["id"], "real", answer="サイトの改ざん a tampered site")
    site = tap.wait_until(lambda: run_of(b, incident, "site-tampered"), 60, 0.1, what="the other playbook begins by itself")["id"]
    ends(b, site, "see", evidence="画面の写真 top.png")
    # who may decide is asked; the deputy may not
    step = tap.wait_until(lambda: open_steps(b, site).get("stop"), 60, 0.1, what="the decision")
    refused = b.api("POST", f"/tasks/{step['id']}/end", {"version": step["version"], "to": "done", "answer": "閉じる close"}, want=403)["error"]
    assert "部長" in str(refused), refused
    b.api("POST", f"/incidents/{incident}/callouts", {"purpose": "decide", "kind": "stop", "text": "サイトを閉じてよいか"})
    s.rings("090-0000-0003", 2, "who decides is called")
    s.clock.passes(5)
    s.rings("090-0000-0004", 1, "who stands in is called")
    second = s.answers("次長", s.messages("090-0000-0004")[-1])
    early = second.api("POST", f"/tasks/{step['id']}/end", {"version": open_steps(second, site)["stop"]["version"], "to": "done", "answer": "閉じる close"}, want=403)["error"]
    assert early["params"]["verdict"] == "wait", early
    s.clock.passes(6)
    ends(second, site, "stop", answer="閉じる close")
    # the act stands there, to what the case is about, with what was kept before: one press
    d = becomes(s, second, incident, "site_close", "proposed")
    assert (d["target"], d["kept_before"], d["may"]["approve"]) == ("www", "画面の写真 top.png", True), d
    approved = s.clock.now()
    second.api("POST", f"/deeds/{d['id']}/approve", {"version": d["version"]})
    becomes(s, second, incident, "site_close", "in_force")
    tap.wait_until(lambda: fetch(s.site.url)[0] == 503, 60, what="the site is closed to visitors")
    tap.wait_until(lambda: "close-site" not in open_steps(b, site), 60, 0.1, what="the step ends with it")
    ledger = s.ledger(incident)
    print(f"# A-1: told 02:10, a person after {(ledger['person'] - told) / 60:.1f} min, decided {(ledger['decision'] - told) / 60:.1f}, "
          f"closed {(ledger['contained'] - told) / 60:.1f}: {ledger['contained'] - approved:.1f} s after the approval")
    assert ledger["contained"] - s.told(incident, "event.deed_approved") < 5 * MINUTE
    assert s.told(incident, "event.deed_in_force") - s.told(incident, "event.deed_approved") < 5 * MINUTE
    draft = publishes(s, incident, b, second, "090-0000-0004", "11月24日", True, summary="トップページが書き換えられました", services="会員サイト", occurred_at="2026-11-24 01:00")
    print(f"# A-1: draft {(draft - told) / 60:.1f} min after the tip, published {(s.ledger(incident)['published'] - told) / 60:.1f}")
    assert draft - told < 30 * MINUTE and s.ledger(incident)["published"] - told < 30 * MINUTE


if __name__ == "__main__":
    netns.enter()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap.main()
