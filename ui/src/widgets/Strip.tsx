// Twenty-four hours by the hour: findings by level in front, how many records arrived behind. Plain SVG, each
// hour reachable by keyboard with its values in words; the same as a table for whoever wants it.
import type { Hour } from "../api/types";
import { area } from "../lib/svg";
import { clock, parse } from "../lib/time";
import { t } from "../state/text";

const W = 480, BASE = 88, CELL = W / 24, BAR = 10;
const LEVELS = ["low", "medium", "high", "critical"] as const;
const FILL = { low: "var(--g2)", medium: "var(--g3)", high: "var(--g4)", critical: "var(--g4)" };

const total = (h: Hour) => h.low + h.medium + h.high + h.critical;
const sentence = (h: Hour) => t("strip.cell", {
  at: h.hour, events: h.events, low: h.low, medium: h.medium, high: h.high + h.critical, waiting: h.waiting });

/** Levels from below, darker upwards; what waits for a person is the red top of the same bar. */
function stack(h: Hour): { fill: string; n: number }[] {
  const parts = LEVELS.map((l) => ({ fill: FILL[l], n: h[l] }));
  let red = Math.min(h.waiting, total(h));
  for (let i = parts.length - 1; i >= 0 && red > 0; i--) {
    const part = parts[i];
    if (!part) continue;
    const take = Math.min(part.n, red);
    part.n -= take;
    red -= take;
  }
  return [...parts, { fill: "var(--must)", n: Math.min(h.waiting, total(h)) }].filter((p) => p.n > 0);
}

function Bar({ h, i, unit }: { h: Hour; i: number; unit: number }) {
  const x = i * CELL + (CELL - BAR) / 2;
  let y = BASE;
  const parts = stack(h).map(({ fill, n }) => {
    const height = Math.max(4, n * unit);
    y -= height;
    return <rect x={x} y={y} width={BAR} height={Math.max(2, height - 1)} fill={fill} />;
  });
  return (
    <g tabIndex={0} role="img" aria-label={sentence(h)}>
      <title>{sentence(h)}</title>
      <rect x={i * CELL} y="0" width={CELL} height={BASE} fill="transparent" />
      {parts}
      {h.waiting > 0 && <path d={`M${x + BAR / 2} ${y - 11} l6 9 h-12 Z`} fill="var(--must)" />}
    </g>
  );
}

/** Stretches of hours whose number of records is known: unknown is a gap, not a zero. */
function runs(hours: Hour[]): [number, number[]][] {
  const out: [number, number[]][] = [];
  hours.forEach((h, i) => {
    if (h.events === null) return;
    const last = out.at(-1);
    if (last && last[0] + last[1].length === i) last[1].push(h.events);
    else out.push([i, [h.events]]);
  });
  return out;
}

export function Strip({ hours }: { hours: Hour[] }) {
  if (hours.every((h) => total(h) === 0 && !h.events)) return <p class="ink2">{t("strip.none")}</p>;
  const peak = Math.max(1, ...hours.map((h) => h.events ?? 0));
  const unit = Math.min(12, 66 / Math.max(1, ...hours.map(total)));
  const labels = hours.filter((_, i) => i % 6 === 0).map((h) => parse(h.hour));
  const last = parse(hours.at(-1)?.hour);
  return (
    <figure class="strip">
      <svg class="chart" viewBox={`0 -14 ${W} 124`} aria-label={t("strip.title")} role="group">
        {runs(hours).map(([from, values]) => <path d={area(values, (values.length - 1) * CELL, 62 * (Math.max(...values) / peak), BASE)} transform={`translate(${(from + .5) * CELL} 0)`} fill="var(--behind)" />)}
        {hours.map((h, i) => <Bar h={h} i={i} unit={unit} />)}
        <path d={`M0 ${BASE}.5H${W}`} stroke="var(--edge)" />
      </svg>
      <div class="strip-axis small ink2" aria-hidden="true">{labels.map((at) => <span>{at === null ? "" : clock(at)}</span>)}{last !== null && <span class="strip-end">{clock(last + 3_600_000)}</span>}</div>
      <Legend />
      <StripTable hours={hours} />
    </figure>
  );
}

function Legend() {
  const box = (fill: string) => <svg width="10" height="10" aria-hidden="true"><rect width="10" height="10" fill={fill} /></svg>;
  return (
    <p class="legend">
      <span><svg width="12" height="11" aria-hidden="true"><path d="M6 0l6 11H0Z" fill="var(--must)" /></svg>{t("strip.waiting")}</span>
      <span>{box("var(--g4)")}{t("level.high")}</span><span>{box("var(--g3)")}{t("level.medium")}</span>
      <span>{box("var(--g2)")}{t("level.low")}</span><span>{box("var(--behind)")}{t("strip.events")}</span>
    </p>
  );
}

function StripTable({ hours }: { hours: Hour[] }) {
  return (
    <details>
      <summary>{t("strip.table")}</summary>
      <div class="scroll">
        <table>
          <thead><tr><th scope="col">{t("strip.hour")}</th><th scope="col" class="num">{t("level.low")}</th><th scope="col" class="num">{t("level.medium")}</th>
            <th scope="col" class="num">{t("level.high")}</th><th scope="col" class="num">{t("strip.events")}</th></tr></thead>
          <tbody>{hours.map((h) => (
            <tr><th scope="row">{clock(parse(h.hour) ?? 0)}</th><td class="num">{h.low}</td><td class="num">{h.medium}</td>
              <td class="num">{h.high + h.critical}</td><td class="num">{h.events ?? t("word.unknown")}</td></tr>))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
