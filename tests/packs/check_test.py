#!/usr/bin/env python3
"""`kizuki pack new|check|sign|verify|export` as a person uses them, and the schemas held against another validator."""
import ast
import datetime
import json
import pathlib
import re
import shutil
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import tap

try:
    import yaml
    import jsonschema
except ImportError:
    yaml = jsonschema = None

PACKS = tap.ROOT / "packs"
PACK = "nisc-2014-2-account-list"
SCHEMAS = tap.ROOT / "content/schemas/pack"

RULE = """title: A sign-in nobody expects
id: 8f4f3b7e-52a5-4c6e-9b7e-3f1c2d4e5a60
name: nobody_expects
logsource: {category: authentication}
detection:
    selection: {user.name: nobody}
    condition: selection
level: low
"""
HIDE = """title: Look away
id: 8f4f3b7e-52a5-4c6e-9b7e-3f1c2d4e5a61
logsource: {category: authentication}
filter:
    rules: [login_failure]
    selection: {user.name: root}
    condition: not selection
"""
LONG = """---
title: It remembers for nine hundred years
id: 8f4f3b7e-52a5-4c6e-9b7e-3f1c2d4e5a62
correlation: {type: value_count, rules: [nobody_expects], group-by: [source.ip], timespan: 900y, condition: {field: user.name, gte: 1}}
level: critical
"""
CLOSE = """id: close
title: {ja: 閉じる, en: Close}
types: [mitigation]
steps:
  - {id: close, kind: action, action: close_site, lane: it_ops, within: 1m, ja: サイトを閉じる, en: Close the site, next: end}
"""
COMMAND = CLOSE.replace("within: 1m,", "within: 1m, commands: [{type: bash, command: rm -rf /}],")


def kizuki(*args, code=0):
    r = tap.run(tap.KIZUKI, "pack", *args)
    out, err = r.stdout.decode(), r.stderr.decode()
    assert r.returncode == code, f"{args}: {r.returncode}\n{out}{err}"
    assert code == 0 or err.startswith("kizuki: "), err
    return out if code == 0 else err


def copy(d, **files):
    to = d / PACK
    shutil.copytree(PACKS / PACK, to)
    for name, text in files.items():
        path = to / (f"rules/{name}.yml" if name.startswith("rule") else f"{name}.yml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return to


@tap.test
def every_shipped_lesson_passes():
    out = kizuki("check")
    assert out.count(" files, ") == sum(1 for p in PACKS.iterdir()), out
    assert PACK in out and "nothing of it is in force" in out


@tap.test
def a_lesson_begun_from_the_form_passes_and_is_in_nobodys_way():
    with tap.folder() as d:
        kizuki("new", "ours-2026-1", "--in", d)
        out = kizuki("check", d / "ours-2026-1")
        assert "ours-2026-1 version 1" in out and "TLP:AMBER" in out, out
        assert "there already" in kizuki("new", "ours-2026-1", "--in", d, code=1)
        for name in "../x", "A", ".x", "a/b":
            kizuki("new", name, "--in", d, code=1)
        assert sorted(p.name for p in d.iterdir()) == ["ours-2026-1"]


@tap.test
def a_playbook_that_closes_the_site_is_harmless():
    with tap.folder() as d:
        out = kizuki("check", copy(d, playbook=CLOSE, rule_one=RULE))
        assert "brings 1 rules of its own and 1 actions: close_site; nothing of it is in force" in out, out


@tap.test
def what_would_run_hide_or_take_a_place_is_refused_with_its_place():
    shipped = re.search(r"^id: (\S+)", (tap.ROOT / "content/rules/login/00_base.yml").read_text(), re.M)[1]
    rows = [
        (dict(playbook=COMMAND), "playbook.yml:5:", "commands"),
        (dict(rule_hide=HIDE), "rules/rule_hide.yml:1:1", "hides what other rules find"),
        (dict(rule_same=RULE.replace("8f4f3b7e-52a5-4c6e-9b7e-3f1c2d4e5a60", shipped)), "rules/rule_same.yml:2:5", "already taken"),
        (dict(rule_name=RULE.replace("nobody_expects", "login_failure")), "rules/rule_name.yml:", "name"),
        (dict(rule_bad=RULE.replace("condition: selection", "condition: other")), "rules/rule_bad.yml:", "other"),
        (dict(playbook=CLOSE.replace("next: end", "next: nowhere")), "playbook.yml:", "nowhere"),
        (dict(rule_long=RULE + LONG), "rules/rule_long.yml:", "from 1s to 400d"),
        (dict(rule_re=RULE.replace("{user.name: nobody}", "{user.name|re: '((((a{1,100}){1,100}){1,100}){1,100})'}")), "rules/rule_re.yml:6:31", "too large"),
        (dict(rule_deep=RULE.replace("condition: selection", "condition: " + "(" * 5000 + "selection" + ")" * 5000)), "rules/rule_deep.yml:7:", "nested deeper"),
    ]
    for files, place, says in rows:
        with tap.folder() as d:
            err = kizuki("check", copy(d, **files), code=1)
            assert place in err and says in err, err


@tap.test
def signed_exported_verified_and_refused_after_revocation():
    with tap.folder() as d:
        pack, key, keys = copy(d), d / "key", d / "keys.yml"
        assert "kizuki pack sign first" in kizuki("export", pack, "--to", d / "x", code=1)
        assert "is not signed" in kizuki("verify", pack, "--keys", keys, code=1)
        fingerprint = re.search(r"signed by ([0-9a-f]{16})", kizuki("sign", pack, "--key", key))[1]
        kizuki("export", pack, "--to", d / "one.kizuki")
        assert (d / "one.kizuki").read_bytes().startswith(b"kizuki/pack/1\n")
        for place in pack, d / "one.kizuki":
            err = kizuki("verify", place, "--keys", keys, code=1)
            assert fingerprint in err and "nobody here trusts" in err, err
        row = f"keys:\n  - {{key: \"{(d / 'key.pub').read_text().strip()}\", who: A-CERT"
        keys.write_text(row + "}\n")
        for place in pack, d / "one.kizuki":
            assert "as A-CERT" in kizuki("verify", place, "--keys", keys)
        keys.write_text(row + ', revoked_from: "2026-01-01T00:00:00Z", because: lost}\n')
        assert "was revoked" in kizuki("verify", pack, "--keys", keys, code=1)
        soon = lambda days: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys.write_text(row + f', revoked_from: "{soon(2)}", because: a notebook was lost}}\n')
        assert "as A-CERT" in kizuki("verify", pack, "--keys", keys)
        assert "as A-CERT" in kizuki("verify", pack, "--keys", keys, "--received", soon(1))  # was here before the key was lost
        assert "was revoked" in kizuki("verify", pack, "--keys", keys, "--received", soon(3), code=1)
        assert "was revoked" in kizuki("verify", d / "one.kizuki", "--keys", keys, "--received", soon(3), code=1)
        keys.write_text(row + "}\n")
        (pack / "story.en.md").write_text((pack / "story.en.md").read_text() + "\n")
        assert "was changed after it was signed" in kizuki("verify", pack, "--keys", keys, code=1)
        assert "was changed after it was signed" in kizuki("export", pack, "--to", d / "y", code=1)
        assert not (d / "x").exists() and not (d / "y").exists()


STORY = """seed: 5
start: 2026-11-23T00:00:00+09:00
end: 2026-11-23T02:00:00+09:00
sources:
  - {name: mail, product: postfix, service: m, host: mx}
  - {name: imap, product: dovecot, service: m, host: mx}
  - {name: audit, product: auditd, service: w, host: web}
  - {name: web, product: nginx_access, service: m, host: web}
  - {name: ssh, product: sshd, service: m, host: web}
  - {name: app, product: login_event, service: m, host: web}
  - {name: beat, product: metricbeat, service: w, host: web}
  - {name: sys, product: rsyslog, service: w, host: web}
  - {name: apache, product: apache_access, service: x, host: web2}
  - {name: iis, product: iis_w3c, service: x, host: web3}
  - {name: fw, product: fortigate, service: n, host: FGT-1}
  - {name: ct, product: conntrack, service: n, host: gw-1}
  - {name: leases, product: isc_dhcpd, service: n, host: gw-1}
  - {name: leases2, product: dnsmasq, service: n, host: gw-1}
  - {name: windows, product: winlogbeat, service: n, host: collector}
  - {name: vpn1, product: asa_vpn, service: m, host: gw-2}
  - {name: vpn2, product: fortigate_vpn, service: m, host: gw-2}
  - {name: vpn3, product: globalprotect, service: m, host: gw-2}
  - {name: vpn4, product: ivanti, service: m, host: gw-2}
  - {name: vpn5, product: openvpn, service: m, host: gw-2}
  - {name: vpn6, product: strongswan, service: m, host: gw-2}
addresses: {pcs: {from: [192.0.2.0/24], n: 20}, one: {from: [198.51.100.1/32], n: 1}}
accounts: {people: {n: 10}, theirs: {n: 50}, machines: {n: 30}}
agents: {b: {list: [Browser]}}
actors:
  - {id: v, kind: visitors, service: m, per_hour: 40, accounts: people, addresses: pcs, agents: b, pages: [/a], mistypes: 0.5}
  - {id: m, kind: mails, service: m, per_hour: 20, accounts: people, to: theirs, addresses: pcs, bounces: 0.5}
  - {id: f, kind: files, service: w, per_hour: 20, accounts: people, paths: [/srv/www/index.html]}
  - {id: c, kind: metric, host: web, metric: disk, curve: [{at: "2026-11-23T01:00:00+09:00", value: 0.2}]}
  - {id: n, kind: noise, host: web, per_hour: 100}
  - {id: p, kind: probes, service: x, tries: 40, addresses: pcs, agents: b, requests: ["GET /{w}?id={n}", GET /a], pages: [/a]}
  - {id: o, kind: network, per_hour: 60, machines: machines, users: people, inside: pcs, router: gw-1, outer: one, firewall: FGT-1, outside: one, to: pcs, turn: 1h, lease: 20m}
  - {id: o2, kind: network, per_hour: 60, machines: machines, users: people, inside: pcs, router: FGT-1, outer: one, outside: one, to: pcs, turn: 1h, lease: 20m}
  - {id: l, kind: bulk, service: m, until: 2026-11-23T00:20:00+09:00, at_once: 7, bounces: 0.3, list: ["50 *.example.com", "25 example.org"]}
  - {id: h, kind: beacon, of: o, to: one, every: 5m, infected: 2}
"""


def played(story):
    """The lines of a story, as the player hands them to intake (src/intake/replay.h)."""
    out, at = tap.run(tap.KIZUKI, "pack", "play", story).stdout, 0
    while at < len(out):
        n, = struct.unpack_from("<I", out, at)
        if out[at + 16] == 0:
            yield out[at + 17:at + 4 + n]
        at += 4 + n


@tap.test
def what_generators_write_is_read_by_the_decoders_of_their_products():
    with tap.folder() as d:
        (d / "replay.yml").write_text(STORY)
        lines = list(played(d / "replay.yml"))
        r = tap.run(tap.KIZUKI, "decode", "-", input=b"\n".join(lines) + b"\n")
        events = [json.loads(l) for l in r.stdout.splitlines()]
    assert len(events) == len(lines) > 1000, (len(events), len(lines))
    seen = {(e["kizuki.decoder"], e.get("event.action"), e.get("event.outcome")) for e in events}
    for want in [("postfix", "login", "success"), ("postfix", "mail-delivery", "success"), ("postfix", "mail-delivery", "failure"),
                 ("dovecot", "login", "success"), ("dovecot", "login", "failure"), ("sshd", "login", "failure"), ("cron", "cron-command", None),
                 ("fortigate", "connection-closed", "success"), ("fortigate", "dhcp-assign", None), ("fortigate", "dhcp-release", None), ("netfilter", "nat-created", None),
                 *((d, "login", said) for d in ("asa", "fortigate", "panos", "ivanti", "openvpn", "strongswan") for said in ("success", "failure")),
                 ("netfilter", "nat-ended", None), ("dhcpd", "dhcp-assign", None), ("dhcpd", "dhcp-release", None)]:
        assert want in seen, (want, sorted(seen, key=str))
    to = [e["email.to.address"] for e in events if e.get("event.action") == "mail-delivery" and e["email.to.address"].endswith(("example.com", "example.org"))]
    assert sum(t.endswith("@example.org") for t in to) == 25 and sum(".example.com" in t for t in to) == 50, to
    decoders = {d for d, _, _ in seen}
    assert {"iis", "access"} <= decoders, sorted(decoders)
    assert "unknown" not in decoders and {"auditd", "systemd", "windows_logins"} <= decoders, decoders
    assert {e.get("file.path") for e in events if e.get("type") == "PATH"} == {"/srv/www/index.html"}
    assert sum(e.get("system.filesystem.used.pct", 0) > 0 for e in events) == 720
    zoneless = {(e["kizuki.decoder"], e["kizuki.time.basis"]) for e in events if e["kizuki.time.basis"] != "event"}  # gateways that write no zone
    assert zoneless == {("ivanti", "inferred"), ("panos", "inferred")}, zoneless


class Words(getattr(yaml, "CSafeLoader", yaml.SafeLoader) if yaml else object):
    """Days stay words, as they do for Kizuki."""


if yaml:
    Words.yaml_implicit_resolvers = {k: [r for r in v if r[0] != "tag:yaml.org,2002:timestamp"] for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def validators():
    """Of each file of a pack that has a schema: what `kizuki pack schema` prints, for somebody else's validator."""
    found = {}
    for name in "pack", "controls", "expect", "replay", "playbook":
        schema = json.loads(kizuki("schema", name + ".yml"))
        jsonschema.Draft202012Validator.check_schema(schema)
        found[name + ".yml"] = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return found


@tap.test
def the_schemas_are_json_schema_and_shipped_lessons_fit_them():
    tap.need(jsonschema, "python3-yaml and python3-jsonschema are not installed")
    for name, validator in validators().items():
        found = sorted(PACKS.glob(f"*/{name}")) + sorted(SCHEMAS.glob(f"new/{name}"))
        found += sorted(tap.ROOT.glob("content/playbooks/*-*.yml")) if name == "playbook.yml" else []
        assert found, name
        for y in found:
            text = y.read_text().replace("ID-OF-PACK", "x").replace("DAY-OF-TODAY", "2026-11-22")
            wrong = [f"{y}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(yaml.load(text, Loader=Words))]
            assert not wrong, wrong[:3]
    assert "there is no schema" in kizuki("schema", "story.ja.md", code=1)


@tap.test
def every_shipped_playbook_asks_for_an_authority_that_there_is():
    """A word that is no kind of decision is for people to read; in what is shipped it would be a mistake."""
    tap.need(yaml, "python3-yaml is not installed")
    kinds = set(re.findall(r'X\([A-Z]+, "([a-z]+)"\)', (tap.ROOT / "src/duty/authority.h").read_text()))
    assert {"stop", "level"} <= kinds, kinds
    for f in sorted([*PACKS.glob("*/playbook.yml"), *tap.ROOT.glob("content/playbooks/*-*.yml")]):
        for step in yaml.load(f.read_text(), Loader=Words)["steps"]:
            assert step.get("authority", "stop") in kinds, f"{f}: {step['id']} asks for '{step['authority']}'"


@tap.test
def what_is_hostile_by_its_shape_is_refused_by_another_validator_too():
    """The rows of tests/unit/pack/test_hostile.c that change a file: unless it takes more than a schema to see it, a reader of YAML or a validator that
    knows nothing of Kizuki refuses them."""
    tap.need(jsonschema, "python3-yaml and python3-jsonschema are not installed")
    rows = re.findall(r'\{"([^"]+)", \.file = ("[^"]+"), \.from = ("(?:[^"\\]|\\.)*"), \.to = ("(?:[^"\\]|\\.)*"), \.says = ("[^"]*")', (tap.ROOT / "tests/unit/pack/test_hostile.c").read_text())
    judges, refused = validators(), 0
    for what, *parts in rows:
        name, was, becomes, says = (ast.literal_eval("b" + p).decode(errors="surrogateescape") for p in parts)
        text = (PACKS / PACK / name).read_text()
        assert was in text, (what, was)
        try:
            fits = name not in judges or judges[name].is_valid(yaml.load(text.replace(was, becomes, 1), Loader=Words))
        except (yaml.YAMLError, UnicodeError, ValueError):
            fits = False
        refused += not fits
        # Two values or more, a register, a folder, signs nobody sees: no schema says that. All else is a matter of shape.
        # (1:0 is sixty to a reader of YAML 1.1.)
        assert not fits or what == "a version in the sixties" or not re.search(r"no key|none of|less than|wants a number|wants a word|kinds of actors|products are|whole number|plain name|no query|https", says), (what, says)
    assert len(rows) > 35 and refused >= 30, (refused, len(rows))
    print(f"# {refused} of {len(rows)} changed files are refused by a validator of somebody else; the others take more than a schema")


@tap.test
def our_validator_and_another_agree():
    """Every row of tests/unit/pack/test_schema.c, whose answers are what ours gives."""
    tap.need(jsonschema, "python3-yaml and python3-jsonschema are not installed")
    text = (tap.ROOT / "tests/unit/pack/test_schema.c").read_text()
    table = text[text.index("} ROWS[] = {"):text.index("};\n\nstatic int load")]
    rows = re.findall(r'\{("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*"), (true|false)\}', table)
    assert len(rows) > 30
    for schema, value, fits in rows:
        schema, value = (ast.literal_eval("b" + s).decode() for s in (schema, value))
        ok = jsonschema.Draft202012Validator(json.loads(schema)).is_valid(yaml.load(value, Loader=Words))
        assert ok == (fits == "true"), (schema, value, ok)


tap.main()
