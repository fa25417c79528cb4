#!/usr/bin/env python3
"""Rules and the events they must match, as JSON lines and as event logs.

Made pairs: for every log source of content/fields/windows.yml a rule and an event, in the four shapes shippers give it
(plain names, Winlogbeat, the nested Event of converters, an EVTX file), and the same event with one value that must keep
the rule silent. Public pairs: the regression data of SigmaHQ, in $KIZUKI_TEST_DATA/sigma."""
import collections
import json
import pathlib
import subprocess

import tap
import yaml

DEV = tap.ROOT / "build-dev"
WRITE = DEV / "tests" / "flow" / "evtx_write"
KINDS = ("json", "evtx", "plain", "beat")
FOLDERS = ("rules", "rules-compliance", "rules-emerging-threats", "rules-placeholder", "rules-threat-hunting")


def matches(rules, files):
    """{(name of the file, line): rule ids}"""
    args = [a for r in rules for a in ("--rules", r)]
    r = tap.run(tap.KIZUKI, "hunt", "--matches", *args, *files)
    assert r.returncode == 0, r.stderr[-2000:]
    got = collections.defaultdict(set)
    for m in map(json.loads, r.stdout.splitlines()):
        got[pathlib.Path(m["file"]).name, m["line"]].add(m["rule"])
    return got


# --- pairs of our own ---

# Fields a rule of the category asks for, with a value it must hold.
FIELDS = {
    "process_creation": {"Image": "C:\\Windows\\made.exe", "CommandLine": "made.exe -run", "ParentImage": "C:\\parent.exe"},
    "network_connection": {"Image": "C:\\made.exe", "DestinationIp": "192.0.2.7", "DestinationPort": 4444},
    "image_load": {"Image": "C:\\made.exe", "ImageLoaded": "C:\\made.dll"},
    "file_event": {"Image": "C:\\made.exe", "TargetFilename": "C:\\made.txt"},
    "registry_set": {"TargetObject": "HKLM\\Software\\Made", "Details": "made"},
    "dns_query": {"QueryName": "made.example", "Image": "C:\\made.exe"},
    "ps_script": {"ScriptBlockText": "Invoke-Made"},
}
OTHER = {"MadeName": "made value", "MadeNumber": 7}
WINLOGBEAT = {"Image": "process.executable", "CommandLine": "process.command_line", "DestinationIp": "destination.ip", "QueryName": "dns.question.name"}


def rows():
    """(log source, channel, event id, fields) for each route that names a channel."""
    for route in yaml.safe_load((tap.ROOT / "content" / "fields" / "windows.yml").read_text())["routes"]:
        source, when = route["logsource"], route["when"]
        for w in when if isinstance(when, list) else [when]:
            first = lambda v: v[0] if isinstance(v, list) else v
            channel = first(w.get("Channel", w.get("EventLog"))) if isinstance(w, dict) else None
            if not isinstance(channel, str) or any("|" in k or k in ("condition",) for k in w):
                continue
            fields = dict(FIELDS.get(source.get("category"), OTHER))
            extra = {k: first(v) for k, v in w.items() if k not in ("Channel", "EventID")}
            yield source, channel, first(w.get("EventID", 4242)), {**fields, **extra}


def nested(flat):
    out = {}
    for k, v in flat.items():
        at = out
        *parts, last = k.split(".")
        for p in parts:
            at = at.setdefault(p, {})
        at[last] = v
    return out


def shapes(channel, number, fields):
    yield "plain", {"Channel": channel, "EventID": number, "@timestamp": "2026-11-23T00:00:00Z", **fields}
    beat = {WINLOGBEAT.get(k, "winlog.event_data." + k): str(v) for k, v in fields.items()}
    yield "winlogbeat", nested({"@timestamp": "2026-11-23T00:00:00Z", "winlog.channel": channel, "event.code": str(number), **beat})
    yield "nested", {"Event": {"System": {"Channel": channel, "EventID": {"#attributes": {"Qualifiers": 0}, "#text": number}}, "EventData": fields}}


def native(channel, number, fields):
    system = {"Provider": "Made", "Channel": channel, "Computer": "pc", "EventID": number, "time": 134088576101653240}
    return {"Event": {"System": system, "EventData": fields}}


@tap.test
def made_pairs_fire_in_every_shape_and_stay_silent_otherwise():
    tap.need(WRITE.exists(), "build-dev is not built")
    rules, lines, want = [], collections.defaultdict(list), collections.defaultdict(dict)
    for i, (source, channel, number, fields) in enumerate(rows()):
        keys = [k for k in fields if k in FIELDS.get(source.get("category"), OTHER)]
        item = {f"{k}|contains" if isinstance(v, str) else k: v[1:-1] if isinstance(v, str) else v for k, v in fields.items() if k in keys}
        rules.append({"title": f"made {i}", "id": f"made-{i}", "logsource": source, "detection": {"selection": item, "condition": "selection"}})
        wrong = {**fields, keys[-1]: "other" if isinstance(fields[keys[-1]], str) else 99}
        for right, f in ((True, fields), (False, wrong)):
            for shape, event in (*shapes(channel, number, f), ("evtx", native(channel, number, f))):
                lines[shape].append(json.dumps(event))
                want[shape][len(lines[shape])] = (f"made-{i}", right)
    with tap.folder() as d:
        (d / "rules.yml").write_text("\n---\n".join(json.dumps(r) for r in rules))
        for shape in lines:
            text = "\n".join(lines[shape]) + "\n"
            if shape == "evtx":
                subprocess.run([WRITE, d / "evtx.evtx"], input=text.encode(), check=True)
            else:
                (d / f"{shape}.ndjson").write_text(text)
        files = sorted(p for p in d.iterdir() if p.suffix != ".yml")
        got = matches([d / "rules.yml"], files)
        wrong = []
        for f in files:
            fired = sum((rule in got[f.name, n]) for n, (rule, right) in want[f.stem].items() if right)
            loud = sum((rule in got[f.name, n]) for n, (rule, right) in want[f.stem].items() if not right)
            print(f"# {f.stem:12} {fired:4} of {len(rules)} fire, {loud} of {len(rules)} where they must not")
            wrong += [f"{f.stem} {rules[int(rule[5:])]['logsource']} {right}" for n, (rule, right) in want[f.stem].items() if (rule in got[f.name, n]) != right]
    assert len(rules) > 60, len(rules)
    assert not wrong, "\n".join(wrong[:20])


# (log source, what a rule of it selects, events in the shapes that source has)
CLOUD = [
    ({"product": "aws", "service": "cloudtrail"},
     {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "userIdentity.type": "Root", "userAgent|contains": "boto"},
     {"native": {"eventVersion": "1.08", "eventTime": "2026-11-23T00:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
                 "userIdentity": {"type": "Root"}, "userAgent": "boto3/1.2"},
      "eventbridge": {"detail-type": "AWS API Call via CloudTrail", "detail": {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
                      "userIdentity": {"type": "Root"}, "userAgent": "boto3/1.2"}},
      "ecs": {"event": {"provider": "iam.amazonaws.com", "action": "CreateUser", "module": "aws"}, "user_agent": {"original": "boto3/1.2"},
              "aws": {"cloudtrail": {"user_identity": {"type": "Root"}}}}}),
    ({"product": "azure", "service": "auditlogs"},
     {"Category": "UserManagement", "OperationName": "Add user", "Status": "success"},
     {"diagnostic": {"time": "2026-11-23T00:00:00Z", "resourceId": "/tenants/x", "category": "AuditLogs", "operationName": "Add user", "tenantId": "x",
                     "properties": {"category": "UserManagement", "result": "success"}},
      "analytics": {"TimeGenerated": "2026-11-23T00:00:00Z", "TenantId": "x", "Category": "UserManagement", "OperationName": "Add user", "Result": "success"},
      "graph": {"activityDateTime": "2026-11-23T00:00:00Z", "activityDisplayName": "Add user", "category": "UserManagement", "result": "success"},
      "ecs": {"event": {"module": "azure", "action": "Add user", "outcome": "success"}, "azure": {"auditlogs": {"properties": {"category": "UserManagement"}}}}}),
    ({"product": "azure", "service": "auditlogs"},
     {"properties.message": "Add member to role completed (PIM activation)"},
     {"diagnostic": {"resourceId": "/t", "category": "AuditLogs", "operationName": "Add member to role completed (PIM activation)"},
      "graph": {"activityDisplayName": "Add member to role completed (PIM activation)"},
      "message": {"properties": {"message": "Add member to role completed (PIM activation)"}}}),
    ({"product": "azure", "service": "signinlogs"},
     {"ResultType": 50057, "userAgent|contains": "azurehound", "DeviceDetail.isCompliant": "false"},
     {"diagnostic": {"time": "2026-11-23T00:00:00Z", "category": "SignInLogs", "resultType": "50057", "tenantId": "x",
                     "properties": {"userAgent": "AzureHound/2", "deviceDetail": {"isCompliant": False}}},
      "analytics": {"TenantId": "x", "ResultType": 50057, "UserAgent": "AzureHound/2", "DeviceDetail": {"isCompliant": False}},
      "graph": {"createdDateTime": "2026-11-23T00:00:00Z", "userPrincipalName": "a@x", "userAgent": "AzureHound/2", "status": {"errorCode": 50057},
                "deviceDetail": {"isCompliant": False}}}),
    ({"product": "azure", "service": "activitylogs"},
     {"operationName|startswith": "MICROSOFT.NETWORK/FIREWALL"},
     {"diagnostic": {"time": "2026-11-23T00:00:00Z", "resourceId": "/s", "operationName": "MICROSOFT.NETWORK/FIREWALLS/DELETE", "category": "Administrative"},
      "analytics": {"TenantId": "x", "OperationNameValue": "Microsoft.Network/firewalls/delete"},
      "ecs": {"event": {"dataset": "azure.activitylogs"}, "azure": {"activitylogs": {"operation_name": "MICROSOFT.NETWORK/FIREWALLS/DELETE"}}}}),
    ({"product": "azure", "service": "riskdetection"},
     {"riskEventType": "impossibleTravel"},
     {"graph": {"riskEventType": "impossibleTravel", "userPrincipalName": "a@x"},
      "diagnostic": {"category": "UserRiskEvents", "tenantId": "x", "properties": {"riskEventType": "impossibleTravel"}}}),
    ({"product": "m365", "service": "audit"},
     {"Workload": "Exchange", "Operation": "New-InboxRule", "Parameters|contains": "ForwardTo"},
     {"native": {"CreationTime": "2026-11-23T00:00:00", "RecordType": 1, "Workload": "Exchange", "Operation": "New-InboxRule",
                 "Parameters": [{"Name": "ForwardTo", "Value": "x@y"}]},
      "ecs": {"event": {"module": "o365", "action": "New-InboxRule", "provider": "Exchange"}, "o365": {"audit": {"Parameters": {"Name": "ForwardTo"}}}}}),
    ({"product": "okta", "service": "okta"},
     {"eventType": "user.session.start", "outcome.result": "FAILURE", "actor.alternateId": "a@x"},
     {"native": {"published": "2026-11-23T00:00:00Z", "eventType": "user.session.start", "outcome": {"result": "FAILURE"}, "actor": {"alternateId": "a@x"}},
      "ecs": {"event": {"module": "okta", "action": "user.session.start"}, "okta": {"outcome": {"result": "FAILURE"}, "actor": {"alternate_id": "a@x"}}}}),
    ({"product": "gcp", "service": "gcp.audit"},
     {"gcp.audit.method_name|endswith": ".CreateServiceAccountKey"},
     {"native": {"protoPayload": {"methodName": "google.iam.admin.v1.CreateServiceAccountKey"}},
      "ecs": {"event": {"action": "google.iam.admin.v1.CreateServiceAccountKey"}}}),
    ({"product": "linux", "service": "sshd"},
     {"process.name": "sshd"},
     {"ecs": {"process": {"name": "sshd"}, "message": "x"}, "rfc5424": {"log": {"syslog": {"appname": "sshd"}}, "message": "x"}}),
    ({"product": "linux", "category": "process_creation"},
     {"Image|endswith": "/curl", "CommandLine|contains": "made.example", "User": "sato"},
     {"sysmon": {"Channel": "Linux-Sysmon/Operational", "EventID": 1, "Image": "/usr/bin/curl", "CommandLine": "curl made.example", "User": "sato"},
      "nested": {"Event": {"System": {"Channel": "Linux-Sysmon/Operational", "EventID": 1},
                           "EventData": {"Image": "/usr/bin/curl", "CommandLine": "curl made.example", "User": "sato"}}},
      "ecs": {"event": {"category": ["process"]}, "host": {"os": {"type": "linux"}}, "user": {"name": "sato"},
              "process": {"executable": "/usr/bin/curl", "command_line": "curl made.example"}}}),
    ({"product": "macos", "category": "process_creation"},
     {"Image|endswith": "/osascript", "ParentImage": "/bin/sh"},
     {"ecs": {"event": {"category": ["process"]}, "host": {"os": {"type": "macos"}},
              "process": {"executable": "/usr/bin/osascript", "parent": {"executable": "/bin/sh"}}}}),
    ({"product": "linux", "service": "auditd"},
     {"type": "EXECVE", "a0": "chmod", "a1|startswith": "u+s"},
     {"audit": {"type": "EXECVE", "a0": "chmod", "a1": "u+s /x"},
      "auditbeat": {"event": {"module": "auditd"}, "auditd": {"message_type": "execve", "data": {"a0": "chmod", "a1": "u+s"}}}}),
    ({"category": "firewall"},
     {"src_ip": "192.0.2.7", "dst_port": 22},
     {"sigma": {"src_ip": "192.0.2.7", "dst_port": 22}, "ecs": {"source": {"ip": "192.0.2.7"}, "destination": {"port": 22}}}),
    ({"category": "proxy"},
     {"c-uri|contains": "/evil", "cs-method": "POST"},
     {"w3c": {"c-uri": "/evil", "cs-method": "POST"}, "ecs": {"event": {"category": "web"}, "url": {"original": "/evil"}, "http": {"request": {"method": "POST"}}}}),
]


@tap.test
def rules_of_clouds_and_networks_fire_in_every_shape():
    rules, lines = [], []
    for i, (source, selection, events) in enumerate(CLOUD):
        rules.append({"title": f"made {i}", "id": f"cloud-{i}", "logsource": source, "detection": {"selection": selection, "condition": "selection"}})
        lines += [(f"cloud-{i}", shape, json.dumps(e)) for shape, e in events.items()]
    with tap.folder() as d:
        (d / "rules.yml").write_text("\n---\n".join(json.dumps(r) for r in rules))
        (d / "events.ndjson").write_text("".join(l + "\n" for _, _, l in lines))
        got = matches([d / "rules.yml"], [d / "events.ndjson"])
    wrong = []
    for n, (rule, shape, line) in enumerate(lines, 1):
        ids = got["events.ndjson", n]
        if ids != {rule}:
            wrong.append(f"{CLOUD[int(rule[6:])][0]} as {shape}: {ids or 'nothing'} {line}")
    print(f"# {len(lines) - len(wrong)} of {len(lines)} events fire their rule and no other")
    assert not wrong, "\n".join(wrong)


@tap.test
def an_event_has_its_own_time_and_place():
    tap.need(WRITE.exists(), "build-dev is not built")
    with tap.folder() as d:
        line = json.dumps(native("Security", 4688, {"NewProcessName": "C:\\x.exe"}))
        subprocess.run([WRITE, d / "a.evtx"], input=(line + "\n").encode() * 3, check=True)
        r = tap.run(tap.KIZUKI, "decode", d / "a.evtx")
        events = [json.loads(l) for l in r.stdout.splitlines()]
        assert [e["@timestamp"][:19] for e in events] == ["2025-11-29T02:40:10"] * 3, events[0]
        assert [e["Event.System.EventRecordID"] for e in events] == [1, 2, 3]
        assert events[0]["kizuki.time.basis"] == "event"


@tap.test
def the_logs_made_here_are_event_logs_to_another_reader():
    tap.need(WRITE.exists(), "build-dev is not built")
    tap.need_program("evtxexport")
    with tap.folder() as d:
        lines = [json.dumps(native("Security", 4688, {"NewProcessName": f"C:\\{i}.exe", "Number": i})) for i in range(300)]
        subprocess.run([WRITE, d / "a.evtx"], input="\n".join(lines).encode(), check=True)
        r = tap.run("evtxexport", "-f", "xml", d / "a.evtx")
        assert r.returncode == 0, r.stderr
        text = r.stdout.decode()
        assert text.count("<Event ") == 300 and '<Data Name="NewProcessName">C:\\299.exe</Data>' in text, text[:2000]


@tap.test
def a_damaged_log_gives_what_can_be_read_and_says_what_was_lost():
    tap.need(WRITE.exists(), "build-dev is not built")
    with tap.folder() as d:
        lines = [json.dumps(native("Security", 4688, {"NewProcessName": f"C:\\{i}.exe"})) for i in range(400)]
        subprocess.run([WRITE, d / "a.evtx"], input="\n".join(lines).encode(), check=True)
        data = bytearray((d / "a.evtx").read_bytes())
        data[4096:4104] = b"nonsense"
        (d / "a.evtx").write_bytes(data)
        r = tap.run(tap.KIZUKI, "decode", d / "a.evtx")
        n = len(r.stdout.splitlines())
        assert 0 < n < 400 and r.returncode == 1
        assert f"the event log is damaged (1 chunk is no chunk); {n} records were read" in r.stderr.decode(), r.stderr


# --- public pairs ---


def scalar(v):
    return v.get("#text", v) if isinstance(v, dict) else v


def as_shipped(event):
    """The event of a converter as NXLog and the like write it (plain names), and as Winlogbeat does."""
    system = {k: scalar(v) for k, v in event["Event"]["System"].items()}
    data = dict(event["Event"].get("EventData") or {})
    for part in (event["Event"].get("UserData") or {}).values():
        data |= part
    data = {k: v for k, v in data.items() if k != "#attributes"}
    provider = event["Event"]["System"]["Provider"]["#attributes"]["Name"]
    plain = {"Channel": system["Channel"], "EventID": system["EventID"], "Computer": system["Computer"], "Provider_Name": provider, **data}
    beat = {"winlog": {"channel": system["Channel"], "event_id": str(system["EventID"]), "computer_name": system["Computer"], "provider_name": provider,
                       "event_data": {k: str(v) for k, v in data.items()}}}
    return {"plain": plain, "beat": beat}


@tap.test
def every_public_rule_fires_on_its_own_events():
    root = pathlib.Path(tap.DATA or "/nonexistent") / "sigma"
    tap.need((root / "regression_data").exists(), "KIZUKI_TEST_DATA has no sigma/regression_data")
    logs = sorted((root / "regression_data").rglob("*.evtx"))
    with tap.folder() as d:
        files = []
        for log in logs:
            text, at, more = log.with_suffix(".json").read_text(encoding="utf-8-sig"), 0, collections.defaultdict(list)
            while text[at:].strip():
                at += len(text[at:]) - len(text[at:].lstrip())
                event, at = json.JSONDecoder().raw_decode(text, at)
                more["json"].append(json.dumps(event))
                for shape, e in as_shipped(event).items():
                    more[shape].append(json.dumps(e))
            for shape, events in more.items():
                (d / f"{log.stem}.{shape}").write_text("\n".join(events) + "\n")
                files.append(d / f"{log.stem}.{shape}")
            files.append(log)
        got = collections.defaultdict(set)
        for (name, _), ids in matches([root / f for f in FOLDERS], files).items():
            got[name] |= ids
    table, silent = collections.Counter(), []
    for log in logs:
        folder = log.relative_to(root / "regression_data").parts
        key = "/".join(folder[:2])
        table[key, "rules"] += 1
        for kind in KINDS:
            yes = log.stem in got[f"{log.stem}.{kind}"]
            table[key, kind] += yes
            if not yes:
                silent.append(f"{kind} {log.relative_to(root)}")
    print(f"# {'folder':36} rules " + " ".join(f"{k:>5}" for k in KINDS))
    for key in [*sorted({k for k, _ in table}), "all"]:
        of = lambda kind: sum(n for (k, x), n in table.items() if x == kind and key in (k, "all"))
        print(f"# {key:36} {of('rules'):5} " + " ".join(f"{of(k):5}" for k in KINDS))
    assert not silent, "\n".join(silent)
    assert len(logs) >= 202


tap.main()
