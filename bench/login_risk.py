#!/usr/bin/env python3
"""How long a member site waits for the judgement of a login: ./dev bench login_risk [--accounts N] [--asks N].

A sensor tells a room of ACCOUNTS accounts (100,000) with three logins each, in the messages it really uses; then a caller with its token asks over one
connection of HTTPS for accounts drawn at random, a tenth of them strange ways in, while the sensor goes on telling of logins. Printed are the times of the caller
(network of this machine, TLS and JSON included), those the room says of itself, and beside them by turns the floor: GET /api/v1/me without a session, which is
refused after a look-up. Aim: 50 ms."""
import argparse
import hashlib
import json
import pathlib
import random
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "flow"))
import rooms  # noqa: E402
import tap  # noqa: E402

TOKEN = "bench-token-of-the-member-site"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
A_MESSAGE = 1500


def home(i):
    return f"198.{18 + (i >> 16 & 1)}.{i >> 8 & 255}.{i & 255}"


def row(i, ago_s):
    return ["login_success", int((time.time() - ago_s) * 1000), {"user.name": f"member{i:06}", "service.name": "site", "source.ip": home(i), "user_agent.original": CHROME}]


def fill(r, sensor, accounts):
    for turn in range(3):
        for at in range(0, accounts, A_MESSAGE):
            sensor.send({"t": "matches", "rows": [row(i, 86400 * (3 - turn)) for i in range(at, min(at + A_MESSAGE, accounts))], "lost": 0})
    tap.wait_until(lambda: r.one("SELECT count(*) FROM login_seen") == 3 * accounts, 900, 1, what="the logins")


def per_cent(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--accounts", type=int, default=100_000)
    p.add_argument("--asks", type=int, default=5_000)
    a = p.parse_args()
    rng = random.Random(22)
    config = f"login: {{callers: [{{name: site, token_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}]}}\n"
    with rooms.room(config=config) as r:
        sensor, b = r.sensor(), rooms.Browser(r, "127.0.0.9")
        began = time.monotonic()
        fill(r, sensor, a.accounts)
        print(f"{3 * a.accounts} logins of {a.accounts} accounts told in {time.monotonic() - began:.0f} s")
        waited, own, floor, answers = [], [], [], {"allow": 0, "ask": 0, "deny": 0}
        for n in range(a.asks):
            i, strange = rng.randrange(a.accounts), n % 10 == 0
            body = {"account": f"member{i:06}", "address": "203.0.113.9" if strange else home(i), "agent": PHONE if strange else CHROME, "service": "site"}
            began = time.perf_counter()
            x = b.request("POST", "/api/v1/login-risk", body, {"Authorization": f"Bearer {TOKEN}"})
            waited.append((time.perf_counter() - began) * 1000)
            assert x.status == 200, x.text
            x = json.loads(x.text)
            own.append(x["took_ms"])
            answers[x["answer"]] += 1
            assert strange or x["answer"] == "allow", x
            if n % 50 == 0:
                sensor.send({"t": "matches", "rows": [row(rng.randrange(a.accounts), 0) for _ in range(50)], "lost": 0})
                began = time.perf_counter()
                b.request("GET", "/api/v1/me", headers={"Authorization": f"Bearer {TOKEN}"})
                floor.append((time.perf_counter() - began) * 1000)
        for name, values in (("caller waits", waited), ("room judges", own), ("floor: a refusal", floor)):
            print(f"{name:18} p50 {statistics.median(values):7.2f} ms   p99 {per_cent(values, 99):7.2f} ms   p99.9 {per_cent(values, 99.9):7.2f} ms   n {len(values)}")
        print(f"answers {answers}")
        tap.wait_until(lambda: r.one("SELECT count(*) FROM login_answer") == a.asks, 60, 0.2, what="every answer kept")
        print(f"kept {r.one('SELECT count(*) FROM login_answer')} of {a.asks}")


main()
