#!/usr/bin/env python3
"""Senders that are answered: what the gate says, whom it refuses, and what happens when it or a connection breaks."""
import base64
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

import programs
import senders
import spoolread
import tap

up = {}


class Relp:
    """A RELP client as small as can be."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.f = self.s.makefile("rb")
        self.n = 0
        assert b"200 OK" in self.ask(b"open", b"relp_version=0\ncommands=syslog")

    def say(self, command, data=b""):
        self.n += 1
        self.s.sendall(b"%d %s %d" % (self.n, command, len(data)) + (b" " + data if data else b"") + b"\n")

    def hear(self):
        head = b""
        while head.count(b" ") < 3 and not head.endswith(b"\n"):
            c = self.f.read(1)
            if not c:
                return None
            head += c
        number, what, length = head.split()[:3]
        data = self.f.read(int(length) + 1) if int(length) else b""
        return int(number), what, data[:-1]

    def ask(self, command, data=b""):
        self.say(command, data)
        number, what, answer = self.hear()
        assert (number, what) == (self.n, b"rsp"), (number, what, answer)
        return answer

    def close(self):
        self.f.close()
        self.s.close()


@contextlib.contextmanager
def kizuki():
    """One for all tests of this program."""
    if not up:
        stack = contextlib.ExitStack()
        d = stack.enter_context(tap.folder())
        settings, ports = senders.settings_and_ports(d)
        ports["snmp_2"] = programs.free_port()
        settings["intake"]["snmp"].append(f"127.0.0.1:{ports['snmp_2']}")
        s = stack.enter_context(programs.served(settings, ["--no-local-logs"]))
        s.wait_up(60)
        up.update(stack=stack, d=d, s=s, ports=ports)
    yield up["s"], up["ports"], up["d"]


def sources(s):
    if "page" not in up:
        up["page"] = s.browser()
    return up["page"].get("/sources")["sources"]


def lines_with(s, word):
    return [l for l in spoolread.lines(s.data / "spool") if word in l]


@tap.test
def relp_answers_what_is_on_disk():
    with kizuki() as (s, ports, _):
        c = Relp(ports["relp"])
        assert c.ask(b"syslog", b"<13>relp one \x83\x65") == b"200 OK"
        assert lines_with(s, b"relp one") == [b"<13>relp one \x83\x65"]  # at once: it was answered
        s.kill("kizuki-sensor")
        assert c.ask(b"syslog", b"<13>relp two") == b"200 OK"
        assert lines_with(s, b"relp two") == [b"<13>relp two"]
        assert b"500" in c.ask(b"starttls")
        long = b"<13>" + b"L" * 150_000
        assert c.ask(b"syslog", long) == b"200 OK"
        assert b"".join(lines_with(s, b"LLLL")) == long
        assert c.ask(b"close") == b"" and c.hear()[1] == b"serverclose"
        assert c.hear() is None
        c.close()


@tap.test
def relp_messages_sent_again_after_a_break_are_kept_once():
    with kizuki() as (s, ports, _):
        first = [b"<13>again %d" % i for i in range(10)]
        c = Relp(ports["relp"])
        for m in first:
            c.say(b"syslog", m)
        tap.wait_until(lambda: len(lines_with(s, b"again")) == 10, 60)
        c.close()  # without having read an answer
        c = Relp(ports["relp"])
        for m in first[4:] + [b"<13>again 10", b"<13>again 4"]:
            assert c.ask(b"syslog", m) == b"200 OK"
        c.close()
        # the last one stands behind something new: it is a line of its own
        assert lines_with(s, b"again") == first + [b"<13>again 10", b"<13>again 4"], lines_with(s, b"again")


@tap.test
def nonsense_is_closed_and_hurts_nobody():
    with kizuki() as (s, ports, _):
        good = Relp(ports["relp"])
        for bad in (b"GET / HTTP/1.1\r\n\r\n", b"1 open 999999999 x", b"1 syslog 3 abc\n", b"\0" * 100):
            with socket.create_connection(("127.0.0.1", ports["relp"]), timeout=60) as c:
                c.sendall(bad)
                with contextlib.suppress(ConnectionResetError):
                    assert c.recv(100) == b"", bad
        assert good.ask(b"syslog", b"<13>still here") == b"200 OK"
        good.close()


@tap.test
def tls_wants_a_certificate_of_the_named_authority():
    with kizuki() as (s, ports, d):
        def send(who, port, bytes_):
            c = ssl.create_default_context(cafile=str(d / "ca.pem"))
            if who:
                c.load_cert_chain(str(d / f"{who}.pem"), str(d / f"{who}.key"))
            with socket.create_connection(("127.0.0.1", port), timeout=60) as plain, \
                    c.wrap_socket(plain, server_hostname="localhost") as t:
                t.sendall(bytes_)
                # in TLS 1.3 the refusal comes behind the client's own handshake: an alert, or the end
                assert t.recv(1) == b""
        for who in (None, "stranger"):
            with contextlib.suppress(ssl.SSLError, ConnectionResetError):
                send(who, ports["syslog_tls"], f"<13>from {who}\n".encode())
        with contextlib.suppress(TimeoutError):
            c = ssl.create_default_context(cafile=str(d / "ca.pem"))
            c.load_cert_chain(str(d / "client.pem"), str(d / "client.key"))
            plain = socket.create_connection(("127.0.0.1", ports["syslog_tls"]), timeout=60)
            with c.wrap_socket(plain, server_hostname="localhost") as t:
                t.sendall(b"<13>tls lines\n17 <13>tls counted \n<13>tls without an end")
                t.unwrap()
        want = {b"<13>tls lines", b"<13>tls without an end"}
        tap.wait_until(lambda: want <= set(lines_with(s, b"tls ")), 60, what=str(lines_with(s, b"tls ")))
        assert not lines_with(s, b"from ")
        tap.wait_until(lambda: "client (syslog tls)" in {r["name"] for r in sources(s)}, 60, what=str(sources(s)))
        assert "127.0.0.1 (syslog tls)" not in {r["name"] for r in sources(s)}


# ---- HTTP ----

def ask(method, path, body=None, headers=(), source="127.0.0.1"):
    c = http.client.HTTPConnection("127.0.0.1", up["ports"]["http"], timeout=60, source_address=(source, 0))
    try:
        c.request(method, path, body, dict(headers))
        a = c.getresponse()
        return a.status, dict(a.getheaders()), a.read()
    finally:
        c.close()


def token(name, what="add"):
    r = tap.run(tap.KIZUKI, "token", what, name, "--data", up["s"].data)
    assert r.returncode == 0, r.stderr
    return r.stdout.decode().strip()


@tap.test
def who_shows_no_token_or_a_wrong_one_is_refused():
    with kizuki() as (s, _, d):
        elsewhere = {"source": "127.0.0.2"}
        good = token("shipper-1")
        assert good not in (s.data / "gate" / "tokens").read_text()
        basic = lambda t: base64.b64encode(f"anybody:{t}".encode()).decode()
        for header in (f"Bearer {good}", f"Splunk {good}", f"ApiKey {basic(good)}", f"Basic {basic(good)}"):
            tap.wait_until(lambda: ask("POST", "/ndjson", "{}", {"Authorization": header}, **elsewhere)[0] == 200, 60)
        assert ask("POST", "/ndjson", "{}", **elsewhere)[0] == 401
        assert ask("POST", "/services/collector", "{}", **elsewhere)[0] == 401
        assert ask("POST", "/services/collector", "{}", {"Authorization": "Splunk no"}, **elsewhere)[0] == 403
        for bad in ("Bearer no", "Basic !!!", "Basic " + basic("no"), "Bearer", "x" * 3000):
            assert ask("POST", "/_bulk", "{}", {"Authorization": bad}, **elsewhere)[0] in (401, 403), bad
        assert ask("GET", "/services/collector/health", **elsewhere)[0] == 200
        token("shipper-1", "drop")
        tap.wait_until(lambda: ask("POST", "/ndjson", "{}", {"Authorization": f"Bearer {good}"}, **elsewhere)[0] == 401, 60)


@tap.test
def over_https_a_sender_is_who_its_certificate_says():
    with kizuki() as (s, ports, d):
        def post(who, path, body, type_="application/x-ndjson", authorization=None, address="127.0.0.2"):
            tls = ssl.create_default_context(cafile=str(d / "ca.pem"))
            if who:
                tls.load_cert_chain(str(d / f"{who}.pem"), str(d / f"{who}.key"))
            c = http.client.HTTPSConnection("127.0.0.1", ports["https"], timeout=60, context=tls, source_address=(address, 0))
            try:
                c.request("POST", path, body, {"Content-Type": type_, **({"Authorization": authorization} if authorization else {})})
                return (a := c.getresponse()).status, a.read()
            except (ssl.SSLError, ConnectionError) as e:
                return 0, str(e).encode()
            finally:
                c.close()

        # 127.0.0.2 is not among without_token: the certificate is all it shows
        sent = {"/_bulk": b'{"create":{}}\n{"message":"certified bulk"}\n', "/services/collector/event": b'{"event":"certified hec"}',
                "/ndjson": b"certified ndjson\n", "/v1/logs": json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [
                    {"body": {"stringValue": "certified otlp"}}]}]}]}).encode()}
        for path, body in sent.items():
            status, answer = post("client", path, body, "application/json" if path == "/v1/logs" else "application/x-ndjson")
            assert status == 200, (path, status, answer)
        names = {r["name"] for r in sources(s)}
        tap.wait_until(lambda: {"client (elastic)", "client (hec)", "client (ndjson)", "client (otlp)"} <= {r["name"] for r in sources(s)}, 60,
                       what=str(names))
        assert len(lines_with(s, b"certified ")) == 4, lines_with(s, b"certified ")
        # Where none is trusted without a token, nothing but the certificate lets in: no certificate, a stranger's, not even with a token.
        bearer = "Bearer " + token("certified")
        for who in (None, "stranger"):
            for how in (None, bearer):
                for address in ("127.0.0.1", "127.0.0.2"):
                    status, answer = post(who, "/ndjson", b"uninvited\n", authorization=how, address=address)
                    assert status in (0, 403), (who, how, address, status, answer)
        assert post("client", "/ndjson", b"uninvited\n", authorization="Bearer wrong")[0] == 401
        tap.wait_until(lambda: post("client", "/ndjson", b"with both\n", authorization=bearer)[0] == 200, 60, what="the token known to the gate")
        assert not lines_with(s, b"uninvited") and len(lines_with(s, b"with both")) == 1
        assert not [r for r in sources(s) if r["name"].startswith("certified")], "the token names it, not the certificate"


@tap.test
def elastic_shippers_find_what_they_ask_for():
    with kizuki() as (s, _, d):
        status, headers, body = ask("GET", "/")
        assert status == 200 and headers["X-Elastic-Product"] == "Elasticsearch", headers
        assert json.loads(body)["version"]["number"] == "8.13.0"
        for method, path in (("HEAD", "/"), ("GET", "/_license"), ("GET", "/_xpack"), ("PUT", "/_ilm/policy/filebeat"),
                             ("PUT", "/_index_template/filebeat-8.13.0"), ("HEAD", "/_template/x"), ("PUT", "/logs-x")):
            assert ask(method, path)[0] == 200, path
        assert ask("DELETE", "/logs-x")[0] == 405 and ask("GET", "/no/such/thing")[0] == 404
        rows = ['{"create":{"_index":"l","_id":"1"}}', '{"message":"elastic 1"}', '{"index":{"_index":"l"}}',
                '{"message":"elastic 2"}', '{"delete":{"_index":"l","_id":"1"}}']
        bulk = lambda *rows: ask("POST", "/_bulk", "\n".join(rows) + "\n", {"Content-Type": "application/x-ndjson"})
        status, _, body = bulk(*rows)
        answer = json.loads(body)
        assert status == 200 and answer["errors"] is True
        assert [list(i.values())[0]["status"] for i in answer["items"]] == [201, 201, 400], answer
        again = json.loads(bulk(*rows[:2], '{"index":{"_index":"l","_id":"1"}}', rows[1], '{"index":{"_index":"l","_id":"1"}}',
                                '{"message":"elastic 3"}')[2])
        assert [list(i.values())[0]["status"] for i in again["items"]] == [409, 200, 200], again
        assert len(lines_with(s, b'"elastic ')) == 3, lines_with(s, b'"elastic ')
        for bad in (["nonsense", "{}"], ['{"no":{}}', "{}"], ['{"index":[]}', "{}"]):
            status, _, answer = bulk(*bad)
            assert status == 400, (bad, status, answer)
        assert ask("POST", "/l/_doc", '{\n "message": "elastic alone"}')[0] == 201
        assert lines_with(s, b"elastic alone") == [b'{  "message": "elastic alone"}']


@tap.test
def splunk_events_raw_lines_and_acknowledgements():
    with kizuki() as (s, _, d):
        post = lambda path, body, **q: ask("POST", "/services/collector" + path, body, q.get("headers", {}))
        channel = {"X-Splunk-Request-Channel": "c1"}
        two = json.dumps({"event": "<13>hec one"}) + json.dumps(
            {"time": 1700000000.5, "host": "h1", "fields": {"a": "b"}, "event": {"message": "hec two", "n": [1, 2]}})
        assert json.loads(post("", two, headers=channel)[2]) == {"text": "Success", "code": 0, "ackId": 0}
        assert json.loads(post("/raw?channel=c1", b"hec three\r\nhec four\n")[2])["ackId"] == 1
        assert json.loads(post("/event", two.replace("hec", "HEC"))[2]) == {"text": "Success", "code": 0}
        assert lines_with(s, b"hec ") == [
            b"<13>hec one", b'{"@timestamp":1700000000.5,"host.name":"h1","labels.a":"b","message": "hec two", "n": [1, 2]}',
            b"hec three", b"hec four"], lines_with(s, b"hec ")
        acks = json.loads(post("/ack?channel=c1", json.dumps({"acks": [0, 1, 2]}))[2])
        assert acks == {"acks": {"0": True, "1": True, "2": False}}, acks
        assert json.loads(post("/ack", '{"acks":[0]}')[2])["code"] == 10
        for body, code in (("", 5), ("nonsense", 6), ('{"event":""}', 13), ('{"host":"x"}', 12), ('{"event":1', 6)):
            status, _, answer = post("", body)
            assert (status, json.loads(answer)["code"]) == (400, code), (body, answer)
        status, _, answer = post("", '{"event":"kept before"}{"event":"also"}{"evnt":1}')
        assert json.loads(answer)["invalid-event-number"] == 2 and len(lines_with(s, b"kept before")) == 1


@tap.test
def opentelemetry_in_both_forms():
    with kizuki() as (s, _, d):
        record = {"timeUnixNano": "1700000000123000000", "severityText": "WARN", "severityNumber": 13,
                  "body": {"stringValue": "otlp json"}, "traceId": "5b8efff798038103d269b633813fc60c",
                  "attributes": [{"key": "n", "value": {"intValue": "9007199254740993"}},
                                 {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": True}, {"doubleValue": 1.5}]}}},
                                 {"key": "m", "value": {"kvlistValue": {"values": [{"key": "x", "value": {"stringValue": "y"}}]}}}]}
        whole = {"resourceLogs": [{"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "h"}}]},
                                   "scopeLogs": [{"scope": {"name": "lib"}, "logRecords": [record]}]}]}
        status, _, answer = ask("POST", "/v1/logs", json.dumps(whole), {"Content-Type": "application/json"})
        assert (status, answer) == (200, b"{}"), answer
        pb = senders.pb
        value = lambda s: pb(1, s)
        proto = pb(1, pb(2, pb(1, pb(1, "lib")) + pb(2, pb(1, 1700000000123000000) + pb(3, "WARN") + pb(5, value("otlp proto")) +
                   pb(6, pb(1, "m") + pb(2, pb(6, pb(1, pb(1, "x") + pb(2, value("y")))))) + pb(9, b"\x01" * 16))) +
                   pb(1, pb(1, pb(1, "host.name") + pb(2, value("h")))))  # the resource behind its records
        status, _, answer = ask("POST", "/v1/logs", proto, {"Content-Type": "application/x-protobuf"})
        assert (status, answer) == (200, b""), answer
        a, b = (json.loads(l) for l in lines_with(s, b'"otlp '))
        assert a == {"@timestamp": "2023-11-14T22:13:20.123Z", "log.level": "WARN", "otel.severity_number": 13,
                     "message": "otlp json", "trace.id": record["traceId"], "host.name": "h", "n": 9007199254740993,
                     "l": [True, 1.5], "m": {"x": "y"}, "otel.scope.name": "lib"}, a
        assert b == {"@timestamp": "2023-11-14T22:13:20.123Z", "log.level": "WARN", "message": "otlp proto",
                     "trace.id": "01" * 16, "host.name": "h", "m": {"x": "y"}, "otel.scope.name": "lib"}, b
        for bad in (b"\xff" * 20, proto[:-3], b"\x0a\xff\xff\xff\xff\x0f"):
            assert ask("POST", "/v1/logs", bad, {"Content-Type": "application/x-protobuf"})[0] == 400
        assert ask("POST", "/v1/logs", b"", {"Content-Type": "text/plain"})[0] == 415


@tap.test
def a_journal_that_is_sent_again_is_kept_once():
    with kizuki() as (s, _, d):
        entry = lambda i, more=b"": (b"__CURSOR=s=%032x;i=%x;b=%032x;m=1;t=1;x=1\n__REALTIME_TIMESTAMP=1700000000000000\n"
                                     b"MESSAGE=upload %d\n%s\n" % (7, i, 9, i, more))
        value = b"two\nlines of upload"
        binary = b"TEXT\n" + len(value).to_bytes(8, "little") + value + b"\n"
        core = b"COREDUMP\n" + (2_000_000).to_bytes(8, "little") + b"\0" * 2_000_000 + b"\n"
        send = lambda body: ask("POST", "/upload", body, {"Content-Type": "application/vnd.fdo.journal"})
        assert send(entry(1) + entry(2, binary) + entry(3, core))[::2] == (202, b"OK.\n")
        s.kill("kizuki-sensor")
        assert send(entry(2, binary) + entry(3, core) + entry(4))[0] == 202
        s.kill("kizuki-gate")
        tap.wait_until(reachable, 60)
        assert send(entry(3) + entry(4) + entry(15))[0] == 202
        got = lines_with(s, b"MESSAGE=upload")
        assert [l.split(b"upload ")[1].split(b"\n")[0] for l in got] == [b"1", b"2", b"3", b"4", b"15"], got
        assert binary in got[1] and b"COREDUMP" not in got[2]
        assert send(b"no\xffsense of any kind" * 100)[0] == 400


def reachable():
    try:
        return ask("GET", "/services/collector/health")[0] == 200
    except OSError:
        return False


@tap.test
def bombs_and_floods_are_refused():
    with kizuki() as (s, _, d):
        bomb = gzip.compress(b"\0" * (40 << 20), 1)
        assert len(bomb) < 200_000
        assert ask("POST", "/ndjson", bomb, {"Content-Encoding": "gzip"})[0] == 413
        assert ask("POST", "/ndjson", bomb[:50_000], {"Content-Encoding": "gzip"})[0] in (400, 413)
        assert ask("POST", "/ndjson", b"not gzip", {"Content-Encoding": "gzip"})[0] == 400
        assert ask("POST", "/ndjson", b"x", {"Content-Encoding": "br"})[0] == 415
        good = gzip.compress(b'{"m":"packed 1"}\n') + gzip.compress(b'{"m":"packed 2"}\n')
        assert ask("POST", "/ndjson", good, {"Content-Encoding": "gzip"})[0] == 200
        assert len(lines_with(s, b'"packed ')) == 2


@tap.test
def a_sensor_that_stands_is_told_to_senders_and_nothing_is_kept_twice():
    with kizuki() as (s, ports, d):
        pid = s.children()["kizuki-sensor"]
        os.kill(pid, signal.SIGSTOP)
        try:
            relp = Relp(ports["relp"])
            relp.say(b"syslog", b"<13>stands 0")  # waits in the sensor's socket
            tap.wait_until(lambda: ask("GET", "/services/collector/health")[0] == 503, 60)
            status, headers, _ = ask("POST", "/ndjson", "x")
            assert status == 503 and int(headers["Retry-After"]) > 0
            assert ask("POST", "/services/collector/raw", "x")[0] == 503
            assert ask("GET", "/")[0] == 200
        finally:
            os.kill(pid, signal.SIGCONT)
        assert relp.hear()[1:] == (b"rsp", b"200 OK")
        relp.close()
        assert ask("POST", "/ndjson", "stands 1")[0] == 200
        assert lines_with(s, b"stands ") == [b"<13>stands 0", b"stands 1"], lines_with(s, b"stands ")


# ---- datagrams ----

def told(s, word, n=1):
    """Lines with the word, as JSON, when there are n."""
    tap.wait_until(lambda: len(lines_with(s, word)) >= n, 60, what=word)
    return [json.loads(l) for l in lines_with(s, word)]


@tap.test
def traps_of_all_three_versions_and_informs():
    tap.need_program("snmptrap")
    with kizuki() as (s, ports, d):
        to = f"127.0.0.1:{ports['snmp']}"
        send = lambda *argv: tap.run("snmptrap", *argv, timeout=60)
        text = ["1.3.6.1.2.1.1.5.0", "s", "trap 気付き", "1.3.6.1.2.1.1.7.0", "i", "-7", "1.3.6.1.2.1.2.2.1.6.1", "x", "00 01 fe"]
        for argv in (["-v", "1", "-c", "secret", to, "1.3.6.1.4.1.8072", "192.0.2.9", "6", "17", "100", *text],
                     ["-v", "2c", "-c", "secret", to, "200", "1.3.6.1.6.3.1.1.5.3", *text],
                     ["-v", "3", "-e", "0x8000000001020304", "-u", "who", "-l", "noAuthNoPriv", to, "300",
                      "1.3.6.1.6.3.1.1.5.4", *text]):
            r = send(*argv)
            assert r.returncode == 0, r.stderr
        one, two, three = sorted(told(s, b'"snmp.vars"', 3), key=lambda t: t["snmp.uptime"])
        assert one["snmp.trap_oid"] == "1.3.6.1.4.1.8072.0.17" and one["host.ip"] == "192.0.2.9", one
        assert two["snmp.trap_oid"] == "1.3.6.1.6.3.1.1.5.3" and two["snmp.version"] == "2c", two
        assert three["snmp.user"] == "who" and three["snmp.security"] == "none", three
        for t in (one, two, three):
            assert t["snmp.vars"] == {"1.3.6.1.2.1.1.5.0": "trap 気付き", "1.3.6.1.2.1.1.7.0": -7,
                                      "1.3.6.1.2.1.2.2.1.6.1": "0x0001fe"}, t
        assert not lines_with(s, b"secret")
        s.kill("kizuki-sensor")  # an inform is answered when it is on disk, and asked again until then
        r = send("-Ci", "-r", "30", "-t", "1", "-v", "2c", "-c", "secret", to, "400", "1.3.6.1.6.3.1.1.5.5", *text)
        assert r.returncode == 0, r.stderr
        assert {t["snmp.type"] for t in told(s, b'"snmp.uptime":400')} == {"inform"}


def figures(s, module, n=1):
    """What the spool holds of a product, as JSON, once it has n lines of a resource with its limit."""
    got = lambda: [json.loads(l) for l in lines_with(s, b'"event.module":"%s"' % module.encode())]
    tap.wait_until(lambda: sum("metric.used" in f for f in got()) >= n, 60)
    return got()


@tap.test
def figures_of_the_real_collectd_come_in_one_form():
    tap.need_program("collectd")
    with kizuki() as (s, ports, d):
        plugins = "".join(f"LoadPlugin {p}\n" for p in ("cpu", "memory", "df", "network", "write_http"))
        (d / "collectd.conf").write_text(f"""Hostname "db-09"
FQDNLookup false
Interval 0.5
BaseDir "{d}"
{plugins}<Plugin df>
  ReportInodes true
  MountPoint "/"
</Plugin>
<Plugin network>
  Server "127.0.0.1" "{ports['collectd']}"
</Plugin>
<Plugin write_http>
  <Node "kizuki">
    URL "http://127.0.0.1:{ports['http']}/collectd"
    Format "JSON"
    BufferSize 4096
  </Node>
</Plugin>
""")
        collectd = subprocess.Popen([shutil.which("collectd", path="/usr/sbin:/usr/bin"), "-f", "-C", str(d / "collectd.conf"), "-P", str(d / "collectd.pid")],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            tap.wait_until(lambda: {f["metric.name"] for f in figures(s, "collectd") if "metric.used" in f} >= {"cpu", "memory", "disk", "inodes"}, 60)
        finally:
            collectd.terminate()
            collectd.wait()
        for f in figures(s, "collectd"):
            assert f["host.name"] == "db-09" and f["event.kind"] == "metric" and f["metric.resource"], f
            assert "metric.used" not in f or (0 <= f["metric.used"] <= 1 and f["metric.from"] and f["metric.limit"] > 0), f
        total = int(re.search(r"MemTotal: *(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) * 1024
        seen = [f["metric.limit"] for f in figures(s, "collectd") if f["metric.name"] == "memory"]
        assert any(total * 0.5 < x <= total * 1.01 for x in seen), (total, seen[:5])


@tap.test
def figures_of_real_exporters_and_agents_are_handed_in():
    tap.need_program("prometheus-node-exporter", "snmpd", "snmpbulkwalk")
    with kizuki() as (s, ports, d):
        at, agent = programs.free_port(), programs.free_port()
        (d / "snmpd.conf").write_text("rocommunity public 127.0.0.1\n")
        running = [subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for argv in (
            [shutil.which("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{at}"],
            [shutil.which("snmpd", path="/usr/sbin"), "-f", "-C", "-c", str(d / "snmpd.conf"), "-p", str(d / "snmpd.pid"), f"udp:127.0.0.1:{agent}"])]
        try:
            page = lambda: tap.run("curl", "-s", f"http://127.0.0.1:{at}/metrics", timeout=60).stdout
            tap.wait_until(lambda: b"node_memory_MemTotal_bytes" in page(), 60)
            for _ in range(2):  # processors need two
                status, _, said = ask("PUT", "/prometheus/web-07", page())
                assert status == 200, said
            walk = lambda oid: tap.run("snmpbulkwalk", "-v2c", "-c", "public", "-On", f"127.0.0.1:{agent}", oid, timeout=60).stdout
            tap.wait_until(lambda: b".1.3.6.1.2.1.25.2.3.1.6." in walk("1.3.6.1.2.1.25.2.3"), 60)
            status, _, said = ask("POST", "/snmp/gw-07", walk("1.3.6.1.2.1.25.2.3") + walk("1.3.6.1.2.1.25.3.3"))
            assert status == 200, said
        finally:
            for p in running:
                p.terminate()
                p.wait()
        seen = {(f["host.name"], f["metric.name"]): f["metric.used"] for m in ("prometheus", "snmp") for f in figures(s, m) if "metric.used" in f}
        assert {("web-07", "memory"), ("web-07", "disk"), ("web-07", "files"), ("gw-07", "memory"), ("gw-07", "disk")} <= set(seen), seen
        assert all(0 <= u <= 1.01 for u in seen.values()), seen


@tap.test
def figures_of_statsd_and_opentelemetry_are_kept():
    with kizuki() as (s, ports, _):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.sendto(b"orders.waiting:17|g|#queue:night,host:app-1", ("127.0.0.1", ports["statsd"]))
        body = {"resourceMetrics": [{"resource": {"attributes": [{"key": "host.name", "value": {"stringValue": "app-2"}}]}, "scopeMetrics": [{"metrics": [
            {"name": "db.client.connection.count", "sum": {"dataPoints": [{"asInt": "45", "attributes": [
                {"key": "db.client.connection.state", "value": {"stringValue": "used"}}, {"key": "db.client.connection.pool.name", "value": {"stringValue": "main"}}]}]}},
            {"name": "db.client.connection.max", "sum": {"dataPoints": [{"asInt": "50", "attributes": [{"key": "db.client.connection.pool.name", "value": {"stringValue": "main"}}]}]}}]}]}]}
        status, said = ask("POST", "/v1/metrics", json.dumps(body).encode(), {"Content-Type": "application/json"})[:2]
        assert status == 200, said
        pool = figures(s, "opentelemetry")[-1]
        assert (pool["metric.name"], pool["metric.resource"], pool["metric.used"]) == ("sessions", "main", 0.9), pool
        tap.wait_until(lambda: lines_with(s, b"orders.waiting"), 60)
        gauge = json.loads(lines_with(s, b"orders.waiting")[0])
        assert (gauge["host.name"], gauge["metric.value"], gauge["metric.resource"]) == ("app-1", 17, "queue=night"), gauge


@tap.test
def a_limit_of_design_is_put_beside_the_figure():
    with kizuki() as (s, ports, _):
        sources(s)  # signs in
        up["page"].api("POST", "/registers/design_limits", {"values": {"name": "1口座あたりの明細", "metric": "items_per_account", "limit": "1,000", "source": "基本設計書 4.2"}})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            def told():
                u.sendto(b"items_per_account:960|g|#account:7,host:app-1", ("127.0.0.1", ports["statsd"]))
                return [f for f in map(json.loads, lines_with(s, b"items_per_account")) if f.get("metric.designed")]
            f = tap.wait_until(told, 60, every=0.5)[0]
        assert (f["metric.limit"], f["metric.used"]) == (1000, 0.96), f
        tap.wait_until(lambda: up["page"].get("/incidents")["total"], 60)  # danger opens a case


@tap.test
def flows_say_who_stood_behind_an_address():
    with kizuki() as (s, ports, d):
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        send = lambda b: u.sendto(b, ("127.0.0.1", ports["flow"]))
        ip = socket.inet_aton
        num = lambda *pairs: b"".join(v.to_bytes(n, "big") for v, n in pairs)
        when = 1_700_000_000
        v5 = num((5, 2), (1, 2), (60_000, 4), (when, 4), (0, 4), (0, 4), (0, 4)) + ip("10.0.0.5") + ip("198.51.100.7") + \
            ip("0.0.0.0") + num((1, 2), (2, 2), (10, 4), (1234, 4), (50_000, 4), (59_000, 4), (40000, 2), (443, 2),
                                (0, 1), (0x1b, 1), (6, 1), (0, 1), (0, 8))
        send(v5)
        flow = told(s, b"netflow.v5")[0]
        assert {k: flow[k] for k in ("source.ip", "source.port", "destination.ip", "destination.port", "network.bytes",
                                     "network.transport", "@timestamp", "event.start")} == {
            "source.ip": "10.0.0.5", "source.port": 40000, "destination.ip": "198.51.100.7", "destination.port": 443,
            "network.bytes": 1234, "network.transport": "tcp", "@timestamp": "2023-11-14T22:13:19.000Z",
            "event.start": "2023-11-14T22:13:10.000Z"}, flow
        # IPFIX with address translation; the records come before their template
        fields = [(323, 8), (230, 1), (8, 4), (225, 4), (12, 4), (7, 2), (227, 2), (11, 2), (4, 1), (27, 16)]
        body = num((when * 1000 + 5, 8), (4, 1)) + ip("10.0.0.6") + ip("203.0.113.1") + ip("198.51.100.8") + \
            num((40001, 2), (61001, 2), (443, 2), (17, 1)) + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
        message = lambda sets: num((10, 2), (16 + len(sets), 2), (when, 4), (0, 4), (7, 4)) + sets
        set_ = lambda i, b: num((i, 2), (4 + len(b), 2)) + b
        send(message(set_(256, body)))
        send(message(set_(2, num((256, 2), (len(fields), 2)) + b"".join(num((i, 2), (n, 2)) for i, n in fields))))
        send(b"nonsense")
        nat = told(s, b"203.0.113.1")[0]
        assert {k: nat[k] for k in ("source.nat.ip", "source.nat.port", "event.action", "network.transport", "@timestamp")} == {
            "source.nat.ip": "203.0.113.1", "source.nat.port": 61001, "event.action": "nat44-session-create",
            "network.transport": "udp", "@timestamp": "2023-11-14T22:13:20.005Z"}, nat
        # a published service (only the destination is translated), IPv6 for IPv6, and IPv6 for IPv4; one template for both families
        six = lambda a: socket.inet_pton(socket.AF_INET6, a)
        none, none6 = ip("0.0.0.0"), six("::")
        both = [(8, 4), (27, 16), (12, 4), (28, 16), (225, 4), (281, 16), (226, 4), (282, 16), (7, 2), (227, 2), (11, 2), (228, 2), (230, 1)]
        rows = [ip("198.51.100.9") + none6 + ip("203.0.113.1") + none6 + ip("198.51.100.9") + none6 + ip("10.0.0.80") + none6 +
                num((51234, 2), (51234, 2), (443, 2), (8443, 2), (4, 1)),
                none + six("fd00::7") + none + six("2001:db8::80") + none + six("2001:db8:1::7") + none + six("2001:db8::80") +
                num((5001, 2), (6001, 2), (443, 2), (443, 2), (1, 1)),
                none + six("2001:db8:2::9") + none + six("64:ff9b::c633:6450") + ip("203.0.113.2") + none6 + ip("198.51.100.80") + none6 +
                num((5002, 2), (6002, 2), (80, 2), (80, 2), (7, 1))]
        send(message(set_(2, num((257, 2), (len(both), 2)) + b"".join(num((i, 2), (n, 2)) for i, n in both)) + set_(257, b"".join(rows))))
        published = told(s, b'"10.0.0.80"')[0]
        assert published["destination.ip"] == "203.0.113.1" and published["destination.nat.port"] == 8443, published
        assert published["source.ip"] == published["source.nat.ip"] == "198.51.100.9", published
        six_six = told(s, b'"fd00::7"')[0]
        assert (six_six["source.nat.ip"], six_six["source.nat.port"], six_six["event.action"]) == ("2001:db8:1::7", 6001, "nat-create"), six_six
        six_four = told(s, b'"2001:db8:2::9"')[0]
        assert (six_four["source.ip"], six_four["source.nat.ip"], six_four["destination.nat.ip"], six_four["event.action"]) == (
            "2001:db8:2::9", "203.0.113.2", "198.51.100.80", "nat64-session-delete"), six_four
        # Cisco's ASA in version 9: numbers of its own for the same
        asa = [(8, 4), (12, 4), (7, 2), (11, 2), (40001, 4), (40003, 2), (40002, 4), (40004, 2), (233, 1), (323, 8)]
        send(num((9, 2), (2, 2), (60_000, 4), (when, 4), (2, 4), (9, 4)) +
             set_(0, num((301, 2), (len(asa), 2)) + b"".join(num((i, 2), (n, 2)) for i, n in asa)) +
             set_(301, ip("10.0.0.11") + ip("198.51.100.8") + num((5003, 2), (443, 2)) + ip("203.0.113.3") + num((6003, 2)) +
                  ip("198.51.100.8") + num((443, 2), (1, 1), (when * 1000, 8))))
        nsel = told(s, b'"10.0.0.11"')[0]
        assert (nsel["source.nat.ip"], nsel["source.nat.port"], nsel["event.action"]) == ("203.0.113.3", 6003, "flow-create"), nsel
        # version 9, the same template in the same datagram
        v9 = num((9, 2), (2, 2), (60_000, 4), (when, 4), (1, 4), (3, 4)) + \
            set_(0, num((300, 2), (3, 2), (8, 2), (4, 2), (21, 2), (4, 2), (1, 2), (4, 2))) + \
            set_(300, ip("10.9.9.9") + num((58_000, 4), (99, 4)))
        send(v9)
        nine = told(s, b"10.9.9.9")[0]
        assert nine["network.bytes"] == 99 and nine["@timestamp"] == "2023-11-14T22:13:18.000Z", nine
        u.close()


@tap.test
def what_the_kernel_drops_is_shown_with_the_sources():
    tap.need_program("snmptrap")
    with kizuki() as (s, ports, d):
        sent = 36_000  # more than the two sockets hold
        before = len(lines_with(s, b'"snmp.vars"'))
        pid = s.children()["kizuki-gate"]
        r = tap.run("snmptrap", "-v", "2c", "-c", "x", "-d", f"127.0.0.1:{ports['snmp']}", "1", "1.3.6.1.6.3.1.1.5.1",
                    "1.3.6.1.2.1.1.5.0", "s", "w" * 900)
        hex_ = re.findall(rb"^\d{4}: ((?:[0-9A-F]{2} +)+)", r.stdout + r.stderr, re.M)
        trap = bytes.fromhex(b"".join(hex_).decode().replace(" ", ""))  # as the real sender made it
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        os.kill(pid, signal.SIGSTOP)
        try:
            for i in range(sent - 1):  # two listeners, which share a source
                u.sendto(trap, ("127.0.0.1", ports["snmp_2" if i % 2 else "snmp"]))
        finally:
            os.kill(pid, signal.SIGCONT)
        u.close()

        def settled():
            row = next((x for x in sources(s) if x["name"] == "snmp (listener)"), None)
            got = len(lines_with(s, b'"snmp.vars"')) - before
            return row and got + row["lost"] == sent and (got, row["lost"])
        got, lost = tap.wait_until(settled, 60, every=0.3)
        print(f"# {sent} sent, {got} arrived, {lost} dropped by the kernel and shown")
        assert lost > 0


@tap.test
def the_gate_may_open_nothing_but_its_own():
    with kizuki() as (s, _, d):
        pid = s.children()["kizuki-gate"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, status


@tap.test
def a_gate_that_dies_comes_again():
    with kizuki() as (s, ports, _):
        s.kill("kizuki-gate")

        def answered():
            with contextlib.suppress(OSError, TypeError):
                c = Relp(ports["relp"])
                try:
                    return c.ask(b"syslog", b"<13>after the gate")
                finally:
                    c.close()
        assert tap.wait_until(answered, 60) == b"200 OK"
        assert b"<13>after the gate" in lines_with(s, b"after the gate")


try:
    tap.main()
finally:
    if up:
        up["stack"].close()
