// Data of one page: fetched once, fetched again when the room says it changed, kept (with its time) when the
// line is down. The newest request wins; a page that is left aborts its own.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiFailure } from "../api/client";
import type { Changed } from "../api/types";
import { settler } from "../lib/settle";
import { now } from "./clock";
import { onChange, signedOut } from "./session";

export interface Resource<T> {
  data: T | null; failure: ApiFailure | null; at: number | null; reload: () => void;
}
const SETTLE_MS = 250; /* a burst of findings is one reload */

/** `incident`: the case it is about; changes of other cases are none of its business. */
export function useResource<T>(
  fetcher: (signal: AbortSignal) => Promise<T>, kinds: Changed["kind"][], deps: unknown[], incident?: number,
): Resource<T> {
  const [state, set] = useState<{ data: T | null; failure: ApiFailure | null; at: number | null }>(
    { data: null, failure: null, at: null });
  const load = useRef<() => void>(() => {});
  useEffect(() => {
    let abort = new AbortController();
    const run = () => {
      abort.abort();
      const mine = (abort = new AbortController());
      return fetcher(mine.signal).then(
        (data) => { if (!mine.signal.aborted) set({ data, failure: null, at: now.peek() }); },
        (e: unknown) => {
          if (mine.signal.aborted) return;
          const failure = e instanceof ApiFailure ? e : new ApiFailure("broken", 0, null);
          if (failure.kind === "signed_out") signedOut();
          set((s) => ({ ...s, failure }));
        });
    };
    set({ data: null, failure: null, at: null });
    load.current = () => void run();
    void run();
    const changed = settler(run, SETTLE_MS);
    const off = onChange((c) => {
      if (c.kind !== "all" && !kinds.includes(c.kind)) return;
      const other = incident !== undefined && c.id !== null && c.id !== incident;
      if (other && (c.kind === "incident" || c.kind === "viewers")) return;
      changed.poke();
    });
    return () => { off(); changed.stop(); abort.abort(); };
    // the fetcher is a closure over deps
  }, deps);
  return { ...state, reload: () => load.current() };
}
