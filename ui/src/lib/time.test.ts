import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import holidays from "@content/calendar/holidays-jp.json";
import { absolute, clock, date, duration, holidayName, isOff, roughly, short, wall } from "./time";

const at = (iso: string) => Date.parse(iso);
const night = at("2026-11-22T17:31:02Z"); /* 02:31:02 on 23 November in Japan */

describe("Japan's clock", () => {
  it("is nine hours ahead and changes the day", () => {
    expect(wall(night)).toMatchObject({ y: 2026, mo: 11, d: 23, h: 2, mi: 31, s: 2, wd: 1, day: "2026-11-23" });
    expect(clock(night)).toBe("02:31");
    expect(clock(night, true)).toBe("02:31:02");
  });
  it("adds the date only on another day, and the year only in another year", () => {
    expect(short(at("2026-11-22T17:03:08Z"), night, "ja", true)).toBe("02:03:08");
    expect(short(at("2026-11-22T14:41:00Z"), night, "ja")).toBe("11/22 23:41");
    expect(short(at("2026-11-22T14:41:00Z"), night, "en")).toBe("22 Nov 23:41");
    expect(short(at("2025-11-22T14:41:00Z"), night, "ja")).toBe("2025/11/22 23:41");
  });
  it("writes dates with weekday and holiday", () => {
    expect(date(night, "ja")).toBe("11月23日(月・祝)");
    expect(date(night, "en")).toBe("Mon 23 Nov");
    expect(absolute(night, "ja")).toBe("2026年11月23日(月・祝・休) 02:31:02");
    expect(absolute(at("2026-11-16T01:00:00Z"), "ja")).toBe("2026年11月16日(月) 10:00:00");
    expect(holidayName(night, "en")).toBe("Labour Thanksgiving Day");
    expect([night, at("2026-11-21T03:00:00Z"), at("2026-11-24T03:00:00Z")].map(isOff)).toEqual([true, true, false]);
  });
});

describe("durations", () => {
  it.each([[0.4, "1秒未満", "under 1 s"], [32, "32秒", "32 s"], [316, "5分16秒", "5 min 16 s"], [10200, "2時間50分", "2 h 50 min"], [7200, "2時間", "2 h"], [260000, "3日", "3 d"], [270000, "3日3時間", "3 d 3 h"], [-90, "1分30秒", "1 min 30 s"]])(
    "%s s", (s, ja, en) => { expect([duration(s, "ja"), duration(s, "en")]).toEqual([ja, en]); });
  it("leaves seconds out of countdowns from one minute on", () => {
    expect([roughly(59, "ja"), roughly(61, "ja"), roughly(3661, "ja")]).toEqual(["59秒", "1分", "1時間1分"]);
  });
});

const peer = `${process.env.KIZUKI_TEST_DATA ?? ""}/holiday-jp/holidays.yml`;
describe("holidays", () => {
  it("knows substitute holidays and the day between two", () => {
    expect(holidayName(at("2026-05-06T00:00:00Z"), "ja")).toBe("振替休日");
    expect(holidayName(at("2026-09-22T00:00:00Z"), "ja")).toBe("国民の休日");
    expect(holidayName(at("2021-10-11T00:00:00Z"), "ja")).toBe(null);
  });
  const there = existsSync(peer);
  it.skipIf(!there)(`agrees with an independent list of holidays${there ? "" : " (SKIP: KIZUKI_TEST_DATA has none)"}`, () => {
    const theirs = [...readFileSync(peer, "utf8").matchAll(/^(\d{4})(-\d\d-\d\d):/gm)]
      .filter((m) => Number(m[1]) >= holidays.from && Number(m[1]) <= holidays.to).map((m) => `${m[1]}${m[2]}`);
    expect(theirs.length).toBeGreaterThan(200);
    expect(Object.keys(holidays.days).sort()).toEqual(theirs.sort());
  });
});
