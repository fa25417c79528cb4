#!/usr/bin/env python3
"""Labelled log lines of $KIZUKI_TEST_DATA/vectors against the shipped rules of the same class.

CrowdSec's scenarios name the sources that must raise an alert, and no other. Their thresholds are their own, so class and
source are compared, not counts. A class is a scenario and the shipped rules that mean the same. Who guesses passwords is told
by CrowdSec after three to eight tries, by us after twenty, so the lines of these vectors stand there TIMES times. What is not
judged is printed with the reason: no decoder reads the lines (that is looked up, not believed), or no shipped rule means this."""
import collections
import json
import pathlib

import tap
import yaml

# scenario (without its author) -> shipped rules of the same class
CLASSES = {
    "CVE-2019-18935": ["web_known_hole"],
    "CVE-2022-44877": ["web_template_injection"],
    "CVE-2024-38475": ["web_rewrite_confusion", "web_path_traversal"],
    "CVE-2024-9474": ["web_known_hole"],
    "CVE-2023-49103": ["web_known_hole"],
    "apache_log4j2_cve-2021-44228": ["web_template_injection"],
    "fortinet-cve-2018-13379": ["web_known_hole", "web_path_traversal"],
    "http-admin-interface-probing": ["web_admin_pages"],
    "http-backdoors-attempts": ["web_shell_asked_for"],
    "http-cve-2021-41773": ["web_path_traversal"],
    "http-dos-invalid-http-versions": ["web_strange_version"],
    "http-dos-random-uri": ["web_probing"],
    "http-dos-swithcing-ua": ["web_many_browsers"],
    "http-open-proxy": ["web_open_proxy_tried"],
    "http-path-traversal-probing": ["web_path_traversal"],
    "http-probing": ["web_probing", "web_malformed_requests"],
    "http-sensitive-files": ["web_sensitive_files"],
    "http-sqli-probbing-detection": ["web_sql_injection"],
    "http-technology-probing": ["web_product_pages"],
    "http-w00tw00t": ["web_known_hole"],
    "http-wordpress-scan": ["web_wordpress_scan"],
    "nginx-req-limit-exceeded": ["web_rate_limited"],
    "thinkphp-cve-2018-20062": ["web_known_hole"],
    "vmware-cve-2022-22954": ["web_known_hole", "web_template_injection"],
    "vmware-vcenter-vmsa-2021-0027": ["web_known_hole", "web_path_traversal"],
    "zoneminder_cve-2022-39285": ["web_known_hole"],
    "zoneminder_cve-2022-39290": ["web_known_hole"],
}
GUESSING = ["login_burst_by_address", "login_brute_force_by_address", "login_dictionary_by_address", "login_list_by_address", "login_list_untold_by_address", "login_list_early_by_address",
            "login_spraying_by_address", "login_slow_by_address", "login_given_up_by_address"]
CLASSES |= {name: GUESSING for name in ("ssh-bf", "postfix-sasl-bf", "dovecot-time-based-bf", "http-generic-bf", "http-generic-401-bf",
                                    "aws-cloudtrail-bf-console-login", "charon-ipsec-bf")}
TIMES = 20
# Lines are read, and yet there is nothing to judge.
NO_RULE = {
    "bookstack-bf": "what an application writes into a web server's error log in its own words",
    "dovecot-slow-bf": "names accounts, no source",
    "dovecot-slow-bf_user-enum": "names accounts, no source",
    "postfix-honeypot-users": "names that only that site knows nobody has; an operator's own rule",
    "impossible-travel": "where an address lies is not known without a data base of places",
    "impossible-travel-user": "where an address lies is not known without a data base of places",
    "auditd-postexploit-rm": "what a process does on a host; no shipped rule speaks of it yet",
    "auditd-suid-crash": "what a process does on a host; no shipped rule speaks of it yet",
    "ssh-refused-conn": "a connection that TCP wrappers refused is nothing to be told of by itself",
}


def source_of(finding):
    return finding["group"].get("kizuki.source.net", "").removesuffix("::/64")


def is_read(log):
    """Whether a decoder knows what any of the lines says."""
    r = tap.run(tap.KIZUKI, "decode", log)
    return any(json.loads(l).get("event.category") for l in r.stdout.splitlines())


def named(row):
    """{scenario: sources it accuses}"""
    wanted = collections.defaultdict(set)
    for o in row["overflows"] or []:
        wanted[o["scenario"].split("/")[-1]] |= {s.removesuffix("::1") for s in o["sources"]}
    return wanted


def judge(row, wanted, log):
    """(class's sources named, found, others accused), or why there is nothing to judge."""
    classes = [c for c in wanted if c in CLASSES]
    log.write_text("\n".join(row["log"]) + "\n")
    if not is_read(log):
        return "no decoder reads it"
    if not classes:
        missing = {NO_RULE.get(c) for c in wanted}
        assert None not in missing, f"{row['test']}: {sorted(wanted)} is neither judged nor explained"
        return "; ".join(sorted(missing))
    times = TIMES if any(CLASSES[c] is GUESSING for c in classes) else 1
    log.write_text("".join((l + "\n") * times for l in row["log"]))
    r = tap.run(tap.KIZUKI, "hunt", log)
    assert r.returncode == 0, r.stderr
    want = set().union(*(wanted[c] for c in classes))
    got = {source_of(f) for f in map(json.loads, r.stdout.splitlines()) if any(f["rule"]["name"] in CLASSES[c] for c in classes)}
    return want, want & got, got - want


@tap.test
def shipped_rules_name_the_sources_of_their_class_and_no_other():
    path = pathlib.Path(tap.DATA or "/nonexistent") / "vectors" / "crowdsec_scenarios.shared.jsonl"
    tap.need(path.exists(), "KIZUKI_TEST_DATA has no vectors/")
    rows = [json.loads(l) for l in path.read_text().splitlines()]
    n_want = n_found = n_wrong = 0
    unjudged = collections.defaultdict(list)
    print(f"# {'vector':36} {'wanted':>6} {'found':>6} {'others':>6}")
    with tap.folder() as d:
        for row in rows:
            judged = judge(row, named(row), d / "log")
            if isinstance(judged, str):
                unjudged[judged].append(row["test"])
                continue
            want, found, wrong = map(len, judged)
            n_want, n_found, n_wrong = n_want + want, n_found + found, n_wrong + wrong
            print(f"# {row['test'][:36]:36} {want:6} {found:6} {wrong:6}")
    n_unjudged = sum(map(len, unjudged.values()))
    print(f"# recall {n_found}/{n_want} = {n_found / n_want:.3f}, false positives {n_wrong}; {len(rows) - n_unjudged} of {len(rows)} vectors judged")
    for why, tests in unjudged.items():
        print(f"# not judged, {len(tests)}: {why}: {', '.join(tests)}")
    assert n_found >= 0.9 * n_want
    assert n_wrong == 0
    assert len(rows) - n_unjudged >= 34


# Panther's rule -> shipped rules of the same class. Only rows of logs that a decoder of ours reads are judged.
CLOUD_CLASSES = {
    "GSuite.LeakedPassword": "account_warning_gws",
    "GSuite.GovernmentBackedAttack": "account_warning_gws",
    "GSuite.IsSuspiciousTag": "account_warning_gws",
    "Standard.AdminRoleAssigned": "account_right",
}


@tap.test
def account_rules_agree_with_labelled_events_of_clouds():
    path = pathlib.Path(tap.DATA or "/nonexistent") / "vectors" / "panther_rule_tests.shared.jsonl"
    tap.need(path.exists(), "KIZUKI_TEST_DATA has no vectors/")
    rows = [r for r in map(json.loads, path.read_text().splitlines()) if r["log"] is not None and r["rule_id"] in CLOUD_CLASSES]
    rows = [r for r in rows if "GSuite" in (r["log"].get("p_log_type") or " ".join(r["log_types"]))]
    with tap.folder() as d:
        (d / "events.ndjson").write_text("".join(json.dumps(r["log"]) + "\n" for r in rows))
        r = tap.run(tap.KIZUKI, "hunt", "--matches", d / "events.ndjson")
        assert r.returncode == 0, r.stderr
    ids = {d["id"]: d["name"] for d in yaml.safe_load_all((tap.ROOT / "content/rules/account/10_changes.yml").read_text())}
    said = {(m["line"], ids.get(m["rule"])) for m in map(json.loads, r.stdout.splitlines())}
    table, wrong = collections.defaultdict(collections.Counter), []
    for n, row in enumerate(rows, 1):
        told = (n, CLOUD_CLASSES[row["rule_id"]]) in said
        table[row["rule_id"]]["wanted" if row["expected"] else "quiet"] += 1
        table[row["rule_id"]]["found" if told and row["expected"] else "false" if told else "-"] += 1
        if told and not row["expected"]:
            wrong.append(row["test"])
    print(f"# {'class':36} {'wanted':>6} {'found':>6} {'quiet':>6} {'false':>6}")
    for name, c in sorted(table.items()):
        print(f"# {name:36} {c['wanted']:6} {c['found']:6} {c['quiet']:6} {c['false']:6}")
    wanted, found = (sum(c[k] for c in table.values()) for k in ("wanted", "found"))
    print(f"# recall {found}/{wanted}, false positives {len(wrong)}")
    assert wanted >= 4 and found >= 0.9 * wanted and not wrong, wrong


# Whose events they are, by the name of the log -> the product of the rules that may speak of them.
PRODUCTS = {"AWS": "aws", "Azure": "azure", "Okta": "okta", "GCP": "gcp", "GitHub": "github", "OneLogin": "onelogin", "Amazon": "kubernetes"}


@tap.test
def public_cloud_rules_speak_of_their_own_clouds_events_only():
    data = pathlib.Path(tap.DATA or "/nonexistent")
    path = data / "vectors" / "panther_rule_tests.shared.jsonl"
    tap.need(path.exists() and (data / "sigma").exists(), "KIZUKI_TEST_DATA has no vectors/ and sigma/")
    rows = [r for r in map(json.loads, path.read_text().splitlines()) if r["log"] is not None and len(json.dumps(r["log"])) < 60000]
    rules = [data / "sigma" / "rules" / f for f in ("cloud", "identity", "application")]
    product = {}
    for f in rules:
        for one in f.rglob("*.yml"):
            d = yaml.safe_load(one.read_text())
            product[d["id"]] = d["logsource"].get("product")
    with tap.folder() as d:
        (d / "events.ndjson").write_text("".join(json.dumps(r["log"]) + "\n" for r in rows))
        r = tap.run(tap.KIZUKI, "hunt", "--matches", *(a for f in rules for a in ("--rules", f)), d / "events.ndjson")
        assert r.returncode == 0, r.stderr
    own, strange = collections.Counter(), []
    for m in map(json.loads, r.stdout.splitlines()):
        log = (rows[m["line"] - 1]["log_types"] or ["?"])[0]
        expected = PRODUCTS.get(log.split(".")[0])
        own[product[m["rule"]]] += product[m["rule"]] == expected
        if product[m["rule"]] != expected:
            strange.append(f"{m['rule']} ({product[m['rule']]}) on {log}: {json.dumps(rows[m['line'] - 1]['log'])[:200]}")
    print(f"# {len(product)} rules on {len(rows)} events: " + ", ".join(f"{k} {v}" for k, v in sorted(own.items())))
    assert not strange, "\n".join(strange)
    assert {"aws", "azure", "okta", "gcp"} <= {k for k, v in own.items() if v}


tap.main()
