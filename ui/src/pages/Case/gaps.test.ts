import { describe, expect, it } from "vitest";
import { longest } from "./Gaps";

describe("gaps", () => {
  const t0 = Date.parse("2026-11-22T17:00:00Z");
  const iso = (min: number) => new Date(t0 + min * 60_000).toISOString();
  it("tell the longest stretch in which nobody acted first, and nobody at all before one lane", () => {
    const gap = (lane: string | null, minutes: number) => ({ lane, lane_name: null, from: iso(0), to: iso(minutes), minutes, open: false, at_least: false, perhaps: 0 });
    expect(longest([gap("it_ops", 40), gap("executive", 200), gap(null, 40)]).map((g) => g.lane)).toEqual(["executive", null, "it_ops"]);
  });
});
