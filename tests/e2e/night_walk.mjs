// Both nights as far as each first useful action, in both languages, on a telephone: how many presses, and how many words stand before it on the
// way. Kept in presses.json, and not allowed to grow: `KIZUKI_KEEP_PRESSES=1 node tests/e2e/run.mjs --only walk` writes what is counted now.
// Each language has a Kizuki of its own, so that nobody else's work is counted.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, person, settle } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";
import { client, start } from "./lib/room_target.mjs";

const KEPT = fileURLToPath(new URL("./presses.json", import.meta.url));
const texts = (lang) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../content/texts/${lang}.json`, import.meta.url)), "utf8"));
const MS = 60_000;
const SPARE = 6; /* words: "1 min" beside "less than a minute", a source that is named or not yet */

const freePort = () => new Promise((done) => { const s = createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => done(port)); }); });

/** 400 tries of as many accounts in 40 seconds, two of which were let in: as the members' site of A-2 logged them. */
function attack(port) {
  const now = Date.now();
  const line = (i) => {
    const at = new Date(now - 41_000 + i * 100).toISOString(), ok = i === 8 || i === 16;
    return `<134>1 ${at} web01 members - - - ${JSON.stringify({ "@timestamp": at, "event.category": "authentication", "event.action": "login", "event.outcome": ok ? "success" : "failure", "service.name": "members", "user.name": `user${i}`, "source.ip": "198.51.100.7", "user_agent.original": "python-requests/2.31" })}\n`;
  };
  return new Promise((done, fail) => {
    const c = connect(port, "127.0.0.1", () => c.end(Array.from({ length: 400 }, (_, i) => line(i)).join("")));
    c.on("close", done).on("error", fail).resume();
  });
}

/** Somebody with an own session in that language, on a telephone, and what it costs him: a press, and the words of the page he has to find it on. */
async function somebody(browser, base, api, lang) {
  const made = (await api.call("POST", "/persons", { name: `night-${lang}`, role: "handler", lang })).json;
  const own = client(base);
  await own.signIn(base + (await api.call("POST", `/persons/${made.id}/link`, {})).json.path);
  const who = await person(browser, { width: 390 }), { page } = who;
  const [key, value] = own.cookie().split("=");
  await who.context.addCookies([{ name: key, value, url: base, httpOnly: true, secure: true, sameSite: "Strict" }]);
  let n = { presses: 0, words: 0 };
  /** The words that are seen from the top of the page down to the end of what is pressed. */
  const count = (find) => find.evaluate((el, l) => {
    const end = el.getBoundingClientRect().bottom, walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), words = new Intl.Segmenter(l, { granularity: "word" });
    let seen = 0;
    while (walk.nextNode()) {
      const { parentElement } = walk.currentNode;
      if (parentElement.checkVisibility() && parentElement.getBoundingClientRect().top < end) seen += [...words.segment(walk.currentNode.data)].filter((w) => w.isWordLike).length;
    }
    return seen;
  }, lang);
  /** What comes later has come: the same three times. */
  const read = async (find) => {
    for (let was = [-1, -2]; ;) {
      const words = await count(find);
      if (was.every((x) => x === words)) return words;
      was = [was[1], words];
      await new Promise((r) => setTimeout(r, 200));
    }
  };
  return {
    ...who, page,
    begin: async () => { n = { presses: 0, words: 0 }; await open(page, base, ""); },
    /** Reads the page and presses what it found; a question that comes up on the same page is read alone. */
    press: async (find, whole = true) => {
      await find.waitFor({ timeout: MS });
      await settle(page);
      if (whole) n.words += await read(find);
      await find.click();
      n.presses += 1;
    },
    so_far: () => ({ ...n }),
    look: async () => { await settle(page); return [...await page.evaluate(layoutFaults, true), ...await axeFaults(page)]; },
  };
}

/** A-2: a list attack; from いま to the block that was approved. */
async function listAttack(who, api, port) {
  await attack(port);
  for (let i = 0; i < MS / 100 && !(await api.call("GET", "/now")).json.asks.some((a) => a.kind === "block_source"); i++) await new Promise((r) => setTimeout(r, 100));
  await who.begin();
  const faults = await who.look();
  await who.press(who.page.locator(".ask button.solid"));
  await who.press(who.page.locator(".confirm .button").first(), false);
  await who.page.locator(".confirm").waitFor({ state: "detached", timeout: MS });
  faults.push(...await who.look());
  return [{ block_approved: who.so_far() }, faults];
}

/** A-1: a tip came at night; from いま to the case, to the playbook begun, to the first step done. */
async function tamperedSite(who, api, port, T) {
  const tip = (await api.call("POST", "/tips", { from: "ministry", text: "トップページが改ざんされています" })).json.id, { page } = who, first = {}, faults = [];
  await who.begin();
  await who.press(page.locator(`a[href="#/reports/tips/${tip}"]`).first());
  await who.press(page.getByRole("button", { name: T["reports.open_case"] }).first());
  await who.press(page.locator(".confirm").getByRole("button", { name: T["reports.open_case"] }), false);
  await page.locator("main a[href^='#/cases/']").first().waitFor({ timeout: MS });
  first.case_opened = who.so_far();
  faults.push(...await who.look());
  await who.press(page.locator("main a[href^='#/cases/']").first());
  await who.press(page.locator("main a[href^='#/runs/']").first());
  await who.press(page.getByRole("button", { name: T["run.begin"] }));
  await page.getByRole("button", { name: T["run.done"], exact: true }).waitFor({ timeout: MS });
  first.playbook_begun = who.so_far();
  faults.push(...await who.look());
  await who.press(page.getByRole("button", { name: T["run.done"], exact: true }));
  await page.locator(".run-choices").waitFor({ timeout: MS });
  first.step_done = who.so_far();
  faults.push(...await who.look());
  return [first, faults];
}

async function bothNights(browser, lang, now) {
  const d = mkdtempSync(join(tmpdir(), "kizuki-nights-")), port = await freePort(), faults = [];
  writeFileSync(join(d, "kizuki.yml"), JSON.stringify({ services: [{ name: "members", title: { ja: "会員サイト", en: "Members' site" } }] }));
  const served = start(["serve", "--data", d, "--https", "127.0.0.1:0", "--syslog", `127.0.0.1:${port}`, "--no-local-logs"]);
  try {
    const { base, link } = await served.ready, api = client(base);
    await api.signIn(link);
    const who = await somebody(browser, base, api, lang);
    for (const [night, walk] of [["list_attack", listAttack], ["tampered_site", tamperedSite]]) {
      const [first, seen] = await walk(who, api, port, texts(lang));
      for (const [what, n] of Object.entries(first)) now[`${night}.${what}.${lang}`] = n;
      faults.push(...[...seen, ...who.take()].map((f) => `${night}.${lang}: ${f}`));
    }
    await who.context.close();
  } finally {
    await served.stop();
    rmSync(d, { recursive: true, force: true });
  }
  return faults;
}

export async function nightWalk(browser) {
  const kept = JSON.parse(readFileSync(KEPT, "utf8")), now = {}, faults = [];
  for (const lang of ["ja", "en"]) faults.push(...await bothNights(browser, lang, now));
  if (process.env.KIZUKI_KEEP_PRESSES) writeFileSync(KEPT, `{\n${Object.entries(now).map(([k, n]) => ` "${k}": ${JSON.stringify(n)}`).join(",\n")}\n}\n`);
  else for (const key of new Set([...Object.keys(now), ...Object.keys(kept)])) {
    const n = now[key], was = kept[key];
    if (!n || !was || n.presses > was.presses || n.words > was.words + SPARE) faults.push(`${key}: ${JSON.stringify(n)} to the first useful action; kept are ${JSON.stringify(was)}`);
  }
  return faults;
}
