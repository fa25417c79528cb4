"""A suspicious mail as Python's mail library writes it, and what ours has to say of it."""
import email.encoders
import email.header
import email.mime.base
import email.mime.multipart
import email.mime.text
import hashlib


def suspicious(charset="utf-8"):
    m = email.mime.multipart.MIMEMultipart("mixed")
    subject = "【重要】お支払い情報の確認のお願い（至急ご対応ください・本人確認が必要です）"
    m["Received"] = "from mx.evil.example (mx.evil.example [203.0.113.9]) by mail.example.jp; Fri, 21 Nov 2026 10:00:00 +0900"
    m["Received"] = "from [192.0.2.1] by mx.evil.example; Fri, 21 Nov 2026 09:59:58 +0900"
    m["Authentication-Results"] = "mail.example.jp; spf=fail smtp.mailfrom=evil.example;\r\n dkim=none; dmarc=fail (p=none) header.from=bank.example.jp"
    m["From"] = email.header.Header("みずうみ銀行", charset).encode() + " <info@bank.example.jp>"
    m["Reply-To"] = "collect@evil.example"
    m["To"] = "taro@example.jp"
    m["Subject"] = email.header.Header(subject, charset)
    m["Message-ID"] = "<abc.1@evil.example>"
    m["Date"] = "Fri, 21 Nov 2026 10:00:00 +0900"
    html = ('<html><body><p>お客様</p><a class="x" href="https://evil.example/login?a=1&amp;b=2">https://www.bank.example.jp/login</a>'
            '<A HREF=\'https://bank.example.jp@evil.example/x\'>こちら</A><form action="https://evil.example/post"></form>'
            '<a href="https://www.bank.example.jp/ok">www.bank.example.jp</a></body></html>')
    alt = email.mime.multipart.MIMEMultipart("alternative")
    alt.attach(email.mime.text.MIMEText("確認はこちら https://evil.example/plain?q=1。\n(http://evil.example/two)\n", "plain", charset))
    alt.attach(email.mime.text.MIMEText(html, "html", charset))
    m.attach(alt)
    program = b"MZ" + bytes(range(256)) * 20
    x = email.mime.base.MIMEBase("application", "octet-stream")
    x.set_payload(program)
    email.encoders.encode_base64(x)
    x.add_header("Content-Disposition", "attachment", filename=("utf-8", "ja", "請求書（11月分）.pdf"))
    m.attach(x)
    return m, subject, program


def check(m, subject, program):
    assert m["subject"] == subject, m["subject"]
    assert m["from"] == "みずうみ銀行 <info@bank.example.jp>" and m["from_address"] == "info@bank.example.jp" and m["reply_to"] == "collect@evil.example", m["from"]
    assert len(m["received"]) == 2 and "203.0.113.9" in m["received"][0]
    assert m["auth"] == [{"by": "mail.example.jp", "spf": "fail", "dkim": "none", "dmarc": "fail"}], m["auth"]
    links = {(x["url"], x["shown"], x["host"], x["differs"]) for x in m["links"]}
    assert ("https://evil.example/login?a=1&b=2", "https://www.bank.example.jp/login", "evil.example", True) in links, links
    assert ("https://bank.example.jp@evil.example/x", "こちら", "evil.example", False) in links, links
    assert ("https://evil.example/post", "", "evil.example", False) in links and ("https://evil.example/plain?q=1", "", "evil.example", False) in links, links
    assert ("http://evil.example/two", "", "evil.example", False) in links and ("https://www.bank.example.jp/ok", "www.bank.example.jp", "www.bank.example.jp", False) in links
    f, = m["files"]
    assert f["name"] == "請求書（11月分）.pdf" and f["sha256"] == hashlib.sha256(program).hexdigest() and f["bytes"] == len(program), f
    assert f["looks"] == "program" and f["misnamed"], f
    assert m["text"].startswith("確認はこちら") and m["odd"] == 0, (m["text"], m["odd"])
