"""What lasting acts act on: a site behind a real nginx, members in a real slapd."""
import hashlib
import os
import subprocess
import urllib.error
import urllib.request

import tap


def fetch(url, timeout=10):
    try:
        with urllib.request.urlopen(url, timeout=timeout) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


# ---- nginx

CONF = """pid {d}/run/nginx.pid; error_log {d}/log/error.log; worker_processes 1; user root;
events {{ worker_connections 64; }}
http {{
  include {d}/kizuki/zone-*.conf;
  access_log {d}/log/access.log;
  client_body_temp_path {d}/lib/b; proxy_temp_path {d}/lib/p; fastcgi_temp_path {d}/lib/f; uwsgi_temp_path {d}/lib/u; scgi_temp_path {d}/lib/s;
  server {{
    listen 127.0.0.1:{port}; listen 127.0.0.2:{port};
    include {d}/kizuki/www*.conf;
    location / {{ root {d}/site; }}
    location /old {{ return 301 /; }}
    location /admin {{ allow 127.0.0.0/8; deny all; root {d}/site; }}
  }}
}}
"""


class Site:
    def __init__(self, d, port=18080):
        self.d, self.port, self.url = d, port, f"http://127.0.0.1:{port}/"
        for n in ("run", "log", "lib", "kizuki", "site/admin", "sorry"):
            (d / n).mkdir(parents=True)
        (d / "site/index.html").write_text("our own page")
        (d / "site/admin/index.html").write_text("the admin's page")
        (d / "sorry/sorry.html").write_text("<h1>\u304a\u8a6b\u3073</h1>")
        (d / "nginx.conf").write_text(CONF.format(d=d, port=port))
        subprocess.run(["nginx", "-c", d / "nginx.conf"], check=True, capture_output=True)
        self.site = {"driver": "nginx-site", "dry_run": False, "targets": {"www": {"url": self.url}},
                     "settings": {"config": f"{d}/nginx.conf", "nginx_folder": str(d), "sorry_folder": f"{d}/sorry",
                                  "include_folder": f"{d}/kizuki", "log_folder": f"{d}/log", "run_folder": f"{d}/run",
                                  "state_folder": f"{d}/lib"}}

    def state(self):
        files = sorted(p for n in ("kizuki", "site", "sorry") for p in (self.d / n).rglob("*") if p.is_file())
        files.append(self.d / "nginx.conf")
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# ---- slapd

SLAPD = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {d}/slapd.pid
database mdb
suffix dc=example,dc=jp
rootdn cn=admin,dc=example,dc=jp
rootpw secret
directory {d}/db
overlay ppolicy
ppolicy_default cn=default,dc=example,dc=jp
"""
LDIF = """dn: dc=example,dc=jp
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: cn=default,dc=example,dc=jp
objectClass: applicationProcess
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdLockout: TRUE
"""


class Directory:
    def __init__(self, d, n=6):
        self.d, self.url = d, f"ldapi://{str(d / 'ldapi').replace('/', '%2F')}"
        (d / "db").mkdir()
        (d / "slapd.conf").write_text(SLAPD.format(d=d))
        ldif = LDIF + "".join(f"\ndn: uid=user{i},dc=example,dc=jp\nobjectClass: inetOrgPerson\nuid: user{i}\ncn: u{i}\n"
                              f"sn: u{i}\nuserPassword: pass{i}\n" for i in range(n))
        (d / "all.ldif").write_text(ldif)
        subprocess.run(["slapadd", "-f", d / "slapd.conf", "-l", d / "all.ldif"], check=True, capture_output=True)
        self.child = subprocess.Popen(["/usr/sbin/slapd", "-f", d / "slapd.conf", "-h", self.url, "-d", "0"],
                                      stderr=subprocess.DEVNULL)
        (d / "password").write_text("secret")
        os.chmod(d / "password", 0o600)
        tap.wait_until(lambda: self.signs_in(0), 60, what="slapd")
        self.site = {"driver": "openldap-lock", "dry_run": False, "never": ["user5"],
                     "settings": {"url": self.url, "bind": "cn=admin,dc=example,dc=jp", "base": "dc=example,dc=jp",
                                  "password_file": f"{d}/password", "name_attribute": "uid",
                                  "lock_attribute": "pwdAccountLockedTime", "lock_value": "000001010000Z"}}

    def signs_in(self, i):
        return subprocess.run(["ldapwhoami", "-x", "-H", self.url, "-D", f"uid=user{i},dc=example,dc=jp", "-w", f"pass{i}"],
                              capture_output=True).returncode == 0

    def dump(self):
        out = subprocess.run(["ldapsearch", "-LLL", "-x", "-H", self.url, "-D", "cn=admin,dc=example,dc=jp", "-w", "secret",
                              "-b", "dc=example,dc=jp", "*", "pwdAccountLockedTime"], capture_output=True, text=True, check=True)
        return out.stdout

    def lock_by_hand(self, i):
        subprocess.run(["ldapmodify", "-x", "-H", self.url, "-D", "cn=admin,dc=example,dc=jp", "-w", "secret"], check=True,
                       capture_output=True, text=True,
                       input=f"dn: uid=user{i},dc=example,dc=jp\nchangetype: modify\nreplace: pwdAccountLockedTime\n"
                             "pwdAccountLockedTime: 000001010000Z\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
