// TAP lines and the closing count.
const counts = { passed: 0, failed: 0, skipped: 0 };
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

/** Runs one test; whatever it throws is its fault, in words. */
export async function test(name, body) {
  try {
    result(name, await body());
  } catch (e) {
    result(name, [String(e?.message ?? e).split("\n").slice(0, 6).join(" | ")]);
  }
}

export function close() {
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed ? 1 : 0;
}
