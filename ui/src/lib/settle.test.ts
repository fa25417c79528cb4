import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { settler } from "./settle";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe("a change is read", () => {
  it("once for a burst", async () => {
    const read = vi.fn(async () => {});
    const s = settler(read, 250);
    for (let i = 0; i < 5; i++) s.poke();
    await vi.advanceTimersByTimeAsync(1000);
    expect(read).toHaveBeenCalledTimes(1);
  });
  it("even while changes never pause", async () => {
    const read = vi.fn(async () => {});
    const s = settler(read, 250);
    for (let i = 0; i < 100; i++) { s.poke(); await vi.advanceTimersByTimeAsync(100); }
    expect(read.mock.calls.length).toBeGreaterThan(20);
  });
  it("one at a time, however slow, and once more for what changed meanwhile", async () => {
    let open = 0, most = 0;
    const read = vi.fn(async () => { most = Math.max(most, ++open); await new Promise((r) => setTimeout(r, 900)); open--; });
    const s = settler(read, 250);
    s.poke();
    await vi.advanceTimersByTimeAsync(500);
    s.poke();
    s.poke();
    await vi.advanceTimersByTimeAsync(5000);
    expect([read.mock.calls.length, most]).toEqual([2, 1]);
  });
  it("not after the page was left", async () => {
    const read = vi.fn(async () => {});
    const s = settler(read, 250);
    s.poke();
    s.stop();
    await vi.advanceTimersByTimeAsync(1000);
    expect(read).not.toHaveBeenCalled();
  });
});
