// 台帳: a file is chosen, looked at, taken in and taken back; what has no log stands red on the page of sources.
import { open, person, picture } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";

const MS = 60_000;
const has = async (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: MS }).then(() => null, () => `"${text}" does not appear`);
const gone = async (page, text) => page.getByText(text).first().waitFor({ state: "hidden", timeout: MS }).then(() => null, () => `"${text}" stays`);
const SYSTEMS = "情報システム名（必須）,所管部署,重要度,委託先,ログ取得状況\r\n会員サイト,情報システム課,高,○○社,取得済\r\n請求照会,業務課,中,,取得可\r\n掲示板,広報課,低,△△社,契約外\r\n,総務課,中,,\r\n防災メール,総務課,中,□□社,たぶん\r\n";
const CONTRACTS = "契約件名,契約相手方,対象システム,ログの取得,夜間対応,緊急連絡先,契約終了日\r\n会員サイト保守,○○社,会員サイト,有,有,0312345678,令和9年3月31日\r\n掲示板の借用,△△社,掲示板,無,無,312345678,2027/3/31\r\n";

async function look(who, faults, file) {
  faults.push(...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page));
  await picture(who, file);
}

const choose = (page, name, text) => page.locator('input[type="file"]').setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

async function desk(browser, target, out) {
  const who = await person(browser), { page } = who, faults = [];
  await target.signInHost(page);
  await open(page, target.host, "sources/register");
  faults.push(await has(page, "手元の一覧（Excel、CSV）をそのまま取り込めます"));
  await page.getByRole("link", { name: "ファイルから取り込む" }).click();
  await choose(page, "古い.xls", "\xd0\xcf\x11\xe0");
  faults.push(await has(page, "このファイルは読めません"));
  await choose(page, "台帳.csv", SYSTEMS);
  faults.push(await has(page, "受け取れない行が2行あります"), await has(page, "新しい3件、変わる0件、同じ0件"), await has(page, "5行目のA列"), await has(page, "見出しは1行目"));
  await look(who, faults, `${out}import-ja-1440-light.png`);
  await page.getByRole("button", { name: "3件を台帳に取り込む" }).click();
  faults.push(await has(page, "新しい3件、変わった0件"));
  await open(page, target.host, "sources/register/contracts/import");
  await choose(page, "契約.csv", CONTRACTS);
  faults.push(await has(page, "先頭の0を戻しました"));
  await page.getByRole("button", { name: "2件を台帳に取り込む" }).click();
  await page.getByRole("link", { name: "台帳を見る" }).click();
  faults.push(await has(page, "ログの採取が入っていない契約が1件あります"), await has(page, "夜間と休日の対応がないか、未確認です"));
  await look(who, faults, `${out}register-contracts-ja-1440-light.png`);
  await open(page, target.host, "sources/register/systems");
  faults.push(await has(page, "契約「掲示板の借用」にログの採取が入っていません"));
  await page.getByRole("button", { name: "掲示板を直す" }).click();
  await page.getByRole("textbox", { name: "委託先" }).fill("××社");
  await page.getByRole("button", { name: "この内容に直す" }).click();
  faults.push(await has(page, "××社"));
  await look(who, faults, `${out}register-ja-1440-light.png`);
  await open(page, target.host, "sources");
  faults.push(await has(page, "ログが見えていない情報システムが1つあります"));
  await look(who, faults, `${out}sources-red-ja-1440-light.png`);
  faults.push(...who.take().filter((c) => !/40[04]/.test(c)));
  await who.context.close();
  return faults;
}

async function phone(browser, target, out) {
  const who = await person(browser, { width: 390 }), { page } = who, faults = [];
  await target.signInHost(page);
  await open(page, target.host, "sources/register/systems");
  faults.push(await has(page, "契約にない"));
  await look(who, faults, `${out}register-ja-390-light.png`);
  await open(page, target.host, "sources/register/systems/import");
  await choose(page, "台帳.csv", SYSTEMS.replace("業務課", "経理課"));
  faults.push(await has(page, "変わる2件"));
  await look(who, faults, `${out}import-ja-390-light.png`);
  await page.getByRole("button", { name: "2件を台帳に取り込む" }).click();
  faults.push(await has(page, "取り込みました"));
  await page.getByRole("button", { name: "この取り込みを取り消す" }).click();
  await page.getByRole("button", { name: "この取り込みを取り消す" }).click();
  faults.push(await has(page, "2件を元に戻しました"));
  await open(page, target.host, "sources/register/systems");
  faults.push(await gone(page, "経理課"), ...who.take().filter((c) => !/40[04]/.test(c)));
  await who.context.close();
  return faults;
}

export async function registerWalk(browser, target, out) {
  return [...await desk(browser, target, out), ...await phone(browser, target, out)];
}
