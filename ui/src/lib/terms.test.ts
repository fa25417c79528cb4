import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import rows from "glossary:rows";
import { parts, unmark } from "./terms";

test("every row of the glossary says in both languages what a word means, once", () => {
  expect(rows.length).toBeGreaterThan(80);
  for (const r of rows) for (const k of ["code", "ja", "en", "means_ja", "means_en"] as const) expect(r[k].trim(), `${r.code} ${k}`).not.toBe("");
  for (const k of ["code", "ja", "en"] as const) expect(new Set(rows.map((r) => r[k])).size, k).toBe(rows.length);
});

test("a word that is marked in a text stands in the glossary", () => {
  const codes = new Set(rows.map((r) => r.code));
  let n = 0;
  for (const file of readdirSync("../content/texts").filter((f) => f.endsWith(".json"))) {
    const texts = JSON.parse(readFileSync(`../content/texts/${file}`, "utf8")) as Record<string, string>;
    for (const [key, text] of Object.entries(texts)) for (const m of text.matchAll(/\[\[([a-z_]+)\|([^\]]*)\]\]/g)) { n++; expect(codes.has(m[1] ?? ""), `${file} ${key}: ${m[0]}`).toBe(true); }
  }
  expect(n).toBeGreaterThan(5);
});

test("a word is found where it stands, the longest first, once", () => {
  const said = (text: string, lang: "ja" | "en") => parts(text, rows, lang).map((p) => (p.term ? `<${p.text}:${p.term.code}>` : p.text)).join("");
  expect(said("アカウントリスト攻撃は検知が遅れる。検知は", "ja")).toBe("<アカウントリスト攻撃:list_attack>は<検知:detection>が遅れる。検知は");
  expect(said("The containment of a case; showcases", "en")).toBe("The <containment:containment> of a <case:case>; showcases");
  expect(said("[[ceptoar|セプターへ]]知らせる", "ja")).toBe("<セプターへ:ceptoar>知らせる");
  expect(unmark("[[ceptoar|セプター]]へ")).toBe("セプターへ");
});
