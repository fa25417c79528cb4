import { describe, expect, it } from "vitest";
import type { Deed } from "../api/types";
import { batches, deedMark, known } from "./deed";

const deed = (x: Partial<Deed>): Deed => ({ id: 1, batch: "a", state: "proposed", why: "", seen: null, ...x }) as Deed;

describe("a lasting act", () => {
  it("is green only where its effect was seen", () => {
    expect(deedMark(deed({ state: "in_force", seen: true }))).toBe("proved");
    expect(deedMark(deed({ state: "in_force", seen: false }))).toBe("soon");
    expect(deedMark(deed({ state: "in_force", seen: null }))).toBe("run");
  });
  it("says that nobody knows when no answer came", () => {
    expect(known(deed({ why: "no_answer" }))).toBe("unanswered");
    expect(known(deed({ why: "dry_run" }))).toBe("rehearsed");
    expect(known(deed({ state: "refused", why: "dry_run" }))).toBe("refused");
  });
  it("is one card with what was proposed with it, what needs a person first", () => {
    const rows = [deed({ id: 1, state: "in_force", seen: true }), deed({ id: 2, state: "unsure" }), deed({ id: 3, batch: "b" })];
    expect(batches(rows).map((b) => b.map((d) => d.id))).toEqual([[2, 1], [3]]);
  });
});
