// 報告: a stranger without a script reports on a phone; who handles it sees it at once, opens a case; a tip is written down and taken.
import { open, person, picture } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";

const MS = 60_000;
const has = async (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: MS }).then(() => null, () => `"${text}" does not appear`);

async function look(who, faults, file) {
  faults.push(...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page));
  await picture(who, file);
}

/** No script, no session: two presses and a line. */
async function stranger(browser, target, out, faults) {
  const who = await person(browser, { width: 390 }), { page } = who;
  await page.goto(`${target.host}/report?lang=ja`, { waitUntil: "load" });
  if (await page.locator("script").count()) faults.push("the form has a script");
  await look(who, faults, `${out}report-form-ja-390-light.png`);
  await page.getByText("サイトがおかしい").click();
  await page.getByLabel("ひとこと").fill("トップページが真っ白");
  await page.getByRole("button", { name: "この内容で知らせる" }).click();
  await page.waitForURL("**/report");
  faults.push(await has(page, "届きました"), await has(page, "その画面で何も入力しない。"));
  await page.waitForLoadState("load");
  await look(who, faults, `${out}report-done-ja-390-light.png`);
  const number = await page.locator(".number").textContent();
  faults.push(...who.take());
  await who.context.close();
  return number;
}

export async function reportWalk(browser, target, out) {
  const who = await person(browser), phone = await person(browser, { width: 390 }), { page } = who, faults = [];
  await target.signInHost(page);
  await target.signInHost(phone.page);
  await open(page, target.host, "reports");
  const number = await stranger(browser, target, out, faults);
  faults.push(await has(page, number), await has(page, "トップページが真っ白"));
  await look(who, faults, `${out}reports-ja-1440-light.png`);
  await open(phone.page, target.host, "reports");
  faults.push(await has(phone.page, number));
  await look(phone, faults, `${out}reports-ja-390-light.png`);
  await page.getByRole("link", { name: /サイトがおかしい/ }).click();
  await page.getByRole("button", { name: "この報告を見る" }).click();
  faults.push(await has(page, "見ている"));
  await look(who, faults, `${out}report-ja-1440-light.png`);
  await page.getByRole("button", { name: "新しい事案を開く" }).click();
  await page.getByRole("group").getByRole("button", { name: "新しい事案を開く" }).click();
  faults.push(await has(page, /事案 K-/));
  await open(phone.page, target.host, "reports/tips/new");
  await phone.page.getByText("JPCERT/CC").click();
  await phone.page.getByLabel("言われたこと、文面をそのまま").fill("45[.]67[.]89[.]12 から攻撃を受けている可能性があります。");
  await look(phone, faults, `${out}tip-new-ja-390-light.png`);
  await phone.page.getByRole("button", { name: "受け付けて当番を呼ぶ" }).click();
  faults.push(await has(phone.page, "T-20"), await has(phone.page, "45[.]67[.]89[.]12"));
  await phone.page.getByRole("button", { name: "この報告を見る" }).click();
  faults.push(await has(phone.page, "見ている"), await has(phone.page, /残っているログ全部から探し/));
  await look(phone, faults, `${out}tip-ja-390-light.png`);
  await open(page, target.host, "reports/tips");
  await page.getByRole("link", { name: "JPCERT/CC" }).click();
  faults.push(await has(page, "かかった時間"));
  await look(who, faults, `${out}tip-ja-1440-light.png`);
  faults.push(...who.take(), ...phone.take());
  await who.context.close();
  await phone.context.close();
  return faults.filter(Boolean);
}
