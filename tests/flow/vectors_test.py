#!/usr/bin/env python3
"""Labelled log lines of $KIZUKI_TEST_DATA/vectors against the shipped rules of the same class.

CrowdSec's scenarios name the sources that must raise an alert, and no other. Their thresholds are their own, so class and
source are compared, not counts. A class is a scenario and the shipped rules that mean the same; scenarios of services whose
logs no decoder of ours reads, and of classes we ship no rule for, are listed and not judged."""
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
READ = {"nginx", "apache2", "litespeed", "bunkerweb"}


def source_of(finding):
    return finding["group"].get("kizuki.source.net", "").removesuffix("::/64")


@tap.test
def shipped_rules_name_the_sources_of_their_class_and_no_other():
    path = pathlib.Path(tap.DATA or "/nonexistent") / "vectors" / "crowdsec_scenarios.shared.jsonl"
    tap.need(path.exists(), "KIZUKI_TEST_DATA has no vectors/")
    rows, unjudged = [json.loads(l) for l in path.read_text().splitlines()], []
    n_want = n_found = n_wrong = 0
    print(f"# {'vector':36} {'wanted':>6} {'found':>6} {'others':>6}")
    with tap.folder() as d:
        for row in rows:
            wanted = {o["scenario"].split("/")[-1]: set() for o in row["overflows"] or []}
            for o in row["overflows"] or []:
                wanted[o["scenario"].split("/")[-1]] |= {s.removesuffix("::1") for s in o["sources"]}
            classes = [c for c in wanted if c in CLASSES]
            if row["log_type"] not in READ or not classes:
                unjudged.append(row["test"])
                continue
            (d / "log").write_text("\n".join(row["log"]) + "\n")
            r = tap.run(tap.KIZUKI, "hunt", d / "log")
            assert r.returncode == 0, r.stderr
            findings = [json.loads(l) for l in r.stdout.splitlines()]
            want = set().union(*(wanted[c] for c in classes))
            got = {source_of(f) for f in findings if any(f["rule"]["name"] in CLASSES[c] for c in classes)}
            n_want += len(want)
            n_found += len(want & got)
            n_wrong += len(got - want)
            print(f"# {row['test'][:36]:36} {len(want):6} {len(want & got):6} {len(got - want):6}")
    print(f"# recall {n_found}/{n_want} = {n_found / n_want:.3f}, false positives {n_wrong}; "
          f"not judged: {len(unjudged)} of {len(rows)} vectors, of services no decoder reads or classes without a shipped rule")
    assert n_found >= 0.9 * n_want
    assert n_wrong == 0


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
