import { describe, expect, it } from "vitest";
import { type Catalogue, fill, number } from "./template";

const now = () => Date.parse("2026-11-22T17:31:02Z");
const make = (texts: Record<string, string>, lang: "ja" | "en" = "ja"): Catalogue => ({ lang, now, texts: { "word.unknown": "不明", ...texts } });

describe("templates", () => {
  it("puts numbers in with thousands and times by Japan's clock", () => {
    const c = make({ a: "{n}口座、{at:sec}、{s:dur}、{ms:ms}" });
    expect(fill(c, "a", { n: 4812, at: "2026-11-22T17:03:08.000Z", s: 316, ms: 252000 })).toBe("4,812口座、02:03:08、5分16秒、4分12秒");
  });
  it("says lengths in kB and MB", () => {
    const c = make({ a: "{a:size}〜{b:size}、{c:size}" });
    expect(fill(c, "a", { a: 4608, b: 48_900_000, c: null })).toBe("5 kB〜48.9 MB、不明");
  });
  it("says unknown, never zero and never nothing", () => {
    const c = make({ a: "{n}と{at:time}と{s:dur}" });
    expect(fill(c, "a", { n: null })).toBe("不明と不明と不明");
    expect(fill(c, "a", { n: 0, at: "x", s: 0 })).toBe("0と不明と1秒未満");
  });
  it("keeps parts that have something to say", () => {
    const c = make({ a: "攻撃[?stolen|、{stolen}口座][!stolen|、0][>services|など{services}つ]" });
    expect(fill(c, "a", { stolen: 3, services: 2 })).toBe("攻撃、3口座など2つ");
    expect(fill(c, "a", { stolen: 0, services: 1 })).toBe("攻撃、0");
  });
  it("prefers the reader's language and takes the first that is known", () => {
    const c = make({ a: "{rule} {service/host}" }, "en");
    expect(fill(c, "a", { rule: "x", rule_ja: "規則", rule_en: "Rule", service: null, host: "idp-01" })).toBe("Rule idp-01");
    expect(fill(c, "a", { rule: "x", rule_en: null })).toBe("x 不明");
  });
  it("chooses words, plurals, roles and nested texts", () => {
    const c = make({ a: "{n} {n:plural:line:lines}", b: "{k:word:kind}", c: "{r:roles}", d: "{t}", "kind.slow": "ゆっくり", "role.handler": "対処担当" });
    expect([fill(c, "a", { n: 1 }), fill(c, "a", { n: 2 })]).toEqual(["1 line", "2 lines"]);
    expect([fill(c, "b", { k: "slow" }), fill(c, "b", { k: "new" })]).toEqual(["ゆっくり", "new"]);
    expect(fill(c, "c", { r: "handler|auditor" })).toBe("対処担当、auditor");
    expect(fill(c, "d", { t: { key: "kind.slow" } })).toBe("ゆっくり");
  });
  it("shows an unknown key as it is", () => expect(fill(make({}), "event.newer")).toBe("event.newer"));
  it("rounds", () => expect([number(0.04), number(6.24), number(1234567)]).toEqual(["0", "6.2", "1,234,567"]));
});
