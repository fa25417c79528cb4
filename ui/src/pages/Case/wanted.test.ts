import { describe, expect, it } from "vitest";
import { type Row, wantedFacts } from "./Reports/Duties";

const row = (state: string, wants: string | null, clock: string | null) => ({ o: {}, p: { state, wants: wants && { name: wants, titles: {} }, clock_wants: clock && { name: clock, titles: {} } } }) as unknown as Row;

describe("facts that duties wait for", () => {
  it("are asked once, with all that waits for each", () => {
    const asked = wantedFacts([row("none", "position", null), row("none", "position", null), row("to_do", null, "aware"), row("to_do", "position", null), row("received", "x", "x")]);
    expect(asked.map(([name, x]) => [name, x.applies.length, x.clock.length])).toEqual([["aware", 0, 1], ["position", 2, 0]]);
  });
});
