// What a trace's picture shows: rows of hops over time, and what is missing. Pure.
import type { Trace } from "../../api/types";
import { parse } from "../../lib/time";

export type Candidate = Trace["candidates"][number];
export type Hop = Candidate["hops"][number];
export type Missing = Trace["missing"][number];

const MINUTE = 60_000;

export interface Row { hop: Hop | null; missing: Missing | null; from: number; to: number; open: boolean }
export interface Picture { from: number; to: number; asked: [number, number]; rows: Row[] }

/** Which missing log stands in the place of a step nobody logged. */
export function missingOf(c: Candidate, missing: Missing[]): Missing[] {
  const about = new Set([c.address, c.host].filter((x): x is string => x !== null));
  return missing.filter((m) => c.shift_h === 0 && (m.log === "dhcp" ? m.why !== "not_in_it" || about.has(m.about ?? "") : about.has(m.about ?? "")))
    .filter((m) => (m.log === "dhcp" || m.log === "neighbour" ? !c.host || c.doubts.includes("lease_gap") || c.doubts.includes("lease_zone") || c.doubts.includes("lease_after") : m.log === "login" ? !c.user : true));
}

/** The time asked for in the middle, wide enough to see where steps begin and end, and not so wide that it is a dot. */
export function picture(trace: Trace, c: Candidate): Picture {
  const shift = c.shift_h * 60 * MINUTE;
  const asked: [number, number] = [(parse(trace.question.from) ?? 0) + shift, (parse(trace.question.to) ?? 0) + shift];
  const gaps = missingOf(c, trace.missing);
  const near = c.hops.filter((h) => h.kind === "translation" || h.kind === "proxy" || h.off_s > 0);
  const spans = near.flatMap((h) => [parse(h.begins), parse(h.ends)]).concat(gaps.flatMap((m) => (m.why === "gap" ? [parse(m.from), parse(m.to)] : [])));
  const far = Math.max(5 * MINUTE, asked[1] - asked[0], ...spans.filter((x): x is number => x !== null).map((x) => Math.min(Math.abs(x - asked[0]), 120 * MINUTE)));
  const from = asked[0] - far * 1.15, to = asked[1] + far * 1.15;
  const inside = (ms: number | null, otherwise: number) => Math.min(to, Math.max(from, ms ?? otherwise));
  const row = (hop: Hop): Row => ({ hop, missing: null, from: inside(parse(hop.begins), from), to: inside(parse(hop.ends), to), open: hop.ends === null });
  const hole = (missing: Missing): Row => ({ hop: null, missing, from: inside(parse(missing.from), from), to: inside(parse(missing.to), to), open: false });
  const machine = (r: Row) => r.missing?.log === "dhcp" || r.missing?.log === "neighbour";
  const holes = gaps.map(hole);
  const rows = [...c.hops.filter((h) => h.kind !== "user").map(row), ...holes.filter(machine), ...c.hops.filter((h) => h.kind === "user").map(row), ...holes.filter((r) => !machine(r))];
  return { from, to, asked, rows };
}
