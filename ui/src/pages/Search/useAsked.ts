// Something that goes on at the searcher: begun when the page says what is wanted, asked after while it runs, ended when the page is left.
import { useEffect, useState } from "preact/hooks";
import { ApiFailure } from "../../api/client";
import { signedOut } from "../../state/session";

interface Running { search: number; state: string }
export interface Asked<T> { found: T | null; failure: ApiFailure | null; stop: () => void }
export interface Way<T> { ask: (id: number) => Promise<T>; stop: (id: number) => Promise<T>; every_ms: number }

/** begin: null where nothing is wanted yet; wanted: what a new beginning hangs on. */
export function useAsked<T extends Running>(way: Way<T>, begin: (() => Promise<{ search: number }>) | null, wanted: unknown[]): Asked<T> {
  const [found, set] = useState<T | null>(null);
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
      way.ask(id).then((x) => {
        if (over) return;
        set(x);
        if (x.state === "running") timer = setTimeout(ask, way.every_ms);
      }, broken);
    };
    set(null);
    fail(null);
    begin?.().then((x) => { id = x.search; if (over) void way.stop(id); else ask(); }, broken);
    return () => {
      over = true;
      clearTimeout(timer);
      if (id !== null) void way.stop(id).catch(() => undefined);
    };
  }, wanted);
  return { found, failure, stop: () => { if (found) void way.stop(found.search).then(set, () => undefined); } };
}
