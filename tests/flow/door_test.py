"""The door against real servers: what goes out, what does not, what is said of it, and that nothing goes twice."""
import json
import os
import pathlib
import socket
import subprocess

import doors
import tap


def smtp(e, name="mail", **more):
    return {"name": name, "kind": "smtp", "host": "localhost", "port": e.port, "user": "kizuki", "password": "pass word", "from": "kizuki@mail.test",
            "from_name": "気付き", "allow": ["127.0.0.0/8", "::1"], "ca": str(e.d / "mail.crt")} | more


def http(n, name, path="/ok", **more):
    return {"name": name, "kind": "http", "url": f"https://localhost:{n.port}{path}", "allow": ["127.0.0.0/8", "::1"], "ca": str(n.d / "mail.crt"),
            "headers": {"Authorization": "Bearer {{secret.token}}", "X-Case": "{{case}}"}, "secrets": {"token": "s3cr3t-t0k3n"},
            "body": '{"to":"{{to}}","text":"{{text}}"}'} | more


def said(o, state, why, *words):
    assert (o["state"], o["why"]) == (state, why), o
    for w in words:
        assert w in o["sentence"], o


@tap.test
def mail_goes_out_and_what_fails_is_said():
    with doors.outside(web=False) as (d, e, _):
        ways = [smtp(e), smtp(e, "first_tls", port=e.tls_port, tls="tls"), smtp(e, "wrong", password="wrong"), smtp(e, "doubtful", ca="/etc/ssl/certs/ca-certificates.crt"),
                smtp(e, "inner", allow=[]), smtp(e, "clear", port=e.plain_port), smtp(e, "not_there", port=1), smtp(e, "drilled", drill="mark"),
                {"name": "nameless", "kind": "smtp", "host": "no-such-host.invalid", "from": "k@mail.test"}]
        door = doors.Door(d / "data", ways)
        line = door.start()
        subject = "会員サイトへのリスト型攻撃を確認しました。至急ご確認ください（第一報・2026年11月21日）"
        o = line.send("m1.1", "mail", "taro@mail.test", subject=subject, text="一行目\n.\n二行目 – Zeile 3\n")
        said(o, "sent", "sent", "OK")
        m, = e.wait("taro")
        assert str(m["subject"]) == subject and str(m["from"]) == "気付き <kizuki@mail.test>", m.items()
        assert m.get_content() == "一行目\r\n.\r\n二行目 – Zeile 3\r\n", repr(m.get_content())
        assert m["auto-submitted"] == "auto-generated" and m["return-path"] == "<kizuki@mail.test>" and m["message-id"].startswith("<m1.1."), m.items()
        # the same id is one message, asked for how often ever
        assert line.send("m1.1", "mail", "taro@mail.test", subject="again", text="again") == o
        said(line.send("m1.2", "first_tls", "taro@mail.test", subject="x", text="y"), "sent", "sent")
        assert len(e.wait("taro", 2)) == 2
        # an answer by return goes out without a sender, so that nothing answers it
        said(line.send("r1", "mail", "hana@mail.test", subject="x", text="y", auto="replied", in_reply_to="abc@x.test"), "sent", "sent")
        m, = e.wait("hana")
        assert m["return-path"] == "<>" and m["auto-submitted"] == "auto-replied" and m["in-reply-to"] == "<abc@x.test>", m.items()
        said(line.send("d1", "mail", "taro@mail.test", True, subject="x", text="y"), "refused", "drill")
        said(line.send("d2", "drilled", "drill@mail.test", True, subject="x", text="y"), "sent", "sent")
        assert "訓練" in str(e.wait("drill")[0]["subject"])
        said(line.send("f1", "mail", "nobody@mail.test", subject="x", text="y"), "refused", "refused", "no such person here")
        said(line.send("f2", "mail", "later@mail.test", subject="x", text="y"), "failed", "later", "try later")
        said(line.send("f3", "wrong", "taro@mail.test", subject="x", text="y"), "refused", "sign_in", "user and password")
        said(line.send("f4", "doubtful", "taro@mail.test", subject="x", text="y"), "refused", "certificate", "`ca`")
        said(line.send("f5", "inner", "taro@mail.test", subject="x", text="y"), "refused", "private_address", "loopback", "`allow`")
        said(line.send("f6", "clear", "taro@mail.test", subject="x", text="y"), "refused", "no_starttls")
        said(line.send("f7", "not_there", "taro@mail.test", subject="x", text="y"), "failed", "connect")
        said(line.send("f8", "nameless", "taro@mail.test", subject="x", text="y"), "failed", "resolve")
        said(line.send("f9", "mail", "a@mail.test>\r\nRCPT TO:<b@mail.test", subject="x", text="y"), "refused", "message")
        said(line.send("f10", "mail", "taro@mail.test", subject="x\r\nBcc: b@mail.test", text="y"), "refused", "message")
        said(line.send("f11", "no_way", "taro@mail.test", subject="x", text="y"), "refused", "way")
        assert len(e.box("taro")) == 2
        # through the command line, with words a person can act on
        r = tap.run(tap.KIZUKI, "door", "try", "mail", "--to", "try@mail.test", "--data", door.data)
        assert r.returncode == 0 and r.stdout.startswith(b"sent: "), r
        e.wait("try")
        r = tap.run(tap.KIZUKI, "door", "try", "wrong", "--to", "try@mail.test", "--data", door.data)
        assert r.returncode == 1 and b"user and password" in r.stdout, r
        line.close()
        door.stop()
        assert "pass word" not in door.said() and "cGFzcyB3b3Jk" not in door.said()


@tap.test
def http_by_template_a_second_carrier_and_programs():
    with doors.outside(mail=False) as (d, _, n):
        told = d / "told"
        ways = [http(n, "ticket", a_minute=100), http(n, "checked", answer_has='"status":"accepted"'), http(n, "unchecked", answer_has="queued"), http(n, "no", "/no"),
                http(n, "away", "/away"), http(n, "huge", "/huge", answer_has="accepted"), http(n, "between", "/between"),
                http(n, "sms", "/busy", **{"else": "sms2"}), http(n, "sms2", "/ok/second"),
                http(n, "form", "/ok/{{to}}?n=1", body="to={{to}}&text={{text}}", escape="form"), http(n, "few", a_minute=1),
                {"name": "program", "kind": "program", "argv": ["/bin/sh", "-c", 'printf "%s|" "$@" > ' + str(told), "-", "{{to}}", "{{text}}"]},
                {"name": "failing", "kind": "program", "argv": ["/bin/sh", "-c", "echo no line; exit 3"]},
                {"name": "hanging", "kind": "program", "argv": ["/bin/sleep", "100"], "timeout": "1s"}]
        door = doors.Door(d / "data", ways)
        line = door.start()
        text = '重要: "引用" \\ \n</x>&;$(id)`id`'
        said(line.send("h1", "ticket", "+819012345678", text=text, case="K-1"), "sent", "sent", "200", "accepted")
        got = n.requests()[-1]
        assert json.loads(got["body"]) == {"to": "+819012345678", "text": text} and got["auth"] == "Bearer s3cr3t-t0k3n" and got["x"] == "K-1", got
        assert got["method"] == "POST" and got["type"] == "application/json", got
        said(line.send("h2", "ticket", "x", text="t"), "refused", "message", "'case'")  # half a message is none
        said(line.send("h3", "ticket", "x", text="t", case="a\r\nEvil: 1"), "refused", "message")
        said(line.send("h4", "checked", "x", text="t", case="1"), "sent", "sent")
        said(line.send("h5", "unchecked", "x", text="t", case="1"), "refused", "answer", "queued")
        said(line.send("h6", "no", "x", text="t", case="1"), "refused", "status", "400", "bad number")
        said(line.send("h7", "away", "x", text="t", case="1"), "refused", "redirect")
        said(line.send("h8", "huge", "x", text="t", case="1"), "unknown", "too_large")
        said(line.send("h9", "between", "x", text="t", case="1"), "unknown", "status")
        o = line.send("h10", "sms", "+8190", text="t", case="1")
        said(o, "sent", "sent", "after 'sms'", "503")
        assert o["by"] == "sms2" and n.requests()[-1]["uri"] == "/ok/second"
        said(line.send("h11", "form", "a&b/../c", text="x=1&y 気", case="1"), "sent", "sent")
        got = n.requests()[-1]
        assert got["uri"] == "/ok/a%26b%2F..%2Fc?n=1" and got["body"] == "to=a%26b%2F..%2Fc&text=x%3D1%26y%20%E6%B0%97", got
        said(line.send("h12", "few", "x", text="t", case="1"), "sent", "sent")
        o = line.send("h13", "few", "x", text="t", case="1")
        if o["state"] != "sent":  # a minute may have ended between the two
            said(o, "failed", "rate")
            assert o["again"]
        said(line.send("p1", "program", "a b", text="$(touch /tmp/x); 気 '"), "sent", "sent")
        assert told.read_text() == "a b|$(touch /tmp/x); 気 '|"
        said(line.send("p2", "failing"), "refused", "program", "status 3", "no line")
        said(line.send("p3", "hanging"), "unknown", "timeout")
        # nothing of the file is ever told but names and kinds
        assert "s3cr3t" not in json.dumps(line.ways()) and "s3cr3t" not in door.said()
        assert [w["name"] for w in line.ways()["ways"]][:2] == ["ticket", "checked"]
        before = len(n.requests())
        line.close()
        door.stop()
        line = door.start("--replay")
        said(line.send("h100", "ticket", "x", text="t", case="1"), "refused", "replay")
        assert len(n.requests()) == before
        line.close()
        door.stop()


@tap.test
def a_crash_between_sending_and_answer_is_said_and_nothing_goes_twice():
    with doors.outside() as (d, e, n):
        door = doors.Door(d / "data", [smtp(e), http(n, "slow", "/slow"), http(n, "ok")])
        line = door.start()
        said(line.send("a1", "ok", "x", text="t", case="1"), "sent", "sent")
        line.say({"t": "send", "id": "a2", "way": "slow", "to": "x", "vars": {"text": "t", "case": "1"}})
        line.say({"t": "send", "id": "a3", "way": "mail", "to": "slow@mail.test", "vars": {"text": "t", "subject": "s"}})
        held = d / "data/door/sent.journal"
        tap.wait_until(lambda: " b a3 " in held.read_text() and " b a2 " in held.read_text(), 60, what="both begun")
        door.kill()
        line.close()
        line = door.start()
        assert "2 messages were under way" in door.said(), door.said()
        for id, way in (("a2", "slow"), ("a3", "mail")):
            said(line.send(id, way, "x@mail.test", text="t", case="1", subject="s"), "unknown", "crash", "may have been taken or not")
        said(line.send("a1", "ok", "x", text="t", case="1"), "sent", "sent")
        assert len([r for r in n.requests() if r["uri"] == "/ok"]) == 1
        # a new file is taken up, a broken one is said, and a readable one refused
        door.write("ways:\n  - {name: mail, kind: smtp}\n")
        door.child.wait(60)
        line.close()
        line = door.start()
        assert "wants host and from" in line.ways()["problem"] and not line.ways()["ways"]
        said(line.send("b1", "mail", "x", text="t"), "refused", "way", "door.yml")
        line.close()
        door.write([smtp(e)])
        door.child.wait(60)
        (door.data / "door/door.yml").chmod(0o644)
        line = door.start()
        assert "chmod 600" in line.ways()["problem"]
        line.close()
        door.stop()


@tap.test
def the_door_is_walled_in():
    """What it may open: its own folder and what names and TLS need; what it may start: nothing."""
    with tap.folder() as d:
        data = d / "data"
        (data / "room").mkdir(parents=True)
        (data / "room/secret").write_text("x")
        door = doors.Door(data, [])
        line = door.start()
        status = pathlib.Path(f"/proc/{door.child.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, status
        line.s.sendall(b"\xff\xff\xff\xff")
        assert not line.f.read(1)  # a broken frame ends that connection and no other
        line.close()
        other = door.connect()
        said(other.send("x y", "mail"), "refused", "message")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(data / "run/door.sock"))
            s.sendall(doors.frame({"t": "open"}))
            assert not s.recv(1)
        assert other.ways()["ways"] == []
        other.close()
        door.stop()


tap.main()
