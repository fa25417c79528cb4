"""Messages from the room through the door to real servers: sent once, tried again, acknowledged, through kills of both programs."""
import contextlib
import re
import signal
import time

import doors
import programs
import rooms
import tap


@contextlib.contextmanager
def served(e, n):
    with programs.served({"sources": []}) as s:
        s.wait_up()
        door = doors.Door(s.data, [
            {"name": "mail", "kind": "smtp", "host": "localhost", "port": e.port, "user": "kizuki", "password": "pass word", "from": "kizuki@mail.test",
             "allow": ["127.0.0.0/8", "::1"], "ca": str(e.d / "mail.crt"), "a_minute": 1000},
            {"name": "sms", "kind": "http", "url": f"https://localhost:{n.port}/ok", "allow": ["127.0.0.0/8", "::1"], "ca": str(n.d / "mail.crt"),
             "body": '{"to":"{{to}}","text":"{{text}}"}'}])
        yield s, door


def states(b):
    return {m["id"]: m["state"] for m in b.get("/messages")["messages"]}


def wait_state(b, id, *wanted):
    tap.wait_until(lambda: states(b)[id] in wanted, 60, what=lambda: b.get("/messages"))
    return next(m for m in b.get("/messages")["messages"] if m["id"] == id)


@tap.test
def sent_acknowledged_and_once_through_kills():
    with doors.outside() as (d, e, n), served(e, n) as (s, door):
        b = s.browser()
        tap.wait_until(lambda: [w["name"] for w in b.get("/messages")["ways"]] == ["mail", "sms"], 60, what=lambda: b.get("/messages"))
        one = b.api("POST", "/messages", {"way": "mail", "address": "taro@mail.test", "who": "山田", "subject": "至急", "text": "開けない。\n{{link}}\n以上", "ask": True})["id"]
        m = wait_state(b, one, "sent")
        assert m["tries"] == 1 and m["asks"] and m["sent_at"] and "OK" in m["said"], m
        mail, = e.wait("taro")
        link = re.search(r"https://\S+(/ack\?token=[0-9a-f]{32})\r?\n以上", mail.get_content())[1]
        # who looks at a link acknowledges nothing: a scanner, a preview, a head
        stranger = rooms.Browser(s)
        for _ in range(2):
            r = stranger.request("GET", link)
            assert r.status == 200 and "<button>" in r.text and "form-action 'self'" in r.headers["content-security-policy"], r.text
        assert states(b)[one] == "sent"
        assert stranger.request("GET", "/ack?token=" + "0" * 32).status == 404 and stranger.request("POST", "/ack?token=x").status == 404
        assert stranger.request("POST", link).status == 200
        m = wait_state(b, one, "acknowledged")
        assert m["acknowledged_how"] == "link" and m["acknowledged_at"], m
        assert "<button>" not in stranger.request("GET", link).text
        sms = b.api("POST", "/messages", {"way": "sms", "address": "+8190", "text": '"気付き"'})["id"]
        wait_state(b, sms, "sent")
        gone = b.api("POST", "/messages", {"way": "mail", "address": "nobody@mail.test", "text": "x"})["id"]
        assert "no such person" in wait_state(b, gone, "refused")["said"]
        assert wait_state(b, b.api("POST", "/messages", {"way": "pigeon", "text": "x"})["id"], "refused")["why"] == "way"
        # nobody there: it waits, and goes out when somebody is
        e.stop()
        late = b.api("POST", "/messages", {"way": "mail", "address": "late@mail.test", "text": "x"})["id"]
        tap.wait_until(lambda: any(m["id"] == late and m["why"] == "connect" for m in b.get("/messages")["messages"]), 60, what=lambda: b.get("/messages"))
        e.start()
        wait_state(b, late, "sent")
        # both programs killed in the middle, again and again: nothing goes twice, and what is sent has come
        ids = []
        for i in range(12):
            ids.append(b.api("POST", "/messages", {"way": "mail", "address": f"kill{i}@mail.test", "text": "x"})["id"])
            if i in (3, 6, 9):
                tap.wait_until(lambda: any(states(b)[x] in ("sending", "sent") for x in ids[-2:]), 60)
                for name in ("kizuki-door", "kizuki-room") if i != 6 else ("kizuki-door",):
                    tap.wait_until(lambda x=name: s.kill(x), 60)
                tap.wait_until(lambda: alive(b), 60, what=lambda: s.output()[-2000:])
        tap.wait_until(lambda: all(states(b)[x] in ("sent", "unknown") for x in ids), 60, what=lambda: states(b))
        for i, id in enumerate(ids):
            got = len(e.wait(f"kill{i}")) if states(b)[id] == "sent" else len(e.box(f"kill{i}"))
            assert got <= 1 and (got == 1 or states(b)[id] == "unknown"), (i, got, states(b)[id])
        unknown = [i for i, x in enumerate(ids) if states(b)[x] == "unknown"]
        for i in unknown:  # a person decides
            b.api("POST", f"/messages/{ids[i]}/again", {})
            wait_state(b, ids[i], "sent")
        assert len([r for r in n.requests()]) == 1
        assert b.get("/audit/verify")["ok"]


def alive(b):
    with contextlib.suppress(Exception):
        return b.get("/messages")["door"]


tap.main()
