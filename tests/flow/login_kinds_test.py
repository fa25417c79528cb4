#!/usr/bin/env python3
"""Which attack is it, seen through which window, and how soon.

Each case is a log of its own: an hour of a service's ordinary people and one attack as the words are commonly used
(many passwords at one account; a list of passwords at a few accounts; a few passwords at very many accounts; a list of
account-password pairs, each tried once). The generator knows nothing of the rules. What is asked: the right kind is
named and no other, its grounds are the attack's own figures, nobody else is accused, and the first finding stands
within 60 seconds of the attack's first try. The times are printed."""
import datetime
import json
import random

import tap

START = datetime.datetime(2026, 11, 22, 3, 0, tzinfo=datetime.timezone.utc)
ATTACK = 1800.0  # seconds after START
TOOL = "python-requests/2.31.0"
BROWSERS = ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/142",
            "Mozilla/5.0 (Linux; Android 14)", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"]


def people(r, service):
    """(seconds, service, account, address, agent, good): 400 accounts, each from its own address, 2 % mistyped."""
    for _ in range(1500):
        t, k = r.random() * 3600, r.randrange(400)
        agent = BROWSERS[k % len(BROWSERS)]
        if r.random() < 0.02:
            yield t, service, f"member{k}", f"198.18.{k >> 8}.{k & 255}", agent, False
            t += 9
        yield t, service, f"member{k}", f"198.18.{k >> 8}.{k & 255}", agent, True


def bots(n):
    return [f"203.0.113.{i + 1}" for i in range(n)]


def tries(r, pairs, addresses, per_second, service="shop", agents=(TOOL,)):
    for i, account in enumerate(pairs):
        yield ATTACK + i / per_second, service, account, addresses[i % len(addresses)], r.choice(agents), False


def brute_force(r, addresses, per_second):
    return tries(r, ["member7"] * 600, addresses, per_second)


def dictionary(r, addresses, per_second):
    """Each password at each of five accounts."""
    return tries(r, [f"member{i}" for _ in range(120) for i in range(5)], addresses, per_second)


def dictionary_in_turn(r, addresses, per_second):
    """All passwords at one account, then at the next."""
    return tries(r, [f"member{i}" for i in range(5) for _ in range(120)], addresses, per_second)


def spraying(r, addresses, per_second):
    everyone = [f"member{i}" for i in range(60)]
    return tries(r, everyone * 6, addresses, per_second)


def account_list(r, addresses, per_second):
    """A list from elsewhere: most of its accounts are not known here, each pair is tried once."""
    return tries(r, [f"stranger{i}" if r.random() < 0.6 else f"member{r.randrange(400)}" for i in range(600)], addresses, per_second)


def one_tool(r, _addresses, per_second):
    """Over three services, from ever new addresses, each pair once: only the program is the same."""
    for i in range(600):
        yield (ATTACK + i / per_second, ("shop", "forum", "mail")[i % 3], f"stranger{i}",
               f"203.0.{112 + i // 250}.{i % 250 + 1}", TOOL, False)


def write(path, r, attack):
    rows = sorted([*people(r, "shop"), *attack], key=lambda x: x[0])
    with open(path, "w") as f:
        for t, service, account, address, agent, good in rows:
            event = {"@timestamp": (START + datetime.timedelta(seconds=round(t, 3))).isoformat(timespec="milliseconds"),
                     "event.category": "authentication", "event.action": "login", "event.outcome": "success" if good else "failure",
                     "service.name": service, "user.name": account, "source.ip": address, "user_agent.original": agent}
            if not good and account.startswith("stranger"):
                event["kizuki.login.user_known"] = "false"
            f.write(json.dumps(event) + "\n")


def seconds(text):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - START).total_seconds()


def noticed(name, make, addresses, per_second, seed=11):
    with tap.folder() as d:
        r = random.Random(seed)
        attack = list(make(r, addresses, per_second))
        write(d / "login.ndjson", r, attack)
        run = tap.run(tap.KIZUKI, "hunt", d / "login.ndjson")
        assert run.returncode == 0, run.stderr
    findings = [json.loads(l) for l in run.stdout.splitlines()]
    guilty = {a[3] for a in attack}
    for f in findings:
        net = f["group"].get("kizuki.source.net")
        assert net is None or net in guilty, f"an ordinary address is accused: {net} by {f['rule']['name']}"
    assert findings, "nothing was noticed"
    first = min(seconds(f["detected"]) for f in findings) - ATTACK
    print(f"# {name}: noticed {first:.1f} s after the first try, by {', '.join(sorted({f['rule']['name'] for f in findings}))}")
    return findings, first, attack


def kind_of(findings, group):
    return {f["rule"]["kind"] for f in findings if group in f["group"] and f["rule"].get("kind") not in (None, "", "burst")}


def grounds(findings, kind, group):
    """Measures of the finding that saw most."""
    return max((f for f in findings if f["rule"]["kind"] == kind and group in f["group"]), key=lambda f: f["count"])["measures"]


def by_address(name, make, kind, check):
    findings, first, attack = noticed(f"{name}, one address", make, bots(1), 4)
    assert first <= 60, first
    kinds = kind_of(findings, "kizuki.source.net")
    assert kinds == {kind}, kinds
    m = grounds(findings, kind, "kizuki.source.net")
    assert m["failure_rate"] == 1, m
    check(m, attack)


@tap.test
def brute_force_from_one_address_is_told_by_its_one_account():
    def check(m, attack):
        assert m["accounts"] == 1 and m["failures"] == len(attack), m
    by_address("brute force", brute_force, "brute_force", check)


@tap.test
def a_dictionary_from_one_address_is_told_by_tries_an_account():
    def check(m, _attack):
        assert m["accounts"] == 5 and m["tries_per_account"] >= 50, m
    by_address("dictionary", dictionary, "dictionary_attack", check)


@tap.test
def a_dictionary_account_by_account_is_told_once_there_are_several_accounts():
    findings, first, attack = noticed("dictionary in turn, one address", dictionary_in_turn, bots(1), 4)
    assert first <= 60, first
    of = {f["rule"]["kind"]: f for f in findings if "kizuki.source.net" in f["group"]}
    assert set(of) == {"burst", "brute_force", "dictionary_attack"}, set(of)
    assert of["brute_force"]["detected"] < of["dictionary_attack"]["detected"], "one account is brute force, several are a dictionary"


@tap.test
def spraying_from_one_address_is_told_by_many_accounts_with_few_tries():
    def check(m, _attack):
        assert m["accounts"] == 60 and 2 <= m["tries_per_account"] <= 7, m
    by_address("spraying", spraying, "spraying", check)


@tap.test
def an_account_list_from_one_address_is_told_by_its_strangers():
    def check(m, attack):
        assert m["accounts"] >= 0.9 * len({a[2] for a in attack}) and m["tries_per_account"] < 1.5, m
    by_address("account list", account_list, "list_attack", check)


@tap.test
def one_account_tried_from_many_addresses_is_seen_by_account():
    findings, first, attack = noticed("brute force, 40 addresses", brute_force, bots(40), 4)
    assert first <= 60, first
    of = [f for f in findings if f["group"].get("user.name") == "member7"]
    assert "brute_force" in {f["rule"]["kind"] for f in of}, findings


@tap.test
def a_list_spread_over_addresses_is_seen_by_service():
    findings, first, attack = noticed("account list, 200 addresses", account_list, bots(200), 4)
    assert first <= 60, first
    assert kind_of(findings, "service.name") == {"list_attack"}, kind_of(findings, "service.name")
    assert {f["group"]["service.name"] for f in findings if "service.name" in f["group"]} == {"shop"}


@tap.test
def spraying_spread_over_addresses_is_seen_by_service():
    findings, first, attack = noticed("spraying, 200 addresses", spraying, bots(200), 4)
    assert first <= 60, first
    assert "spraying" in kind_of(findings, "service.name"), kind_of(findings, "service.name")


@tap.test
def one_program_over_services_and_addresses_is_seen_by_user_agent():
    findings, first, attack = noticed("one program, 3 services, 600 addresses", one_tool, None, 4)
    assert first <= 60, first
    agents = {f["group"]["user_agent.original"] for f in findings if "user_agent.original" in f["group"]}
    assert agents == {TOOL}, agents


@tap.test
def an_outage_is_no_attack_of_any_kind():
    """For ten minutes everybody is refused, and tries again: each account from its own address."""
    with tap.folder() as d:
        r = random.Random(3)
        refused = [(ATTACK + i * 1.5 + k * 11, "shop", f"member{i}", f"198.18.{i >> 8}.{i & 255}", BROWSERS[i % 4], False)
                   for i in range(400) for k in range(r.choice([1, 2, 2, 3]))]
        write(d / "login.ndjson", r, refused)
        run = tap.run(tap.KIZUKI, "hunt", d / "login.ndjson")
    found = [json.loads(l) for l in run.stdout.splitlines()]
    assert not {f["rule"]["kind"] for f in found} - {"burst"}, found
    assert all("service.name" in f["group"] for f in found), "somebody is accused"


@tap.test
def a_morning_without_an_attack_accuses_nobody():
    for seed in range(5):
        with tap.folder() as d:
            write(d / "login.ndjson", random.Random(seed), [])
            run = tap.run(tap.KIZUKI, "hunt", d / "login.ndjson")
            assert run.returncode == 0 and not run.stdout, run.stdout[:500]


tap.main()
