import { expect, test } from "vitest";
import { diff } from "./diff";

test("a line that differs shows what differs, and only that", () => {
  expect(diff("同じ\n青空電力の山田が見た", "同じ\nA社の担当者が見た")).toEqual([
    { same: true, before: [{ same: true, text: "同じ" }], after: [{ same: true, text: "同じ" }] },
    { same: false, before: [{ same: false, text: "青空電力の山田" }, { same: true, text: "が見た" }], after: [{ same: false, text: "A社の担当者" }, { same: true, text: "が見た" }] },
  ]);
});
test("a text may have more lines than the other", () => {
  expect(diff("a", "a\nb")[1]).toEqual({ same: false, before: [], after: [{ same: false, text: "b" }] });
});
