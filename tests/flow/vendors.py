"""What vendors publish about their HTTP interfaces, as a server that answers what the contract lists and nothing else."""
import http.server
import json
import pathlib
import threading
import urllib.parse

BOOK = pathlib.Path(__file__).resolve().parent / "contracts" / "vendors.json"


def book():
    return json.loads(BOOK.read_text())


def serve(contract):
    """On a port of its own: asked, wrong and on are what it was asked, what was wrong with it, and whether the act stands there."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.rows, server.asked, server.wrong, server.on = contract["requests"], [], [], False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def site(name, contract, server):
    """The driver's file of a site that is connected to that server."""
    base = f"http://127.0.0.1:{server.server_port}"
    made = {"driver": name, "dry_run": False, "settings": {k: v.replace("$", base) for k, v in contract["settings"].items()}}
    if name == "defender-isolate":
        made["settings"]["secret"] = urllib.parse.quote(contract["settings"]["secret"])
    if "targets" in contract:
        made["targets"] = contract["targets"]
    return made


class Vendor(http.server.BaseHTTPRequestHandler):
    """Answers what the contract lists and nothing else; keeps what was wrong with a request."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def serve(self):
        s = self.server
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        row = next((r for r in s.rows if r["method"] == self.command and r["path"] == url.path), None)
        wrong = why_wrong(row, url, body, self.headers) if row else f"no such request: {self.command} {self.path}"
        s.asked.append((self.command, url.path))
        if wrong:
            s.wrong.append(wrong)
            return self.say(400, {"error": wrong})
        if "state" in row:
            s.on = row["state"] == "on"
        if "state_of" in row:
            s.on = not json.loads(body)[row["state_of"]]
        early = row.get("later", 0) > s.asked.count((self.command, url.path)) - 1
        answer = row["before"] if early and "before" in row else row.get("when_off") if "when_off" in row and not s.on else row.get("answer")
        self.say(row.get("status", 200), row.get("plain", answer))

    do_GET = do_POST = do_PUT = do_DELETE = serve

    def say(self, status, answer):
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def unlike(want, got):
    if want == "*":
        return not isinstance(got, str)
    if isinstance(want, list):
        return got not in want
    if isinstance(want, dict):
        return not isinstance(got, dict) or set(want) != set(got) or any(unlike(want[k], got[k]) for k in want)
    return want != got


def why_wrong(row, url, body, headers):
    if "query" in row and dict(urllib.parse.parse_qsl(url.query, strict_parsing=True)) != row["query"]:
        return f"query {url.query}"
    if "bearer" in row and headers.get("Authorization") != f"Bearer {row['bearer']}":
        return "not signed in"
    if "basic" in row and headers.get("Authorization") != f"Basic {row['basic']}":
        return "not signed in"
    if "form" in row:
        if headers.get_content_type() != "application/x-www-form-urlencoded" or \
                dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True)) != row["form"]:
            return f"form {body!r}"
    if "json" in row:
        if headers.get_content_type() != "application/json" or unlike(row["json"], json.loads(body)):
            return f"body {body!r}"
    return None
