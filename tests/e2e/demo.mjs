// The demonstration as somebody meets it on the first day: one button, a tab of its own, a finished story within a
// minute, nothing of it among the real records, and nothing left when it is cleared. The seconds are printed.
import { existsSync } from "node:fs";
import { open, person, picture, settle } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";
import { test } from "./lib/report.mjs";
import { WALKED } from "./rules_walk.mjs";

const WITHIN_S = 60;
const say = (ok, sentence) => (ok ? null : sentence);
const seen = (page, text, ms) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: ms }).then(() => null, () => `"${String(text)}" does not appear`);
const api = (page, path) => page.evaluate(async (p) => (await fetch(`/api/v1${p}`)).json(), path);

/** What the band says of how far the story has come. */
const percent = async (page) => Number(/\d+/.exec(await page.locator(".drill svg").getAttribute("aria-label"))?.[0] ?? -1);

async function play(browser, target, out) {
  const who = await person(browser);
  const real = who.page;
  await target.signInHost(real);
  await open(real, target.host, "");
  const clicked = performance.now();
  const seconds = () => (performance.now() - clicked) / 1000;
  await real.getByRole("button", { name: "実演を始める" }).click();
  const faults = [await seen(real, "実演が動いています", 20_000)];
  const [demo] = await Promise.all([who.context.waitForEvent("page"), real.getByRole("link", { name: "実演を開く" }).click()]);
  demo.on("pageerror", (e) => faults.push(`script: ${e.message}`));
  await demo.waitForURL((u) => u.pathname === "/");
  await settle(demo);
  const opened = seconds();
  faults.push(await seen(demo, "会員制サービスの不正ログイン", 5000), await seen(demo, "作られた記録です", 5000));
  const first = await percent(demo);
  await demo.waitForTimeout(4000);
  faults.push(say(await percent(demo) > first, "the band does not say how far it has come"));
  /* live: the decision comes by itself while the lines still pour in */
  faults.push(await seen(demo, "IPアドレスを60分止めますか", 40_000));
  const noticed = seconds();
  await picture({ page: demo, phone: false }, `${out}demo-running-ja-1440-light.png`);
  faults.push(...(await demo.evaluate(layoutFaults, false)));
  faults.push(await seen(demo, "終わりまで再生しました", 60_000));
  await settle(demo);
  const finished = seconds();
  await demo.getByRole("link", { name: "事案を開く" }).first().click();
  faults.push(await seen(demo, /会員サイトなど2つへのリスト型攻撃、[23]口座で成功の疑い/, 5000));
  console.log(`# demonstration: ${opened.toFixed(1)} s from the click to its pages, ${noticed.toFixed(1)} s to the first decision, ${finished.toFixed(1)} s to the finished story`);
  faults.push(say(finished <= WITHIN_S, `the story was finished after ${finished.toFixed(1)} s, not within ${WITHIN_S}`));
  await demo.goto(`${new URL(demo.url()).origin}/#/`);
  await settle(demo);
  await demo.setViewportSize({ width: 1440, height: 1000 });
  await picture({ page: demo, phone: false }, `${out}demo-done-ja-1440-light.png`);
  faults.push(...(await demo.evaluate(layoutFaults, false)), ...(await axeFaults(demo)));
  await demo.close();
  return { who, real, faults };
}

/** Nothing of it among the real records, the sign-in there still holds, and clearing leaves nothing. */
async function clear({ who, real, faults }, target, out) {
  await open(real, target.host, "");
  faults.push(await seen(real, "はじめに", 5000));
  for (const [path, of, own] of [["/incidents?state=all", "incidents", 0], ["/findings", "findings", 0], ["/sources", "sources", 1]]) {
    /* what its own source and the rules switched on there beside it give is its own: unreadable lines, walked rules */
    const list = (await api(real, path))[of]?.filter((x) => x.kind !== "source_unread" && !WALKED.includes(x.rule?.id));
    faults.push(say(list?.length === own, `the real room has ${list?.length} ${of}, not ${own}`));
  }
  await picture(who, `${out}demo-launcher-ja-1440-light.png`);
  faults.push(say(existsSync(target.demoFolder), `the demonstration was not played in ${target.demoFolder}`));
  await real.getByRole("button", { name: "実演を片付ける" }).click();
  await real.locator(".confirm").getByRole("button", { name: "実演を片付ける" }).click();
  faults.push(await real.getByRole("button", { name: "実演を始める" }).waitFor({ timeout: 20_000 }).then(() => null, () => "clearing does not end"));
  faults.push(say(!existsSync(target.demoFolder), `${target.demoFolder} is still there`), ...who.take());
  await who.context.close();
  return faults;
}

/** Runs beside the other walks: it mostly waits. */
export const demonstration = (browser, target, out) =>
  test("the demonstration: within a minute from the click, apart from the real records, cleared fully", async () => clear(await play(browser, target, out), target, out));
