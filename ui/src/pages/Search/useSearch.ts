// One search: begun when the address says what to look for, asked after while it runs, ended when the page is left.
import { useEffect, useState } from "preact/hooks";
import { api, ApiFailure } from "../../api/client";
import type { Search } from "../../api/types";
import { now } from "../../state/clock";
import { signedOut } from "../../state/session";

const ASK_MS = 600;
const HOUR_MS = 3_600_000;
const SPANS: Record<string, number> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS };
export const RANGES = ["hour", "day", "week", "month", "all", "custom"];

export interface Wanted { q: string; range: string; from: string; to: string }

export const wantedOf = (query: URLSearchParams): Wanted => ({
  q: query.get("q") ?? "", range: RANGES.includes(query.get("range") ?? "") ? (query.get("range") ?? "day") : "day",
  from: query.get("from") ?? "", to: query.get("to") ?? "",
});

export function addressOf(w: Wanted): string {
  const s = new URLSearchParams({ q: w.q, range: w.range });
  if (w.range === "custom" && w.from) s.set("from", w.from);
  if (w.range === "custom" && w.to) s.set("to", w.to);
  return `#/search?${s}`;
}

/** The bounds as the room takes them. */
export function bounds(w: Wanted, at: number): { from?: string; to?: string } {
  const span = SPANS[w.range];
  if (span) return { from: new Date(at - span).toISOString() };
  return w.range === "custom" ? { from: w.from || undefined, to: w.to || undefined } : {};
}

export interface Searching { search: Search | null; failure: ApiFailure | null; stop: () => void }

export function useSearch(w: Wanted): Searching {
  const [search, set] = useState<Search | null>(null);
  const [failure, fail] = useState<ApiFailure | null>(null);
  useEffect(() => {
    let over = false;
    let id: number | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const broken = (e: unknown) => {
      const f = e instanceof ApiFailure ? e : new ApiFailure("broken", 0, null);
      if (f.kind === "signed_out") signedOut();
      if (!over) fail(f);
    };
    const ask = () => {
      if (over || id === null) return;
      api.search(id)().then((s) => {
        if (over) return;
        set(s);
        if (s.state === "running") timer = setTimeout(ask, ASK_MS);
      }, broken);
    };
    set(null);
    fail(null);
    if (w.q.trim()) api.startSearch({ query: w.q, ...bounds(w, now.peek()) }).then((s) => { id = s.search; if (over) void api.stopSearch(id); else ask(); }, broken);
    return () => {
      over = true;
      clearTimeout(timer);
      if (id !== null) void api.stopSearch(id).catch(() => undefined);
    };
  }, [w.q, w.range, w.from, w.to]);
  return { search, failure, stop: () => { if (search) void api.stopSearch(search.search).then(set, () => undefined); } };
}
