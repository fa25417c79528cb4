// One trace: begun when the address says what was told, asked after while it runs, ended when the page is left.
import { api, type ApiFailure } from "../../api/client";
import type { Trace } from "../../api/types";
import { useAsked, type Way } from "./useAsked";

export const ZONES = ["", "jst", "utc"];
export const ERRORS = ["0", "10", "60", "300", "3600"];

/** What was told on the telephone, as it was written down. */
export interface Told { address: string; port: string; time: string; zone: string; destination: string; error: string; copy: string }

const one = (value: string | null, of: string[]): string => (value !== null && of.includes(value) ? value : (of[0] ?? ""));

export const toldOf = (q: URLSearchParams): Told => ({
  address: q.get("address") ?? "", port: q.get("port") ?? "", time: q.get("time") ?? "", destination: q.get("destination") ?? "",
  zone: one(q.get("zone"), ZONES), error: one(q.get("error"), ERRORS), copy: q.get("copy") ?? "",
});

export function addressOfTrace(w: Partial<Told>): string {
  const s = new URLSearchParams();
  for (const [k, v] of Object.entries(w)) if (v && !(k === "error" && v === "0")) s.set(k, v.trim());
  return `#/search/trace${s.size ? `?${s}` : ""}`;
}

export interface Tracing { trace: Trace | null; failure: ApiFailure | null; stop: () => void }
const WAY: Way<Trace> = { ask: (id) => api.trace(id)(), stop: (id) => api.stopTrace(id), every_ms: 400 };

export function useTrace(w: Told): Tracing {
  const begin = () => api.startTrace({ address: w.address, port: w.port || null, time: w.time, zone: w.zone || null, destination: w.destination || null, error_s: Number(w.error), copy: w.copy || undefined });
  const { found, failure, stop } = useAsked(WAY, w.address && w.time ? begin : null, [w.address, w.port, w.time, w.zone, w.destination, w.error, w.copy]);
  return { trace: found, failure, stop };
}
