#!/usr/bin/env python3
"""The emitters of content/events/login.md are run as they stand there, and what they write is decoded."""
import base64
import json
import os
import re
import shutil

import tap

DOC = (tap.ROOT / "content/events/login.md").read_text()
LOG = "/var/log/members/login.log"
# what people type, and what attackers do
NAMES = ["taro", "", "山田 太郎", 'a"b\\c', "line\nbreak\ttab\x01\x1f", "😀 x", '","event.outcome":"success","x":"',
         "root from 192.0.2.9", "x" * 5000, "\x7f\u2028\u0085"]
AGENT = 'Mozilla/5.0 ("quoted" \\ 日本語)'
SESSION = "0f1e2d3c-session"


def code(language):
    found = re.findall(r"```" + language + r"\n(.*?)```", DOC, re.S)
    assert len(found) == 1, f"{len(found)} blocks of {language} in login.md"
    return found[0]


def session_id():
    import hashlib
    return hashlib.sha256(SESSION.encode()).hexdigest()[:16]


def check(log):
    """Every try came out as it went in."""
    r = tap.run(tap.KIZUKI, "decode", "--stats", log)
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stderr)["unparsed"] == 0, r.stderr
    events = [json.loads(line) for line in r.stdout.splitlines()]
    assert len(events) == 2 * len(NAMES), len(events)
    for i, e in enumerate(events):
        assert e["kizuki.decoder"] == "login", e
        assert "error.message" not in e, e
        assert e["kizuki.time.basis"] == "event", e
        assert e["event.category"] == "authentication" and e["event.action"] == "login", e
        assert e["event.type"] == "start", e
        assert e["event.outcome"] == ("failure" if i % 2 == 0 else "success"), e
        assert e["user.name"] == NAMES[i // 2], (e["user.name"], NAMES[i // 2])
        assert e["source.ip"] == "2001:db8:1:2::9" and e["kizuki.source.net"] == "2001:db8:1:2::/64", e
        assert e["service.name"] == "members", e
        assert e["user_agent.original"] == AGENT, e
        assert e["kizuki.session.id"] == session_id(), e
    return events


def names_as_base64():
    return [base64.b64encode(n.encode()).decode() for n in NAMES]


def node_source(log):
    return code("js").replace(LOG, str(log)) + f"""
const req = {{ip: "2001:db8:1:2::9", sessionID: {json.dumps(SESSION)}, headers: {{"user-agent": {json.dumps(AGENT)}}}}};
for (const n of {json.dumps(names_as_base64())}.map((b) => Buffer.from(b, "base64").toString())) {{
  kizukiLogin(req, n, false, {{"event.reason": "password"}});
  kizukiLogin(req, n, true, {{"kizuki.login.second_factor": "passed"}});
}}
"""


def php_source(log):
    return "<?php\n" + code("php").replace(LOG, str(log)) + f"""
session_id({json.dumps(SESSION)});
$_SERVER['REMOTE_ADDR'] = '2001:db8:1:2::9';
$_SERVER['HTTP_USER_AGENT'] = base64_decode('{base64.b64encode(AGENT.encode()).decode()}');
foreach (json_decode('{json.dumps(names_as_base64())}') as $n) {{
    kizuki_login(base64_decode($n), false, ['event.reason' => 'password']);
    kizuki_login(base64_decode($n), true, ['kizuki.login.second_factor' => 'passed']);
}}
"""


def java_source(log):
    names = ",".join(json.dumps(n) for n in names_as_base64())
    agent = base64.b64encode(AGENT.encode()).decode()
    return "class Emit {\n" + code("java").replace(LOG, str(log)) + f"""
    static String text(String b) {{
        return new String(java.util.Base64.getDecoder().decode(b), java.nio.charset.StandardCharsets.UTF_8);
    }}
    public static void main(String[] args) throws Exception {{
        for (var n : new String[] {{{names}}}) {{
            kizukiLogin("2001:db8:1:2::9", text("{agent}"), "{SESSION}", text(n), false);
            kizukiLogin("2001:db8:1:2::9", text("{agent}"), "{SESSION}", text(n), true);
        }}
    }}
}}
"""


def emit(program, name, source):
    tap.need_program(program)
    with tap.folder() as d:
        log, file = d / "login.log", d / name
        file.write_text(source(log))
        r = tap.run(program, file, env=dict(os.environ, TZ="Asia/Tokyo"))
        assert r.returncode == 0, r.stderr.decode()
        return check(log)


@tap.test
def node_emits_what_decodes():
    events = emit("node", "emit.cjs", node_source)
    assert events[0]["event.reason"] == "password"
    assert events[1]["kizuki.login.second_factor"] == "passed"


@tap.test
def php_emits_what_decodes():
    events = emit("php", "emit.php", php_source)
    assert events[0]["event.reason"] == "password"


@tap.test
def java_emits_what_decodes():
    tap.need(shutil.which("javac"), "no Java compiler is installed")
    emit("java", "Emit.java", java_source)


tap.main()
