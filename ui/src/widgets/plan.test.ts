import { describe, expect, it } from "vitest";
import type { Plan } from "../api/types";
import { answerWords, rowsOf } from "./plan";

const w = (x: string) => ({ ja: x, en: x });
const plan: Plan = {
  id: "p", title: w("p"), start: "start", steps: [
    { id: "start", kind: "start", words: w(""), next: "a" },
    { id: "a", kind: "task", words: w("a"), next: "b" },
    { id: "b", kind: "decision", words: w("b"), cases: [{ value: "本物 real", to: "c" }, { value: "no" }], next: "e" },
    { id: "c", kind: "together", words: w("c"), steps: ["d1", "d2"] },
    { id: "d1", kind: "task", words: w("d1") }, { id: "d2", kind: "task", words: w("d2"), next: "d3" }, { id: "d3", kind: "task", words: w("d3") },
    { id: "e", kind: "repeat", words: w("e"), condition: "x", yes: "f" }, { id: "f", kind: "task", words: w("f"), next: "f" },
  ],
};

describe("plan", () => {
  it("has every step once, branches further in", () => {
    expect(rowsOf(plan).map((r) => `${r.step.id}${r.depth}`)).toEqual(["a0", "b0", "c1", "d12", "d22", "d32", "e0", "f1"]);
  });
  it("says which answer leads to a branch", () => {
    expect(rowsOf(plan).filter((r) => r.answer).map((r) => [r.step.id, r.answer])).toEqual([["c", "本物 real"], ["f", "yes"]]);
  });
  it("reads answers of two languages", () => {
    expect(answerWords("本物 real", "ja")).toBe("本物");
    expect(answerWords("誤り false alarm", "en")).toBe("false alarm");
    expect(answerWords("keep it open", "ja")).toBe("keep it open");
    expect(answerWords("はい", "en")).toBe("はい");
  });
});
