// Debian's Chromium by playwright-core, and everything a page complains about.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ui = createRequire(new URL("../../../ui/package.json", import.meta.url));
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const haveChromium = () => existsSync(CHROMIUM);

export async function launch() {
  const { chromium } = ui("playwright-core");
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-background-networking", "--ignore-certificate-errors"] });
}

const AXE = () => readFileSync(ui.resolve("axe-core/axe.min.js"), "utf8");

/** A person's browser: width decides between desk and phone. `complaints` gathers what the console said. */
export async function person(browser, { width = 1440, scheme = "light", reduced = false } = {}) {
  const phone = width < 640;
  const context = await browser.newContext({
    viewport: { width, height: phone ? 844 : 1000 }, colorScheme: scheme, ignoreHTTPSErrors: true, hasTouch: phone, isMobile: phone,
    reducedMotion: reduced ? "reduce" : "no-preference", timezoneId: "America/St_Johns",
  });
  await context.addInitScript({ content: AXE() });
  await context.addInitScript(() => addEventListener("securitypolicyviolation", (e) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`)));
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") complaints.push(`console: ${m.text()}`); });
  page.on("pageerror", (e) => complaints.push(`script: ${e.message}`));
  page.on("requestfailed", (r) => { if (!/stream|ERR_ABORTED/.test(`${r.url()} ${r.failure()?.errorText}`)) complaints.push(`request: ${r.url()} ${r.failure()?.errorText}`); });
  return { context, page, complaints, phone, take: () => complaints.splice(0) };
}

/** Waits until the page has its data and its letters. */
export async function settle(page) {
  await page.waitForFunction(() => document.querySelector("main h1") && ![...document.querySelectorAll('[role="status"]')].some((e) => e.classList.contains("empty")), null, { timeout: 10_000 });
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r()))));
}

export async function open(page, base, hash) {
  await page.goto(`${base}/#/${hash}`);
  await settle(page);
}

const TALL = 3000; /* px: what a person would scroll through; encoding more takes seconds */

/** A picture of the whole page, as far as anybody would look. Chromium forgets its touch screen over it, so it is told again. */
export async function picture(who, path) {
  const size = await who.page.evaluate(() => ({ width: innerWidth, height: document.documentElement.scrollHeight }));
  await who.page.screenshot({ path, ...(path.endsWith(".jpg") ? { type: "jpeg", quality: 85 } : {}), fullPage: true, clip: { x: 0, y: 0, width: size.width, height: Math.min(TALL, size.height) } });
  if (!who.phone) return;
  who.cdp ??= await who.context.newCDPSession(who.page);
  await who.cdp.send("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 1 });
}
