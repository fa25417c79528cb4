// Where things stand in the lanes: time range, rows, labels that do not cover each other. Pure.
import type { LaneItem, LaneRow } from "../api/types";
import { linear, type Scale } from "../lib/svg";
import { parse } from "../lib/time";
import { span } from "../lib/written";

export const LABEL_W = 76;
export const ROW_H = 52;
export const AXIS_H = 36;
const QUIET_MS = 3 * 3_600_000; /* a case nobody touched for hours is not stretched to the present */

const end = (i: LaneItem): number => {
  const from = parse(i.at) ?? 0;
  return Math.max(from, parse(i.until) ?? 0, from + (i.values?.length ?? 0) * (i.step_s ?? 0) * 1000);
};

/** From just before the first item to just after the last one, or now while the case is lively. */
export function range(lanes: LaneRow[], now: number): [number, number] {
  const items = lanes.flatMap((l) => l.items);
  if (items.length === 0) return [now - 1_800_000, now + 600_000];
  /* what is known to the day only does not stretch a case of minutes over days, unless nothing is known better */
  const exact = items.filter((i) => (i.precision_s ?? 0) < 86_400);
  const from = Math.min(...(exact.length > 0 ? exact : items).map((i) => parse(i.at) ?? now));
  const last = Math.max(...items.map(end));
  const to = now > last && now - last < QUIET_MS ? now : last;
  const pad = Math.max(60_000, (to - from) * 0.04);
  return [from - pad, to + pad * 2];
}

/** Rough width of 14 px text: full-width characters 14, others 7.8. */
export const textWidth = (s: string): number =>
  [...s].reduce((w, c) => w + ((c.codePointAt(0) ?? 0) > 0x2e7f ? 14 : 7.8), 0);

/** A lane's own name, cut to what fits beside the lane. */
export const fitted = (name: string): string => {
  if (textWidth(name) <= LABEL_W) return name;
  let s = [...name];
  while (s.length > 1 && textWidth(`${s.join("")}…`) > LABEL_W) s = s.slice(0, -1);
  return `${s.join("")}…`;
};

/** The grey band in which it may have been: how far it reaches to the left and to the right of the mark. */
export function blur(i: LaneItem, x: Scale): [number, number] {
  const at = parse(i.at) ?? 0;
  const [from, to] = span(at, i.precision_s);
  return i.precision_s ? [x(at) - x(from), x(to) - x(at)] : [0, 0];
}

export interface Placed { item: LaneItem; x: number; x2: number; label: string; labelX: number | null; anchor: "start" | "end" }

/** Marks stay where their time is; a label goes to the right, else to the left, else it is left to the list. */
export function place(items: LaneItem[], labels: (i: LaneItem) => string[], x: Scale, width: number): Placed[] {
  const marks = [...items].sort((a, b) => (parse(a.at) ?? 0) - (parse(b.at) ?? 0)).map((item) => {
    const x1 = Math.max(LABEL_W + 9, x(parse(item.at) ?? 0)); /* a day begins before what is drawn */
    const long = item.kind === "force" || item.kind === "bars";
    return { item, x: x1, x2: long ? x(end(item)) : x1 + blur(item, x)[1], labels: labels(item) };
  });
  const taken: [number, number][] = marks.filter((m) => m.item.kind !== "force").map((m) => [m.x - 9, m.x2 + 9]);
  const free = (a: number, b: number) => a >= LABEL_W && b <= width && taken.every(([c, d]) => b <= c || a >= d);
  return marks.map((m) => {
    for (const label of m.labels) {
      const w = textWidth(label) + 6;
      const inside = m.item.kind === "force" && m.x2 - m.x > w + 16;
      const right: [number, number] = inside ? [m.x + 12, m.x + 12 + w] : [m.x2 + 12, m.x2 + 12 + w];
      const left: [number, number] = [m.x - 12 - w, m.x - 12];
      const spot = free(...right) ? right : free(...left) ? left : null;
      if (!spot) continue;
      taken.push(spot);
      return { ...m, label, labelX: spot === right ? right[0] : left[1], anchor: spot === right ? "start" : "end" };
    }
    return { ...m, label: "", labelX: null, anchor: "start" };
  });
}

export const scaleOf = (from: number, to: number, width: number): Scale => linear(from, to, LABEL_W + 12, width - 12);
