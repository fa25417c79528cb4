// Server-sent events. One connection a page; it says what changed, never the data itself, so that what is
// shown always went through the same permission check as any other request.
import type { Changed } from "./types";

export interface StreamHandlers {
  change(c: Changed): void;
  clock(iso: string, rate: number): void;
  up(): void;
  down(): void;
}

const RETRY_MS = 10_000;
const QUIET_MS = 25_000; /* the server ticks every 10 s; two missed ticks and a half are a dead line */

const decode = (data: string): Record<string, unknown> => {
  try {
    return JSON.parse(data) as Record<string, unknown>;
  } catch {
    return {};
  }
};

/** `incident`: the case this person has open; the others who have it open are told. */
export function openStream(h: StreamHandlers, incident: string | null): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  const lost = () => {
    clearTimeout(quiet);
    clearTimeout(retry);
    source?.close();
    h.down();
    retry = setTimeout(connect, RETRY_MS);
  };
  const heard = () => {
    clearTimeout(quiet);
    quiet = setTimeout(lost, QUIET_MS);
    h.up();
  };
  function connect(): void {
    source = new EventSource(`/api/v1/stream${incident ? `?incident=${encodeURIComponent(incident)}` : ""}`);
    source.onopen = heard;
    source.onerror = lost;
    source.addEventListener("change", (e) => {
      heard();
      const c = decode((e as MessageEvent<string>).data);
      if (typeof c.kind === "string") h.change(c as unknown as Changed);
    });
    source.addEventListener("clock", (e) => {
      heard();
      const d = decode((e as MessageEvent<string>).data);
      if (typeof d.now === "string") h.clock(d.now, typeof d.rate === "number" ? d.rate : 1);
    });
  }
  connect();
  return () => {
    clearTimeout(retry);
    clearTimeout(quiet);
    source?.close();
  };
}
