import { describe, expect, it } from "vitest";
import { brief, daysAgo, meant, span, whole } from "./written";

const at = (iso: string) => Date.parse(iso);
const NOW = at("2026-11-23T02:31:00+09:00");

describe("times as they were written", () => {
  it("tells units from widths", () => {
    expect(meant(null)).toEqual({ unit: "second", about: false });
    expect(meant(0)).toEqual({ unit: "second", about: false });
    expect(meant(60)).toEqual({ unit: "minute", about: false });
    expect(meant(300)).toEqual({ unit: "minute", about: true });
    expect(meant(1800)).toEqual({ unit: "minute", about: true });
    expect(meant(3600)).toEqual({ unit: "hour", about: false });
    expect(meant(7200)).toEqual({ unit: "hour", about: true });
    expect(meant(86400)).toEqual({ unit: "day", about: false });
    expect(meant(259200)).toEqual({ unit: "day", about: true });
  });
  it("says no more than was written", () => {
    const t = at("2026-11-22T18:05:09+09:00");
    expect(brief(t, "second", NOW, "ja")).toBe("11/22 18:05:09");
    expect(brief(t, "minute", NOW, "ja")).toBe("11/22 18:05");
    expect(brief(t, "hour", NOW, "ja")).toBe("11/22 18時");
    expect(brief(t, "day", NOW, "ja")).toBe("11/22");
    expect(brief(NOW, "day", NOW, "ja")).toBe("11月23日(月・祝)");
    expect(whole(t, "minute", "ja")).toBe("2026年11月22日(日) 18:05");
    expect(whole(t, "day", "en")).toBe("Sun 22 Nov 2026");
  });
  it("spans a unit from its beginning, and an about around it", () => {
    expect(span(0, 3600)).toEqual([0, 3_600_000]);
    expect(span(0, 7200)).toEqual([-3_600_000, 3_600_000]);
    expect(span(5, null)).toEqual([5, 5]);
  });
  it("counts days by the calendar, not by hours", () => {
    expect(daysAgo(at("2026-11-22T23:59:00+09:00"), NOW)).toBe(1);
    expect(daysAgo(at("2026-11-23T23:59:00+09:00"), NOW)).toBe(0);
    expect(daysAgo(at("2026-11-24T00:01:00+09:00"), NOW)).toBe(-1);
  });
});
