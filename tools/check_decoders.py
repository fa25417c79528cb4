#!/usr/bin/env python3
"""Each sample of content/decoders names the page of whoever makes the product that describes such lines: not a blog, not a
forum, not another tool's parser. The list of hosts below is the whole of what counts; a new product adds a row.

It reads the files as text (an anchor stands for its page) and fetches nothing."""
import pathlib
import re
import sys
from urllib.parse import urlsplit

MAKERS = {
    "manpages.debian.org", "docs.redhat.com", "www.kernel.org", "www.freedesktop.org",            # Linux
    "www.cisco.com", "docs.fortinet.com", "docs.paloaltonetworks.com", "help.ivanti.com",
    "www.rtpro.yamaha.co.jp", "network.yamaha.com",
    "learn.microsoft.com", "docs.aws.amazon.com", "developer.okta.com", "developers.google.com",
    "www.postfix.org", "doc.dovecot.org", "bind9.readthedocs.io", "kb.isc.org", "kea.readthedocs.io", "thekelleys.org.uk",
    "wiki.squid-cache.org", "openvpn.net", "docs.strongswan.org", "www.netfilter.org", "wiki.freeradius.org",
    "github.com/fln/addrwatch", "github.com/asterisk/asterisk", "github.com/open-telemetry/opentelemetry-collector-contrib", "vector.dev", "www.elastic.co",
    "docs.nxlog.co",
    "developer.crowdstrike.com", "docs.trendmicro.com", "knowledge.broadcom.com", "docs.blackberry.com", "docs.suricata.io", "docs.snort.org",  # alarms
}


def pages(text):
    """(line number of the sample, its page or None)."""
    anchors, found = {}, []
    for n, line in enumerate(text.split("\nsamples:", 1)[1].split("\n") if "\nsamples:" in text else []):
        if re.match(r"\s+- (line|forced|zone|url):", line) or re.match(r"\s+- \{", line):
            found.append([n, None])
        m = re.match(r"\s+(?:- )?url: *(?:&(\w+) +)?(\S+)", line)
        if m and found:
            page = anchors.get(m[2][1:]) if m[2].startswith("*") else m[2]
            if m[1]:
                anchors[m[1]] = page
            found[-1][1] = page
    head = text.split("\nsamples:", 1)[0].count("\n") + 2
    return [(head + n, page) for n, page in found]


def is_makers(page):
    u = urlsplit(page)
    return u.scheme in ("http", "https") and any((u.netloc + u.path + "/").startswith(m + "/") for m in MAKERS)


def main(folder):
    wrong, samples = [], 0
    for path in sorted(pathlib.Path(folder).glob("*.yml")):
        rows = pages(path.read_text())
        samples += len(rows)
        if not rows:
            wrong.append(f"{path}: it has no samples")
        wrong += [f"{path}:{n}: the sample names no page" if not page else f"{path}:{n}: '{page}' is not a page of the product's maker"
                  for n, page in rows if not page or not is_makers(page)]
    for w in wrong:
        print(w, file=sys.stderr)
    print(f"{samples} samples name a page of the product's maker" if not wrong else f"{len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "content" / "decoders"))
