// The server's clock. Pages never show the browser's own: a wrong clock at night leads to wrong decisions.
// In a replay the room's clock runs faster than the wall's; `rate` says by how much.
import { signal } from "@preact/signals";

let base = { server: Date.now(), local: performance.now(), rate: 1 };
/** Milliseconds, moves once a second. Read `.peek()` where a re-render each second is not wanted. */
export const now = signal(Date.now());

export function setServerTime(ms: number, rate: number): void {
  base = { server: ms, local: performance.now(), rate };
  tick();
}

export function tick(): void {
  now.value = base.server + (performance.now() - base.local) * base.rate;
}

export function startClock(): void {
  setInterval(tick, 1000);
}
