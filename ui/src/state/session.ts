// Who is signed in, and whether the line to the room is up.
import { signal } from "@preact/signals";
import { api, ApiFailure } from "../api/client";
import { openStream } from "../api/stream";
import type { Changed, Me } from "../api/types";
import { now, setServerTime } from "./clock";
import { browserLang, loadLang } from "./text";

export type SessionState = "starting" | "in" | "out" | "unreachable";
export const session = signal<SessionState>("starting");
export const me = signal<Me | null>(null);
/** Server time of the last sign of life while the line is down, else null. */
export const lostSince = signal<number | null>(null);

const listeners = new Set<(c: Changed) => void>();
export function onChange(f: (c: Changed) => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

let close: (() => void) | null = null;
let wasDown = false;
let watched: string | null = null;

/** Opens the line again for another page: the room shows who has a case open. */
export function listen(incident: string | null): void {
  if (close && incident === watched) return;
  close?.();
  watched = incident;
  close = openStream({
    change: (c) => listeners.forEach((f) => f(c)),
    clock: (iso, rate) => { const ms = Date.parse(iso); if (!Number.isNaN(ms)) setServerTime(ms, rate); },
    up: () => {
      lostSince.value = null;
      if (wasDown) listeners.forEach((f) => f({ kind: "all", id: null }));
      wasDown = false;
    },
    down: () => {
      wasDown = true;
      lostSince.value ??= now.peek();
      void refreshMe();
    },
  }, incident);
}

async function refreshMe(): Promise<void> {
  try {
    me.value = await api.me();
  } catch (e) {
    if (e instanceof ApiFailure && e.kind === "signed_out") signedOut();
  }
}

export function signedOut(): void {
  close?.();
  close = null;
  me.value = null;
  session.value = "out";
}

export async function start(): Promise<void> {
  try {
    const m = await api.me();
    setServerTime(Date.parse(m.now), m.clock_rate);
    await loadLang(m.person.lang === "en" ? "en" : "ja");
    me.value = m;
    session.value = "in";
  } catch (e) {
    await loadLang(browserLang());
    session.value = e instanceof ApiFailure && e.kind === "signed_out" ? "out" : "unreachable";
  }
}
