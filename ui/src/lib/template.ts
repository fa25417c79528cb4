// Fills a template of content/texts. "{n}" puts a parameter in; "{at:time}" formats it. Formats:
//   time, sec   clock time, date added when it is another day      date   11月23日(月・祝)
//   dur, rough  seconds in words                                   ms     milliseconds in words
//   size        bytes in kB or MB
//   plural:a:b  a for one, b otherwise (the number itself is not printed)
//   roles       codes of roles, as words
//   word:group  the text of key "group.value"
// "[?name|…]" keeps its inside when the parameter is there and not zero, "[!name|…]" when it is not,
// "[>name|…]" when it is more than one. A parameter "rule" gives way to "rule_ja" or "rule_en" where sent; "{service/host}" takes the first that is known.
// An unknown value says so; it is never left blank and never becomes 0.
import { date, duration, type Lang, parse, roughly, short } from "./time";

export type Param = string | number | boolean | null | undefined | TextLike | Param[];
export interface TextLike { key: string; params?: Record<string, Param> | null }
type Params = Record<string, Param> | null | undefined;
export interface Catalogue { lang: Lang; texts: Record<string, string>; now: () => number }

const isText = (v: Param): v is TextLike => typeof v === "object" && v !== null && !Array.isArray(v);

export function number(n: number, digits = 1): string {
  return n.toLocaleString("en-US", { maximumFractionDigits: digits });
}

export const sizeOf = (bytes: number): string => (bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`);

function plain(c: Catalogue, v: Param): string {
  if (v === null || v === undefined) return c.texts["word.unknown"] ?? "?";
  if (isText(v)) return fill(c, v.key, v.params);
  if (Array.isArray(v)) return v.map((x) => plain(c, x)).join(c.lang === "ja" ? "、" : ", ");
  return typeof v === "number" ? number(v) : String(v);
}

function time(c: Catalogue, v: Param, seconds: boolean): string {
  const ms = typeof v === "string" ? parse(v) : typeof v === "number" ? v : null;
  return ms === null ? plain(c, null) : short(ms, c.now(), c.lang, seconds);
}

function format(c: Catalogue, v: Param, spec: string[]): string {
  const [kind, a, b] = spec;
  if (kind === "plural") return v === 1 ? (a ?? "") : (b ?? "");
  if (v === null || v === undefined) return plain(c, null);
  switch (kind) {
    case "time": return time(c, v, false);
    case "sec": return time(c, v, true);
    case "date": {
      const ms = typeof v === "string" ? parse(v) : typeof v === "number" ? v : null;
      return ms === null ? plain(c, null) : date(ms, c.lang);
    }
    case "dur": return typeof v === "number" ? duration(v, c.lang) : plain(c, v);
    case "ms": return typeof v === "number" ? duration(v / 1000, c.lang) : plain(c, v);
    case "size": return typeof v === "number" ? sizeOf(v) : plain(c, v);
    case "rough": return typeof v === "number" ? roughly(v, c.lang) : plain(c, v);
    case "roles":
      return plain(c, String(v).split(/[ ,|]+/).filter(Boolean).map((r) => c.texts[`role.${r}`] ?? r));
    case "word": return c.texts[`${a}.${String(v)}`] ?? plain(c, v);
    default: return plain(c, v);
  }
}

const there = (v: Param): boolean => v !== null && v !== undefined && v !== 0 && v !== "" && v !== false;

function pick(c: Catalogue, params: Params, names: string): Param {
  const found = names.split("/").flatMap((n) => [params?.[`${n}_${c.lang}`], params?.[n]]);
  return found.find((v) => v !== null && v !== undefined && v !== "");
}

export function fill(c: Catalogue, key: string, params?: Params): string {
  const template = c.texts[key];
  if (template === undefined) return key;
  return template
    .replace(/\[([?!>])([a-z0-9_]+)\|([^\]]*)\]/gi, (_, op: string, name: string, inside: string) => {
      const v = pick(c, params, name);
      const keep = op === ">" ? typeof v === "number" && v > 1 : there(v) === (op === "?");
      return keep ? inside : "";
    })
    .replace(/\{([a-z0-9_/]+)((?::[^{}:]*)*)\}/gi, (_, name: string, spec: string) => {
      const v = pick(c, params, name);
      return spec ? format(c, v, spec.slice(1).split(":")) : plain(c, v);
    });
}
