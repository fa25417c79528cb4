// 規則: a rule is written, tried on the stored logs and switched on, an exception tried and kept; a set comes as a file; repeats.
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { open, person, picture } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";

const MS = 60_000; /* the sensor takes up other rules within seconds; a busy machine takes its time */
const has = async (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: MS }).then(() => null, () => `"${text}" does not appear`);
const say = (ok, sentence) => (ok ? null : sentence);
const rule = (id, title) => `title: ${title}\nid: ${id}\nlogsource: {product: linux, service: sshd}\ndetection:\n    login: {event.outcome: success, user.name: report}\n    condition: login\nlevel: medium\n`;
const WRITTEN = "0a9d3c1e-6f2b-4d7a-9b1c-000000000001", SENT = "0a9d3c1e-6f2b-4d7a-9b1c-000000000002";
export const WALKED = [WRITTEN, SENT];

function crc32(bytes) {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

/** An archive of these files, not packed. */
function zip(files) {
  const parts = [], list = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text), path = Buffer.from(name);
    const sizes = Buffer.alloc(12);
    sizes.writeUInt32LE(crc32(body), 0), sizes.writeUInt32LE(body.length, 4), sizes.writeUInt32LE(body.length, 8);
    const head = Buffer.concat([Buffer.from("PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0", "latin1"), sizes, Buffer.from([path.length, 0, 0, 0])]);
    const row = Buffer.alloc(18);
    row.writeUInt16LE(path.length, 0), row.writeUInt32LE(at, 14);
    list.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\x21\0", "latin1"), sizes, row, path]));
    parts.push(head, path, body);
    at += head.length + path.length + body.length;
  }
  const dir = Buffer.concat(list), end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1"), end.writeUInt16LE(list.length, 8), end.writeUInt16LE(list.length, 10), end.writeUInt32LE(dir.length, 12), end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, dir, end]);
}

async function look(who, faults, file) {
  faults.push(...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page));
  await picture(who, file);
}

/** By keyboard as far as it is typing: fields in their order, Enter to try. */
async function written(who, target, out) {
  const { page } = who, faults = [];
  await open(page, target.host, "rules/write");
  await page.getByRole("textbox", { name: "規則の文" }).fill(rule(WRITTEN, "帳票のログイン").replace(/^id:.*\n/m, ""));
  faults.push(await has(page, "id: の行がありません"));
  await page.getByRole("textbox", { name: "規則の文" }).fill("title: x\nid: nonsense here\n");
  await page.getByRole("button", { name: "この規則を残っているログで試す" }).click();
  faults.push(await has(page, "この規則は試せませんでした"), await has(page, "下の文のところを直してください"));
  await look(who, faults, `${out}rules-write-refused-ja-1440-light.png`);
  await page.getByRole("textbox", { name: "規則の文" }).fill(rule(WRITTEN, "帳票のログイン"));
  await page.getByRole("textbox", { name: "加える規則集" }).focus();
  await page.keyboard.press("Enter");
  faults.push(await has(page, "気付きが0件から1件になります"));
  await look(who, faults, `${out}rules-write-ja-1440-light.png`);
  await page.getByRole("button", { name: "ownを使い始める" }).click();
  await page.getByRole("button", { name: "ownを使い始める" }).click();
  faults.push(await has(page, "決めたことを受け取りました"));
  await open(page, target.host, "rules/sets");
  faults.push(await has(page, "ここで書いた規則"));
  await look(who, faults, `${out}rules-sets-ja-1440-light.png`);
  return faults;
}

async function excepted(who, target, out) {
  const { page } = who, faults = [];
  await open(page, target.host, `rules/${WRITTEN}/except`).catch(() => {});
  faults.push(await has(page, "何を、いつまで隠すか"));
  await page.getByRole("button", { name: "過去のログで隠れるものを見る" }).click();
  faults.push(await has(page, "責任者を書いてください"));
  await page.getByLabel("項目").fill("user.name");
  await page.getByLabel("値").fill("*");
  faults.push(await has(page, "すべてが隠れます"));
  await page.getByLabel("値").fill("report");
  await page.getByLabel("最後の日").fill(new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  await page.getByLabel("責任者").fill("佐藤");
  await page.getByLabel("理由").fill("帳票の定時処理");
  await page.getByLabel("理由").press("Enter");
  faults.push(await has(page, "記録200件、気付き1件が隠れます"));
  await look(who, faults, `${out}rules-except-ja-1440-light.png`);
  await page.getByRole("button", { name: "この例外を加える" }).click();
  faults.push(await has(page, "帳票の定時処理"));
  await open(page, target.host, "rules/exceptions");
  faults.push(await has(page, "帳票の定時処理"), await has(page, "user.name = report"));
  await look(who, faults, `${out}rules-exceptions-ja-1440-light.png`);
  await page.getByRole("button", { name: "いま終える" }).click();
  await page.getByRole("button", { name: "いま終える" }).click();
  faults.push(await has(page, "例外はありません"));
  await open(page, target.host, `rules/${WRITTEN}/stop`);
  await page.getByLabel("最後の日").fill(new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10));
  await page.getByLabel("責任者").fill("佐藤");
  await page.getByLabel("理由").fill("帳票を作り直すあいだ");
  await page.getByLabel("理由").press("Enter");
  faults.push(await has(page, "気付き1件が隠れます"));
  await page.getByRole("button", { name: "この規則を止める" }).click();
  faults.push(await has(page, "この規則のすべて"), await has(page, "止めている"));
  await look(who, faults, `${out}rules-stopped-ja-1440-light.png`);
  return faults;
}

/** On a phone, in English. */
async function sent(who, target, out) {
  const { page } = who, faults = [];
  const file = (body) => ({ name: "their rules.zip", mimeType: "application/zip", buffer: body });
  await open(page, target.host, "rules/add");
  await page.getByLabel("ZIP file").setInputFiles(file(Buffer.from("PK\x03\x04 none")));
  await page.getByRole("button", { name: "Check this rule set" }).click();
  faults.push(await has(page, "The rule set was not taken"), await has(page, "Check that the file is whole"));
  await page.getByLabel("ZIP file").setInputFiles(file(zip({ "LICENSE": "MIT License\n", "rules/a.yml": rule(SENT, "Report logins") })));
  faults.push(say(await page.getByLabel("Name of the set").inputValue() === "their-rules", "the name is not taken from the file"));
  await page.getByRole("button", { name: "Check this rule set" }).click();
  faults.push(await has(page, "1 new"));
  await look(who, faults, `${out}rules-add-en-390-light.png`);
  await page.getByRole("button", { name: "Start using their-rules" }).click();
  await page.getByRole("button", { name: "Start using their-rules" }).click();
  faults.push(await has(page, "Your decision was taken"));
  await open(page, target.host, `rules/${SENT}/suppress`).catch(() => {});
  faults.push(await has(page, "For how long"));
  await page.getByLabel("Owner").fill("Sato");
  await page.getByLabel("Reason").fill("once a day is enough");
  await page.getByRole("button", { name: "See what would be held back" }).click();
  faults.push(await has(page, "What would be held back"));
  await look(who, faults, `${out}rules-suppress-en-390-light.png`);
  await page.getByRole("button", { name: "Hold these repeats back" }).click();
  await open(page, target.host, "rules/exceptions");
  faults.push(await has(page, "once a day is enough"));
  await look(who, faults, `${out}rules-exceptions-en-390-light.png`);
  return faults;
}

/** Another watch, named on the page; what is sent to it arrives; it is forgotten again. */
async function nameAWatch(page, target, tested, run) {
  const faults = [], theirs = createSocket("udp4"), got = [];
  theirs.on("message", (m) => got.push(m.toString()));
  await new Promise((up) => theirs.bind(0, "127.0.0.1", up));
  await page.getByRole("button", { name: "委託先を加える" }).click();
  await page.getByLabel("呼び名").fill("day watch");
  faults.push(await has(page, "呼び名は半角の英数字"));
  await page.getByLabel("呼び名").fill("day-watch");
  await page.getByLabel("委託先が記録を読む所").fill(`127.0.0.1:${theirs.address().port}`);
  await page.getByLabel("電話番号").fill("03-1111-1111");
  await page.getByRole("button", { name: "この委託先を加える" }).click();
  faults.push(await has(page, "kizuki rule soc-send day-watch"));
  const sent = run("soc-send", "day-watch", tested);
  for (let i = 0; i < 600 && got.length < 2; i++) await new Promise((f) => setTimeout(f, 100));
  faults.push(say(sent.status === 0 && got.some((m) => m.includes("kizuki-drill")), `nothing came at the new watch: ${sent.stderr}`));
  await page.getByRole("row", { name: /day-watch.*03-1111/ }).getByRole("button", { name: "外す" }).click();
  faults.push(await has(page, "これまでの試験の記録は残ります"));
  await page.locator(".confirm").getByRole("button", { name: "外す" }).click();
  await page.getByText("kizuki rule soc-send day-watch").waitFor({ state: "detached", timeout: 60_000 });
  theirs.close();
  return faults;
}

/** Simulated events before an outsourced watch; the call comes and is typed in. */
async function called(who, target, out) {
  const { page } = who, faults = [], theirs = join(target.hostFolder, "theirs.log");
  const run = (...args) => spawnSync(target.kizuki, ["rule", ...args, "--data", target.hostFolder], { encoding: "utf8" });
  const tested = await page.evaluate(async () => (await (await fetch("/api/v1/rules/state")).json()).canaries[0]?.rule);
  writeFileSync(theirs, "");
  const named = run("soc", "night-watch", "--to", `file:${theirs}`, "--within", "30m", "--phone", "03-0000-0000"), sent = run("soc-send", "night-watch", tested);
  faults.push(say(named.status === 0 && sent.status === 0, `${named.stderr}${sent.stderr}`));
  await page.evaluate(async (rule) => { /* whatever is asked for has the sensor tell how things stand */
    const me = await (await fetch("/api/v1/me")).json();
    await fetch("/api/v1/rules/order", { method: "POST", headers: { "Content-Type": "application/json", "X-Kizuki-CSRF": me.csrf }, body: JSON.stringify({ op: "canary", rule }) });
  }, tested);
  await open(page, target.host, "rules/soc");
  faults.push(await has(page, "電話待ち"), await has(page, "03-0000-0000"), await has(page, sent.stdout.trim().split(/\s+/).pop()));
  await page.getByLabel("電話を受けた人").fill("佐藤");
  await page.getByLabel("聞いたこと").fill("攻撃元を言えた");
  await page.getByLabel("聞いたこと").press("Enter");
  faults.push(await has(page, "間に合った"), ...(await nameAWatch(page, target, tested, run)));
  await look(who, faults, `${out}rules-soc-ja-1440-light.png`);
  await page.setViewportSize({ width: 390, height: 844 });
  await look(who, faults, `${out}rules-soc-ja-390-light.png`);
  await page.setViewportSize({ width: 1440, height: 900 });
  return faults;
}

async function speak(page, lang) {
  await page.evaluate(async (l) => {
    const me = await (await fetch("/api/v1/me")).json();
    await fetch("/api/v1/me", { method: "PUT", headers: { "Content-Type": "application/json", "X-Kizuki-CSRF": me.csrf }, body: JSON.stringify({ lang: l, version: me.person.version }) });
  }, lang);
}

export async function rulesWalk(browser, target, out) {
  const faults = [];
  const desk = await person(browser);
  await target.signInHost(desk.page);
  faults.push(...await written(desk, target, out), ...await excepted(desk, target, out), ...desk.take().filter((c) => !/40[04]/.test(c)));
  await open(desk.page, target.host, "rules/alive");
  for (const s of await desk.page.locator("details.rest > summary").all()) await s.click();
  await look(desk, faults, `${out}rules-alive-ja-1440-light.png`);
  faults.push(...await called(desk, target, out), ...desk.take().filter((c) => !/40[04]/.test(c)));
  await speak(desk.page, "en");
  await desk.context.close();
  const phone = await person(browser, { width: 390 });
  await target.signInHost(phone.page);
  faults.push(...await sent(phone, target, out), ...phone.take().filter((c) => !/40[04]/.test(c)));
  await speak(phone.page, "ja");
  await phone.context.close();
  return faults;
}
