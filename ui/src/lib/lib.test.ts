import { visible } from "./visible";
import { describe, expect, it } from "vitest";
import { countedBy, explained, flatten } from "./explain";
import { blocks, pieces } from "./story";
import { area, linear, ticks } from "./svg";
import { cut } from "./yaml";

describe("a line from outside", () => {
  const told = (s: string) => visible(s).map((p) => (p.escaped ? `[${p.s}]` : p.s)).join("");
  it("shows what would move or hide text, and what was only written like it", () => {
    expect(told("user=\u001b[2Jroot\r\n\u202etxt.exe\u202c\u0000\\x1b")).toBe("user=[\\x1b][2Jroot[\\x0d\\x0a\\u{202e}]txt.exe[\\u{202c}\\x00]\\x1b");
    expect(told("a\u200bb\ufeff\u{e0041}")).toBe("a[\\u{200b}]b[\\u{feff}\\u{e0041}]");
  });
  it("leaves ordinary text alone", () => expect(told("失敗\tﾍﾟｰｼﾞ=12 🈂 é")).toBe("失敗\tﾍﾟｰｼﾞ=12 🈂 é"));
});

describe("an explained line", () => {
  it("flattens ECS and hides the original", () => {
    expect(flatten({ event: { category: ["web", "authentication"] }, user: { name: "a" } })).toEqual([["event.category", "web, authentication"], ["user.name", "a"]]);
    const item = (field: string, holds: boolean, found: string[]) => ({ kind: "item", holds, field, op: "is", modifiers: "", wants: "failure", found });
    const e = explained({
      event: { "event.original": "x", "event.outcome": "success", "kizuki.decoder": "sshd" }, unparsed: false,
      detect: {
        rules_considered: 5,
        matched: [{ id: "2", name: "b", title: "B", matched: true, why: { kind: "and", holds: true, sub: [item("event.outcome", true, ["failure"]), { kind: "not", holds: true, sub: [item("user.name", false, [])] }] } }],
        near: [{ id: "1", name: "a", title: "A", matched: false }],
      },
    });
    expect(e).toEqual({
      decoder: "sshd", unparsed: false, considered: 5, fields: [["event.outcome", "success"]],
      rules: [{ id: "2", name: "b", title: "B", matched: true, grounds: [{ holds: true, field: "event.outcome", wants: "failure", found: "failure" }, { holds: true, field: "user.name", wants: "not failure", found: null }] },
        { id: "1", name: "a", title: "A", matched: false, grounds: [] }],
    });
    expect(countedBy("correlation:\n  rules:\n    - a\n    - b\n", e.rules)?.name).toBe("b");
    expect(countedBy("correlation:\n  rules:\n    - a\n", e.rules)).toBe(null);
  });
  it("survives an answer it does not know", () => expect(explained({ detect: 3, event: null })).toEqual({ decoder: null, unparsed: false, considered: null, fields: [], rules: [] }));
});

describe("stories", () => {
  it("reads headings, paragraphs and lists, and nothing else", () => {
    expect(blocks("# A\n\n一行\n二行\n\n- x\n  y\n- z\n\n1. one\n2) two\n<b>html</b>")).toEqual([
      { kind: "h", level: 1, text: "A" }, { kind: "p", text: "一行二行" }, { kind: "ul", items: ["x y", "z"] }, { kind: "ol", items: ["one", "two <b>html</b>"] }]);
  });
  it("finds what is strong and what is typed, and leaves what has no end alone", () => {
    expect(pieces("a **b** c `d`")).toEqual([{ as: "", text: "a " }, { as: "b", text: "b" }, { as: "", text: " c " }, { as: "code", text: "d" }]);
    expect(pieces("2 ** 3 and **x, `y")).toEqual([{ as: "", text: "2 ** 3 and **x, `y" }]);
  });
});

describe("charts", () => {
  it("places ticks on whole steps of Japan's clock", () => {
    const from = Date.parse("2026-11-22T17:01:00Z");
    expect(ticks(from, from + 75 * 60_000, 6).map((t) => new Date(t).toISOString().slice(11, 16))).toEqual(["17:15", "17:30", "17:45", "18:00", "18:15"]);
    expect(ticks(Date.parse("2026-11-20T00:00:00Z"), Date.parse("2026-11-23T00:00:00Z"), 4).every((t) => new Date(t).getUTCHours() === 15)).toBe(true);
  });
  it("scales, and does not divide by nothing", () => {
    expect(linear(0, 10, 100, 200)(5)).toBe(150);
    expect(linear(5, 5, 0, 100)(5)).toBe(0);
    expect(area([0, 0], 10, 5, 8)).toBe("M0,8 L0.0,8.0 L10.0,8.0 L10,8 Z");
  });
});

describe("a line of YAML", () => {
  it("is cut, not parsed", () => {
    expect(cut("  - field: user.name")).toEqual({ lead: "  - ", key: "field:", rest: " user.name" });
    expect(cut("    http://x")).toEqual({ lead: "", key: "", rest: "    http://x" });
    expect(cut("a|contains: [x]").key).toBe("a|contains:");
  });
});
