import { describe, expect, it } from "vitest";
import { meaning, typing } from "./keys";

describe("keys", () => {
  it("go to pages with g, find with /, help with ?", () => {
    expect(meaning("g", null)).toEqual({ wait: true });
    expect(meaning("n", "g")).toEqual({ jump: "now" });
    expect(meaning("c", "g")).toEqual({ jump: "cases" });
    expect(meaning("n", null)).toEqual({});
    expect(meaning("/", null)).toEqual({ find: true });
    expect(meaning("?", null)).toEqual({ help: true });
  });
  it("stay out of the way of somebody who types", () => {
    expect(typing({ tagName: "TEXTAREA" } as unknown as EventTarget)).toBe(true);
    expect(typing({ tagName: "A" } as unknown as EventTarget)).toBe(false);
  });
});
