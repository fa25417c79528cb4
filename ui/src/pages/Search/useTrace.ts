// One trace: begun when the address says what was told, asked after while it runs, ended when the page is left.
import { useEffect, useState } from "preact/hooks";
import { api, ApiFailure } from "../../api/client";
import type { Trace } from "../../api/types";
import { signedOut } from "../../state/session";

const ASK_MS = 400;
export const ZONES = ["", "jst", "utc"];
export const ERRORS = ["0", "10", "60", "300", "3600"];

/** What was told on the telephone, as it was written down. */
export interface Told { address: string; port: string; time: string; zone: string; destination: string; error: string }

const one = (value: string | null, of: string[]): string => (value !== null && of.includes(value) ? value : (of[0] ?? ""));

export const toldOf = (q: URLSearchParams): Told => ({
  address: q.get("address") ?? "", port: q.get("port") ?? "", time: q.get("time") ?? "", destination: q.get("destination") ?? "",
  zone: one(q.get("zone"), ZONES), error: one(q.get("error"), ERRORS),
});

export function addressOfTrace(w: Partial<Told>): string {
  const s = new URLSearchParams();
  for (const [k, v] of Object.entries(w)) if (v && !(k === "error" && v === "0")) s.set(k, v.trim());
  return `#/search/trace${s.size ? `?${s}` : ""}`;
}

export interface Tracing { trace: Trace | null; failure: ApiFailure | null; stop: () => void }

export function useTrace(w: Told): Tracing {
  const [trace, set] = useState<Trace | null>(null);
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
      api.trace(id)().then((x) => {
        if (over) return;
        set(x);
        if (x.state === "running") timer = setTimeout(ask, ASK_MS);
      }, broken);
    };
    set(null);
    fail(null);
    if (w.address && w.time) {
      api.startTrace({ address: w.address, port: w.port || null, time: w.time, zone: w.zone || null, destination: w.destination || null, error_s: Number(w.error) })
        .then((x) => { id = x.search; if (over) void api.stopTrace(id); else ask(); }, broken);
    }
    return () => {
      over = true;
      clearTimeout(timer);
      if (id !== null) void api.stopTrace(id).catch(() => undefined);
    };
  }, [w.address, w.port, w.time, w.zone, w.destination, w.error]);
  return { trace, failure, stop: () => { if (trace) void api.stopTrace(trace.search).then(set, () => undefined); } };
}
