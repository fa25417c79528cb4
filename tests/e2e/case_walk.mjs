// A case between people: a key person is told with what is missing, two cases become one and two again, the shift is handed over and taken, a thing goes
// into custody with its file. In a Kizuki of its own, so that nobody else's cases are joined.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, person } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";
import { client, start } from "./lib/room_target.mjs";

const MS = 60_000;
const has = async (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: MS }).then(() => null, () => `"${text}" does not appear`);
const press = (page, name) => page.getByRole("button", { name, exact: true }).filter({ visible: true }).first().click({ timeout: MS });
const FILE = { name: "disk.img", mimeType: "application/octet-stream", buffer: Buffer.from("a copy of a disk") };
const SUM = createHash("sha256").update(FILE.buffer).digest("hex");

const look = async (who) => [...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page)];

/** Somebody with an own session. */
async function asPerson(browser, base, api, name, width) {
  const made = (await api.call("POST", "/persons", { name, role: "handler", lang: "ja" })).json, own = client(base);
  await own.signIn(base + (await api.call("POST", `/persons/${made.id}/link`, {})).json.path);
  const who = await person(browser, { width }), [key, value] = own.cookie().split("=");
  await who.context.addCookies([{ name: key, value, url: base, httpOnly: true, secure: true, sameSite: "Strict" }]);
  return { ...who, api: own };
}

/** A case out of a tip, as the desk has it after a telephone call. */
async function caseOf(api, text) {
  const tip = (await api.call("POST", "/tips", { from: "police", text })).json.id, { version } = (await api.call("GET", `/tips/${tip}`)).json;
  return (await api.call("POST", `/tips/${tip}/case`, { version })).json.incident;
}

async function keyPerson(who, base, id) {
  const { page } = who, faults = [];
  await open(page, base, `cases/${id}/actions`);
  await press(page, "重要な人へ個別に");
  await page.getByLabel("だれに（人の台帳の名前）").fill("局長");
  await page.waitForFunction(() => [...document.querySelectorAll("textarea")].some((x) => x.value.includes("まだ分かっていないこと")), null, { timeout: MS }).catch(() => faults.push("what is missing is not said to them"));
  faults.push(...await look(who));
  await press(page, "連絡する");
  const answer = page.getByLabel("局長の答え");
  await answer.fill("閉めてよい。朝までに戻すこと", { timeout: MS });
  await press(page, "答えを残す");
  faults.push(await has(page, "閉めてよい。朝までに戻すこと"), ...await look(who));
  return faults;
}

async function twoAgain(who, base, into, from) {
  const { page, api } = who, faults = [];
  await open(page, base, `cases/${from.id}/evidence`);
  await page.getByLabel("合わせる先").selectOption(String(into.id), { timeout: MS });
  await press(page, `${into.number} に合わせる`);
  faults.push(await has(page, `${from.number} を ${into.number} に合わせますか`), ...await look(who));
  await page.locator(".confirm .button").first().click();
  faults.push(await has(page, "この事案に合わせた事案"));
  await press(page, `${from.number} を別の事案に戻す`);
  faults.push(await has(page, `${from.number} を別の事案に戻しますか`), ...await look(who));
  await page.locator(".confirm .button").first().click();
  faults.push(await has(page, "戻しました。"));
  const back = (await api.call("GET", `/incidents/${from.id}`)).json;
  return [...faults, back.merged_into === null && back.state === "open" ? null : `it is not a case of its own again: ${back.merged_into} ${back.state}`];
}

async function handedOver(giver, taker, base, id) {
  const faults = [], words = "警察からの折り返しを待っている";
  await open(giver.page, base, `cases/${id}/handover`);
  await giver.page.getByLabel("一覧にないこと", { exact: false }).fill(words);
  await press(giver.page, "この事案を引き継ぎに出す");
  faults.push(await has(giver.page, words), ...await look(giver));
  await open(taker.page, base, "");
  await taker.page.locator(`a[href="#/cases/${id}/handover"]`).first().click({ timeout: MS }).catch(() => faults.push("the first page does not lead to a note nobody has read"));
  faults.push(await has(taker.page, words), ...await look(taker));
  await press(taker.page, "読みました。引き受けます");
  faults.push(await has(taker.page, "が引き受けました"));
  return faults;
}

async function inCustody(who, base, id) {
  const { page } = who, faults = [];
  await open(page, base, `cases/${id}/custody`);
  const form = page.locator("#custody-take form, form").filter({ has: page.getByRole("button", { name: "保全したものとして残す" }) });
  await form.locator('input[type="file"]').setInputFiles(FILE);
  faults.push(await has(page, "disk.img"));
  await form.getByLabel("どう取ったか").fill("電源を切らずに写した");
  if (await form.getByLabel("取った人").inputValue() === "") faults.push("who takes it is not filled in");
  await press(page, "保全したものとして残す");
  await page.locator(`a[download="disk.img"]`).waitFor({ timeout: MS }).catch(() => faults.push("the file is not there"));
  faults.push(await has(page, SUM), ...await look(who));
  return faults;
}

export async function caseWalk(browser) {
  const d = mkdtempSync(join(tmpdir(), "kizuki-case-")), faults = [], served = start(["serve", "--data", d, "--https", "127.0.0.1:0", "--syslog", "off", "--no-local-logs"]);
  try {
    const { base, link } = await served.ready, api = client(base);
    await api.signIn(link);
    await api.call("POST", "/registers/people", { values: { name: "局長", mail: "chief@example.jp" } });
    const one = await asPerson(browser, base, api, "IT当番", 1440), two = await asPerson(browser, base, api, "夜勤", 390);
    const into = await caseOf(one.api, "会員サイトに見覚えのないページがある"), from = await caseOf(one.api, "同じページを別の人も見た");
    for (const [what, found] of [["key person", await keyPerson(one, base, into.id)], ["one and two again", await twoAgain(one, base, into, from)],
      ["hand-over", await handedOver(one, two, base, into.id)], ["custody", await inCustody(one, base, into.id)]]) faults.push(...found.filter(Boolean).map((f) => `${what}: ${f}`));
    faults.push(...one.take(), ...two.take());
    await one.context.close();
    await two.context.close();
  } finally {
    await served.stop();
    rmSync(d, { recursive: true, force: true });
  }
  return faults;
}
