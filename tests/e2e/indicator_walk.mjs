// 痕跡情報: a file in CP932 is looked at, taken in, looked for in what is kept, and taken back; also pasted text, and on a telephone.
import { open, person, picture } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";

const MS = 60_000;
const has = async (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: MS }).then(() => null, () => `"${text}" does not appear`);
/** "種別,値,出所" and two rows, one of them refused, as Japanese Excel writes it. */
const TABLE = Buffer.concat([Buffer.from("8eed95ca2c926c2c8f6f8f8a0d0a", "hex"), Buffer.from("IP,45.67.89.77,"), Buffer.from("8ca78c78", "hex"), Buffer.from("\r\nIP,8.8.8.8,x\r\n")]);

async function look(who, faults, file) {
  faults.push(...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page));
  await picture(who, file);
}

async function desk(browser, target, out) {
  const who = await person(browser), { page } = who, faults = [];
  await target.signInHost(page);
  await open(page, target.host, "search/indicators");
  await page.locator('input[type="file"]').setInputFiles({ name: "県警.csv", mimeType: "text/csv", buffer: TABLE });
  await page.getByRole("button", { name: "取り込む前に確かめる" }).click();
  faults.push(await has(page, "新しいもの1件、すでにあるもの0件、断ったもの1件"), await has(page, "8.8.8.8"));
  await look(who, faults, `${out}indicators-looked-ja-1440-light.png`);
  await page.getByRole("button", { name: "1件を取り込む" }).click();
  faults.push(await has(page, "県警.csv"), await has(page, "45.67.89.77"), await has(page, "県警"));
  await look(who, faults, `${out}indicators-ja-1440-light.png`);
  /* the room begins the hunt a moment later; the list is read when the page is opened */
  for (let i = 0; i < 60; i++) {
    await page.goto("about:blank"); // another address below the same page would not read the list again
    await open(page, target.host, "search");
    if (await page.getByText("県警.csv").first().isVisible()) break;
    await page.waitForTimeout(500);
  }
  faults.push(await has(page, "県警.csv"));
  await page.getByRole("link", { name: "結果を見る" }).first().click();
  await page.waitForURL(/search\/hunt\/\d+/, { timeout: MS }).catch(() => faults.push("the hunt over what is kept has no page"));
  await look(who, faults, `${out}hunt-ja-1440-light.png`);
  await open(page, target.host, "search/indicators");
  await page.getByRole("button", { name: "取り込みを取り消す" }).first().click();
  faults.push(await has(page, "「県警.csv」の取り込みを取り消しますか"));
  await page.getByRole("group").getByRole("button", { name: "取り込みを取り消す" }).click();
  faults.push(await has(page, "まだ取り込んでいません"));
  faults.push(...who.take());
  await who.context.close();
  return faults;
}

async function phone(browser, target, out) {
  const who = await person(browser, { width: 390 }), { page } = who, faults = [];
  await target.signInHost(page);
  await open(page, target.host, "search/indicators");
  await page.getByLabel("または本文を貼り付ける").fill("C2サーバ：hxxps://evil[.]bad-walk[.]example.com/gate");
  await page.getByRole("button", { name: "取り込む前に確かめる" }).click();
  faults.push(await has(page, /新しいもの|断ったもの/));
  await look(who, faults, `${out}indicators-ja-390-light.png`);
  faults.push(...who.take());
  await who.context.close();
  return faults;
}

export async function indicatorWalk(browser, target, out) {
  return [...await desk(browser, target, out), ...await phone(browser, target, out)];
}
