// TAP lines and the closing count.
const counts = { passed: 0, failed: 0, skipped: 0 };
const running = new Map(); // checks on their way: name -> since when
let n = 0;

export function result(name, faults) {
  n += 1;
  const bad = (faults ?? []).filter(Boolean);
  if (bad.length === 0) {
    counts.passed += 1;
    console.log(`ok ${n} - ${name}`);
  } else {
    counts.failed += 1;
    console.log(`not ok ${n} - ${name}`);
    for (const b of bad.slice(0, 12)) console.log(`#   ${b}`);
    if (bad.length > 12) console.log(`#   and ${bad.length - 12} more`);
  }
}

export function skip(name, why) {
  n += 1;
  counts.skipped += 1;
  console.log(`ok ${n} - ${name} # SKIP ${why}`);
}

const where = (e) => (String(e?.stack ?? "").split("\n").find((l) => /tests\/e2e\//.test(l)) ?? "").trim();
const words = (e) => String(e?.message ?? e).split("\n").slice(0, 6).join(" | ");

/** Runs one test; whatever it throws is its fault, in words. */
export async function test(name, body) {
  running.set(name, Date.now());
  try {
    result(name, await body());
  } catch (e) {
    result(name, [words(e), where(e)]);
  } finally {
    running.delete(name);
  }
}

/** A promise nobody waited for was broken: a fault of its own, with the line it came from and the checks that were on their way. Without
 *  this node ends with 1 after the last check, and nothing says why. */
export function catchStrays() {
  const tell = (e) => result("every promise is waited for", [words(e), where(e), `meanwhile: ${[...running.keys()].join("; ") || "between checks"}`]);
  process.on("unhandledRejection", tell);
  process.on("uncaughtException", tell);
}

export function close() {
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed ? 1 : 0;
}
