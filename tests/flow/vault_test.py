#!/usr/bin/env python3
"""A second Kizuki keeps what the first has sealed: root on the first rewrites it, then deletes everything, and the
investigation runs on the vault."""
import contextlib
import hashlib
import io
import json
import pathlib
import re
import shutil
import urllib.parse
import zipfile

import programs
import seals as seal
import tap

LINES = 6000
NEEDLE = "needle-in-the-vault"
RULE = """title: The line that matters
id: 11111111-2222-4333-8444-555555555555
logsource: {category: any}
detection:
    keywords: ['%s']
    condition: keywords
level: high
""" % NEEDLE


def kizuki(*args):
    r = tap.run(tap.KIZUKI, *args)
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def code_for(first, name="vault-a"):
    status, said = kizuki("vault", "code", name, "--data", first.data)
    assert status == 0 and re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}\n", said), said
    return said.strip()


def status_of(vault, name="tokyo"):
    p = vault.data / "status" / f"vault-{name}.json"
    return json.loads(p.read_text()) if p.exists() else {}


def records_here(vault):
    return (status_of(vault).get("has") or {}).get("records", 0)


def newest_of(first):
    return max((int(p.read_text().split("\n")[1]) for p in (first.data / "spool").glob("*.checkpoint")), default=0)


def files_of(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.name[:8].isdigit()}


def events(data, query):
    return [json.loads(l) for l in tap.run(tap.KIZUKI, "search", query, data).stdout.decode().splitlines()]


def pull_the_plug(served):
    children = served.children()
    served.process.kill()
    served.process.wait()
    tap.wait_until(lambda: not any(pathlib.Path(f"/proc/{p}").exists() for p in children.values()), 30, 0.05)


@contextlib.contextmanager
def pair():
    """A first that offers and a vault that is enrolled with it."""
    port = programs.free_port()
    first_settings = {"sources": [], "spool": {"segment": 1, "close_after": "1s"}, "vault": {"offer": [f"127.0.0.1:{port}"]}}
    vault_settings = {"sources": [], "vault": {"every": "1s", "silent_after": "3s"}}
    with tap.folder() as d:
        first = programs.Served(d / "first", first_settings, ["--no-local-logs"])
        vault = programs.Served(d / "vault", vault_settings, ["--no-local-logs", "--vault"])
        try:
            first.wait_up()
            vault.wait_up()
            yield d, first, vault, f"127.0.0.1:{port}"
        finally:
            vault.stop()
            with contextlib.suppress(FileNotFoundError):
                first.stop()


def enrolled(first, vault, at):
    seal.wait_sealed(first, 1)
    code = code_for(first)
    status, said = kizuki("vault", "enrol", "tokyo", at, "0000-0000-0000-0000", "--data", vault.data)
    assert status == 1 and "code is wrong" in said, said
    status, said = kizuki("vault", "enrol", "tokyo", at, code.lower().replace("-", " "), "--data", vault.data)
    assert status == 0, said
    # good once
    status, said = kizuki("vault", "enrol", "osaka", at, code, "--data", vault.data)
    assert status == 1 and "code is wrong" in said, said


def checked(folder):
    """What the script in the evidence says, with nothing of ours in reach; and the SHA-256 of the key it names last."""
    r = tap.run("bash", "check.sh", cwd=folder, env={"PATH": "/usr/bin:/bin"})
    return r.returncode, r.stdout.decode() + r.stderr.decode()


def evidence_holds(d, data):
    tap.need_program("openssl", "basenc")
    out = d / "evidence.zip"
    status, said = kizuki("export", "evidence", out, data, "--query", NEEDLE, "--why", "asked for by the police")
    assert status == 0 and said.startswith("1 records with proofs in a tree of "), said
    assert hashlib.sha256(out.read_bytes()).hexdigest() in said, said
    folder = d / "kizuki-evidence"
    with zipfile.ZipFile(out) as z:
        assert z.testzip() is None
        z.extractall(d)
    assert len((folder / "check.sh").read_text().splitlines()) <= 60
    status, said = checked(folder)
    assert status == 0 and "1 of " in said and "holds" in said, said
    assert hashlib.sha256((folder / "key.pem").read_bytes()).hexdigest() in said, said
    for language, says in (("en", "These records were taken from a copy"), ("ja", "これは写しから書き出したものです")):
        text = (folder / f"README.{language}.txt").read_text()
        assert says in text and "\n  tokyo\n" in text and "@NAME@" not in text, text
    assert json.loads((folder / "export.json").read_text())["copy_of"] == "tokyo"
    raw, = (folder / "records").glob("*.raw")
    assert NEEDLE.encode() in raw.read_bytes()
    told = json.loads((folder / "export.json").read_text())
    assert told["why"] == "asked for by the police" and told["chosen_by"] == NEEDLE and told["exported_by"], told

    def spoiled(change):
        copy = d / "spoiled"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        change(copy)
        names = sorted(str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
        sums = "".join(f"{hashlib.sha256((copy / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
        (copy / "SHA256SUMS").write_text(sums)  # whoever changes a file makes the list fit
        return checked(copy)

    assert spoiled(lambda c: None)[0] == 0

    def change(name, old, new):
        def run(c):
            p, = c.glob(name)
            b = p.read_bytes()
            assert old in b, (name, old)
            p.write_bytes(b.replace(old, new, 1))
        return run
    status, said = spoiled(change("records/*.raw", b"192.0.2.77", b"192.0.2.78"))
    assert status == 1 and "not what the leaf holds" in said, said

    def both(c):
        change("records/*.raw", b"192.0.2.77", b"192.0.2.78")(c)
        change("records/*.leaf", b"192.0.2.77", b"192.0.2.78")(c)
    status, said = spoiled(both)
    assert status == 1 and "not in the tree" in said, said
    status, said = spoiled(change("checkpoint", b"\nsealed 20", b"\nsealed 19"))
    assert status == 1 and "not signed by key.pem" in said, said
    # without SHA256SUMS being made to fit, it is that which tells
    (folder / "README.en.txt").write_text("believe me")
    assert checked(folder)[0] == 1
    status, said = kizuki("export", "evidence", d / "none.zip", data, "--record", "999999999", "--why", "x")
    assert status == 1 and "sealed yet" in said and not (d / "none.zip").exists(), said


def take_away(d, b, path):
    """An export through the pages, unpacked."""
    began = b.api("POST", path, {"why": "for the police"})["export"]
    tap.wait_until(lambda: b.get(f"/evidence/{began}")["state"] != "running", 60, 0.05)
    made = b.get(f"/evidence/{began}")
    if made["state"] == "done":
        assert b.request("GET", f"/api/v1/evidence/{began}/file").status == 200
        with zipfile.ZipFile(io.BytesIO(b.last_bytes)) as z:
            z.extractall(d / f"custody-{began}")
    return made, d / f"custody-{began}" / "kizuki-evidence"


def custody_leaves_with_it(d, b):
    """A photo of a thing in custody: kept as it came under its sum, given out as it came, in the evidence with every hand; not once it was changed."""
    photo = bytes(range(256)) * 5000
    digest = hashlib.sha256(photo).hexdigest()
    report = b.api("POST", "/reports", {"kind": "site", "text": "ノートPCがおかしい"})["id"]
    case = b.api("POST", f"/reports/{report}/case", {"version": 1})["incident"]["id"]
    b.api("POST", f"/incidents/{case}/evidence/export", {"why": "x"}, want=404)
    item = b.api("POST", f"/incidents/{case}/rows", {"kind": "item", "name": "ノートPC", "fields": {"taken_by": "田中", "how": "電源を切らずに"}})["rows"][-1]
    b.api("PUT", f"/rows/{item['id']}", {"version": item["version"], "state": "handed", "from": "田中", "to": "佐藤", "sealed": True})
    x, = b.api("POST", f"/rows/{item['id']}/files?name={urllib.parse.quote('写真 1.jpg')}", photo)["files"]
    assert (x["digest"], x["bytes"], x["name"]) == (digest, len(photo), "写真 1.jpg"), x
    kept = b.room.data / "attached" / digest
    assert kept.read_bytes() == photo and kept.stat().st_mode & 0o777 == 0o600
    r = b.request("GET", f"/api/v1/files/{x['id']}")
    assert r.status == 200 and b.last_bytes == photo and r.headers["content-disposition"] == "attachment", r.headers
    made, folder = take_away(d, b, f"/incidents/{case}/evidence/export")
    assert made["state"] == "done" and made["records"] == 0, made
    told = json.loads((folder / "custody/list.json").read_text())
    assert [(p["from"], p["to"]) for p in told["rows"][0]["doc"]["past"]][-1] == ("田中", "佐藤") and told["files"][0]["digest"] == digest, told
    assert (folder / "custody" / digest).read_bytes() == photo and checked(folder)[0] == 0
    (folder / "custody" / digest).write_bytes(photo[:-1] + b"x")
    assert checked(folder)[0] == 1
    # changed where it lies: it neither leaves nor is it shown as what it was
    kept.write_bytes(photo[:-1] + b"x")
    assert b.api("GET", f"/files/{x['id']}", want=500)["error"]["key"] == "error.attachment_damaged"
    assert take_away(d, b, f"/incidents/{case}/evidence/export")[0]["state"] == "failed"
    kept.write_bytes(photo)


def exported_from_the_pages(d, b):
    began = b.api("POST", "/evidence", {"query": NEEDLE, "why": "for the insurer"})["export"]
    tap.wait_until(lambda: b.get(f"/evidence/{began}")["state"] != "running", 60, 0.05)
    made = b.get(f"/evidence/{began}")
    assert made["state"] == "done" and made["records"] == 1 and made["not_sealed"] == 0, made
    b.get(f"/evidence/{began + 1}", want=404)
    c = b.connect()
    c.request("GET", f"/api/v1/evidence/{began}/file", headers={"Cookie": f"kizuki_session={b.cookie}"})
    r = c.getresponse()
    body = r.read()
    c.close()
    assert r.status == 200 and r.headers["content-type"] == "application/zip", (r.status, body[:200])
    assert hashlib.sha256(body).hexdigest() == made["sha256"] and len(body) == made["bytes"]
    with zipfile.ZipFile(io.BytesIO(body)) as z:
        z.extractall(d / "from-pages")
    status, said = checked(d / "from-pages" / "kizuki-evidence")
    assert status == 0 and "1 of " in said, said
    told = json.loads((d / "from-pages" / "kizuki-evidence" / "export.json").read_text())
    assert told["why"] == "for the insurer" and told["chosen_by"] == NEEDLE and told["copy_of"] == "", told
    assert "a copy" not in (d / "from-pages" / "kizuki-evidence" / "README.en.txt").read_text()
    custody_leaves_with_it(d, b)
    chain = json.dumps(b.get("/audit"))
    assert "for the insurer" in chain and NEEDLE in chain, chain[-800:]


def on_the_pages_of_the_vault(page):
    """The copy is searched like what arrived here; the searcher begins again by itself when a Kizuki was enrolled."""
    def searched():
        r = page.request("POST", "/api/v1/searches", {"query": NEEDLE, "copy": "tokyo"})
        return r.status == 200 and json.loads(r.text)["search"]
    number = tap.wait_until(searched, 60, 0.5, "the searcher knows the copy")
    tap.wait_until(lambda: page.get(f"/searches/{number}")["state"] != "running", 60, 0.05)
    found = page.get(f"/searches/{number}")
    assert found["state"] == "done" and found["found"] == 1, found
    n = found["events"][0]["n"]
    line = page.get(f"/events/{n}?copy=tokyo")["event"]["event.original"]
    assert NEEDLE in line and "192.0.2.77" in line, line
    page.api("POST", "/searches", {"query": NEEDLE, "copy": "nobody"}, want=404)
    assert page.get(f"/searches/{number}")["looked_back_to"] is None, "all of it was looked through"
    traced = page.api("POST", "/traces", {"address": "198.51.100.1", "port": "40001", "time": "2026-06-01 02:14", "zone": "jst", "copy": "tokyo"})["search"]
    tap.wait_until(lambda: page.get(f"/traces/{traced}")["state"] != "running", 60, 0.05)
    assert page.get(f"/traces/{traced}")["state"] == "done" and page.get(f"/traces/{traced}")["missing"], "a trace over the copy"
    page.api("POST", "/traces", {"address": "198.51.100.1", "time": "2026-06-01 02:14", "copy": "nobody"}, want=404)
    began = page.api("POST", "/searches", {"query": NEEDLE})["search"]  # our own holds nothing of it
    tap.wait_until(lambda: page.get(f"/searches/{began}")["state"] != "running", 60, 0.05)
    assert page.get(f"/searches/{began}")["found"] == 0
    made = page.api("POST", "/evidence", {"query": NEEDLE, "why": "the first is lost", "copy": "tokyo"})["export"]
    tap.wait_until(lambda: page.get(f"/evidence/{made}")["state"] != "running", 60, 0.05)
    assert page.get(f"/evidence/{made}")["records"] == 1, page.get(f"/evidence/{made}")


def hunted_on_the_pages(page):
    """The first is gone: rules, queries and indicators are looked for in its copy, on the pages of the vault."""
    def ended(find):
        tap.wait_until(lambda: any(find(h) and h["state"] != "running" for h in page.get("/hunts")["hunts"]), 60, 0.1, lambda: str(page.get("/hunts")))
        one = page.get(f"/hunts/{next(h['id'] for h in page.get('/hunts')['hunts'] if find(h))}")
        return one["hunt"], one["result"]
    for what, where, n in (({"rule": RULE}, "tokyo", 1), ({"query": "45.67.89.12"}, "tokyo", 1), ({"query": "45.67.89.12"}, "", 0)):
        begun = page.api("POST", "/hunts/past", {"hypothesis": "was it here?", **what, **({"copy": where} if where else {})})["id"]
        hunt, result = ended(lambda h, n=begun: h["id"] == n)
        assert (hunt["state"], hunt["found"], hunt["copy"]) == ("done", n, where), (hunt, result)
    page.api("POST", "/hunts/past", {"hypothesis": "x", "query": "x", "copy": "nobody"}, want=404)
    looked = page.api("POST", "/indicators/preview", {"name": "list.txt", "text": "45.67.89.12\n45.99.0.1\n"})
    took = page.api("POST", "/indicators/imports", {"preview": looked["preview"]})["import"]
    hunt, result = ended(lambda h: h["import"] == took and h["copy"] == "tokyo")
    assert (hunt["state"], hunt["found"]) == ("done", 1), (hunt, result)
    seen = {k: [(v["value"], v["first_at"]) for v in result[k]["values"]] for k in ("hosts", "accounts", "indicators")}
    at = result["first_at"]
    assert at and seen == {"hosts": [("gate", at)], "accounts": [("root", at)], "indicators": [("45.67.89.12", at)]}, seen
    assert ended(lambda h: h["import"] == took and not h["copy"])[0]["found"] == 0, "it never stood in what arrived here"
    # what a search over the copy found is kept as one over the copy
    number = page.api("POST", "/searches", {"query": NEEDLE, "copy": "tokyo"})["search"]
    tap.wait_until(lambda: page.get(f"/searches/{number}")["state"] != "running", 60, 0.05)
    kept = page.api("POST", "/hunts", {"search": number, "hypothesis": "kept"})
    assert (kept["copy"], kept["found"]) == ("tokyo", 1), kept


@tap.test
def after_root_deleted_everything_the_investigation_runs_on_the_vault():
    with pair() as (d, first, vault, at):
        lines = [b"line %d %s" % (i, b"x" * (i % 97)) for i in range(LINES)]
        lines[LINES // 2] = NEEDLE.encode() + b" from 192.0.2.77"
        programs.send(first.syslog_port, ["<38>1 2026-06-01T02:14:05Z gate sshd 7 - - Failed password for root from 45.67.89.12 port 22 ssh2"])
        seal.send(first.syslog_port, lines)
        enrolled(first, vault, at)
        tap.wait_until(lambda: newest_of(first) >= LINES, 60, 0.1, "all is sealed: " + first.output()[-800:])
        sealed = newest_of(first)
        tap.wait_until(lambda: records_here(vault) >= sealed, 60, 0.1, f"{sealed} records are in the vault: " + vault.output()[-1500:])
        copy = vault.data / "vault" / "tokyo"
        assert status_of(vault)["state"] == "fine", status_of(vault)

        # both sides' pages say how far it is
        b, there = first.browser(), vault.browser()
        exported_from_the_pages(d, b)
        seen = b.get("/seals")
        assert seen["keep"]["state"] == "sealing" and seen["keep"]["sealed_to"] >= sealed and seen["retention"]["keep_days"] is None, seen
        tap.wait_until(lambda: (b.get("/seals")["lend"] or {"vaults": []})["vaults"], 60, 0.2, "who has asked")
        assert b.get("/seals")["lend"]["vaults"][0]["name"] == "vault-a" and seen["verified"] is None
        assert kizuki("verify", first.data)[0] == 0
        assert b.get("/seals")["verified"]["faults"] == 0
        on_the_pages_of_the_vault(there)
        pulled, = there.get("/seals")["pulled"]
        assert pulled["name"] == "tokyo" and pulled["state"] == "fine" and pulled["has"]["records"] >= sealed, pulled
        # Root on the first makes another history with the same key, as long as the old one.
        pull_the_plug(first)
        shutil.rmtree(first.data / "spool")
        shutil.rmtree(first.data / "sensor")
        had = files_of(copy / "spool")
        settings = json.loads((first.data / "kizuki.yml").read_text())
        again = programs.Served(first.data, settings, ["--no-local-logs"])
        try:
            again.wait_up()
            seal.send(again.syslog_port, [b"nothing happened here"] * (LINES + 500))
            tap.wait_until(lambda: status_of(vault)["state"] == "rewritten", 60, 0.1, "the vault notices: " + vault.output()[-1500:])
        finally:
            pull_the_plug(again)
        assert list((copy / "refused").glob("*.checkpoint")), "what does not fit is kept as evidence"
        # and then there is nothing left at all
        shutil.rmtree(first.data)
        tap.wait_until(lambda: status_of(vault)["state"] == "silent", 60, 0.1, str(status_of(vault)))
        assert {k: v for k, v in files_of(copy / "spool").items() if k in had} == had, "what was there has changed"

        # The investigation: search, hunt, verify, on what is here.
        found = events(copy, NEEDLE)
        assert len(found) == 1 and "192.0.2.77" in found[0]["event.original"], found
        assert len(events(copy, "line")) == LINES - 1
        (d / "rule.yml").write_text(RULE)
        hunted = tap.run(tap.KIZUKI, "hunt", "--rules", d / "rule.yml", copy).stdout.decode()
        assert "The line that matters" in hunted, hunted
        status, said = kizuki("verify", copy)
        assert status == 0 and "signed by" in said, said
        evidence_holds(d, copy)
        hunted_on_the_pages(there)
        # What the vault noticed was judged by the shipped rules and is a finding on its pages.
        b = there

        def told():
            cases = b.get("/incidents?state=all&limit=100")["incidents"]
            return {f["kind"] for f in [*b.get("/findings")["findings"],
                                        *(f for c in cases for f in b.get(f"/incidents/{c['id']}/findings")["findings"])]}
        tap.wait_until(lambda: {"vault_rewritten", "vault_silent"} <= told(), 60, 0.2, str(told()))


if __name__ == "__main__":
    tap.main()
