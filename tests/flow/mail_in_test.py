"""A suspicious mail from a person's mail program to an answer: exim, dovecot, the door, the reader, the room, and back."""
import email.message
import email.policy
import smtplib

import doors
import mail_make
import programs
import tap


def post(e, sender, message, to="report@mail.test"):
    with smtplib.SMTP("127.0.0.1", e.plain_port) as s:
        s.sendmail(sender, [to], message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def forwarded(sender, inner, **headers):
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"], m["Message-ID"] = sender, "report@mail.test", "Fwd: 怪しいメール", f"<{sender}>"
    for k, v in headers.items():
        m[k.replace("_", "-")] = v
    m.set_content("怪しいので送ります。")
    m.add_attachment(email.message_from_bytes(inner.as_bytes(), policy=email.policy.default))
    return m


@tap.test
def from_a_mailbox_to_an_answer():
    tap.need_program("dovecot")
    with doors.outside(web=False) as (d, e, _):
        box = doors.Dovecot(d)
        try:
            with programs.served({"sources": []}) as s:
                s.wait_up()
                reach = {"allow": ["127.0.0.0/8", "::1"], "ca": str(d / "mail.crt")}
                local = d / "local"
                for name in ("new", "cur", "tmp"):
                    (local / name).mkdir(parents=True)
                doors.Door(s.data, [
                    {"name": "mail", "kind": "smtp", "host": "localhost", "port": e.port, "user": "kizuki", "password": "pass word", "from": "report@mail.test"} | reach,
                    {"name": "box", "kind": "imap", "host": "localhost", "port": box.port, "user": "report", "password": "geheim", "every": "1s"} | reach,
                    {"name": "wrong", "kind": "imap", "host": "localhost", "port": box.port, "user": "report", "password": "x", "every": "10m"} | reach,
                    {"name": "local", "kind": "maildir", "path": str(local), "every": "1s"}])
                b = s.browser()
                suspect, subject, program = mail_make.suspicious("iso-2022-jp")
                post(e, "hanako@mail.test", forwarded("hanako@mail.test", suspect))
                tap.wait_until(lambda: b.get("/mail-reports")["reports"], 60, what=lambda: s.output()[-3000:])
                row, = b.get("/mail-reports")["reports"]
                assert row["subject"] == subject and row["reporter"] == "hanako@mail.test" and row["forwarded"] and row["others"] == 0, row
                one = b.get(f"/mail-reports/{row['id']}")
                mail_make.check(one["report"]["mail"]["inner"][0], subject, program)
                # the answer: with the number, without a sender, of a machine, to the mail it belongs to
                a, = e.wait("hanako")
                assert f"[R-{row['id']}]" in str(a["subject"]) and "受付番号" in a.get_content() and "Do not" in a.get_content(), a
                assert a["return-path"] == "<>" and a["auto-submitted"] == "auto-replied" and a["in-reply-to"] == "<hanako@mail.test>", a.items()
                # others report the same mail, one of them a machine: one row, and no machine is answered
                post(e, "jiro@mail.test", forwarded("jiro@mail.test", suspect))
                post(e, "robot@mail.test", forwarded("robot@mail.test", suspect, Auto_Submitted="auto-generated"))
                (local / "new" / "1.x").write_bytes(forwarded("saburo@mail.test", suspect).as_bytes())
                tap.wait_until(lambda: b.get("/mail-reports")["reports"][0]["others"] == 3, 60, what=lambda: (b.get("/mail-reports"), s.output()[-3000:]))
                for who in ("jiro", "saburo"):
                    assert f"[R-{row['id']}]" in str(e.wait(who)[0]["subject"])
                assert not e.box("robot") and len(b.get("/mail-reports")["reports"]) == 1
                assert [p.name for p in (local / "cur").iterdir()] == ["1.x:2,S"]
                # it opens a case: linked, on the timeline, not by two who saw the same version
                version = b.get(f"/mail-reports/{row['id']}")["version"]
                case = b.api("POST", f"/mail-reports/{row['id']}/case", {"version": version})["incident"]
                assert b.get("/mail-reports")["reports"][0]["incident"] == case
                assert b.get(f"/incidents/{case['id']}")["title"]["params"]["n"] == 4
                said, = [x for x in b.get(f"/incidents/{case['id']}/timeline")["entries"] if x["ref"] == f"mail:{row['id']}"]
                assert said["text"]["key"] == "event.mail_attached" and said["source"] == "person", said
                b.api("POST", f"/mail-reports/{row['id']}/case", {"version": version, "incident": case["id"]}, want=409)
                b.api("POST", f"/mail-reports/{row['id']}/case", {"version": version + 1, "incident": 999}, want=404)
                assert len(b.get("/incidents?state=all")["incidents"]) == 1
                # one sender that never ends is answered three times an hour
                for i in range(5):
                    other = mail_make.suspicious()[0]
                    other.replace_header("Message-ID", f"<other.{i}@evil.example>")
                    post(e, "loop@mail.test", forwarded("loop@mail.test", other))
                tap.wait_until(lambda: len(b.get("/mail-reports")["reports"]) == 6, 60, what=lambda: b.get("/mail-reports"))
                tap.wait_until(lambda: not {"waiting", "sending"} & set(b.get("/messages")["counts"]), 60, what=lambda: b.get("/messages")["counts"])
                assert len(e.wait("loop", 3)) == 3
                # an answer to a message of ours acknowledges it; a bounce of one marks it; a note was left for the rules
                asked = b.api("POST", "/messages", {"way": "mail", "address": "taro@mail.test", "subject": "至急", "text": "返信してください", "ask": True})["id"]
                gone = b.api("POST", "/messages", {"way": "mail", "address": "ichiro@mail.test", "subject": "至急", "text": "x"})["id"]
                ours = e.wait("taro")[0]["message-id"]
                theirs = e.wait("ichiro")[0]
                reply = email.message.EmailMessage()
                reply["From"], reply["Subject"], reply["In-Reply-To"], reply["Message-ID"] = "taro@mail.test", "Re: 至急", ours, "<r@x>"
                reply.set_content("了解")
                post(e, "taro@mail.test", reply)
                bounce = email.message_from_bytes(b'From: MAILER-DAEMON@mail.test\nSubject: undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary="q"; report-type=delivery-status\n\n--q\n\nno\n--q\nContent-Type: text/rfc822-headers\n\nMessage-ID: ' + theirs["message-id"].encode() + b"\n\n--q--\n")
                post(e, "", bounce)
                state = lambda id: next(m for m in b.get("/messages")["messages"] if m["id"] == id)
                tap.wait_until(lambda: state(asked)["state"] == "acknowledged" and state(gone)["state"] == "bounced", 60, what=lambda: (state(asked), state(gone)))
                assert state(asked)["acknowledged_how"] == "answer" and len(b.get("/mail-reports")["reports"]) == 6
                r = tap.run(tap.KIZUKI, "door", "try", "box", "--data", s.data)
                assert r.returncode == 0 and b"answers" in r.stdout, r
                r = tap.run(tap.KIZUKI, "door", "try", "wrong", "--data", s.data)
                assert r.returncode == 1 and b"user and password" in r.stdout, r
                assert "geheim" not in s.output() and b.get("/audit/verify")["ok"]
        finally:
            box.stop()


tap.main()
