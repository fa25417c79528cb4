// One search: begun when the address says what to look for, asked after while it runs, ended when the page is left.
import { api, type ApiFailure } from "../../api/client";
import type { Search } from "../../api/types";
import { now } from "../../state/clock";
import { useAsked, type Way } from "./useAsked";

const HOUR_MS = 3_600_000;
const SPANS: Record<string, number> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS };
export const RANGES = ["hour", "day", "week", "month", "all", "custom"];

/** copy: of which Kizuki that is kept here; empty: what arrived here. */
export interface Wanted { q: string; range: string; from: string; to: string; copy?: string }

export const wantedOf = (query: URLSearchParams): Wanted => ({
  q: query.get("q") ?? "", range: RANGES.includes(query.get("range") ?? "") ? (query.get("range") ?? "day") : "day",
  from: query.get("from") ?? "", to: query.get("to") ?? "", copy: query.get("copy") ?? "",
});

export function addressOf(w: Wanted): string {
  const s = new URLSearchParams({ q: w.q, range: w.range });
  if (w.range === "custom" && w.from) s.set("from", w.from);
  if (w.range === "custom" && w.to) s.set("to", w.to);
  if (w.copy) s.set("copy", w.copy);
  return `#/search?${s}`;
}

/** The bounds as the room takes them. */
export function bounds(w: Wanted, at: number): { from?: string; to?: string } {
  const span = SPANS[w.range];
  if (span) return { from: new Date(at - span).toISOString() };
  return w.range === "custom" ? { from: w.from || undefined, to: w.to || undefined } : {};
}

export interface Searching { search: Search | null; failure: ApiFailure | null; stop: () => void }
const WAY: Way<Search> = { ask: (id) => api.search(id)(), stop: (id) => api.stopSearch(id), every_ms: 600 };

export function useSearch(w: Wanted): Searching {
  const { found, failure, stop } = useAsked(WAY, w.q.trim() ? () => api.startSearch({ query: w.q, ...bounds(w, now.peek()), copy: w.copy || undefined }) : null, [w.q, w.range, w.from, w.to, w.copy]);
  return { search: found, failure, stop };
}
