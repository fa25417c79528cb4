// From the first screen to "we would not have noticed …, because no … log arrives; here is how to send it": presses counted, at most four. The
// Kizuki is the one whose story brought sign-ins and pages of a site and nothing else, so what is said to be missing is missing. Then a gap gets an
// owner and a date, is said to be done, and is measured not to be.
import { open, person, settle } from "./lib/browser.mjs";
import { axeFaults, layoutFaults } from "./lib/checks.mjs";

const MOST = 4, MS = 60_000;
const say = (ok, sentence) => (ok ? null : sentence);
const api = (page, path) => page.evaluate(async (p) => (await fetch(`/api/v1${p}`)).json(), path);

export async function readinessWalk(browser, target) {
  const who = await person(browser), { page } = who;
  await target.signIn(page);
  await open(page, target.base, "");
  const faults = [];
  let presses = 0;
  const press = async (find) => { await find.waitFor({ timeout: MS }); await find.click(); presses += 1; await settle(page); };

  await press(page.getByRole("navigation").getByRole("link", { name: "教訓", exact: true }).first());
  if (!(await api(page, "/readiness")).measured_at) {
    faults.push(say(await page.locator(".ready-table").getByText("まだ", { exact: true }).count() > 50, "before anything was measured a cell says more than that"));
    await press(page.getByRole("button", { name: "いま測る" }));
  }
  const sentence = page.getByText(/「.+」.*には気付けませんでした。アドレス割当のログが届いていないからです。送り方はこちらです。/).first();
  if (!(await sentence.isVisible())) await press(page.getByText(/ほか\d+種類のログも届いていません/));
  await sentence.waitFor({ timeout: MS });
  faults.push(say(presses <= MOST, `${presses} presses to the sentence, not at most ${MOST}`));
  const missing = (await api(page, "/readiness")).packs.flatMap((p) => p.cells.noticed.items).filter((i) => i.measure === "logs_arrive" && i.answer === "no").map((i) => i.of);
  const kinds = new Set((await api(page, "/sources")).sources.map((s) => s.decoder ?? ""));
  faults.push(say(missing.includes("dhcp") && !missing.includes("login") && !missing.includes("web"), `missing are ${[...new Set(missing)]}; decoders: ${[...kinds]}`));
  faults.push(say(await page.getByText(/には気付けませんでした。ログインのログ/).count() === 0, "logins arrive, and are said not to"));
  faults.push(...(await page.evaluate(layoutFaults, false)), ...await axeFaults(page));
  await page.getByRole("link", { name: "アドレス割当のログの送り方" }).click();
  await settle(page);
  faults.push(say(await page.getByText("アドレス割当のログを送る").count() === 1, "the page of how to send it does not begin with that log"));
  console.log(`# readiness: ${presses} presses from the first screen to the sentence`);

  /* the gap in somebody's hands */
  await open(page, target.base, "packs");
  const gap = page.locator("li.gap").first(), words = (await gap.locator("b").first().innerText()).trim();
  await gap.getByRole("button", { name: "担当と期限を決める" }).click();
  await gap.getByLabel("担当", { exact: true }).fill("佐藤");
  await gap.getByLabel("いつまでに").fill("2027-03-01");
  await gap.getByRole("button", { name: "この担当と期限で始める" }).click();
  await page.locator("li.gap").filter({ hasText: words }).getByText("佐藤").waitFor({ timeout: MS });
  await open(page, target.base, "packs/todo");
  await page.getByRole("button", { name: "終えたので測り直す" }).click();
  await page.getByLabel("根拠（何を見て確かめたか）").fill("台帳の写し");
  await page.getByRole("button", { name: "終えたので測り直す" }).last().click();
  await page.getByText(/測ったところ、まだ足りません/).waitFor({ timeout: MS });
  const [row] = (await api(page, "/followups")).followups;
  faults.push(say(row.state === "open" && row.result === "no" && row.person === "佐藤", `it is ${row.state}, ${row.result}: a gap that is still there was believed to be closed`));
  faults.push(...(await page.evaluate(layoutFaults, false)), ...await axeFaults(page), ...who.take());
  await who.context.close();
  return faults;
}
