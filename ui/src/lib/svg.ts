// Geometry shared by the hand-drawn charts. Pure.
export interface Scale { (v: number): number; from: number; to: number }

export function linear(from: number, to: number, a: number, b: number): Scale {
  const span = to - from || 1;
  const f = ((v: number) => a + ((v - from) / span) * (b - a)) as Scale;
  f.from = from;
  f.to = to;
  return f;
}

const STEPS_S = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/** Round times between two moments, at most `most` of them, on whole JST steps. */
export function ticks(from: number, to: number, most: number): number[] {
  const span = (to - from) / 1000;
  const step = (STEPS_S.find((s) => span / s <= most) ?? Math.ceil(span / most / 604800) * 604800) * 1000;
  const jst = 9 * 3_600_000;
  const out: number[] = [];
  for (let t = Math.ceil((from + jst) / step) * step - jst; t <= to; t += step) out.push(t);
  return out;
}

/** Points of a smooth-free area under values, closed at the base line. */
export function area(values: number[], width: number, height: number, base: number): string {
  const max = Math.max(1, ...values);
  const dx = width / Math.max(1, values.length - 1);
  const pts = values.map((v, i) => `${(i * dx).toFixed(1)},${(base - (v / max) * height).toFixed(1)}`);
  return `M0,${base} L${pts.join(" L")} L${width},${base} Z`;
}
