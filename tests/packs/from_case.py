"""A lesson made of a played case: nothing of the case is in it, it leaves only with an approval, and it notices another seed of the same attack elsewhere."""
import datetime
import io
import ipaddress
import json
import pathlib
import re
import shutil
import sqlite3
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import rooms
import spoolread
import tap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lessons

JST = datetime.timezone(datetime.timedelta(hours=9))
ORGANISATION, PERSON, WORDS = "青空電力株式会社", "山田 花子", "11月23日、青空電力株式会社の山田 花子が203.0.113.9を止めた。東京都港区と横浜市中区、損害は1,234万円、連絡先 hanako@aozora.co.jp 03-1234-5678。山田は翌朝まで見た"


def days(db):
    first, last = db.execute("SELECT min(first_trace_at), max(last_activity_at) FROM incident").fetchone()
    day = lambda t: datetime.datetime.fromtimestamp(t / 1e9, JST).date()
    return [day(first) + datetime.timedelta(n) for n in range((day(last) - day(first)).days + 1)]


def told(data):
    """What would tell whose case it was, by reading of our own: the database, the configuration, the raw lines."""
    db = sqlite3.connect(f"file:{data}/room/room.db?mode=ro", uri=True)
    names = {r[0] for r in db.execute("SELECT name FROM person WHERE name <> role UNION SELECT name FROM register UNION SELECT number FROM incident")}
    config = json.loads((data / "kizuki.yml").read_text())
    names |= {t for s in config["services"] for t in [*s["title"].values(), *s["owner"].values()]} | {s["host"] for s in config["sources"]}
    accounts, addresses = {r[0] for r in db.execute("SELECT name FROM account")}, set()
    for line in spoolread.lines(data / "spool"):
        line = line.decode(errors="replace")
        if line.startswith("{"):
            e = json.loads(line)
            accounts.add(e["user.name"])
            addresses.add(e["source.ip"])
        elif m := re.match(r"(\S+) ", line):
            addresses.add(m[1])
    written = [f.format(d=d) for d in days(db) for f in ("{d:%Y-%m-%d}", "{d:%Y/%m/%d}", "{d:%Y%m%d}", "{d.month}月{d.day}日", "{d:%d/%b/%Y}", "{d:%B} {d.day}")]
    return names, accounts, {a for a in addresses if re.match(r"[0-9a-f.:]+$", a)}, written


def nothing_remains(text, secrets, where):
    names, accounts, addresses, written = secrets
    for what in [*names, *written, "hanako", "aozora", "青空", "東京", "港区", "横浜", "1234", "山田", "花子"]:
        assert not re.search(rf"(?<![A-Za-z]){re.escape(what)}(?![A-Za-z])", text), (where, what)  # "Mail", a service, is no part of "Mails"
    words = set(re.findall(r"[A-Za-z0-9._:-]+", text))
    assert not words & accounts and not words & addresses, (where, words & accounts, words & addresses)


def spoken(b, data):
    """People were there: names, a day, an address, a sum stand in the case's own words."""
    b.api("POST", "/registers/organisations", {"values": {"name": ORGANISATION}})
    b.api("POST", "/registers/people", {"values": {"name": PERSON, "organisation": ORGANISATION}})
    b.api("POST", "/incidents/1/timeline", {"text": WORDS, "lane": "ciso_csirt"})
    for name, value in (("summary", f"{PERSON}が気付いた"), ("cause", "一覧を使った試行"), ("prevention", f"{ORGANISATION}は監視の間隔を短くする")):
        b.api("PUT", "/incidents/1/facts", {"name": name, "version": 0, "state": "confirmed", "value": value})


def installs(d, made, secrets):
    """Signed, as one file, it is taken in by a Kizuki where there is nothing yet: watched only, and nothing of the case arrives with it."""
    key, keys, one, data = d / "key", d / "keys.yml", d / "one.kizuki", d / "elsewhere"
    kizuki = lambda *args: tap.run(tap.KIZUKI, "pack", *args)
    for args in (("sign", made, "--key", key), ("export", made, "--to", one)):
        r = kizuki(*args)
        assert r.returncode == 0, r.stderr
    keys.write_text(f'keys:\n  - {{key: "{key.with_name("key.pub").read_text().strip()}", who: 例 CERT}}\n')
    r = kizuki("install", one, "--data", data, "--keys", keys, "--by", "sato")
    assert r.returncode == 0 and b"watched only" in r.stdout, r.stdout + r.stderr
    for p in data.rglob("*"):
        if p.is_file():
            nothing_remains(p.read_bytes().decode(errors="replace"), secrets, p.name)


def lesson_of(played):
    """`played`: a data folder of the first lesson, which is left alone."""
    with tap.folder() as d:
        data = d / "data"
        shutil.copytree(played, data, ignore=shutil.ignore_patterns("*.sock"))
        r = rooms.Room(data, config=(data / "kizuki.yml").read_text())
        r.start()
        try:
            b = r.browser()
            spoken(b, data)
            refused = b.request("POST", "/api/v1/incidents/1/pack", {})
            assert refused.status == 400 and refused.json()["error"]["key"] == "error.pack_open_case", refused.text
            b.api("PUT", "/incidents/1", {"version": b.get("/incidents/1")["version"], "state": "closed"})
            x = b.api("POST", "/incidents/1/pack", {})["pack_drafts"][0]
            before = "\n".join(f["before"] for f in x["files"])
            assert ORGANISATION in before and PERSON in before and "203.0.113.9" in before and "11月23日" in before  # the difference is shown
            assert {"organisation", "person", "address", "date", "amount", "mail", "phone", "region"} <= {row["kind"] for row in x["rows"]}, x["rows"]
            assert x["rest_n"] == 0, x["rest"]
            # one pseudonym is taken away: what comes back is found, and nobody can agree to it
            worse = b.api("PUT", f"/pack-drafts/{x['id']}", {"version": x["version"], "drop": [PERSON, *PERSON.split()]})["pack_drafts"][0]
            assert any(t["text"] == PERSON for t in worse["rest"]), worse["rest"]
            agreed = {"provider": ORGANISATION, "who": "情報システム部長", "how": "会議、議事録あり"}
            e = b.request("POST", f"/api/v1/pack-drafts/{x['id']}/approve", agreed | {"version": worse["version"]})
            assert e.status == 400 and e.json()["error"]["key"] == "error.pack_rest", e.text
            x = b.api("PUT", f"/pack-drafts/{x['id']}", {"version": worse["version"], "rows": [{"kind": "person", "from": name, "ja": "監視員A", "en": "watcher A"} for name in (PERSON, *PERSON.split())]})["pack_drafts"][0]
            assert x["rest_n"] == 0 and "監視員A" in x["files"][0]["after"], (x["rest"], x["rows"])
            # without an approval it does not leave, by page or by command, and the tries are recorded
            out = tap.run(tap.KIZUKI, "pack", "from-case", "1", "--to", d / "out", "--data", data)
            assert out.returncode == 1 and b"does not leave" in out.stderr, out.stderr
            assert b.request("GET", "/api/v1/incidents/1/pack-file").json()["error"]["key"] == "error.pack_not_approved"
            tries = "SELECT count(*) FROM audit WHERE object = 'pack_draft' AND verb = 'refused'"
            assert r.one(tries) == 2
            x = b.api("POST", f"/pack-drafts/{x['id']}/approve", agreed | {"version": x["version"]})["pack_drafts"][0]
            (d / "out").mkdir()
            out = tap.run(tap.KIZUKI, "pack", "from-case", "1", "--to", d / "out", "--data", data)
            assert out.returncode == 0, out.stderr
            assert b.request("GET", "/api/v1/incidents/1/pack-file").status == 200
            archive = zipfile.ZipFile(io.BytesIO(b.last_bytes))
            # whoever changes a word afterwards takes the approval back
            b.api("PUT", f"/pack-drafts/{x['id']}", {"version": b.get("/incidents/1/pack")["pack_drafts"][0]["version"], "files": {"story.en.md": x["files"][1]["after"] + "\nMore.\n"}})
            assert b.request("GET", "/api/v1/incidents/1/pack-file").status == 403 and r.one(tries) == 3
            assert b.get("/audit/verify")["ok"]
        finally:
            r.kill()
        made = d / "out" / x["pack"]
        files = {str(p.relative_to(made)): p.read_text() for p in made.rglob("*") if p.is_file()}
        assert {f"{x['pack']}/{name}": text for name, text in files.items()} == {n: archive.read(n).decode() for n in archive.namelist()}
        secrets = told(data)
        assert len(secrets[1]) > 4000 and len(secrets[2]) > 400 and secrets[3], [len(s) for s in secrets]
        for name, text in files.items():
            nothing_remains(text, secrets, name)
        assert tap.run(tap.KIZUKI, "pack", "check", made).returncode == 0
        installs(d, made, secrets)
        # a second, empty Kizuki; another seed
        status, judged, err = lessons.play(x["pack"], d / "second", packs=d / "out", seed=77)
        assert status == 0, judged + err
        raw = "\n".join(l.decode(errors="replace") for l in spoolread.lines(d / "second/spool"))
        assert raw.count("\n") > 9000
        bots = {a for a in secrets[2] if any(ipaddress.ip_address(a) in ipaddress.ip_network(n) for n in ("198.51.100.0/24", "203.0.113.0/24"))}
        assert len(bots) == 37 and not set(re.findall(r"[0-9a-f.:]{7,}", raw)) & bots
        invented = re.compile(r"\.x\d+$")  # names without an account are five letters and a number: they may be the same by chance
        assert not {n for n in set(re.findall(r'"user.name":"([^"]+)"', raw)) & secrets[1] if not invented.search(n)}
        second = sqlite3.connect(f"file:{d}/second/room/room.db?mode=ro", uri=True)
        own = re.search(r"(?m)^title: (.*)$", files["rules/threshold.yml"])[1]
        assert second.execute("SELECT count(*) FROM finding WHERE rule_title = ?", (own,)).fetchone()[0], own  # the lesson's own rule, too
        print("# " + judged.splitlines()[0])


def told_by(data, case):
    """The same of a case that is no signing in: every address, mail address and host of its lines, its days, who was named."""
    db = sqlite3.connect(f"file:{data}/room/room.db?mode=ro", uri=True)
    raw = "\n".join(l.decode(errors="replace") for l in spoolread.lines(data / "spool"))
    config = json.loads((data / "kizuki.yml").read_text())
    names = {r[0] for r in db.execute("SELECT name FROM person WHERE name <> role UNION SELECT name FROM register UNION SELECT number FROM incident")} | {ORGANISATION, PERSON}
    names |= {t for s in config["services"] for t in [*s["title"].values(), *s["owner"].values()]}
    accounts = set(re.findall(r"[a-z0-9.]+@[a-z0-9.-]+", raw)) | {s["host"] for s in config["sources"] if "host" in s}
    addresses = set(re.findall(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])", raw))
    return names, accounts, addresses, [f.format(d=d) for d in days(db) for f in ("{d:%Y-%m-%d}", "{d:%Y/%m/%d}", "{d:%Y%m%d}", "{d.month}月{d.day}日", "{d:%d/%b/%Y}", "{d:%B} {d.day}")]


def lesson_of_kind(pack, kind, seed=77):
    """A case of another kind than signing in: played, closed, made a lesson, approved, noticed elsewhere with another seed."""
    with tap.folder() as d:
        data = d / "data"
        assert lessons.play(pack, data)[0] == 0
        r = rooms.Room(data, config=(data / "kizuki.yml").read_text())
        r.start()
        try:
            b = r.browser()
            spoken(b, data)
            b.api("PUT", "/incidents/1", {"version": b.get("/incidents/1")["version"], "state": "closed"})
            x = b.api("POST", "/incidents/1/pack", {})["pack_drafts"][0]
            assert x["rest_n"] == 0 and "replay" not in x["gaps"], (x["rest"], x["gaps"])
            b.api("POST", f"/pack-drafts/{x['id']}/approve", {"provider": ORGANISATION, "who": "情報システム部長", "how": "会議、議事録あり", "version": x["version"]})
            (d / "out").mkdir()
            out = tap.run(tap.KIZUKI, "pack", "from-case", "1", "--to", d / "out", "--data", data)
            assert out.returncode == 0, out.stderr
        finally:
            r.kill()
        made, secrets = d / "out" / x["pack"], told_by(data, 1)
        assert len(secrets[0]) > 3 and secrets[3] and (kind == "enquiries" or len(secrets[2]) > 50), [len(s) for s in secrets]
        for p in made.rglob("*"):
            if p.is_file():
                nothing_remains(p.read_text(), secrets, p.name)
        r = tap.run(tap.KIZUKI, "pack", "check", made)
        assert r.returncode == 0, r.stderr
        installs(d, made, secrets)
        status, judged, err = lessons.play(x["pack"], d / "second", packs=d / "out", seed=seed)
        assert status == 0 and f"ok      {kind}: noticed" in judged, judged + err
        raw = "\n".join(l.decode(errors="replace") for l in spoolread.lines(d / "second/spool"))
        attackers = {r[0] for r in sqlite3.connect(f"file:{data}/room/room.db?mode=ro", uri=True).execute("SELECT address FROM action_address")}
        assert not set(re.findall(r"[0-9a-f.:]{7,}", raw)) & attackers
        print(f"# {pack}: {judged.splitlines()[0]}")
