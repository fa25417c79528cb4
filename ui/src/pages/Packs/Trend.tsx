// How readiness has become: a bar a day, from what was measured down to what is still to be done. The lines below say the same of the latest.
import type { Readiness } from "../../api/types";
import { lang, t } from "../../state/text";
import { date, parse } from "../../lib/time";
import { Card } from "../../widgets/Card";
import { CELLS } from "./ready";

const PARTS = ["ok", "declared", "todo", "soon", "must"] as const;
const FILL: Record<(typeof PARTS)[number], string> = { ok: "var(--ok)", declared: "var(--g3)", todo: "var(--behind)", soon: "var(--soon-fill)", must: "var(--must)" };
const W = 18, H = 96, DAYS = 60;

export function Trend({ d }: { d: Readiness }) {
  const days = d.trend.slice(-DAYS).map((x) => ({ day: x.day, n: Object.fromEntries(PARTS.map((p) => [p, CELLS.reduce((n, c) => n + (x.counts[c]?.[p] ?? 0), 0)])) as Record<(typeof PARTS)[number], number> }));
  if (!days.length) return null;
  const most = Math.max(1, ...days.map((x) => PARTS.reduce((n, p) => n + x.n[p], 0)));
  const label = (iso: string | null) => date(parse(iso) ?? 0, lang.value);
  return (
    <Card id="trend" title={t("ready.trend")} caption={days.length < 2 ? t("ready.trend_first") : undefined}>
      <div class="card-body">
        <svg class="trend" width={days.length * W} height={H} role="img" aria-label={t("ready.trend")}>
          {days.map((x, i) => {
            let y = H;
            return <g key={x.day}><title>{label(x.day)}</title>{PARTS.map((p) => { const h = (x.n[p] / most) * H; y -= h; return h > 0 && <rect key={p} x={i * W} y={y} width={W - 4} height={Math.max(1, h - 1)} fill={FILL[p]} />; })}</g>;
          })}
        </svg>
        <ul class="plain">{days.slice(-3).reverse().map((x) => <li key={x.day} class="small">{t("ready.trend_line", { time: label(x.day), ...x.n })}</li>)}</ul>
      </div>
    </Card>);
}
