// Every page, looked at: width, letters, cells, targets, overlaps, axe, console. A picture is taken of what has a fault, and of each where
// --pictures says so: drawing and packing them is a third of the time.
import { open, person, picture, settle } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";
import { result } from "./lib/report.mjs";

const LANGS = ["ja", "en"];
const WIDTHS = [1440, 390];
const PICTURES = process.argv.includes("--pictures");
// On every run each page is looked at in Japanese on both; those somebody opens at night, and every page where pictures are asked for, in
// English on both as well, and every third of the rest in English on the desk (whether its words fit: the elements are the same). For the same
// reason axe listens to the rest on the phone only, where targets and colours are judged harder.
/** Those whose words are long in English: heard in both languages. */
const BOTH = new Set(["packs", "management", "todo-all", "pack"]);
const NIGHT = new Set(["now", "cases", "case", "evidence", "accounts", "actions", "search", "sources", "run", "in-force", "facts", "reach", "todo", "handover"]);
const heard = (name, lang) => PICTURES || NIGHT.has(name) || BOTH.has(name) || lang === "ja";
const wanted = (name, lang, width, i) => PICTURES || NIGHT.has(name) || lang === "ja" || (BOTH.has(name) && width === 1440) || (width === 1440 && i % 3 === 0);

const pages = (t) => [
  ["now", ""], ["cases", "cases?state=all"], ["loose", "cases?state=loose"], ["case", `cases/${t.incident}`], ["evidence", `cases/${t.incident}/evidence`], ["accounts", `cases/${t.incident}/accounts`],
  ["actions", `cases/${t.incident}/actions`], ["joint", `cases/${t.incident}/joint`], ["facts", `cases/${t.incident}/facts`], ["reach", `cases/${t.incident}/reach`], ["recovery", `cases/${t.incident}/recovery`], ["custody", `cases/${t.incident}/custody`], ["todo", `cases/${t.incident}/todo`], ["requests", `cases/${t.incident}/requests`], ["handover", `cases/${t.incident}/handover`], ["reports", `cases/${t.incident}/reports`], ["publish", `cases/${t.incident}/publish`], ["desk", "desk"], ["print", `print/form/${t.incident}/appi-first`], ["search", "search"], ["trace", "search/trace"], ["sources", "sources"], ["how", "sources/how"], ["late", "sources/late"], ["register", "sources/register"], ["import", "sources/register/contracts/import"], ["rules", "rules"], ["sets", "rules/sets"], ["alive", "rules/alive"], ["soc", "rules/soc"], ["add-rules", "rules/add"], ["except", `rules/${encodeURIComponent(t.rule)}/except`], ["try", "rules/try"], ["rule", `rules/${encodeURIComponent(t.rule)}`],
  ["run", "runs/1"], ["playbooks", "playbooks"], ["playbook", "playbooks/1"], ["playbook-edit", "playbooks/1/edit"], ["duty", "duty"], ["people", "duty/people"], ["authority", "duty/authority"], ["code", "duty/code"], ["in-force", "in-force"], ["frozen", "in-force/accounts"], ["lists", "in-force/lists"], ["levels", "levels"], ["means", `cases/${t.incident}/means`], ["info", "reports/info"], ["packs", "packs"], ["management", "packs/management"], ["todo-all", "packs/todo"], ["lesson", `cases/${t.incident}/lesson`], ["book", "lessons/book"], ["quarter", "lessons/quarter"], ["glossary", "lessons/glossary"], ["pack", `packs/${t.pack}`], ["settings", "settings"], ["datafiles", "settings/data"], ["more", "more"], ["missing", "nowhere"],
];

async function one(who, base, name, hash, file, out) {
  const { page, phone } = who;
  await open(page, base, hash);
  const faults = await page.evaluate(layoutFaults, phone);
  const all = heard(name, file.includes("-en-") ? "en" : "ja", phone ? 390 : 1440);
  if (all) faults.push(...await axeFaults(page));
  if (PICTURES || faults.length) await picture(who, `${out}${file}-light.jpg`);
  if (PICTURES || (/-ja-1440/.test(file) && NIGHT.has(name))) { /* night has other colours, not other letters */
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = (await axeFaults(page, ["color-contrast"])).map((f) => `dark: ${f}`);
    faults.push(...dark);
    if (PICTURES || dark.length) await picture(who, `${out}${file}-dark.jpg`);
    await page.emulateMedia({ colorScheme: "light" });
  }
  faults.push(...who.take());
  result(`${file}: ${all ? "fits, can be read, pressed and heard" : "fits and can be read"}`, faults);
}

async function setLang(page, lang) {
  await page.evaluate(async (l) => {
    const me = await (await fetch("/api/v1/me")).json();
    await fetch("/api/v1/me", { method: "PUT", headers: { "Content-Type": "application/json", "X-Kizuki-CSRF": me.csrf }, body: JSON.stringify({ lang: l, version: me.person.version }) });
  }, lang);
  await page.reload();
  await settle(page);
}

/** Widths nobody drew: nothing may leave the window or be covered there either. */
async function between(browser, target) {
  for (const width of [1100, 768, 320]) {
    const who = await person(browser, { width });
    await target.signIn(who.page);
    const faults = [];
    for (const [name, hash] of pages(target).filter(([n]) => ["now", "cases", "case", "actions", "evidence", "sources", "rule", "pack"].includes(n))) {
      await open(who.page, target.base, hash);
      faults.push(...(await who.page.evaluate(layoutFaults, who.phone)).map((f) => `${name}: ${f}`));
    }
    result(`at ${width} px pages fit`, [...faults, ...who.take()]);
    await who.context.close();
  }
}

export async function look(browser, target, out) {
  if (process.env.BETWEEN_ONLY) return between(browser, target);
  const people = [];
  for (const width of WIDTHS) {
    const who = await person(browser, { width });
    await target.signIn(who.page);
    people.push([width, who]);
  }
  for (const lang of LANGS) {
    for (const [, who] of people) {
      await open(who.page, target.base, "settings");
      await setLang(who.page, lang);
      who.take();
    }
    /* desk and phone side by side: two cores, and the same person may have two windows */
    await Promise.all(people.map(async ([width, who]) => {
      for (const [name, hash] of pages(target).filter(([n], i) => wanted(n, lang, width, i))) {
        await one(who, target.base, name, hash, `${name}-${lang}-${width}`, out).catch((e) => result(`${name}-${lang}-${width}: opens`, [e.message.split("\n")[0]]));
      }
    }));
  }
  for (const [, who] of people) {
    await open(who.page, target.base, "settings");
    await setLang(who.page, "ja");
    await who.context.close();
  }
  await between(browser, target);
  for (const width of WIDTHS) {
    const who = await person(browser, { width });
    await target.signInEmpty(who.page);
    await one(who, target.empty, "now-first-day", "", `now-first-day-ja-${width}`, out).catch((e) => result(`now-first-day-${width}: opens`, [e.message.split("\n")[0]]));
    await who.context.close();
  }
}
