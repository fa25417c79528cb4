import { expect, test } from "vitest";
import { groups, quarterOf } from "./quarter";

const one = (kind: string, more: object = {}) => ({ id: 1, kind, level: "high", noticed_s: 60, contained_s: null, by_rule: true, accounts: 1, causes: [] as string[], own: false, ...more });

test("the year begins in April, in Japan", () => {
  expect(quarterOf(Date.parse("2026-03-31T14:59:59Z"))).toEqual({ year: 2025, quarter: 4 });
  expect(quarterOf(Date.parse("2026-03-31T15:00:00Z"))).toEqual({ year: 2026, quarter: 1 });
  expect(quarterOf(Date.parse("2026-11-22T00:00:00Z"))).toEqual({ year: 2026, quarter: 3 });
});
test("cases are grouped by kind, causes are types", () => {
  const [g, other] = groups([one("list_attack", { causes: ["identity", "supplier"], own: true }), one("list_attack", { noticed_s: 20, accounts: 2 }), one("", { by_rule: false, noticed_s: null })]);
  expect(g).toMatchObject({ kind: "list_attack", byRule: 2, noticed: 20, accounts: 3, causes: ["identity", "supplier"], own: 1, measures: ["credentials", "interval", "supplier", "authority"] });
  expect(other).toMatchObject({ kind: "other", byRule: 0, noticed: null, measures: ["rule", "authority"] });
});
