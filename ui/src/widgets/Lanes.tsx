// Lanes: who did what when. Place and name are the lane, the shape is the kind: ● notice ◆ decision ■ action
// ▲ contact; ✚ analysis; ▼ somebody outside; hollow = planned; dashed = only before or after what stands beside it; red outline = a person is waited for; bars = the attacker; a blue bar = in force.
// The list of the timeline below says the same in words, so the picture itself is one image to a screen reader.
import type { Gap, LaneItem, LaneRow } from "../api/types";
import { ticks, type Scale } from "../lib/svg";
import { clock, date, parse, roughly, wall } from "../lib/time";
import { now } from "../state/clock";
import { has, lang, say, t } from "../state/text";
import { AXIS_H, blur, fitted, LABEL_W, place, type Placed, range, ROW_H, scaleOf, textWidth } from "./lanes";
import { laneName } from "./task";
import { useWidth } from "./useWidth";

const SHAPES: Record<string, string> = {
  notice: "M0-6.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13Z", decision: "M0-8.5 8.5 0 0 8.5-8.5 0Z", action: "M-6-6H6V6H-6Z", contact: "M0-7.5 8 6.5H-8Z",
  analysis: "M-2.5-7.5h5v5h5v5h-5v5h-5v-5h-5v-5h5Z", outside: "M0 7.5 8-6.5H-8Z", handover: "M-8-4H1V-8L8.5 0 1 8V4H-8Z",
};
const COLOUR = { must: "var(--must)", soon: "var(--soon)" } as const;

/** What to write beside a mark: the first of these that fits. */
function labels(item: LaneItem): string[] {
  const x = item.text;
  if ("plain" in x) return [[...x.plain].length > 24 ? `${[...x.plain].slice(0, 23).join("")}…` : x.plain];
  return ["lane", "lane_short"].filter((v) => has(`${x.key}.${v}`)).map((v) => t(`${x.key}.${v}`, x.params)).concat(has(`${x.key}.lane`) ? [] : [say(x)]);
}

function Shape({ kind, planned = false, need = null, loose = false }: { kind: string; planned?: boolean; need?: LaneItem["need"]; loose?: boolean }) {
  const colour = need ? COLOUR[need] : planned ? "var(--ink2)" : kind === "action" ? "var(--force-ink)" : "var(--ink)";
  return <path d={SHAPES[kind] ?? SHAPES.notice} fill={planned || loose ? "var(--surface)" : colour} stroke={colour} stroke-width="1.6" stroke-dasharray={loose ? "2 2" : undefined} />;
}

function Bars({ item, x, most }: { item: LaneItem; x: Scale; most: number }) {
  const from = parse(item.at) ?? 0;
  const step = (item.step_s ?? 30) * 1000;
  const w = Math.max(1, x(from + step) - x(from) - 1);
  return <g fill="var(--g2)">{(item.values ?? []).map((v, i) => {
    const h = v > 0 ? Math.max(3, (v / most) * (ROW_H - 16)) : 0;
    return <rect x={x(from + i * step)} y={ROW_H - 6 - h} width={w} height={h} />;
  })}</g>;
}

function Item({ p, x, most }: { p: Placed; x: Scale; most: number }) {
  const { item } = p;
  const mid = ROW_H / 2;
  const [before, after] = blur(item, x);
  const ink = item.need ? COLOUR[item.need] : item.kind === "force" ? "var(--force-ink)" : item.planned ? "var(--ink2)" : "var(--ink)";
  return (
    <g>
      <title>{`${item.side === null ? clock(parse(item.at) ?? 0, true) : t("word.unknown")} ${item.actor ? t("timeline.actor", { actor: item.actor }) : ""} ${say(item.text)}`}</title>
      {item.kind === "bars" && <Bars item={item} x={x} most={most} />}
      {item.kind === "force" && <rect x={p.x} y={mid - 13} width={Math.max(2, p.x2 - p.x)} height="26" fill="var(--force)" />}
      {before + after > 0 && <rect x={p.x - before} y={mid - 6} width={before + after} height="12" fill="var(--g2)" opacity="0.5" />}
      {item.kind !== "bars" && item.kind !== "force" && <g transform={`translate(${p.x} ${mid})`}><Shape kind={item.kind} planned={item.planned} need={item.need} loose={item.side !== null} /></g>}
      {p.labelX !== null && <text class="lane-text" x={p.labelX} y={mid + 5} text-anchor={p.anchor} style={{ fill: ink }}>{p.label}</text>}
    </g>
  );
}

function Axis({ x, width, height }: { x: Scale; width: number; height: number }) {
  const at = now.value;
  const here = x(at);
  const shown = at >= x.from && at <= x.to;
  const label = t("lanes.now", { at: clock(at) });
  const half = shown ? label.length * 5.5 + 12 : 0;
  const days = wall(x.from).day !== wall(x.to).day;
  return (
    <g>
      {ticks(x.from, x.to, Math.max(3, Math.floor((width - LABEL_W) / 110))).map((k) => (
        <g>
          <path d={`M${x(k)} ${AXIS_H - 6}V${height}`} stroke="var(--line)" />
          {(!shown || Math.abs(x(k) - here) > half + 24) && (
            <text x={x(k)} y="18" text-anchor={width - x(k) < 30 ? "end" : "middle"}>{days && wall(k).h === 0 && wall(k).mi === 0 ? date(k, lang.value) : clock(k)}</text>)}
        </g>))}
      {shown && (
        <g>
          <path d={`M${here} ${AXIS_H - 8}V${height}`} stroke="var(--press)" stroke-width="2" />
          <rect x={here - half} y="2" width={half * 2} height="24" rx="4" fill="var(--press)" />
          <text class="lane-now" x={here} y="19" text-anchor="middle">{label}</text>
        </g>)}
    </g>
  );
}

/** A stretch in which nobody of the lane acted: hatched, with its length where there is room for it. */
function GapMark({ gap, x, placed, width }: { gap: Gap; x: Scale; placed: Placed[]; width: number }) {
  const a = Math.max(LABEL_W + 8, x(parse(gap.from) ?? 0)), b = Math.min(width - 8, x(parse(gap.to) ?? 0));
  if (b - a < 3) return null;
  const label = roughly(gap.minutes * 60, lang.value);
  const w = textWidth(label) + 10, mid = (a + b) / 2;
  const free = w < b - a && placed.every((p) => p.x2 < mid - w / 2 || p.x - 10 > mid + w / 2 || p.item.kind === "force")
    && placed.every((p) => p.labelX === null || (p.anchor === "start" ? p.labelX + textWidth(p.label) < mid - w / 2 || p.labelX > mid + w / 2 : p.labelX < mid - w / 2 || p.labelX - textWidth(p.label) > mid + w / 2));
  return (
    <g>
      <title>{`${t("lanes.key.gap")} ${label}`}</title>
      <rect x={a} y={ROW_H / 2 - 9} width={b - a} height="18" fill="url(#gap-lines)" stroke="var(--edge)" stroke-width="1" />
      {free && <><rect x={mid - w / 2} y={ROW_H / 2 - 9} width={w} height="18" fill="var(--surface)" stroke="var(--edge)" /><text x={mid} y={ROW_H / 2 + 5} text-anchor="middle">{label}</text></>}
    </g>
  );
}

const GapLines = () => (
  <defs><pattern id="gap-lines" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" stroke="var(--hatch)" stroke-width="2" /></pattern></defs>
);

export function Lanes({ lanes: all, gaps }: { lanes: LaneRow[]; gaps: Gap[] }) {
  const { ref, width } = useWidth<HTMLDivElement>();
  const lanes = all.filter((l) => l.items.length > 0);
  const quiet = all.filter((l) => l.items.length === 0);
  const [from, to] = range(lanes, now.peek());
  const x = scaleOf(from, to, width);
  const height = AXIS_H + lanes.length * ROW_H;
  const most = Math.max(1, ...lanes.flatMap((l) => l.items.flatMap((i) => i.values ?? [])));
  return (
    <div ref={ref} class="lanes">
      <svg width={width} height={height} role="img" aria-label={t("lanes.alternative")}>
        <GapLines />
        <Axis x={x} width={width} height={height} />
        {lanes.map((l, i) => {
          const placed = place(l.items, labels, x, width);
          return (
            <g transform={`translate(0 ${AXIS_H + i * ROW_H})`}>
              <path d={`M0 .5H${width}`} stroke="var(--line)" />
              {gaps.filter((g) => g.lane === l.code).map((g) => <GapMark gap={g} x={x} placed={placed} width={width} />)}
              <text class="strong" x="0" y={ROW_H / 2 + 5}>{fitted(laneName(l.code, l.name))}</text>
              {placed.map((p) => <Item p={p} x={x} most={most} />)}
            </g>);
        })}
      </svg>
      {quiet.length > 0 && <p class="lanes-quiet small ink2">{t("lanes.quiet", { names: quiet.map((l) => laneName(l.code, l.name)) })}</p>}
    </div>
  );
}

export function LaneLegend() {
  return (
    <span class="legend">
      {["notice", "analysis", "decision", "action", "contact", "outside"].map((k) => <span><Key kind={k} />{t(`lane.kind.${k}`)}</span>)}
      <span><Key kind="notice" planned />{t("lane.kind.planned")}</span>
      <span><svg width="22" height="14" aria-hidden="true"><rect x=".5" y=".5" width="21" height="13" fill="url(#gap-lines)" stroke="var(--edge)" /></svg>{t("lanes.key.gap")}</span>
    </span>
  );
}

const Key = ({ kind, planned = false }: { kind: string; planned?: boolean }) =>
  <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true"><Shape kind={kind} planned={planned} /></svg>;
