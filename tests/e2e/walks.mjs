// What people do on the pages: by keyboard alone, two at once, with a dead line, on paper.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { open, person, picture, settle } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";
import { skip, test } from "./lib/report.mjs";
import { caseWalk } from "./case_walk.mjs";
import { indicatorWalk } from "./indicator_walk.mjs";
import { mailWalk } from "./mail_walk.mjs";
import { nightWalk } from "./night_walk.mjs";
import { readinessWalk } from "./readiness_walk.mjs";
import { registerWalk } from "./register_walk.mjs";
import { rulesWalk } from "./rules_walk.mjs";

const say = (ok, sentence) => (ok ? null : sentence);
const has = async (page, text, ms = 8000) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: ms }).then(() => null, () => `"${text}" does not appear`);
const DIST = fileURLToPath(new URL("../../ui/dist/", import.meta.url));

const heading = async (page, name, ms = 8000) => page.getByRole("heading", { name, level: 1 }).waitFor({ timeout: ms }).then(() => null, () => `no heading "${name}"`);

function bundle() {
  const files = readdirSync(`${DIST}assets`);
  const kb = (f) => gzipSync(readFileSync(`${DIST}assets/${f}`)).length / 1024;
  // what somebody waits for: the entry, the style, one language; the rest comes behind it, a page a file
  const first = files.filter((f) => /^(index|style)-/.test(f)).reduce((n, f) => n + kb(f), 0) + Math.max(...files.filter((f) => /^(ja|en)-/.test(f)).map(kb));
  const later = Math.max(...files.filter((f) => /\.(js|css)$/.test(f) && !/^(index|style|ja|en)-/.test(f)).map(kb));
  const html = readFileSync(`${DIST}index.html`, "utf8");
  return [
    say(first < 100, `scripts and styles of the first page weigh ${first.toFixed(0)} KB compressed`),
    say(later < 40, `a page that comes later weighs ${later.toFixed(0)} KB compressed`),
    say(!/<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=/.test(html), "the page has inline script or style"),
    say(!/https?:\/\//.test(html), "the page names another server"),
  ];
}

async function keyboard(browser, target) {
  const { page, context, take } = await person(browser);
  await target.signIn(page);
  await open(page, target.base, "");
  const faults = [];
  const at = () => page.evaluate(() => location.hash.replace(/^#\/?/, "").split("?")[0]);
  for (const [key, where] of [["c", "cases"], ["f", "search"], ["s", "sources"], ["r", "rules"], ["p", "packs"], ["e", "settings"], ["n", "now"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await settle(page);
    faults.push(say((await at()) === where, `g ${key} leads to "${await at()}"`));
  }
  await page.keyboard.press("?");
  faults.push(say(await page.locator("dialog[open]").count() === 1, "? opens no help"), ...await axeFaults(page));
  await page.keyboard.press("Escape");
  faults.push(say(await page.locator("dialog[open]").count() === 0, "Esc does not close the help"));
  await page.keyboard.press("/");
  faults.push(say(await page.evaluate(() => document.activeElement?.matches("input[data-find]")), "/ does not reach the search"));
  await page.keyboard.type("g c");
  faults.push(say((await at()) === "now", "typing in a field jumps to a page"));
  await page.keyboard.press("Enter");
  await settle(page);
  faults.push(say(/q=g(\+|%20)c/.test(page.url()), "the search does not lead to the cases"));
  await page.keyboard.press("Escape");
  await context.close();
  return [...faults, ...take()];
}

/** Tab through a page: everything that can be pressed is reached, and is seen to be reached. */
async function tabbing(browser, target) {
  const { page, context } = await person(browser);
  await target.signIn(page);
  await open(page, target.base, `cases/${target.incident}/actions`);
  const faults = [];
  const seen = new Set();
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    const f = await page.evaluate(() => {
      const el = document.activeElement;
      if (!el || el === document.body) return null;
      const s = getComputedStyle(el);
      const all = [...document.querySelectorAll("*")];
      return { n: all.indexOf(el), ring: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, name: `${el.tagName} ${(el.textContent ?? "").slice(0, 30)}`, first: el.classList.contains("skip") };
    });
    if (!f || seen.has(f.n)) break;
    if (i === 0) faults.push(say(f.first, `the first stop is ${f.name}, not the way past the header`));
    faults.push(say(f.ring, `no focus ring on ${f.name}`));
    seen.add(f.n);
  }
  const targets = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter((e) => e.getBoundingClientRect().width > 0 && !e.closest("details:not([open]) > :not(summary)")).length);
  faults.push(say(seen.size >= targets, `${seen.size} of ${targets} targets were reached`));
  await context.close();
  return faults;
}

/** Every page says what it is for; by the button that a phone has too, in both languages. */
async function help(browser, target, out) {
  const faults = [];
  for (const width of [1440, 390]) {
    const { page, context, phone, take } = await person(browser, { width });
    await target.signIn(page);
    for (const hash of ["", "cases", `cases/${target.incident}`, "search", "sources", "rules", "packs", "settings", "more", "nowhere"]) {
      await open(page, target.base, hash);
      await page.getByRole("button", { name: "使い方" }).click();
      const words = await page.locator("dialog[open]").innerText();
      faults.push(say(words.length > 60 && !/help\.[a-z]/.test(words), `no help on "${hash}": ${words.slice(0, 60)}`), ...(await page.evaluate(layoutFaults, phone)).map((f) => `help of "${hash}": ${f}`));
      if (hash === "") await page.screenshot({ path: `${out}help-ja-${width}.png` });
      if (hash === "") faults.push(...await axeFaults(page));
      await page.keyboard.press("Escape");
    }
    faults.push(...take());
    await context.close();
  }
  return faults;
}

/** The session is ended elsewhere; the room is away: the page says so in words and what to do. */
async function ended(browser, target, out) {
  const faults = [];
  for (const width of [1440, 390]) {
    const { page, context, phone } = await person(browser, { width });
    await page.addInitScript(() => Object.defineProperty(navigator, "language", { get: () => "ja" }));
    await target.signIn(page);
    await open(page, target.base, "");
    await context.clearCookies();
    await page.evaluate(() => { location.hash = "#/rules"; });
    faults.push(await has(page, "まだサインインしていません", 20_000), ...await page.evaluate(layoutFaults, phone));
    await page.screenshot({ path: `${out}session-ended-ja-${width}.png` });
    await page.route("**/api/v1/**", (r) => r.abort());
    await page.reload();
    faults.push(await has(page, "サーバーにつながりません"), ...await page.evaluate(layoutFaults, phone), ...await axeFaults(page));
    await page.screenshot({ path: `${out}unreachable-ja-${width}.png` });
    await context.close();
  }
  return faults;
}

/** The question is there and has the focus. */
const asked = (page) => page.waitForFunction(() => document.activeElement?.closest(".confirm") !== null, null, { timeout: 5000 });

async function decide(browser, target, out) {
  const { page, context, take } = await person(browser);
  await target.signIn(page);
  await open(page, target.base, `cases/${target.incident}/actions`);
  const button = page.locator(".action-card .button.solid").first();
  if (await button.count() === 0) return ["no action waits for a decision"];
  const words = await button.innerText();
  await button.focus();
  await page.keyboard.press("Enter");
  await asked(page);
  const faults = [say((await page.locator(".confirm .title").innerText()).endsWith("か"), "the question names no decision")];
  faults.push(say((await page.evaluate(() => document.activeElement?.textContent)) === words, "the confirming button does not repeat the words"), ...await page.evaluate(layoutFaults, false), ...await axeFaults(page));
  await page.screenshot({ path: `${out}asking-ja-1440.png`, fullPage: true });
  await page.keyboard.press("Escape");
  faults.push(say(await page.locator(".confirm").count() === 0, "Esc does not leave the question"));
  await page.locator(".action-card .button.solid").first().press("Enter");
  await asked(page);
  await page.keyboard.press("Enter");
  if (target.dev) faults.push(await has(page, "実行しませんでした"), ...await page.evaluate(layoutFaults, false));
  else faults.push(await has(page, "予行が済んだ、まだ実行していない", 15_000), ...await page.evaluate(layoutFaults, false));
  await page.screenshot({ path: `${out}decided-ja-1440.png`, fullPage: true });
  await context.close();
  return [...faults, ...take().filter((c) => !target.dev || !/403/.test(c))];
}

async function note(browser, target, out) {
  const a = await person(browser), b = await person(browser, { width: 390 });
  await target.signIn(a.page);
  await target.signIn(b.page);
  await open(a.page, target.base, `cases/${target.incident}`);
  await open(b.page, target.base, `cases/${target.incident}`);
  const words = `会員サービス部の当直へ電話した ${Date.now()}`;
  await a.page.getByRole("button", { name: "経過に書き足す" }).press("Enter");
  await a.page.getByLabel("何があったか").fill(words);
  const when = a.page.getByLabel("いつ", { exact: true });
  const faults = [];
  for (const [text, reads] of [["2/30", "2/30 という日時はありません"], ["きのうのいつか", "読めません"], ["11/22(月) 2:05", "書かれた曜日とは違う日です"], ["昨日18時頃", /11月22日\(日\) 18時ごろ（昨日）/]]) {
    await when.fill(text);
    faults.push(await has(a.page, reads));
  }
  faults.push(...await a.page.evaluate(layoutFaults, false), ...await axeFaults(a.page));
  await a.page.screenshot({ path: `${out}note-ja-1440.png` });
  await b.page.getByRole("button", { name: "経過に書き足す" }).click();
  await b.page.getByRole("button", { name: "5分前" }).click();
  faults.push(await has(b.page, /年11月23日\(月・祝\) \d+:\d+/), ...await b.page.evaluate(layoutFaults, true));
  await b.page.getByRole("button", { name: "やめる" }).click();
  await a.page.getByRole("button", { name: "経過に1行書く" }).press("Enter");
  faults.push(await has(a.page, words), await has(b.page, words), await has(b.page, "11/22 18時ごろ"), ...await a.page.evaluate(layoutFaults, false), ...await b.page.evaluate(layoutFaults, true), ...a.take(), ...b.take());
  await a.context.close();
  await b.context.close();
  return faults;
}

/** Findings get a case of their own: what moves is said first, both cases know each other, and it can be taken back. */
async function part(browser, target, out) {
  const faults = [];
  for (const width of [1440, 390]) {
    const { page, context, phone, take } = await person(browser, { width });
    await target.signIn(page);
    await open(page, target.base, `cases/${target.incident}/evidence`);
    const total = Number(/の規則、(\d+)件/.exec(await page.locator("main").innerText())?.[1]);
    await page.locator(".group > summary").first().click();
    await page.locator(".pick-cell input").first().check();
    await page.locator(".split-bar .facts").waitFor({ timeout: 8000 });
    const bar = await page.locator(".split-bar").innerText();
    faults.push(say(/1件を選んでいます/.test(bar) && new RegExp(`気付き${total - 1}件`).test(bar), `of ${total} the bar says: ${bar.replace(/\n/g, " ")}`));
    faults.push(...await page.evaluate(layoutFaults, phone), ...await axeFaults(page));
    await page.getByRole("button", { name: "1件を別の事案に分ける" }).press("Enter");
    await asked(page);
    faults.push(...await page.evaluate(layoutFaults, phone));
    await page.keyboard.press("Enter");
    await page.locator(".parted").waitFor({ timeout: 8000 });
    faults.push(await page.waitForFunction(() => document.activeElement?.matches(".parted"), null, { timeout: 5000 }).then(() => null, () => "nobody is led to the way back"));
    faults.push(...await page.evaluate(layoutFaults, phone), ...await axeFaults(page));
    const other = await page.locator(".parted a").getAttribute("href");
    await page.goto(`${target.base}/${other}`);
    await settle(page);
    faults.push(await has(page, /が事案 K-\d+-\d+ の気付き1件を、この事案に移しました/));
    await page.locator(".parted .button").press("Enter");
    await asked(page);
    await page.keyboard.press("Enter");
    faults.push(await has(page, "この事案は別の事案に合わせました"));
    await open(page, target.base, `cases/${target.incident}`);
    faults.push(say(await page.locator(".parted").count() === 0, "the way back stays after it was gone"), await has(page, /ログを見直すと、最初の痕跡は 02:03:\d\d/));
    await open(page, target.base, `cases/${target.incident}/evidence`);
    faults.push(await has(page, new RegExp(`${total}件`)), ...take());
    await picture({ page, phone, context }, `${out}parted-ja-${width}.png`);
    await context.close();
  }
  return faults;
}

async function conflict(browser, target, out) {
  const a = await person(browser), b = await person(browser);
  await target.signIn(a.page);
  await (target.signInOther ?? target.signIn)(b.page);
  await open(a.page, target.base, `cases/${target.incident}`);
  await open(b.page, target.base, `cases/${target.incident}`);
  const faults = [];
  const edit = async (page) => page.getByRole("button", { name: "内容を直す" }).click();
  const level = (page) => page.getByLabel("重要度");
  await edit(a.page);
  const was = await level(a.page).inputValue();
  await level(a.page).selectOption(was === "critical" ? "high" : "critical");
  if (!target.dev) {
    await edit(b.page);
    await level(b.page).selectOption(was === "medium" ? "low" : "medium");
    await b.page.getByRole("button", { name: "1か所の直しを保存する" }).click();
    await b.page.locator(".case-edit").waitFor({ state: "detached" });
    faults.push(await has(a.page, "ほかに開いている人"));
  }
  await a.page.getByRole("button", { name: "1か所の直しを保存する" }).click();
  faults.push(await has(a.page, "保存しませんでした"), await has(a.page, "あなたの内容で保存する"), ...await a.page.evaluate(layoutFaults, false), ...await axeFaults(a.page));
  await a.page.screenshot({ path: `${out}conflict-ja-1440.png` });
  await a.page.getByRole("button", { name: "いまの内容を残す" }).click();
  faults.push(say(await a.page.locator(".case-edit").count() === 0, "keeping the current one does not close the form"));
  faults.push(...a.take().filter((c) => !/409/.test(c)), ...b.take());
  await a.context.close();
  await b.context.close();
  return faults;
}

async function language(browser, target) {
  const { page, context, take } = await person(browser, { width: 390 });
  await target.signIn(page);
  await open(page, target.base, "settings");
  await page.getByText("English").click();
  const faults = [await heading(page, "Settings"), say(await page.evaluate(() => document.documentElement.lang) === "en", "the page's language stays Japanese")];
  await page.reload();
  await settle(page);
  faults.push(await has(page, "Check the records"));
  await page.getByText("日本語").click();
  faults.push(await heading(page, "設定"));
  await page.getByRole("button", { name: "改ざんがないか確かめる" }).click();
  faults.push(await has(page, "改ざんは見つかりませんでした"), ...await page.evaluate(layoutFaults, true), ...take());
  await context.close();
  return faults;
}

async function line(browser, target, out) {
  const { page, context, take } = await person(browser);
  await target.signIn(page);
  await open(page, target.base, "rules/try");
  await page.getByRole("textbox", { name: "ログの1行" }).fill("Nov 23 02:11:58 idp-02 sshd[2214]: Failed password for invalid user root from 192.0.2.4 port 50022 ssh2");
  await page.getByRole("button", { name: "この1行を試す" }).click();
  const faults = [await has(page, "event.outcome"), await has(page, "当たります"), ...await page.evaluate(layoutFaults, false), ...await axeFaults(page), ...take()];
  await page.screenshot({ path: `${out}tried-ja-1440.png`, fullPage: true });
  await context.close();
  return faults;
}

async function lost(browser, target, out) {
  const { page, context } = await person(browser);
  await target.signIn(page);
  await page.route("**/api/v1/stream*", (r) => r.abort());
  await open(page, target.base, "");
  const faults = [await has(page, "つながっていません"), await has(page, "10秒ごとにつなぎ直しています"), ...await page.evaluate(layoutFaults, false), ...await axeFaults(page)];
  await page.screenshot({ path: `${out}line-lost-ja-1440.png` });
  await page.unroute("**/api/v1/stream*");
  await page.getByText("つながっていません").waitFor({ state: "detached", timeout: 14_000 }).catch(() => faults.push("the band stays though the line is back"));
  await context.close();
  return faults;
}

/** A file half of whose lines nobody can read: said, with how many, in the row that stands open. */
async function unreadable(browser, target, out) {
  const faults = [];
  for (const width of [1440, 390]) {
    const who = await person(browser, { width });
    await target.signInHost(who.page);
    await open(who.page, target.host, "sources");
    faults.push(await has(who.page, "400行のうち200行が読めません", 15_000), await has(who.page, "50%"), ...await who.page.evaluate(layoutFaults, who.phone), ...await axeFaults(who.page));
    await picture(who, `${out}sources-unreadable-ja-${width}-light.png`);
    faults.push(...who.take());
    await who.context.close();
  }
  return faults;
}

/** What arrived is found while one waits, one event is opened with its line, the search is kept and run again. */
async function searching(browser, target, out) {
  const faults = [];
  for (const width of [1440, 390]) {
    const who = await person(browser, { width });
    const { page } = who;
    await target.signIn(page);
    await open(page, target.base, "search");
    await page.locator("main input[data-find]").fill("/login");
    await page.getByLabel("期間").selectOption("all");
    await page.getByRole("button", { name: "探す", exact: true }).click();
    faults.push(await has(page, "見つかった記録", 60_000), await has(page, "調べ終わりました", 60_000), ...await page.evaluate(layoutFaults, who.phone), ...await axeFaults(page));
    await page.locator("main td button").first().click();
    faults.push(await has(page, "元の行", 20_000), ...await page.evaluate(layoutFaults, who.phone), ...await axeFaults(page));
    await picture(who, `${out}search-found-ja-${width}-light.png`);
    const got = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSVで取り出す" }).click();
    const csv = await (await got).createReadStream().then(async (r) => { let all = ""; for await (const c of r) all += c; return all; });
    faults.push(say(csv.startsWith("\ufeff") && csv.split("\r\n").length > 2 && csv.includes("/login"), `the CSV is ${csv.slice(0, 80)}`));
    faults.push(say(/kizuki-\d{4}-\d\d-\d\d-\d{4}\.csv/.test((await got).suggestedFilename()), "the CSV has another name"));
    await page.getByRole("link", { name: "この条件を規則にする" }).click();
    faults.push(await has(page, "検索の条件から作りました", 20_000), say(/contains|- "\/login"/.test(await page.locator("textarea").inputValue()), "the draft does not hold what was searched"));
    faults.push(say(/^id: [0-9a-f-]{36}$/m.test(await page.locator("textarea").inputValue()), "the draft has no id"), ...await page.evaluate(layoutFaults, who.phone), ...await axeFaults(page));
    await picture(who, `${out}rule-of-search-ja-${width}-light.png`);
    await page.goBack();
    faults.push(await has(page, "調べ終わりました", 60_000));
    await page.getByLabel("付ける事案").selectOption({ index: 1 });
    await page.getByRole("button", { name: "この結果を事案に付ける" }).click();
    faults.push(await has(page, "事案の時系列に書きました", 20_000));
    const about = `ログインの試みを確かめる ${width}`;
    await page.getByLabel("何を確かめたか").fill(about);
    await page.getByRole("button", { name: "探した記録として残す" }).click();
    faults.push(await has(page, "残しました", 20_000));
    await open(page, target.base, "search");
    faults.push(await has(page, about, 20_000), ...await page.evaluate(layoutFaults, who.phone), ...await axeFaults(page), ...who.take());
    await who.context.close();
  }
  return faults;
}

/** What a provider said on the telephone is typed in; nobody is found, and which log would be needed is said. */
async function tracing(browser, target, out) {
  const faults = [];
  for (const width of [1440, 390]) {
    const who = await person(browser, { width });
    const { page } = who;
    await target.signIn(page);
    await open(page, target.base, "search/trace");
    await page.getByLabel("こちらの公開アドレス").fill("198.51.100.77");
    await page.getByLabel("ポート番号").fill("40001");
    await page.getByLabel("時刻(言われた").fill("いつか");
    await page.getByRole("button", { name: "たどる", exact: true }).click();
    faults.push(await has(page, "時刻が読めません", 20_000));
    await page.getByLabel("時刻(言われた").fill("今日 0時5分");
    await page.getByRole("button", { name: "たどる", exact: true }).click();
    faults.push(await has(page, "足りないログ", 60_000), await has(page, "198.51.100.77 に変換したファイアウォールのログ", 20_000), await has(page, "だれにもたどり着けませんでした", 20_000));
    who.take(); /* the refusal of the unreadable time stands in the console */
    faults.push(...await page.evaluate(layoutFaults, who.phone), ...await axeFaults(page));
    await picture(who, `${out}trace-nobody-ja-${width}-light.png`);
    faults.push(...who.take());
    await who.context.close();
  }
  return faults;
}

async function motion(browser, target) {
  const names = [];
  for (const reduced of [false, true]) {
    const { page, context } = await person(browser, { reduced });
    await target.signIn(page);
    await open(page, target.base, "more");
    names.push(await page.evaluate(() => {
      const el = document.createElement("span");
      el.className = "changed";
      document.body.append(el);
      return getComputedStyle(el).animationName;
    }));
    await context.close();
  }
  return [say(names[0] === "changed", "a changed number is not underlined"), say(names[1] === "none", "it moves though less motion was asked for")];
}

async function paper(browser, target, out) {
  const { page, context, take } = await person(browser);
  await target.signIn(page);
  await open(page, target.base, `cases/${target.incident}`);
  const pdf = await page.pdf({ path: `${out}case.pdf`, preferCSSPageSize: true });
  const box = /MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)/.exec(pdf.toString("latin1"));
  const faults = [say(box && Math.abs(box[1] - 595) < 2 && Math.abs(box[2] - 842) < 2, `a printed page is ${box?.[1]} × ${box?.[2]} points, not A4`)];
  await page.setViewportSize({ width: 665, height: 940 });
  await page.emulateMedia({ media: "print" });
  faults.push(say(await page.evaluate(() => getComputedStyle(document.querySelector(".top")).display === "none"), "the header is printed"));
  faults.push(say(await page.evaluate(() => getComputedStyle(document.querySelector("time[data-abs]"), "::after").content.includes("年")), "times are printed without their date"));
  faults.push(say(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), "the print is wider than the paper"));
  faults.push(...await page.evaluate(() => [...document.querySelectorAll("time[data-abs]")].filter((e) => e.getBoundingClientRect().width > 0 && e.parentElement.getBoundingClientRect().right + 1 < e.getBoundingClientRect().right).map((e) => `a printed time leaves its column: ${e.dataset.abs}`)));
  await page.screenshot({ path: `${out}case-print.png`, fullPage: true });
  await context.close();
  return [...faults, ...take()];
}

const speak = (page, lang) => page.evaluate(async (l) => {
  const me = await (await fetch("/api/v1/me")).json();
  await fetch("/api/v1/me", { method: "PUT", headers: { "Content-Type": "application/json", "X-Kizuki-CSRF": me.csrf }, body: JSON.stringify({ lang: l, version: me.person.version }) });
}, lang);

/** What people print at night, in both languages: every page A4, nothing beside the paper, and no more pages than somebody carries. */
async function papers(browser, target, out) {
  const { page, context, take } = await person(browser);
  await target.signIn(page);
  const faults = [], said = [];
  for (const lang of ["ja", "en"]) {
    await open(page, target.base, "settings");
    await speak(page, lang);
    await page.reload();
    for (const [name, hash, most] of [["case", `cases/${target.incident}`, 12], ["todo", `cases/${target.incident}/todo`, 2], ["call tree", "duty/people", 3], ["playbook", "playbooks/1", 6], ["custody", `cases/${target.incident}/custody`, 4]]) {
      await page.emulateMedia({ media: "screen" });
      await open(page, target.base, hash);
      const text = (await page.pdf({ path: `${out}paper-${name.replace(" ", "-")}-${lang}.pdf`, preferCSSPageSize: true })).toString("latin1");
      const n = (text.match(/\/Type\s*\/Page[^s]/g) ?? []).length, boxes = [...text.matchAll(/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)/g)];
      said.push(`${name} ${lang} ${n}`);
      faults.push(say(n >= 1 && n <= most, `${name} (${lang}) has ${n} pages, not 1 to ${most}`), say(boxes.length > 0 && boxes.every((b) => Math.abs(b[1] - 595) < 2 && Math.abs(b[2] - 842) < 2), `${name} (${lang}) is not all A4`));
      await page.setViewportSize({ width: 665, height: 940 });
      await page.emulateMedia({ media: "print" });
      const seen = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth - innerWidth, words: document.querySelector("main").innerText.trim().length, buttons: [...document.querySelectorAll("main button, main .button")].filter((b) => b.getBoundingClientRect().width > 0).length }));
      faults.push(say(seen.wide <= 1, `${name} (${lang}) is ${seen.wide} px wider than the paper`), say(seen.words > 20, `${name} (${lang}) prints nothing`), say(seen.buttons === 0, `${name} (${lang}) prints ${seen.buttons} buttons`));
      await page.setViewportSize({ width: 1440, height: 1000 });
    }
  }
  await page.emulateMedia({ media: "screen" });
  await speak(page, "ja");
  console.log(`# pages on paper: ${said.join(", ")}`);
  await context.close();
  return [...faults, ...take()];
}

async function signin(browser, target, out) {
  const faults = [];
  for (const [name, where, words] of [["none", "/", "まだサインインしていません"], ["used", target.usedLink.slice(target.base.length), "このリンクは使い終わったか、期限が切れています"]]) {
    for (const width of [1440, 390]) {
      const { page, context, phone, take } = await person(browser, { width });
      await context.setExtraHTTPHeaders({ "Accept-Language": "ja" });
      await page.addInitScript(() => Object.defineProperty(navigator, "language", { get: () => "ja" }));
      await page.goto(target.base + where);
      faults.push(await has(page, words), ...await page.evaluate(layoutFaults, phone), ...await axeFaults(page), ...take().filter((c) => !/40[13]/.test(c)));
      await page.screenshot({ path: `${out}signin-${name}-ja-${width}.png`, fullPage: true });
      await context.close();
    }
  }
  return faults;
}

/** A check that cannot fail is none: each fault is put into a sound page and has to be named. */
async function finds(browser, target) {
  const faults = [];
  const BROKEN = [
    ["a page wider than the window", 390, (d) => { d.querySelector("main").append(Object.assign(d.createElement("div"), { textContent: "x", className: "t-wide" })); }, ".t-wide { width: 2000px }", /the page is 2\d{3} px wide|leaves the window/],
    ["letters of 12 px", 1440, () => {}, "main .small { font-size: 12px !important }", /12\.0 px/],
    ["a clipped cell", 1440, () => {}, "tbody td.num { display: block; width: 30px; overflow: hidden; white-space: nowrap }", /clipped in td/],
    ["a target of 20 px", 390, () => {}, "main .button { min-height: 20px !important; height: 20px; padding: 0 !important }", /target \d+ × 20/],
    ["text on text", 1440, () => {}, "main td { position: relative; } main td:nth-child(2) { left: -120px }", / lies on /],
    ["grey on grey", 1440, () => {}, "main td, main td * { color: #ccc !important }", /axe color-contrast/],
    ["a field without a name", 1440, (d) => { d.querySelector("main").append(d.createElement("input")); }, "", /axe label/],
    ["two solid buttons", 1440, (d) => { for (const b of [...d.querySelectorAll(".button")].slice(0, 2)) b.classList.add("solid"); }, "", /more than one solid button/],
    ["a text key", 1440, (d) => { d.querySelector("main p, main td").textContent = "title.list_attack"; }, "", /shows a text key/],
  ];
  for (const width of [1440, 390]) {
    const { page, context, phone } = await person(browser, { width });
    await target.signIn(page);
    await open(page, target.base, "rules");
    const sound = [...await page.evaluate(layoutFaults, phone), ...await axeFaults(page)];
    faults.push(say(sound.length === 0, `the sound page has faults: ${sound[0]}`));
    for (const [name, at, change, css, want] of BROKEN.filter((b) => b[1] === width)) {
      await page.reload();
      await settle(page);
      await page.evaluate(`(${change})(document)`);
      if (css) await page.evaluate((c) => { const s = new CSSStyleSheet(); s.replaceSync(c); document.adoptedStyleSheets = [...document.adoptedStyleSheets, s]; }, css);
      const found = [...await page.evaluate(layoutFaults, phone), ...await axeFaults(page)];
      faults.push(say(found.some((f) => want.test(f)), `${name} is not noticed at ${at} px: ${found.slice(0, 2).join("; ")}`));
    }
    await context.close();
  }
  return faults;
}

/** Those that change nothing and mostly wait: they may run while pages are looked at, as somebody whose language stays. */
export async function quietWalks(browser, all, out) {
  const target = { ...all, signIn: all.signInOther ?? all.signIn };
  const walk = (name, f) => test(name, () => f(browser, target, out));
  await walk("a dead line is said, and when it is back", lost);
  await walk("motion: one underline, none when less is asked for", motion);
  await walk("each fault that is looked for is found when it is there", finds);
  if (target.dev) return skip("sign-in, a session that ended, unreadable lines", "the stand-in has none of them");
  await walk("sign-in: no link, used link", signin);
  await walk("a session that ended, a room that is away", ended);
  await walk("sources: lines that cannot be read", unreadable);
  await walk("rules: written, tried, switched on; an exception; a set as a file; repeats", rulesWalk);
  await walk("mails: one that was reported is read as text and becomes a case", mailWalk);
  await walk("indicators: a file looked at, taken in, looked for, taken back", indicatorWalk);
  await walk("a case between people: a key person, one case and two, a shift handed over, a file in custody", caseWalk);
  await walk("both nights: presses and words to each first useful action do not grow", nightWalk);
  await walk("readiness: at most four presses to what would have passed unseen; a gap gets an owner and is measured", readinessWalk);
  await walk("registers: files looked at, taken in and back; red until it changes", registerWalk);
}

export async function walks(browser, target, out) {
  const walk = (name, f) => test(name, () => f(browser, target, out));
  await test("the bundle is small and has nothing inline", async () => bundle());
  await walk("keyboard: jumps, search, help", keyboard);
  await walk("keyboard: every target is reached and seen", tabbing);
  await walk("help on every page", help);
  if (target.dev) skip("a note appears on another person's page by itself", "the stand-in stores nothing");
  else await walk("a note appears on another person's page by itself", note);
  if (target.dev) skip("findings get a case of their own, and are taken back", "the stand-in stores nothing");
  else await walk("findings get a case of their own, and are taken back", part);
  await walk("two edits: the second is refused and shows both", conflict);
  await walk("a decision: asked once more in the same words", decide);
  await walk("a line is tried", line);
  if (target.dev) skip("logs are searched", "the stand-in has none");
  else {
    await walk("logs are searched", searching);
    await walk("an address from outside is traced", tracing);
  }
  await walk("language and chain of records", language);
  await walk("paper: A4, dates written out", paper);
  if (!target.dev) await walk("paper: case, call tree, playbook and custody in both languages", papers);
}
