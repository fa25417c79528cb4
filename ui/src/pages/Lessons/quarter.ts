// What a quarter's sheet is computed of. No words of a case are in it: they may name somebody. Causes are the types people chose, measures follow from them.
import type { QuarterCase } from "../../api/types";

export interface Group { kind: string; cases: QuarterCase[]; byRule: number; noticed: number | null; accounts: number; causes: string[]; own: number; measures: string[] }

/** Quarter of the Japanese year, which begins in April, in Japan. */
export function quarterOf(ms: number): { year: number; quarter: number } {
  const day = new Date(ms + 9 * 3600_000), month = day.getUTCMonth();
  return { year: month < 3 ? day.getUTCFullYear() - 1 : day.getUTCFullYear(), quarter: month < 3 ? 4 : Math.floor(month / 3) };
}

/** Which measures a cause asks for: types of content/facts.yml. */
const MEASURES: Record<string, string[]> = {
  mail: ["mail"], identity: ["credentials"], flood: ["flood"], obtained: ["credentials", "logs"], insider: ["rights", "logs"], not_operated: ["operation"], misuse: ["training"], mismanaged: ["rights"],
  ran_file: ["mail", "training"], viewed_site: ["training", "patch"], supplier: ["supplier"], device: ["spare"], vulnerability: ["patch"],
};
const LOGIN = ["list_attack", "brute_force", "dictionary_attack", "spraying", "slow", "success_after", "cross_service"];

function median(list: number[]): number | null {
  const s = [...list].sort((a, b) => a - b);
  return s.length ? (s[Math.floor((s.length - 1) / 2)] ?? null) : null;
}

export function groups(cases: QuarterCase[]): Group[] {
  const kinds = [...new Set(cases.map((c) => c.kind || "other"))];
  return kinds.map((kind) => {
    const of = cases.filter((c) => (c.kind || "other") === kind);
    const causes = [...new Set(of.flatMap((c) => c.causes))];
    const measures = [...new Set([...(LOGIN.includes(kind) ? ["credentials", "interval"] : []), ...causes.flatMap((c) => MEASURES[c] ?? []), ...(of.some((c) => !c.by_rule) ? ["rule"] : []), ...(of.some((c) => c.contained_s === null) ? ["authority"] : [])])];
    return {
      kind, cases: of, causes, measures, byRule: of.filter((c) => c.by_rule).length, noticed: median(of.flatMap((c) => (c.noticed_s === null ? [] : [c.noticed_s]))),
      accounts: of.reduce((n, c) => n + c.accounts, 0), own: of.filter((c) => c.own).length,
    };
  }).sort((a, b) => b.cases.length - a.cases.length || a.kind.localeCompare(b.kind));
}
