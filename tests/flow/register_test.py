#!/usr/bin/env python3
"""Registers of systems, contracts, organisations and people: files as people have them, through the pages and by `kizuki register`, and what follows for logs."""
import hashlib
import json
import re
import shutil
import subprocess
import sys
import urllib.parse
import zipfile

import firewalls
import programs
import tap

SYSTEMS = "情報システム名,所管部署,重要度,ログ取得状況,ログ源\r\n会員サイト,情報システム課,高,取得済,members\r\n請求照会,業務課,Ｂ,取得可,\r\n掲示板,広報課,低,未監視,\r\n"
CONTRACTS = "契約名,契約先,対象システム,ログの採取,夜間対応,緊急連絡先,契約終了日\n借用,○○社,掲示板、請求照会,なし,なし,312345678,令和9年3月31日\n"
# Excel's own way of a register, written by openpyxl: titles above, merged headers, dates, a number that was a telephone number, a hidden sheet
BOOK = r"""
import datetime, sys, openpyxl
b = openpyxl.Workbook()
s = b.active
s.title = "契約"
s["A1"] = "外部サービス契約一覧"
s.merge_cells("A1:F1")
s["A3"], s["B3"], s["C3"], s["D3"], s["E3"], s["F3"] = "契約件名", "契約相手方", "確認事項", None, "緊急連絡先", "契約終了日"
s.merge_cells("C3:D3")
for c in "ABEF":
    s.merge_cells(f"{c}3:{c}4")
s["C4"], s["D4"] = "ログの取得", "夜間対応"
s.append(["保守", "△△社", "有", "無", 312345678, datetime.date(2027, 3, 31)])
s.append(["監視", "□□社", "要確認", "有", "03-1234-5678", "令和9年4月1日"])
s.append(["印刷", "××社", "たぶん", "有", 110, None])
s["F5"].number_format = '[$-411]ggge"年"m"月"d"日"'
old = b.create_sheet("旧年度")
old.append(["契約名", "契約先"])
old.append(["古い契約", "なし"])
old.sheet_state = "hidden"
b.save(sys.argv[1])
"""


def book(path, text=BOOK):
    """Written by the first Python here that has openpyxl."""
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and subprocess.run([python, "-c", "import openpyxl"], capture_output=True).returncode == 0:
            subprocess.run([python, "-c", text, str(path)], check=True)
            return path.read_bytes()
    raise tap.Skip("openpyxl is not installed")


def send(b, register, name, data, want=200, more=""):
    return b.api("POST", f"/registers/{register}/imports?file={urllib.parse.quote(name)}{more}", data, want=want)


def rows(b, register):
    return {r["name"]: r for r in b.get(f"/registers/{register}")["rows"]}


def apply(b, x, **how):
    return b.api("POST", f"/imports/{x['id']}/apply", {"version": x["version"], **how})


# An authority's blank as such workbooks are: a title over merged cells, borders, a list to choose from, comments, a hidden sheet, wide cells
BLANK = r"""
import sys, yaml, openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.datavalidation import DataValidation
form = yaml.safe_load(open(sys.argv[2]))
b = openpyxl.Workbook()
s = b.active
s.title = form["official"]["sheet"]
s["B2"] = form["official"]["name"]
s["B2"].font = Font(bold=True, size=16)
s.merge_cells("B2:F2")
thin = Side(style="thin")
for cell, text in form["official"]["labels"].items():
    s[cell] = text + ("\n" if cell == "B6" else "")
    s[cell].border = Border(thin, thin, thin, thin)
for f in form["fields"]:
    if f.get("as") != "check":
        s[f["cell"]].alignment = Alignment(wrap_text=True)
        row = f["cell"][1:]
        if int(row) % 2 == 0:
            s.merge_cells(f"C{row}:F{row}")
s["H1"] = '=COUNTA(C4:C40)'
s["B4"].comment = Comment("正式な名称を書く", "役所")
v = DataValidation(type="list", formula1='"はい,いいえ"')
s.add_data_validation(v)
v.add("G4:G9")
s.column_dimensions["C"].width = 60
b.create_sheet("記入例").sheet_state = "hidden"
b.save(sys.argv[1])
"""
# What openpyxl finds: every cell with its style, merged areas, validations; in the first sheet and the others
FOUND = r"""
import json, sys, openpyxl
b = openpyxl.load_workbook(sys.argv[1])
json.dump({"cells": {f"{s.title}!{c.coordinate}": [c.value, c.style_id, c.comment.text if c.comment else None] for s in b for row in s.iter_rows() for c in row if c.value is not None or c.has_style},
           "merged": sorted(str(m) for m in b.worksheets[0].merged_cells.ranges), "valid": [str(v.sqref) for v in b.worksheets[0].data_validations.dataValidation],
           "hidden": [s.sheet_state for s in b]}, sys.stdout, ensure_ascii=False)
"""


def found(path):
    return json.loads(subprocess.run(["/usr/bin/python3", "-c", FOUND, str(path)], check=True, capture_output=True).stdout)


def same_but_for(blank, filled, said):
    """The filled form beside the blank: only the cells that are said differ, and only in their value; every other part keeps its bytes."""
    with zipfile.ZipFile(blank) as a, zipfile.ZipFile(filled) as b:
        assert a.namelist() == b.namelist(), (a.namelist(), b.namelist())
        differ = [n for n in a.namelist() if a.read(n) != b.read(n)]
        assert differ == ["xl/worksheets/sheet1.xml"], differ
    was, now = found(blank), found(filled)
    assert {k: v for k, v in was.items() if k != "cells"} == {k: v for k, v in now.items() if k != "cells"}
    for cell in was["cells"].keys() | now["cells"].keys():
        old, new = was["cells"].get(cell, [None, 0, None]), now["cells"].get(cell, [None, 0, None])
        want = said.get(cell.split("!")[1]) if "記入例" not in cell else None
        assert new == ([want, *old[1:]] if want else old), (cell, old, new, want)
    assert all(f"{list(now['cells'])[0].split('!')[0]}!{c}" in now["cells"] for c in said)


def official_forms(d, s, b):
    """Facts entered once stand in every form; the authority's own workbook comes back with its cells filled and nothing else touched."""
    b.api("POST", "/reports", {"kind": b.get("/report-kinds")["kinds"][0]["id"], "text": "会員サイトに入れない", "channel": "phone"})
    b.api("POST", "/reports/1/case", {"version": 1})
    i = b.get("/incidents?state=all")["incidents"][0]["id"]
    facts = {"org_name": "株式会社〔例〕 & <部>", "contact_name": "〔担当者〕", "contact_phone": "03-0000-0000", "became_aware": "令和8年11月23日 2:06", "summary": "一行目\n二行目 \"引用\"",
             "personal_data": "possible", "pi_malicious": "yes", "persons_affected": "１,２３４人", "pi_items": "氏名、メールアドレス", "cause_types": "identity\nvulnerability", "org_kinds": "pi_handler",
             "pi_encrypted": "no"}
    for name, value in facts.items():
        b.api("PUT", f"/incidents/{i}/facts", {"name": name, "version": 0, "state": "confirmed", "value": value})
    b.api("PUT", f"/incidents/{i}/facts", {"name": "cause", "version": 0, "state": "unconfirmed", "value": "推測"})
    b.api("PUT", f"/incidents/{i}/facts", {"name": "remarks", "version": 0, "state": "withheld", "value": "外には出さない"})
    assert b.api("GET", f"/incidents/{i}/form-file?form=appi-first&as=xlsx", want=400)["error"]["key"] == "error.no_blank"
    for key in ("appi-first", "common-ransomware", "common-ddos", "ci-information"):
        blank, filled = d / f"{key}.xlsx", d / f"{key}-filled.xlsx"
        subprocess.run(["/usr/bin/python3", "-c", BLANK, str(blank), str(tap.ROOT / f"content/forms/{key}.yml")], check=True)
        taken = b.api("POST", f"/forms/{key}/blank?file=blank.xlsx", blank.read_bytes())
        assert taken["faults"] == [], taken
        assert b.request("GET", f"/api/v1/incidents/{i}/form-file?form={key}&as=xlsx").status == 200
        filled.write_bytes(b.last_bytes)
        fields = b.get(f"/incidents/{i}/form?form={key}")["fields"]
        same_but_for(blank, filled, {f["cell"]: f["text"] for f in fields if f["text"]})
        assert "推測" not in str(fields) and "外には出さない" not in str(fields)
    said = {f["item"]["ja"]: (f["text"], f["state"]) for f in b.get(f"/incidents/{i}/form?form=appi-first")["fields"]}
    assert said["知った日時"][0] == "2026年11月23日 2時6分" and said["本人の数"][0] == "1234人" and said["その他参考となる事項"] == ("", "kept_back"), said
    assert said["個人データの漏えい等：おそれ"][0] == "■おそれ" and said["個人データの漏えい等：発生"][0] == "□発生" and said["所在地"][1] == "missing", said
    # another edition of the blank is noticed
    other = d / "changed.xlsx"
    subprocess.run(["/usr/bin/python3", "-c", BLANK.replace('text + (', '("様式改正 " if cell == "B5" else "") + text + ('), str(other), str(tap.ROOT / "content/forms/appi-first.yml")], check=True)
    faults = b.api("POST", "/forms/appi-first/blank?file=blank.xlsx", other.read_bytes())["faults"]
    assert [(f["cell"], f["is"], f["found"]) for f in faults] == [("B5", "所在地", "様式改正 所在地")], faults
    assert b.api("POST", "/forms/appi-first/blank?file=x.xlsx", b"PK\x03\x04none", want=400)["error"]["key"] == "error.table"
    # sent, sealed; what changes afterwards is told as a difference, and the clock has stopped
    b.api("POST", f"/incidents/{i}/submissions", {"form": "appi-first", "obligation": "appi-26", "report": "first", "to": "個人情報保護委員会", "how": "フォーム"})
    b.api("PUT", f"/incidents/{i}/facts", {"name": "persons_affected", "version": 1, "state": "confirmed", "value": "1300"})
    changed = [(f["item"]["ja"], f["before"], f["text"]) for f in b.get(f"/incidents/{i}/form?form=appi-first")["fields"] if f["changed"]]
    assert changed == [("本人の数", "1234人", "1300人")], changed
    row = b.get(f"/incidents/{i}/forms")["submissions"][0]
    sealed = re.search(rb'"said":(\{.*\})\}\]', b.last_bytes)[1]
    assert row["digest"] == hashlib.sha256(sealed).hexdigest(), row
    b.api("PUT", f"/submissions/{row['id']}/receipt", {"version": row["version"], "number": "R8-001"})
    duty = next(o for o in b.get(f"/incidents/{i}/obligations")["obligations"] if o["key"] == "appi-26")
    assert [(r["name"], r["state"]) for r in duty["reports"]] == [("first", "received"), ("final", "to_do"), ("persons", "to_do")], duty
    text = b.request("GET", f"/api/v1/incidents/{i}/form-file?form=jpcert&as=text").text
    assert "【組織】\n株式会社〔例〕" in text and "確認中" in text, text
    assert not list((s.data / "incoming").iterdir()), list((s.data / "incoming").iterdir())
    assert b.get("/audit/verify")["ok"]


@tap.test
def a_register_comes_from_files_and_says_which_logs_are_missing():
    with tap.folder() as d:
        log = d / "members.log"
        log.write_text('192.0.2.1 - - [22/Nov/2026:17:03:08 +0900] "GET / HTTP/1.1" 200 1 "-" "-"\n')
        settings = {"sources": [{"name": "members", "kind": "file", "path": str(log)}], "syslog": [],
                    "firewalls": [{"name": "edge", "file": str(d / "edge.json"), "inside": ["lo"]}]}
        firewalls.leave(d / "edge.json", firewalls.CLOSED)
        with programs.served(settings, ["--no-local-logs"]) as s:
            b = s.browser()
            tap.wait_until(lambda: any(x["name"] == "members" and x["lines"] for x in b.get("/sources")["sources"]), 60, 0.1, what="the source")
            # a CSV of Excel in Japan, in CP932
            x = send(b, "systems", "台帳.csv", SYSTEMS.encode("cp932"))
            assert (x["state"], x["n_new"], x["n_refused"], x["read"]["encoding"]) == ("draft", 3, 0, "cp932"), x
            assert [c["field"] for c in x["read"]["columns"]] == ["name", "owner", "importance", "log", "sources"], x["read"]
            assert rows(b, "systems") == {}, "a draft changes nothing"
            assert apply(b, x)["done"]["n_new"] == 3
            told = rows(b, "systems")
            assert {n: (r["log"]["is"], r["need"]) for n, r in told.items()} == {
                "会員サイト": ("obtained", "ok"), "請求照会": ("obtainable", "soon"), "掲示板": ("not_watched", "must")}, told
            assert list(told)[0] == "掲示板" and told["請求照会"]["values"]["importance"] == "medium"
            # one contract without logs keeps what it covers red
            x = send(b, "contracts", "契約.csv", CONTRACTS.encode())
            assert [(n["field"], n["code"], n["to"]) for n in x["notes"]] == [("night_phone", "zero_restored", "0312345678"), ("ends", "date_read", "2027-03-31"),
                                                                             ("supplier", "not_there_yet", "○○社")], x
            apply(b, x)
            told = rows(b, "systems")
            assert told["請求照会"]["need"] == "must" and told["請求照会"]["log"]["contract"] == "借用", told["請求照会"]
            assert rows(b, "contracts")["借用"]["need"] == "must" and "night_response" in rows(b, "contracts")["借用"]["gaps"]
            assert {r["spec"]["name"]: r["must"] for r in b.get("/registers")["registers"] if r["must"]} == {"systems": 2, "contracts": 1}
            # a workbook, where one row is refused with its place
            x = send(b, "contracts", "契約.xlsx", book(d / "b.xlsx"))
            assert x["read"]["sheet"] == "契約" and [(y["name"], y["hidden"]) for y in x["read"]["sheets"]] == [("契約", False), ("旧年度", True)], x["read"]
            assert x["read"]["head_row"] == 4 and (x["n_new"], x["n_gone"], x["n_refused"]) == (2, 1, 1), x
            assert [(y["row"], y["column"], y["field"], y["code"], y["value"]) for y in x["refused"]] == [(7, "C", "log_collection", "no_choice", "たぶん")], x["refused"]
            done = apply(b, x, gone=True)
            kept = rows(b, "contracts")
            assert kept["保守"]["values"] == {"name": "保守", "supplier": "△△社", "log_collection": "yes", "night_response": "no", "night_phone": "0312345678",
                                              "ends": "2027-03-31"}, kept["保守"]
            assert not kept["借用"]["active"] and rows(b, "systems")["請求照会"]["need"] == "soon"
            # somebody changes one of them; undoing leaves that one alone
            r = kept["保守"]
            b.api("PUT", f"/register-rows/{r['id']}", {"version": r["version"], "values": r["values"] | {"sla": "99.9 %"}})
            e = b.api("PUT", f"/register-rows/{r['id']}", {"version": r["version"] + 1, "values": {"name": "保守", "ends": "2027-02-30"}}, want=400)["error"]
            assert e["params"] == {"code": "no_date", "why": "ends"}, e
            u = b.api("POST", f"/imports/{x['id']}/undo", {"version": done["version"]})
            assert (u["state"], u["done"]["n_undone"], u["done"]["kept"]) == ("undone", 2, ["保守"]), u["done"]
            assert set(rows(b, "contracts")) == {"借用", "保守"} and rows(b, "contracts")["借用"]["active"]
            assert b.api("POST", f"/imports/{x['id']}/undo", {"version": u["version"]}, want=400)["error"]["key"] == "error.state"
            # what cannot be read is refused with a sentence, and nothing lies about
            for name, data, why in (("a.xls", b"\xd0\xcf\x11\xe0", "password"), ("a.csv", b"a,b\n1,2\n", "システム名"), ("a.xlsx", b"PK\x03\x04none", "no whole XLSX"),
                                    ("a.csv", 'システム名\n"x\n'.encode(), "a.csv:2")):
                e = send(b, "systems", name, data, want=400)["error"]
                assert why in e["params"]["why"], (name, e)
            assert not list((s.data / "incoming").iterdir()), list((s.data / "incoming").iterdir())
            # columns by hand
            x = send(b, "systems", "c.csv", "システム名,何か,担当\n会員サイト,東課,西課\n".encode(), more="&columns=2%3Downer")
            assert [(f["field"], f["to"]) for f in x["changed"][0]["fields"]] == [("owner", "東課")], x["changed"]
            t = b.request("GET", "/api/v1/registers/systems/template?lang=en").text
            assert t.startswith("\ufeff\"system\",\"owner\",\"importance(high/medium/low)\""), t
            # written out and taken in again, in both languages: nothing changes, not even what begins like a formula
            r = rows(b, "contracts")["保守"]
            b.api("PUT", f"/register-rows/{r['id']}", {"version": r["version"], "values": r["values"] | {"sla": "=99.9 %"}})
            for register in ("systems", "contracts", "organisations", "people"):
                for lang in ("ja", "en"):
                    out = b.request("GET", f"/api/v1/registers/{register}/csv?lang={lang}")
                    assert out.status == 200 and out.text.count("\r\n") >= 1 + sum(x["active"] for x in b.get(f"/registers/{register}")["rows"]), out.text
                    if out.text.count("\r\n") > 1:
                        x = send(b, register, "again.csv", out.text.encode())
                        assert (x["n_new"], x["n_changed"], x["n_gone"], x["n_refused"]) == (0, 0, 0, 0), (register, lang, x["changed"], out.text)
                        b.request("GET", f"/api/v1/registers/{register}/csv?lang={lang}&as=xlsx")
                        x = send(b, register, "again.xlsx", b.last_bytes)
                        assert (x["n_new"], x["n_changed"], x["n_gone"], x["n_refused"]) == (0, 0, 0, 0), (register, lang, x["changed"])
            by_command(d, s, b)
            firewalls.a_filter_opened_by_hand(d, s, b)
            who_is_who(d, b)
            official_forms(d, s, b)
            assert b.get("/audit/verify")["ok"]
            assert "Sanitizer" not in s.output() and "runtime error" not in s.output(), s.output()[-4000:]


# A list of contacts as departments keep them: organisations down the left in merged cells, numbers that lost their 0, full-width digits
PEOPLE = r"""
import sys, openpyxl
b = openpyxl.Workbook()
s = b.active
s.title = "連絡網"
s["A1"] = "緊急連絡網（社外秘）"
s.append([])
s.append(["部署名", "氏　名", "フリガナ", "職名", "携帯番号", "内線", "E-mail", "連絡手段"])
s.append(["情報システム課", "佐藤　一郎", "サトウ　イチロウ", "課長", 9011112222, "１２３４", "sato@example.jp", "携帯、メール"])
s.append([None, "鈴木　花子", "スズキ　ハナコ", "主任", "０９０－３３３３－４４４４", 1235, "suzuki@example.jp", ""])
s.append(["広報課", "高橋　次郎", "タカハシ　ジロウ", "", "", 312345678, "takahashi@example.jp", "電話"])
s.append(["総務課", "田中　三郎", "", "", "", "", "tanaka@example.jp", ""])
s.merge_cells("A4:A5")
b.save(sys.argv[1])
"""


def who_is_who(d, b):
    """Organisations and people from files people have, tied together."""
    file = "組織名,上位組織,階層,区分,代表番号,受付時間,夜間連絡先\r\n情報システム課,本社,課,自社,312345678,平日 ９：００～１７：３０,9099990000\r\n本社,,本社,自社,,,\r\n広報課,本社,課,自社,,平日9:00-17:00,\r\n"
    file += "ホスト社,,,業者,0120-000-000,24時間365日,\r\n監視センター,監視本部,,業者,,,\r\n甲課,乙課,課,自社,,,\r\n乙課,甲課,課,自社,,担当に聞く,\r\n"
    x = send(b, "organisations", "組織.csv", file.encode("cp932"))
    assert (x["n_new"], x["n_refused"], x["read"]["encoding"]) == (4, 3, "cp932"), x
    assert [(r["row"], r["column"], r["code"], r["value"]) for r in x["refused"]] == [
        (6, "B", "no_target", "監視本部"), (7, "B", "loop", "甲課 → 乙課 → 甲課"), (8, "B", "loop", "甲課 → 乙課 → 甲課")], x["refused"]
    assert ("zero_restored", "0312345678") in {(n["code"], n["to"]) for n in x["notes"]} and "hours_unread" in {n["code"] for n in x["notes"]}, x["notes"]
    apply(b, x)
    # in the list of contacts one department is not in the register
    x = send(b, "people", "連絡網.xlsx", book(d / "p.xlsx", PEOPLE))
    assert [c["field"] for c in x["read"]["columns"]] == ["organisation", "name", "kana", "title", "mobile", "phone", "mail", "ways"], x["read"]
    assert [(r["row"], r["column"], r["field"], r["code"], r["value"]) for r in x["refused"]] == [(7, "A", "organisation", "no_target", "総務課")], x["refused"]
    apply(b, x)
    told = rows(b, "people")
    assert told["鈴木 花子"]["values"] == {"name": "鈴木 花子", "kana": "スズキ ハナコ", "organisation": "情報システム課", "title": "主任", "mobile": "090-3333-4444",
                                        "phone": "1235", "mail": "suzuki@example.jp"}, told
    assert told["佐藤 一郎"]["values"]["mobile"] == "09011112222" and told["佐藤 一郎"]["values"]["ways"] == "mobile\nmail", told["佐藤 一郎"]
    # a department gets another name: its people follow, and its own form refuses what leads back
    o = rows(b, "organisations")["情報システム課"]
    assert told["佐藤 一郎"]["refs"] == [{"field": "organisation", "register": "organisations", "name": "情報システム課", "id": o["id"], "active": True}]
    b.api("PUT", f"/register-rows/{o['id']}", {"version": o["version"], "values": o["values"] | {"name": "デジタル課"}})
    assert rows(b, "people")["佐藤 一郎"]["values"]["organisation"] == "デジタル課"
    top = rows(b, "organisations")["本社"]
    e = b.api("PUT", f"/register-rows/{top['id']}", {"version": top["version"], "values": {"name": "本社", "parent": "広報課"}}, want=400)["error"]
    assert e["params"] == {"code": "loop", "why": "parent: 本社 → 広報課 → 本社"}, e
    e = b.api("POST", "/registers/people", {"values": {"name": "誰か", "organisation": "どこか"}}, want=400)["error"]
    assert e["params"] == {"code": "no_target", "why": "organisation: どこか"}, e
    # a contract names its supplier; a system names who answers for it and what it stands on
    apply(b, send(b, "systems", "依存.csv", "システム名,依存先,責任者\n会員サイト,認証基盤、掲示板,佐藤 一郎\n認証基盤,,未定の人\n".encode()))
    refs = {(r["field"], r["name"], r["id"] is not None) for n in ("会員サイト", "認証基盤") for r in rows(b, "systems")[n]["refs"]}
    assert refs == {("depends", "認証基盤", True), ("depends", "掲示板", True), ("responsible", "佐藤 一郎", True), ("responsible", "未定の人", False)}, refs


def kizuki(s, *args, fails=False):
    r = tap.run(tap.KIZUKI, "register", *args[:1], "--data", s.data, *args[1:]) if args[0] != "template" else tap.run(tap.KIZUKI, "register", *args)
    assert (r.returncode != 0) == fails, (args, r.stdout, r.stderr)
    return (r.stderr if fails else r.stdout).decode()


def by_command(d, s, b):
    """The same by the command line, beside the running room."""
    f = d / "more.csv"
    f.write_text("システム名,ログ\n新しい系,契約外\n,あり\n")
    said = kizuki(s, "import", f, "--register", "systems")
    assert "1 new: 新しい系" in said and "refused: more.csv, row 3, column A (name)" in said and "nothing was changed" in said, said
    assert "新しい系" not in rows(b, "systems")
    said = kizuki(s, "import", f, "--register", "systems", "--apply")
    number = said.split("kizuki register undo ")[1].split()[0]
    assert rows(b, "systems")["新しい系"]["need"] == "must", said
    assert "1 rows are as they were" in kizuki(s, "undo", number) and "新しい系" not in rows(b, "systems")
    assert "is not in force" in kizuki(s, "undo", number, fails=True)
    assert "no register" in kizuki(s, "import", f, "--register", "nothing", fails=True)
    assert kizuki(s, "template", "contracts").startswith("\ufeff\"契約名\""), "template"


if __name__ == "__main__":
    tap.main()
