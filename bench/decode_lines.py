#!/usr/bin/env python3
"""Lines for ./dev bench decode: decode_lines.py KIND N > FILE. One form a kind, with what really changes changing."""
import json
import random
import sys

KINDS = {
    "postfix": lambda r, i: f"Nov 23 02:{i // 60 % 60:02d}:{i % 60:02d} mail postfix/smtpd[{r.randrange(9999)}]: warning: unknown[198.51.100.{r.randrange(255)}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
    "dovecot": lambda r, i: f"Nov 23 02:{i // 60 % 60:02d}:{i % 60:02d} mail dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<user{r.randrange(999)}>, method=PLAIN, rip=198.51.100.{r.randrange(255)}, lip=192.0.2.25, TLS, session=<9razwUB8JtHF6BHU>",
    "bind": lambda r, i: f"Nov 23 02:{i // 60 % 60:02d}:{i % 60:02d} ns1 named[7]: client @0x7f12c8001234 192.168.{r.randrange(255)}.{r.randrange(255)}#{r.randrange(65535)} (www{r.randrange(999)}.example.org): query: www.example.org IN A +E(0)K (192.0.2.53)",
    "fortigate": lambda r, i: f'<189>date=2026-11-23 time=02:{i // 60 % 60:02d}:{i % 60:02d} devname="FGT-1" devid="FGT60FTK00000000" eventtime=17953{66988 + i}123456789 tz="+0900" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=192.168.{r.randrange(255)}.{r.randrange(255)} srcport={r.randrange(65535)} srcintf="lan" srcintfrole="lan" dstip=203.0.113.{r.randrange(255)} dstport=443 dstintf="wan1" dstintfrole="wan" sessionid={i} proto=6 action="close" policyid=7 policytype="policy" service="HTTPS" trandisp="snat" transip=198.51.100.1 transport={r.randrange(65535)} duration=12 sentbyte=1500 rcvdbyte=9000 user="SATO"',
    "panos": lambda r, i: f"<14>Nov 23 02:{i // 60 % 60:02d}:{i % 60:02d} PA-220 1,2026/11/23 02:{i // 60 % 60:02d}:{i % 60:02d},012801000000,TRAFFIC,end,2561,2026/11/23 02:{i // 60 % 60:02d}:{i % 60:02d},192.168.{r.randrange(255)}.{r.randrange(255)},203.0.113.{r.randrange(255)},198.51.100.1,203.0.113.80,allow-out,example\\sato,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,forward,2026/11/23 02:03:07,{i},1,{r.randrange(65535)},443,{r.randrange(65535)},443,0x400053,tcp,allow,9100,1500,7600,42,2026/11/23 02:02:55,12,any,,1,0x0,192.168.0.0-192.168.255.255,Japan,,20,22,tcp-fin",
    "asa": lambda r, i: f"<166>Nov 23 2026 02:{i // 60 % 60:02d}:{i % 60:02d} fw1 : %ASA-6-302013: Built outbound TCP connection {i} for outside:203.0.113.{r.randrange(255)}/443 (203.0.113.80/443) to inside:192.168.{r.randrange(255)}.{r.randrange(255)}/{r.randrange(65535)} (198.51.100.1/{r.randrange(65535)})",
    "okta": lambda r, i: json.dumps({"actor": {"id": "00u1", "type": "User", "alternateId": f"user{r.randrange(999)}@example.jp", "displayName": "Sato"}, "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Windows 10", "browser": "CHROME"}, "zone": "null", "device": "Computer", "id": None, "ipAddress": f"198.51.100.{r.randrange(255)}", "geographicalContext": {"city": "Tokyo", "country": "Japan"}}, "displayMessage": "User login to Okta", "eventType": "user.session.start", "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"}, "published": f"2026-11-22T17:{i // 60 % 60:02d}:{i % 60:02d}.123Z", "severity": "INFO", "uuid": str(i), "version": "0"}),
}
r, make = random.Random(7), KINDS[sys.argv[1]]
for i in range(int(sys.argv[2])):
    print(make(r, i))
