import { describe, expect, it } from "vitest";
import { addBelow, type Form, move, remove, source, stepOfLine, turn } from "./form";

const f: Form = { id: "p", title: { ja: "題", en: "" }, steps: [{ id: "a", kind: "task", ja: "あ" }, { id: "b", kind: "task", ja: "い" }, { id: "c", kind: "task", en: "c" }] };

describe("the form of a playbook", () => {
  it("makes a branch with steps that end it, and says what follows", () => {
    const x = turn(f, 1, "decision");
    expect(x.steps.map((s) => s.id)).toEqual(["a", "b", "s4", "s5", "c"]);
    expect(x.steps[1]).toMatchObject({ kind: "decision", next: "c", cases: { はい: "s4", いいえ: "s5" } });
    expect(x.steps[2]?.next).toBe("end");
  });
  it("goes on below a branch's end", () => {
    const x = addBelow(turn(f, 1, "decision"), 2);
    expect(x.steps.map((s) => [s.id, s.next ?? ""])).toEqual([["a", ""], ["b", "c"], ["s4", ""], ["s6", "end"], ["s5", "end"], ["c", ""]]);
  });
  it("takes a step away without leaving a way that leads nowhere", () => {
    const x = remove(turn(f, 1, "decision"), 4);
    expect(x.steps[1]?.next).toBe("end");
    expect(remove({ ...f, steps: f.steps.slice(0, 1) }, 0).steps).toHaveLength(1);
  });
  it("moves, and says on which line each step stands", () => {
    const x = move(f, 2, -1);
    expect(x.steps.map((s) => s.id)).toEqual(["a", "c", "b"]);
    const lines = source(x).split("\n");
    expect(JSON.parse(source(x)).title).toEqual({ ja: "題", en: "題" });
    expect(lines[3 - 1]).toContain('"id":"c"');
    expect(stepOfLine(3)).toBe(1);
  });
});
