// 怪しいメール: one that was reported lies in the list, is looked at as text, becomes a case, and stands on its 連絡 tab and time line.
import { mkdirSync, writeFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { open, person, picture } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";

const MS = 60_000;
const has = async (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: MS }).then(() => null, () => `"${text}" does not appear`);
const b64 = (s) => Buffer.from(s).toString("base64").replace(/.{76}/g, "$&\r\n");
const HTML = '<p>お客様</p><a href="https://evil.example/login?a=1">https://www.bank.example.jp/login</a><img src="https://evil.example/x.png"><script>document.title="hit"</script>';
const INNER = [
  "Received: from mx.evil.example (mx.evil.example [203.0.113.9]) by mail.example.jp; Fri, 20 Nov 2026 10:00:00 +0900",
  "Authentication-Results: mail.example.jp; spf=fail smtp.mailfrom=evil.example; dkim=none; dmarc=fail",
  `From: =?utf-8?B?${b64("みずうみ銀行")}?= <info@bank.example.jp>`, "Reply-To: collect@evil.example", "To: taro@example.jp",
  `Subject: =?utf-8?B?${b64("お支払い情報の確認")}?=`, "Message-ID: <abc.1@evil.example>", "Date: Fri, 20 Nov 2026 10:00:00 +0900", "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="b"', "", "--b", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", b64(HTML),
  "--b", "Content-Type: application/octet-stream", 'Content-Disposition: attachment; filename="seikyu.pdf"', "Content-Transfer-Encoding: base64", "", b64("MZ" + "x".repeat(400)), "--b--", ""].join("\r\n");
const MAIL = ["From: taro@example.jp", "To: report@example.jp", "Subject: Fwd", "Message-ID: <t1@example.jp>", "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="o"', "", "--o",
  "Content-Type: text/plain; charset=utf-8", "", "これは怪しいですか", "--o", "Content-Type: message/rfc822", "", INNER, "--o--", ""].join("\r\n");

/** As the door leaves it: the room takes reports once it knows who would answer them. */
function report(folder) {
  mkdirSync(join(folder, "door"), { recursive: true });
  writeFileSync(join(folder, "door/new"), "ways:\n  - {name: none, kind: program, argv: [/bin/true]}\n", { mode: 0o600 });
  renameSync(join(folder, "door/new"), join(folder, "door/door.yml"));
  writeFileSync(join(folder, "mail/in/.new"), MAIL);
  renameSync(join(folder, "mail/in/.new"), join(folder, "mail/in/1"));
}

async function look(who, faults, file) {
  faults.push(...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page));
  await picture(who, file);
}

export async function mailWalk(browser, target, out) {
  const who = await person(browser), phone = await person(browser, { width: 390 }), { page } = who, faults = [];
  await target.signInHost(page);
  await target.signInHost(phone.page);
  await open(page, target.host, "mails");
  faults.push(await has(page, "報告されたメールはありません。"));
  report(target.hostFolder);
  faults.push(await has(page, "お支払い情報の確認"));
  await look(who, faults, `${out}mails-ja-1440-light.png`);
  await page.getByRole("link", { name: "お支払い情報の確認" }).click();
  faults.push(await has(page, "https://evil.example/login?a=1"), await has(page, "collect@evil.example"), await has(page, "seikyu.pdf"), await has(page, "taro@example.jp"), await has(page, "この同じメール"),
    await has(page, "記録はありません"));
  if (await page.locator("main a[href*='evil']").count() || await page.locator("main img").count()) faults.push("something of the mail is a link or drawn");
  await look(who, faults, `${out}mail-ja-1440-light.png`);
  await open(phone.page, target.host, "mails");
  await look(phone, faults, `${out}mails-ja-390-light.png`);
  await phone.page.getByRole("link", { name: "お支払い情報の確認" }).click();
  faults.push(await has(phone.page, "collect@evil.example"));
  await look(phone, faults, `${out}mail-ja-390-light.png`);
  await page.getByRole("button", { name: "新しい事案にする" }).click();
  await page.getByRole("group").getByRole("button", { name: "新しい事案にする" }).click();
  faults.push(await has(page, "事案を開く"));
  await page.getByRole("link", { name: "事案を開く" }).click();
  await page.getByRole("link", { name: "誰と" }).click();
  await look(who, faults, `${out}contacts-ja-1440-light.png`);
  faults.push(...who.take(), ...phone.take());
  await who.context.close();
  await phone.context.close();
  return faults;
}
