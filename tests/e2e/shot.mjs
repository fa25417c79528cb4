#!/usr/bin/env node
// Pictures of pages while working on them. Usage: node tests/e2e/shot.mjs BASE OUT [PAGE…]   (PAGE like "cases/112")
import { createRequire } from "node:module";
const { chromium } = createRequire(new URL("../../ui/package.json", import.meta.url))("playwright-core");
const [base, out, ...pages] = process.argv.slice(2);
const width = Number(process.env.WIDTH ?? 1440);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-background-networking", "--ignore-certificate-errors"] });
const ctx = await browser.newContext({ viewport: { width, height: width < 600 ? 844 : 900 }, colorScheme: process.env.DARK ? "dark" : "light", ignoreHTTPSErrors: true, hasTouch: width < 600, isMobile: width < 600 });
const page = await ctx.newPage();
page.on("console", (m) => console.log(m.type(), m.text()));
page.on("pageerror", (e) => console.log("pageerror", e.message));
for (const p of pages.length ? pages : [""]) {
  await page.goto(`${base}/#/${p}`);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `${out}-${p.replaceAll(/[^a-z0-9]+/gi, "_") || "now"}.png`, fullPage: true });
}
await browser.close();
