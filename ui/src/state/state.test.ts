import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dirname, resolve } from "node:path";
import api from "@content/api/openapi.json";
import en from "@content/texts/en.json";
import ja from "@content/texts/ja.json";
import { ApiFailure } from "../api/client";
import later from "./later.json";
import { pageLink, parseRoute } from "./route";
import { writeReducer } from "./write";

const texts: Record<string, Record<string, string>> = { ja, en };
const names = (s: string): string[] => [...new Set([...s.matchAll(/\{([a-z0-9_/]+)/g), ...s.matchAll(/\[[?!>]([a-z0-9_]+)\|/g)].flatMap((m) => (m[1] ?? "").split("/")))].sort();

/** Every file that main.tsx brings along at once. */
function atOnce(): string[] {
  const seen = new Set<string>(), todo = ["src/app/main.tsx"];
  for (let f = todo.pop(); f !== undefined; f = todo.pop()) {
    if (seen.has(f)) continue;
    seen.add(f);
    const text = readFileSync(f, "utf8");
    for (const m of text.matchAll(/^(?:import|export)(?! type)[^;]*?from "(\.[^"]+)"/gm)) {
      const at = resolve(dirname(f), m[1] ?? "");
      const file = [at, `${at}.ts`, `${at}.tsx`, `${at}/index.tsx`].find((x) => /\.tsx?$/.test(x) && existsSync(x));
      if (file !== undefined) todo.push(file);
    }
  }
  return [...seen];
}

describe("texts that come later", () => {
  const first = atOnce().map((f) => readFileSync(f, "utf8")).join("\n");
  it("are none that the first pages say", () => {
    expect(first.length).toBeGreaterThan(100_000);
    expect(later.filter((p) => new RegExp(`["'\`]${p}[."'\`]`).test(first))).toEqual([]);
  });
  it("are there at all", () => expect(later.filter((p) => !Object.keys(ja).some((k) => k.startsWith(`${p}.`)))).toEqual([]));
});

describe("texts", () => {
  it("have the same keys in both languages", () => expect(Object.keys(en).sort()).toEqual(Object.keys(ja).sort()));
  it("ask for nothing in one language that the other does not know", () => {
    const odd = Object.keys(ja).filter((k) => names(texts.en?.[k] ?? "").some((n) => !names(texts.ja?.[k] ?? "").includes(n)));
    expect(odd.filter((k) => !k.startsWith("ask.look"))).toEqual([]);
  });
  it("keep to the rules of writing", () => {
    const all = Object.entries(texts).flatMap(([l, c]) => Object.entries(c).map(([k, v]) => ({ l, k, v })));
    expect(all.filter(({ v }) => /[!！]/.test(v.replace(/\[!\w+\|/g, "")))).toEqual([]);
    expect(all.filter(({ l, v }) => l === "ja" && /エラー|住所|ください！|すみません/.test(v))).toEqual([]);
    /* no space is typed between Japanese and a Latin word; identifiers, file names and times may have one */
    const typed = /[ぁ-んァ-ヶ一-龠] ([A-Za-z][\w./()-]*)|\b([A-Za-z][\w./()-]*) [ぁ-んァ-ヶ一-龠]/g;
    const words = new Set(["Kizuki", "JSON", "JavaScript", "Java", "Node", "PHP", "IPアドレス", "TLP"]);
    expect(all.filter(({ l }) => l === "ja").flatMap(({ k, v }) => [...v.matchAll(typed)].map((m) => m[1] ?? m[2] ?? "").filter((w) => words.has(w)).map((w) => `${k}: ${w}`))
      .filter((x) => !/^(app\.name|how\.)/.test(x))).toEqual([]);
    expect(all.filter(({ v }) => v.trim() === "").map(({ k }) => k)).toEqual([]);
  });
  it("know every key the room may send, with no parameter it does not send", () => {
    const keys = Object.entries((api as unknown as Record<"x-text-keys", Record<string, { params: string[] }>>)["x-text-keys"]);
    expect(keys.length).toBeGreaterThan(50);
    for (const l of ["ja", "en"]) {
      expect(keys.filter(([k]) => texts[l]?.[k] === undefined).map(([k]) => k)).toEqual([]);
      expect(keys.filter(([k, { params }]) => names(texts[l]?.[k] ?? "").some((n) => !params.includes(n) && !params.includes(`${n}_ja`))).map(([k]) => k)).toEqual([]);
    }
  });
  it("know every key the pages use", () => {
    const root = new URL("../", import.meta.url).pathname;
    const files = (readdirSync(root, { recursive: true }) as string[]).filter((f) => /\.tsx?$/.test(f) && !/\.test\./.test(f));
    const used = files.flatMap((f) => [...readFileSync(root + f, "utf8").matchAll(/\b(?:t|has)\("([a-z0-9_.]+)"/g)].map((m) => m[1] ?? ""));
    expect(used.length).toBeGreaterThan(150);
    expect(used.filter((k) => !(k in ja))).toEqual([]);
  });
});

describe("addresses of pages", () => {
  it("are read from behind the hash", () => {
    expect(parseRoute("")).toMatchObject({ page: "now", args: [] });
    expect(parseRoute("#/cases/112/actions")).toMatchObject({ page: "cases", args: ["112", "actions"] });
    expect(parseRoute("#/cases?state=all&q=%E3%81%82").query.get("q")).toBe("あ");
  });
  it("translate the room's own", () => {
    expect(pageLink("/incidents/5/actions")).toBe("#/cases/5/actions");
    expect(pageLink("/sources")).toBe("#/sources");
  });
});

describe("a write", () => {
  const failed = (kind: ApiFailure["kind"]) => writeReducer({ step: "busy" }, { type: "failed", failure: new ApiFailure(kind, 0, null) }).step;
  it("tells refusal, conflict and a broken line apart", () => {
    expect([failed("refused"), failed("conflict"), failed("unreachable"), failed("broken")]).toEqual(["refused", "conflict", "failed", "failed"]);
  });
  it("is not cleared while it runs", () => {
    expect(writeReducer({ step: "busy" }, { type: "clear" })).toEqual({ step: "busy" });
    expect(writeReducer({ step: "done", at: 1 }, { type: "clear" })).toEqual({ step: "idle" });
  });
});
