#!/usr/bin/env node
// Walks through every page in Chromium, in both languages, on desk and phone, by day and by night.
// Usage: node tests/e2e/run.mjs [--dev] [--pictures] [--only PART]   (needs build/, ui/dist and ui/node_modules)
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { haveChromium, CHROMIUM, launch } from "./lib/browser.mjs";
import { demonstration } from "./demo.mjs";
import { catchStrays, close, skip, test } from "./lib/report.mjs";
import { look } from "./look.mjs";
import { quietWalks, walks } from "./walks.mjs";

const OUT = fileURLToPath(new URL("../../artefacts/pages/", import.meta.url));
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : null;

async function main() {
  if (!haveChromium()) {
    skip("pages in a browser", `no Chromium at ${CHROMIUM}`);
    return;
  }
  mkdirSync(OUT, { recursive: true });
  const target = process.argv.includes("--dev")
    ? await (await import("./lib/dev_target.mjs")).devTarget() : await (await import("./lib/room_target.mjs")).roomTarget();
  if (!target) return;
  const browser = await launch();
  let beside = []; /* those that run beside the others: waited for also when one of these breaks, or closing the browser would break them */
  try {
    const demo = !target.dev && (!only || only === "demo") ? demonstration(browser, target, OUT) : null;
    const quiet = !only || only === "walk" ? quietWalks(browser, target, OUT) : null;
    beside = [demo, quiet].filter(Boolean).map((p) => p.catch((e) => test("what runs beside the others", () => { throw e; })));
    if (!only || only === "look") await look(browser, target, OUT);
    if (!only || only === "walk") await walks(browser, target, OUT);
  } finally {
    await Promise.all(beside);
    await browser.close();
    await target.stop();
  }
}

catchStrays();
await test("the run comes to its end", async () => { await main(); return []; });
process.exitCode = close();
