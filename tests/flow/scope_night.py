"""A night whose true numbers are known: who did what is written down while it is made, and nothing here knows the questions of
content/scopes. Counted twice: here, by keeping book; there, from the lines alone."""
import json
import random
import time

import tap


class Night:
    """Lines of some minutes, with the book of what they tell."""

    def __init__(self, seed, begins):
        self.r = random.Random(seed)
        self.begins, self.lines, self.book = begins, [], {}
        self.machines = {f"pc-{n:02d}": (f"00:a0:de:00:00:{n:02x}", f"192.168.7.{10 + n}") for n in range(1, 13)}
        self.lease = {}

    def mark(self, what, value):
        self.book.setdefault(what, set()).add(value)

    def at(self, s):
        return self.begins + s

    def syslog(self, s, host, app, text):
        t = self.at(s)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t % 1 * 1000):03d}Z"
        self.lines.append((t, f"<38>1 {stamp} {host} {app} 7 - - {text}"))

    # ---- what happens ----

    def leases(self):
        for name, (mac, address) in self.machines.items():
            self.give(1 + self.r.random(), name, address)

    def give(self, s, name, address):
        self.syslog(s, "gw", "dnsmasq-dhcp", f"DHCPACK(br-lan) {address} {self.machines[name][0]} {name}")
        self.lease[address] = name

    def look(self, s, address, path, status, host="www.example.jp"):
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(self.at(s)))
        self.syslog(s, "web1", "nginx", f'{host} {address} - - [{when}] "GET {path} HTTP/1.1" {status} 812 "-" "Mozilla/5.0"')
        if host == "www.example.jp":
            self.mark("looked", address)

    def page(self, tampered_from, tampered_to):
        """A page is not as it should be from one second to another: who was given it then."""
        for i in range(400):
            s, address = 5 + self.r.randrange(190), f"203.0.{self.r.randrange(110, 114)}.{self.r.randrange(1, 60)}"
            path, status = self.r.choice(["/", "/index.html", "/index.html", "/news.html"]), self.r.choice([200, 200, 200, 304, 404, 500])
            host = self.r.choice(["www.example.jp", "www.example.jp", "shop.example.jp"])
            self.look(s, address, path, status, host)
            if host == "www.example.jp" and path == "/index.html" and status in (200, 304) and tampered_from <= s < tampered_to:
                self.mark("visitors", address)

    def try_in(self, s, name, address, well):
        self.syslog(s, "gate", "sshd", f"{'Accepted' if well else 'Failed'} password for {name} from {address} port {self.r.randrange(1024, 65000)} ssh2")
        if well:
            self.mark("sessions", (name.lower(), address))

    def attack(self, attackers):
        for i in range(130):
            name, address = f"member{self.r.randrange(60):02d}", self.r.choice(attackers)
            well = self.r.random() < 0.06
            self.try_in(20 + i + self.r.random(), self.r.choice([name, name.upper()]), address, well)
            self.mark("tried", name)
            if well:
                self.mark("stolen", name)
                self.mark("entered", name)
        for i in range(36):
            name = f"member{self.r.randrange(60):02d}"
            self.try_in(10 + 4 * i, name, f"192.0.2.{self.r.randrange(1, 40)}", True)
            self.mark("entered", name)

    def surf(self, s, address, to, code=200, user="-"):
        t = self.at(s)
        how = "TCP_DENIED/403" if code == 403 else "TCP_TUNNEL/200"
        self.syslog(s, "proxy", "squid", f"{t:.3f}    105 {address} {how} 900 CONNECT {to}:443 {user} HIER_DIRECT/203.0.113.9 -")

    def outbound(self):
        bad, link = "c2.example.net", "login-example.example.com"
        names = sorted(self.machines)
        for n in names:
            self.surf(30 + self.r.random() * 20, self.machines[n][1], "www.example.org")
        for n in names[:5]:
            for i in range(3):
                self.surf(60 + self.r.random() * 20, self.machines[n][1], bad)
            self.mark("talked", self.machines[n][0])
        self.surf(61, self.machines[names[7]][1], bad, 403)  # it was kept from it
        self.surf(62, "192.168.7.200", bad)  # nobody knows which machine
        self.mark("talked", "192.168.7.200")
        self.give(85, names[9], self.machines[names[0]][1])  # the address of the first is another machine's now
        self.surf(90, self.machines[names[0]][1], bad)
        self.mark("talked", self.machines[names[9]][0])
        for n in names[3:6]:
            self.surf(70 + self.r.random(), self.machines[n][1], link)
            self.mark("opened", self.machines[n][0])

    def mail(self, s, sender, recipients, user=None, frm=None):
        queue = "".join(self.r.choice("0123456789ABCDEF") for _ in range(10))
        client = "client=unknown[192.0.2.10]" + (f", sasl_method=PLAIN, sasl_username={user}" if user else "")
        self.syslog(s, "mail", "postfix/smtpd", f"{queue}: {client}")
        if user:
            self.mark("signed in to mail", (user, "192.0.2.10"))
        self.syslog(s + .1, "mail", "postfix/qmgr", f"{queue}: from=<{frm or sender}>, size=900, nrcpt={len(recipients)} (queue active)")
        arrived = False
        for i, (to, well) in enumerate(recipients):
            arrived |= well
            how = "sent (250 2.0.0 Ok: queued)" if well else "bounced (host said: 550)"
            self.syslog(s + .2 + i / 100, "mail", "postfix/smtp",
                        f"{queue}: to=<{to}>, relay=mx.example.org[203.0.113.25]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn={'2.0.0' if well else '5.1.1'}, status={how}")
        return queue, arrived

    def mails(self):
        for i in range(20):
            to = [(f"u{self.r.randrange(90)}@example.org", self.r.random() < .7) for _ in range(self.r.randrange(1, 4))]
            queue, arrived = self.mail(100 + i, "tanaka@example.jp", to, "tanaka@example.jp")
            if arrived:
                self.mark("sent", queue)
        for i in range(10):
            self.mail(100.5 + i, "sato@example.jp", [("x@example.org", True)], "sato@example.jp")
        for i in range(15):
            to = [(self.r.choice(["a", "b", "c", "d", "e"]) + self.r.choice(["@example.jp", "@Example.jp"]), self.r.random() < .6)]
            _, arrived = self.mail(130 + i, "billing@phish.example.net", to)
            if arrived:
                self.mark("received", to[0][0].lower())

    def programs(self):
        for n, name in enumerate(sorted(self.machines)):
            for exe in ["/usr/bin/ls"] + (["/tmp/.x/evil"] if n % 4 == 0 else []):
                self.syslog(150 + n, name, "audit", f'type=SYSCALL msg=audit({self.at(150 + n):.3f}:{n}): arch=c000003e syscall=59 success=yes exit=0 pid=4242 comm="{exe.split("/")[-1]}" exe="{exe}" key="exec"')
                if exe.startswith("/tmp"):
                    self.mark("ran", name)

    def shared(self):
        """Three people at three machines, one of whom moved; one address nobody knows."""
        names = sorted(self.machines)
        people = {"suzuki": names[1], "ito": names[2], "kato": names[6]}
        for who, n in people.items():
            self.try_in(160, who, self.machines[n][1], True)
        self.try_in(159, "mori", self.machines[names[10]][1], True)  # never uses the shared one
        for i, (who, n) in enumerate(people.items()):
            for k in range(3):
                self.try_in(165 + 3 * i + k, "info", self.machines[n][1], True)
            self.mark("persons", who)
            self.mark("behind", self.machines[n][0])
        # the machine of ito has another address now; whose it was before, kato's, must not be taken for the user
        self.give(176, names[2], "192.168.7.240")
        self.try_in(177, "info", "192.168.7.240", True)
        self.try_in(178, "info", "192.168.7.250", True)
        self.mark("behind", "192.168.7.250")
        self.mark("unknown", "192.168.7.250")

    def made(self):
        return [line for _, line in sorted(self.lines)]


def make(begins, seed=7):
    n = Night(seed, begins)
    n.attackers = ["45.67.89.20", "45.67.89.21", "45.67.89.22"]
    n.leases()
    n.page(40, 140)
    n.attack(n.attackers)
    n.outbound()
    n.mails()
    n.programs()
    n.shared()
    return n


def questions(n):
    """(file, values, from and to in seconds of the night, the book's number)."""
    whole = (0, 200)
    b = {k: len(v) for k, v in n.book.items()}
    return [("visitors", {"host": ["www.example.jp"], "path": ["/index.html"]}, (40, 140), b["visitors"]),
            ("accounts-tried", {"addresses": n.attackers}, whole, b["tried"]),
            ("accounts-entered", {"service": ["ssh"]}, (0, 158), b["entered"]),
            ("accounts-stolen", {"addresses": ["45.67.89.0/24"]}, whole, b["stolen"]),
            ("hosts-talked", {"peer": ["c2.example.net"]}, whole, b["talked"]),
            ("hosts-ran", {"program": ["*/evil"]}, whole, b["ran"]),
            ("mails-sent", {"account": ["tanaka@example.jp"]}, whole, b["sent"]),
            ("mails-received", {"sender": ["*@phish.example.net"]}, whole, b["received"]),
            ("mails-opened", {"domain": ["login-example.example.com"]}, whole, b["opened"]),
            ("persons-shared", {"account": ["info"]}, whole, b["behind"]),
            ("radius-account", {"account": ["info", "suzuki"]}, whole, len([1 for who, _ in n.book["sessions"] if who in ("info", "suzuki")])),
            ("radius-host", {"host": ["gate"]}, whole, len({who for who, _ in n.book["sessions"]})),
            ("radius-service", {"service": ["www.example.jp"]}, whole, b["looked"]),
            ("radius-source", {"source": ["192.0.2.0/24"]}, whole, len([1 for _, address in n.book["sessions"] | n.book["signed in to mail"] if address.startswith("192.0.2.")]))]


def iso(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))


def ended(page, run):
    box = {}
    tap.wait_until(lambda: box.update(page.get(f"/scope-runs/{run}")) or box["state"] != "running", 60, 0.1, what=f"the end of count {run}")
    assert box["state"] == "done", box
    return box


def counted(page, case, n):
    """Every shipped question over the night; each number is the book's."""
    shipped = {x["name"]: x for x in page.get(f"/incidents/{case}/scopes")["scopes"] if not x["own"]}
    asked = questions(n)
    assert {a[0] for a in asked} == set(shipped), shipped.keys()
    runs = {}
    for name, values, (begin, end), want in asked:
        assert want > 1, (name, want)
        x = page.api("POST", f"/incidents/{case}/scopes", {"scope": name, "values": values, "from": iso(n.at(begin)), "to": iso(n.at(end))})
        runs[name] = (x["id"], want)
    done = {name: (ended(page, run), want) for name, (run, want) in runs.items()}
    wrong = {name: (x["number"], want, json.dumps(x["result"], ensure_ascii=False)[:1500]) for name, (x, want) in done.items() if x["number"] != want}
    assert not wrong, wrong
    return {name: x for name, (x, _) in done.items()}
