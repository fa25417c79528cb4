"""Suspicious mails, written by others (Python's mail library, libgsf's compound files), taken apart by ours."""
import email.message
import email.policy
import hashlib
import json
import os
import random
import subprocess

import tap
from mail_make import check, suspicious


def read(d, data, name="a.eml"):
    (d / name).write_bytes(data)
    r = tap.run(tap.KIZUKI, "mail", d / name)
    assert r.returncode == 0, r
    return json.loads(r.stdout)


@tap.test
def mails_in_three_character_sets_and_forwarded():
    with tap.folder() as d:
        for charset in ("utf-8", "iso-2022-jp", "shift_jis", "euc-jp"):
            m, subject, program = suspicious(charset)
            got = read(d, m.as_bytes().replace(b"\n", b"\r\n"))
            check(got["mail"], subject, program)
            outer = email.message.EmailMessage()
            outer["From"], outer["To"], outer["Subject"] = "Hanako <hanako@example.jp>", "report@example.jp", "Fwd: 怪しいメール"
            outer.set_content("怪しいので送ります。")
            outer.add_attachment(email.message_from_bytes(m.as_bytes(), policy=email.policy.default))
            forwarded = read(d, outer.as_bytes())
            inner, = forwarded["mail"]["inner"]
            check(inner, subject, program)
            assert forwarded["same"] == got["same"] and forwarded["answer"], forwarded["why"]
            # by somebody else, as a file: the same mail
            again = email.message.EmailMessage()
            again["From"], again["Subject"] = "jiro@example.jp", "これは何"
            again.set_content("x")
            again.add_attachment(m.as_bytes(), maintype="application", subtype="octet-stream", filename="怪しい.eml")
            assert read(d, again.as_bytes())["same"] == got["same"]


@tap.test
def a_machine_is_not_answered():
    rows = [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"List-Id": "<x.example.jp>"}, {"Return-Path": "<>"}, {"From": "MAILER-DAEMON@example.jp"},
            {"Content-Type": 'multipart/report; boundary="x"'}]
    with tap.folder() as d:
        for row in rows:
            headers = {"From": "a@example.jp", "Subject": "x"} | row
            got = read(d, "".join(f"{k}: {v}\r\n" for k, v in headers.items()).encode() + b"\r\nx\r\n")
            assert not got["answer"] and got["why"], row
        assert read(d, b"From: a@example.jp\r\nAuto-Submitted: no\r\n\r\nx")["answer"]


@tap.test
def outlook_msg_from_a_real_compound_file():
    tap.need_program("gsf")
    m, subject, program = suspicious()
    headers = m.as_bytes().split(b"\n\n")[0] + b"\n\n"
    html = '<a href="https://evil.example/msg">www.bank.example.jp</a>'

    def put(folder, tag, data):
        (folder / f"__substg1.0_{tag}").write_bytes(data)
    with tap.folder() as d:
        root = d / "root"
        root.mkdir()
        put(root, "0037001F", subject.encode("utf-16le"))
        put(root, "1000001F", ("本文 https://evil.example/body\r\n" + "長い行。" * 3000).encode("utf-16le"))
        put(root, "10130102", html.encode())
        put(root, "007D001F", headers.decode().replace("\n", "\r\n").encode("utf-16le"))
        for i, (name, data) in enumerate((("請求書.pdf", program), ("小.txt", b"x"))):
            a = root / f"__attach_version1.0_#0000000{i}"
            a.mkdir()
            put(a, "3707001F", name.encode("utf-16le"))
            put(a, "37010102", data)
        nested = root / "__attach_version1.0_#00000002"
        (nested / "__substg1.0_3701000D").mkdir(parents=True)
        put(nested / "__substg1.0_3701000D", "0037001F", "中のメール".encode("utf-16le"))
        put(nested / "__substg1.0_3701000D", "5D01001F", "in@evil.example".encode("utf-16le"))
        made = subprocess.run(["gsf", "createole", d / "a.msg", *sorted(p.name for p in root.iterdir())], cwd=root, capture_output=True)
        assert made.returncode == 0, made
        got = read(d, (d / "a.msg").read_bytes(), "b.msg")["mail"]
        assert got["subject"] == subject and got["from_address"] == "info@bank.example.jp" and got["auth"][0]["spf"] == "fail", got
        urls = {(x["url"], x["differs"]) for x in got["links"]}
        assert ("https://evil.example/msg", True) in urls and ("https://evil.example/body", False) in urls, urls
        files = {f["name"]: f for f in got["files"]}
        assert files["請求書.pdf"]["sha256"] == hashlib.sha256(program).hexdigest() and files["小.txt"]["bytes"] == 1, files
        assert [x["subject"] for x in got["inner"]] == ["中のメール"] and got["inner"][0]["from_address"] == "in@evil.example", got["inner"]
        # broken in every way: read or refused, never more
        whole = (d / "a.msg").read_bytes()
        rnd = random.Random(7)
        for _ in range(30):
            b = bytearray(whole)
            for _ in range(rnd.randint(1, 40)):
                b[rnd.randrange(len(b)) if rnd.random() < 0.5 else rnd.randrange(3000)] = rnd.randrange(256)
            (d / "c.msg").write_bytes(b[:rnd.randrange(600, len(b))])
            r = tap.run(tap.KIZUKI, "mail", d / "c.msg")
            assert r.returncode in (0, 1) and b"Sanitizer" not in r.stderr, r.stderr[-3000:]


tap.main()
