#!/usr/bin/env python3
"""Field maps on events in the form their makers document: all their fields, in the wrapping they are delivered in. Each fires the
rule written in Sigma's names for its log source and no other; with one value changed it fires none. The values are our own."""
import copy
import json

import tap

SYSMON = {"UtcTime": "2026-11-23 02:03:08.101", "ProcessGuid": "{b3c9f0a1-1f4c-6741-7b01-000000001a00}", "ProcessId": 5196, "Image": "C:\\Windows\\System32\\cmd.exe",
          "FileVersion": "10.0.19041.746", "Description": "Windows Command Processor", "Product": "Microsoft Windows Operating System", "Company": "Microsoft Corporation",
          "OriginalFileName": "Cmd.Exe", "CommandLine": "cmd.exe /c whoami /all", "CurrentDirectory": "C:\\Users\\sato\\", "User": "CORP\\sato",
          "LogonGuid": "{b3c9f0a1-1e00-6741-2f5d-0a0000000000}", "LogonId": "0xa5d2f", "TerminalSessionId": 1, "IntegrityLevel": "Medium",
          "Hashes": "MD5=8A2122E8162DBEF04694B9C3E0B6CDEE,SHA256=B99D61D874728EDC0918CA0EB10EAB93D381E7367E377406E65963366C874450",
          "ParentProcessGuid": "{b3c9f0a1-1e10-6741-5a00-000000001a00}", "ParentProcessId": 4100, "ParentImage": "C:\\Program Files\\Microsoft Office\\winword.exe",
          "ParentCommandLine": "winword.exe invoice.docm"}
LOGON = {"SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "SubjectLogonId": "0x0", "TargetUserSid": "S-1-0-0", "TargetUserName": "administrator",
         "TargetDomainName": "CORP", "Status": "0xc000006d", "FailureReason": "%%2313", "SubStatus": "0xc000006a", "LogonType": "3", "LogonProcessName": "NtLmSsp",
         "AuthenticationPackageName": "NTLM", "WorkstationName": "PC-17", "TransmittedServices": "-", "LmPackageName": "-", "KeyLength": "0", "ProcessId": "0x0",
         "ProcessName": "-", "IpAddress": "198.51.100.7", "IpPort": "50122"}
NXLOG = {"EventTime": "2026-11-23 02:03:08", "Hostname": "dc1.corp.example", "Keywords": "-9218868437227405312", "EventType": "AUDIT_FAILURE", "SeverityValue": 4, "Severity": "ERROR",
         "EventID": 4625, "SourceName": "Microsoft-Windows-Security-Auditing", "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}", "Version": 0, "Task": 12544, "OpcodeValue": 0,
         "RecordNumber": 4711, "ThreadID": 3012, "Channel": "Security", "Category": "Logon", "Opcode": "Info", "Message": "An account failed to log on.",
         "EventReceivedTime": "2026-11-23 02:03:09", "SourceModuleName": "in", "SourceModuleType": "im_msvistalog"}
AWS_USER = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/sato", "accountId": "111122223333", "userName": "sato"}
OFFICE = "C:\\Program Files\\Microsoft Office\\"


def cloudtrail(**more):
    return {"eventVersion": "1.08", "userIdentity": AWS_USER, "eventTime": "2026-11-23T02:03:08Z", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7", "userAgent": "Mozilla/5.0", "requestParameters": None,
            "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No", "MFAUsed": "No"},
            "eventID": "3fcfb182-98f8-4744-bd45-10a395ab61cb", "readOnly": False, "eventType": "AwsConsoleSignIn", "managementEvent": True, "recipientAccountId": "111122223333",
            "eventCategory": "Management", **more}


def graph_sign_in():
    return {"id": "66ea54eb-6301-4ee5-be62-ff5a759b0100", "createdDateTime": "2026-11-23T02:03:08Z", "userDisplayName": "Sato", "userPrincipalName": "sato@contoso.example",
            "userId": "26be570a-ae82-4189-b4e2-a37c6808512d", "appId": "de8bc8b5-d9f9-48b1-a8ad-b748da725064", "appDisplayName": "Azure Portal", "ipAddress": "198.51.100.7",
            "clientAppUsed": "Browser", "correlationId": "d79f5bee-5860-4832-928f-3133e22ae912", "conditionalAccessStatus": "failure", "isInteractive": True, "riskDetail": "none",
            "riskLevelAggregated": "none", "riskState": "none", "riskEventTypes": [], "resourceDisplayName": "Microsoft Graph",
            "status": {"errorCode": 53003, "failureReason": "Access has been blocked by Conditional Access policies.", "additionalDetails": None},
            "deviceDetail": {"deviceId": "", "displayName": None, "operatingSystem": "Windows 10", "browser": "Edge 120", "isCompliant": False, "isManaged": False, "trustType": None},
            "location": {"city": "Osaka", "state": "Osaka", "countryOrRegion": "JP", "geoCoordinates": {"latitude": 34.69, "longitude": 135.5}}, "appliedConditionalAccessPolicies": []}


def monitor(category, operation, result, properties):
    return {"time": "2026-11-23T02:03:08.0000000Z", "resourceId": "/tenants/4a8f/providers/Microsoft.aadiam", "operationName": operation, "operationVersion": "1.0",
            "category": category, "tenantId": "4a8f", "resultType": result, "resultSignature": "None", "durationMs": 0, "callerIpAddress": "198.51.100.7",
            "correlationId": "d79f5bee", "identity": "Sato", "Level": 4, "properties": properties}


def directory_audit():
    return {"id": "Directory_5d1c", "category": "ApplicationManagement", "correlationId": "5d1c", "result": "success", "resultReason": "", "activityDisplayName": "Consent to application",
            "activityDateTime": "2026-11-23T02:03:08Z", "loggedByService": "Core Directory", "operationType": "Assign",
            "initiatedBy": {"app": None, "user": {"id": "26be", "displayName": None, "userPrincipalName": "sato@contoso.example", "ipAddress": "198.51.100.7"}},
            "targetResources": [{"id": "9f01", "displayName": "Mail reader", "type": "ServicePrincipal", "modifiedProperties": [{"displayName": "ConsentContext.IsAdminConsent", "newValue": "\"True\""}]}],
            "additionalDetails": [{"key": "User-Agent", "value": "Mozilla/5.0"}]}


INBOX_RULE = {"CreationTime": "2026-11-23T02:03:08", "Id": "d1e5d2b6", "Operation": "New-InboxRule", "OrganizationId": "4a8f", "RecordType": 1, "ResultStatus": "True",
              "UserKey": "10032001", "UserType": 2, "Version": 1, "Workload": "Exchange", "ClientIP": "198.51.100.7:4233", "ObjectId": "rule1", "UserId": "sato@contoso.example",
              "AppId": "", "ExternalAccess": False, "OrganizationName": "contoso.example", "OriginatingServer": "TYZPR01",
              "Parameters": [{"Name": "ForwardTo", "Value": "x@mail.example"}, {"Name": "DeleteMessage", "Value": "True"}]}
OKTA = {"actor": {"id": "00u1", "type": "User", "alternateId": "sato@contoso.example", "displayName": "Sato", "detailEntry": None},
        "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Windows 10", "browser": "CHROME"}, "zone": "null", "device": "Computer", "id": None, "ipAddress": "198.51.100.7",
                   "geographicalContext": {"city": "Osaka", "country": "Japan"}},
        "authenticationContext": {"authenticationProvider": None, "credentialType": None, "authenticationStep": 0, "externalSessionId": "102x"}, "displayMessage": "User login to Okta",
        "eventType": "user.session.start", "outcome": {"result": "FAILURE", "reason": "VERIFICATION_ERROR"}, "published": "2026-11-23T02:03:08.000Z",
        "securityContext": {"asNumber": 64496, "asOrg": "example", "isp": "example", "domain": "example", "isProxy": True}, "severity": "WARN",
        "debugContext": {"debugData": {"requestUri": "/api/v1/authn", "threatSuspected": "false", "url": "/api/v1/authn?"}}, "legacyEventType": "core.user_auth.login_failed",
        "transaction": {"type": "WEB", "id": "W7", "detail": {}}, "uuid": "dc9fd3c0", "version": "0",
        "request": {"ipChain": [{"ip": "198.51.100.7", "version": "V4", "source": None}]}, "target": [{"id": "0oa1", "type": "AppInstance", "alternateId": "x", "displayName": "App"}]}
ECS = {"@timestamp": "2026-11-23T02:03:08.101Z", "event": {"action": "Process Create (rule: ProcessCreate)", "category": ["process"], "code": "1", "created": "2026-11-23T02:03:09.000Z",
       "kind": "event", "module": "sysmon", "provider": "Microsoft-Windows-Sysmon", "type": ["start"]}, "host": {"name": "pc-17", "os": {"type": "windows", "family": "windows"}},
       "agent": {"type": "winlogbeat", "version": "8.11.0"}, "log": {"level": "information"}, "user": {"domain": "CORP", "name": "sato", "id": "S-1-5-18"},
       "process": {"args": ["cmd.exe", "/c", "whoami", "/all"], "args_count": 4, "command_line": SYSMON["CommandLine"], "entity_id": SYSMON["ProcessGuid"], "executable": SYSMON["Image"],
                   "name": "cmd.exe", "pid": 5196, "working_directory": "C:\\Users\\sato\\", "hash": {"md5": "8a2122e8162dbef04694b9c3e0b6cdee"},
                   "parent": {"command_line": SYSMON["ParentCommandLine"], "executable": SYSMON["ParentImage"], "name": "winword.exe", "pid": 4100},
                   "pe": {"company": "Microsoft Corporation", "original_file_name": "Cmd.Exe", "product": "Microsoft Windows Operating System"}},
       "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "computer_name": "pc-17.corp.example", "event_id": "1", "provider_name": "Microsoft-Windows-Sysmon", "record_id": 4711,
                  "api": "wineventlog", "opcode": "Info", "process": {"pid": 3112, "thread": {"id": 4012}}, "event_data": {"Company": "Microsoft Corporation", "LogonId": "0xa5d2f",
                  "IntegrityLevel": "Medium", "TerminalSessionId": "1"}}}


def system(channel, number, provider):
    return {"Provider": {"#attributes": {"Name": provider, "Guid": "5770385F-C22A-43E0-BF4C-06F5698FFBD9"}}, "EventID": number, "Version": 5, "Level": 4, "Task": 1, "Opcode": 0,
            "Keywords": "0x8000000000000000", "TimeCreated": {"#attributes": {"SystemTime": "2026-11-23T02:03:08.101Z"}}, "EventRecordID": 4711, "Correlation": None,
            "Execution": {"#attributes": {"ProcessID": 3112, "ThreadID": 4012}}, "Channel": channel, "Computer": "pc-17.corp.example", "Security": {"#attributes": {"UserID": "S-1-5-18"}}}


RULES = {
    "process": ({"product": "windows", "category": "process_creation"},
                {"Image|endswith": "\\cmd.exe", "CommandLine|contains|all": ["whoami", "/all"], "ParentImage|endswith": "\\winword.exe", "OriginalFileName": "Cmd.Exe"}),
    "logon": ({"product": "windows", "service": "security"}, {"EventID": 4625, "LogonType": 3, "TargetUserName": "Administrator", "IpAddress|cidr": "198.51.100.0/24"}),
    "console": ({"product": "aws", "service": "cloudtrail"}, {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "additionalEventData.MFAUsed": "NO",
                "responseElements.ConsoleLogin": "Success", "userIdentity.type": "IAMUser"}),
    "blocked": ({"product": "azure", "service": "signinlogs"}, {"ResultType": 53003, "AppDisplayName": "Azure Portal", "DeviceDetail.isCompliant": "false"}),
    "consent": ({"product": "azure", "service": "auditlogs"}, {"properties.message": "Consent to application", "LoggedByService": "Core Directory"}),
    "inbox": ({"product": "m365", "service": "audit"}, {"Operation": "New-InboxRule", "Workload": "Exchange", "Parameters|contains": "ForwardTo"}),
    "okta": ({"product": "okta", "service": "okta"}, {"eventType": "user.session.start", "outcome.reason": "VERIFICATION_ERROR", "securityContext.isProxy": "true",
             "debugContext.debugData.requestUri": "/api/v1/authn"}),
}
SIGN_IN = {k: v for k, v in graph_sign_in().items() if k != "createdDateTime"}
# (form, rule, event, path of the value that is changed, what it becomes, how it is delivered)
EVENTS = [
    ("ECS, Winlogbeat's Sysmon module", "process", ECS, "process.parent.executable", OFFICE + "excel.exe", "lines"),
    ("Sysmon's own names, NXLog", "process", {"EventTime": "2026-11-23T02:03:08.101Z", "Hostname": "pc-17", "Keywords": "9223372036854775808", "LevelValue": 4, "EventType": "INFO",
     "SourceName": "Microsoft-Windows-Sysmon", "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "RecordNumber": 4711, **SYSMON}, "Image", "C:\\x\\notcmd.exe", "lines"),
    ("winlog.event_data, Winlogbeat without a module", "process", {"@timestamp": "2026-11-23T02:03:08.101Z", "event": {"code": "1", "provider": "Microsoft-Windows-Sysmon"},
     "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "event_id": "1", "computer_name": "pc-17", "event_data": {k: str(v) for k, v in SYSMON.items()}}},
     "winlog.event_data.CommandLine", "cmd.exe /c whoami", "lines"),
    ("Event.System and Event.EventData, evtx_dump", "process", {"Event": {"#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
     "System": system("Microsoft-Windows-Sysmon/Operational", 1, "Microsoft-Windows-Sysmon"), "EventData": SYSMON}}, "Event.EventData.OriginalFileName", "other.exe", "pretty"),
    ("winlog.event_data, event 4625", "logon", {"@timestamp": "2026-11-23T02:03:08.101Z", "winlog": {"channel": "Security", "event_id": "4625", "event_data": LOGON}},
     "winlog.event_data.LogonType", "2", "lines"),
    ("NXLog, im_msvistalog as JSON", "logon", {**NXLOG, **LOGON}, "TargetUserName", "sato", "lines"),
    ("NXLog, JSON behind a syslog header", "logon", {**NXLOG, **LOGON}, "LogonType", "2", "syslog"),
    ("NXLog, xm_syslog's to_syslog_ietf", "logon", {**NXLOG, **LOGON}, "IpAddress", "203.0.113.9", "ietf"),
    ("Winlogbeat 7", "logon", {"@timestamp": "2026-11-23T02:03:08.101Z", "agent": {"type": "winlogbeat", "version": "7.17.0"}, "host": {"name": "DC1"},
     "event": {"code": 4625, "provider": "Microsoft-Windows-Security-Auditing", "action": "Logon", "outcome": "failure"},
     "winlog": {"channel": "Security", "event_id": 4625, "computer_name": "DC1", "record_id": 4711, "keywords": ["Audit Failure"], "api": "wineventlog", "event_data": LOGON}},
     "winlog.event_data.TargetUserName", "sato", "lines"),
    ("Winlogbeat 8, its security module", "logon", {"@timestamp": "2026-11-23T02:03:08.101Z", "ecs": {"version": "8.0.0"}, "agent": {"type": "winlogbeat", "version": "8.13.0"},
     "event": {"code": "4625", "module": "security", "category": ["authentication"], "type": ["start"], "action": "logon-failed", "outcome": "failure"},
     "source": {"ip": "198.51.100.7", "port": 50122}, "user": {"name": "administrator", "domain": "CORP", "id": "S-1-0-0"},
     "winlog": {"channel": "Security", "event_id": "4625", "computer_name": "DC1", "record_id": "4711", "logon": {"type": "Network", "id": "0x0"}, "event_data": LOGON}},
     "winlog.event_data.LogonType", "2", "lines"),
    ("Event.System, event 4625", "logon", {"Event": {"System": system("Security", 4625, "Microsoft-Windows-Security-Auditing"), "EventData": LOGON}},
     "Event.EventData.IpAddress", "203.0.113.9", "array"),
    ("CloudTrail, its file in a bucket", "console", cloudtrail(), "additionalEventData.MFAUsed", "Yes", "Records"),
    ("CloudTrail, CloudWatch Logs", "console", cloudtrail(), "responseElements.ConsoleLogin", "Failure", "lines"),
    ("Entra sign-in, Microsoft Graph", "blocked", graph_sign_in(), "status.errorCode", 0, "array"),
    ("Entra sign-in, Azure Monitor", "blocked", monitor("SignInLogs", "Sign-in activity", "53003", SIGN_IN), "properties.appDisplayName", "Outlook", "records"),
    ("Entra audit, Microsoft Graph", "consent", directory_audit(), "activityDisplayName", "Update application", "array"),
    ("Entra audit, Azure Monitor", "consent", monitor("AuditLogs", "Consent to application", "", directory_audit()), "properties.loggedByService", "Other", "records"),
    ("M365, Management Activity API", "inbox", INBOX_RULE, "Operation", "Set-InboxRule", "array"),
    ("Okta, System Log API", "okta", OKTA, "securityContext.isProxy", False, "array"),
]


def ietf(e):
    """As NXLog's to_syslog_ietf() writes an event: its fields as parameters, with RFC 5424's escapes."""
    text = lambda v: str(v).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    params = " ".join(f'{k}="{text(v)}"' for k, v in e.items() if k not in ("EventTime", "Hostname", "Message", "SourceName"))
    return f"<11>1 2026-11-23T02:03:08.101000+09:00 {e['Hostname']} {e['SourceName']} 596 - [NXLOG@14506 {params}] {e['Message']}\n"


def changed(event, path, value):
    event = copy.deepcopy(event)
    at = event
    *parts, last = path.split(".")
    for p in parts:
        at = at[p]
    assert at[last] != value
    at[last] = value
    return event


def delivered(how, events):
    if how == "lines":
        return "".join(json.dumps(e) + "\n" for e in events)
    if how == "syslog":
        return "".join(f"<11>Nov 23 02:03:08 {e['Hostname']} {json.dumps(e)}\n" for e in events)
    if how == "ietf":
        return "".join(map(ietf, events))
    if how == "pretty":
        return "\n".join(json.dumps(e, indent=2) for e in events)
    return json.dumps(events if how == "array" else {how: events}, indent=None if how == "Records" else 2)


@tap.test
def events_as_their_makers_document_them_fire_their_rule():
    wrong = []
    with tap.folder() as d:
        (d / "rules.yml").write_text("\n---\n".join(json.dumps({"title": r, "id": r, "logsource": source, "detection": {"s": selection, "condition": "s"}})
                                                    for r, (source, selection) in RULES.items()))
        for i, (_, _, event, path, value, how) in enumerate(EVENTS):
            (d / f"{i:02}.json").write_text(delivered(how, [event, changed(event, path, value)]))
        r = tap.run(tap.KIZUKI, "hunt", "--matches", "--rules", d / "rules.yml", *(d / f"{i:02}.json" for i in range(len(EVENTS))))
        assert r.returncode == 0 and not r.stderr, (r.returncode, r.stderr)
        got = [(int(m["file"][-7:-5]), m["line"], m["rule"]) for m in map(json.loads, r.stdout.splitlines())]
    for i, (form, rule, *_, how) in enumerate(EVENTS):
        fired = [(line, which) for f, line, which in got if f == i]
        print(f"# {form:48} {how:8} {'fires' if fired == [(1, rule)] else fired}")
        if fired != [(1, rule)]:
            wrong.append(f"{form}: {fired}")
    assert not wrong, "\n".join(wrong)


tap.main()
