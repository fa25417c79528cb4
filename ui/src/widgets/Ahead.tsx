// What a finding foretells, or how far it is from usual, as a small picture beside its sentence. The picture adds nothing the sentence does not say.
import { number } from "../lib/template";
import { t } from "../state/text";

const W = 240, H = 72, BASE = H - 16, TOP = 8;
export type Figures = Record<string, number | null>;

/** A rising line to its limit: as it went, as it would go on, and between when the end lies. */
export function Forecast({ of, label }: { of: Figures; label: string }) {
  const [minutes, least, most, now, rise, limit] = ["minutes", "minutes_least", "minutes_most", "now", "per_hour", "limit"].map((k) => of[k] ?? NaN) as [number, number, number, number, number, number];
  if (![minutes, least, most, now, rise].every(Number.isFinite) || !(limit > 0)) return null;
  const seen = Math.max(minutes / 2, 1), last = Math.min(most, 2 * minutes) * 1.05;
  const x = (m: number) => ((m + seen) / (seen + last)) * W, y = (v: number) => BASE - (Math.max(v, 0) / limit) * (BASE - TOP);
  const cut = Math.min(most, last);
  return (
    <svg class="ahead" width={W} height={H} viewBox={`0 0 ${W} ${H}`} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={`M0 ${BASE}H${W}`} stroke="var(--line2)" />
      <path d={`M0 ${TOP}H${W}`} stroke="var(--must)" />
      <path d={`M${x(0)} ${y(now)}L${x(least)} ${TOP}H${x(cut)}Z`} fill="var(--behind)" />
      <path d={`M${x(-seen)} ${y(now - (rise / 60) * seen)}L${x(0)} ${y(now)}`} stroke="var(--g4)" stroke-width="2" />
      <path d={`M${x(0)} ${y(now)}L${x(minutes)} ${TOP}`} stroke="var(--g4)" stroke-width="2" stroke-dasharray="4 3" />
      <path d={`M${x(0)} ${TOP}V${BASE}`} stroke="var(--line2)" />
      <text x={x(0)} y={H - 3} text-anchor="middle" font-size="11" fill="var(--ink2)">{t("ahead.now")}</text>
      <text x={Math.min(x(minutes), W - 48)} y={H - 3} text-anchor="middle" font-size="11" fill="var(--must)">{t("ahead.minutes", { n: Math.round(minutes) })}</text>
    </svg>
  );
}

/** This hour or day beside what is usual. */
export function Unusual({ of, label }: { of: Figures; label: string }) {
  const count = of.count ?? NaN, usual = of.usual ?? NaN;
  if (!Number.isFinite(count) || !Number.isFinite(usual)) return null;
  const most = Math.max(count, usual, 1), bars: [string, number, string][] = [[t("ahead.usual"), usual, "var(--g2)"], [t("ahead.this"), count, "var(--g4)"]];
  return (
    <svg class="ahead" width={W} height={48} viewBox={`0 0 ${W} 48`} role="img" aria-label={label}>
      <title>{label}</title>
      {bars.map(([name, v, fill], i) => (
        <g>
          <text x={0} y={i * 24 + 16} font-size="11" fill="var(--ink2)">{name}</text>
          <rect x={64} y={i * 24 + 5} width={Math.max(1, (v / most) * (W - 112))} height={14} fill={fill} />
          <text x={70 + (v / most) * (W - 112)} y={i * 24 + 16} font-size="11" fill="var(--ink)">{number(v)}</text>
        </g>
      ))}
    </svg>
  );
}
