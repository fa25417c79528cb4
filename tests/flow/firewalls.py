"""A packet filter opened by hand: a real nft in a network namespace of its own, whose listing a job leaves in a file as it would every minute."""
import os
import subprocess
import time

import tap

CLOSED = """table inet filter {
 chain input { type filter hook input priority 0; policy drop;
  ct state established,related accept
  iifname "lo" accept
  ip saddr 10.0.0.0/8 tcp dport 22 accept
 }
}
"""
OPEN = CLOSED.replace("ip saddr 10.0.0.0/8 tcp", "tcp")


def leave(path, rules):
    """Written beside and renamed, as a careful job does; it is read when nobody has touched it for a second."""
    r = subprocess.run(["unshare", "-rn", "sh", "-c", "nft -f - && nft -j list ruleset"], input=rules.encode(), capture_output=True)
    if r.returncode:
        raise tap.Skip(f"no nft in a namespace here: {r.stderr.decode()[:200]}")
    new = path.with_suffix(".new")
    new.write_bytes(r.stdout)
    os.utime(new, (time.time() - 5, time.time() - 5))
    new.rename(path)


def cases(b):
    return [c for c in b.get("/incidents")["incidents"] if c["title"]["params"].get("title_en") == "A packet filter was opened to the outside"]


def findings(b, rule):
    """Of the case: what was announced joins it, being of the same machine."""
    return [f for f in b.get(f"/incidents/{cases(b)[0]['id']}/findings")["findings"] if f["rule"]["name"] == rule]


def a_filter_opened_by_hand(d, s, b):
    """A case, with what is let through now; in the time of an approved request it is only told as announced."""
    conf, now = d / "edge.json", s.data / "firewall/edge/now"
    tap.wait_until(now.exists, 60, 0.1, what="the first configuration")
    assert not cases(b)
    began = time.monotonic()
    leave(conf, OPEN)
    tap.wait_until(lambda: cases(b), 60, 0.1, what="the case")
    print(f"# opened by hand: a case after {time.monotonic() - began:.1f} s (survey: 11 days; asked: 300 s)")
    assert cases(b)[0]["level"] == "high" and cases(b)[0]["title"]["params"]["host"] == "edge", cases(b)
    before = now.read_bytes()
    leave(conf, CLOSED)
    tap.wait_until(lambda: now.read_bytes() != before, 60, 0.1, what="it is closed again")
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 3600))
    b.api("POST", "/registers/changes", {"values": {"name": "CR-12", "state": "approved", "filters": "edge", "from": today, "until": today}})
    tap.wait_until(lambda: "CR-12" in (s.data / "change/announced").read_text(), 60, 0.1, what="the request is told")
    count = [f["count"] for f in findings(b, "firewall_opened_outside")]
    leave(conf, OPEN)
    tap.wait_until(lambda: findings(b, "firewall_opened_announced"), 60, 0.1, what="it is told as announced")
    assert [f["count"] for f in findings(b, "firewall_opened_outside")] == count
