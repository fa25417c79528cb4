// The map of a playbook: every step in the order in which it comes up, branches on tracks of their own, and, of a run, how
// far it is. The list of steps says the same in words; the picture is one image to a screen reader.
import type { Plan, PlanStep, Task } from "../api/types";
import { answerWords, rowsOf } from "./plan";
import { lang, t } from "../state/text";
import { useWidth } from "./useWidth";

const ROW = 34, TRACK = 18, LEFT = 14;
const SHAPES: Partial<Record<PlanStep["kind"], string>> = {
  decision: "M0-8.5 8.5 0 0 8.5-8.5 0Z", repeat: "M0-8.5 8.5 0 0 8.5-8.5 0Z", action: "M-6.5-6.5H6.5V6.5H-6.5Z", notify: "M0-7.5 8 6.5H-8Z",
};
const ROUND = "M0-6.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13Z";

const look = (state: Task["state"] | null): { fill: string; stroke: string } =>
  state === "done" ? { fill: "var(--ink)", stroke: "var(--ink)" }
    : state === "due" || state === "doing" ? { fill: "var(--press)", stroke: "var(--press)" }
      : state === "waiting" ? { fill: "var(--force)", stroke: "var(--force-ink)" }
        : state === "skipped" || state === "failed" ? { fill: "var(--surface)", stroke: "var(--must)" } : { fill: "var(--surface)", stroke: "var(--edge)" };

/** As much of a text as fits: wide letters count twice. */
function fit(text: string, px: number): string {
  let used = 0, out = "";
  for (const c of text) {
    used += c.charCodeAt(0) > 0xff ? 14 : 7.9;
    if (used > px - 14) return `${out}…`;
    out += c;
  }
  return out;
}

export function PlanMap({ plan, tasks = [] }: { plan: Plan; tasks?: Task[] }) {
  const { ref, width } = useWidth<HTMLDivElement>(340);
  const rows = rowsOf(plan);
  const state = new Map(tasks.map((x) => [x.step, x]));
  const x = (depth: number) => LEFT + depth * TRACK;
  const y = (i: number) => i * ROW + ROW / 2;
  const height = rows.length * ROW;
  return (
    <div ref={ref} class="plan-map">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t("plan.map", { n: rows.length })}>
        {rows.map((r, i) => {
          /* down to the next row of the same track, as long as nothing further out comes between */
          let next = -1;
          for (let k = i + 1; k < rows.length && (rows[k]?.depth ?? 0) >= r.depth; k++) if (rows[k]?.depth === r.depth) { next = k; break; }
          const joined = next > 0 && rows[next]?.answer === null;
          const ends = rows.slice(i + 1).findIndex((b) => b.depth <= r.depth);
          const branch = rows.slice(i + 1, ends < 0 ? undefined : i + 1 + ends).map((b, k) => (b.depth === r.depth + 1 && b.answer !== null ? i + 1 + k : -1)).filter((k) => k > 0);
          return (
            <g key={r.step.id} fill="none" stroke="var(--line2)" stroke-width="2">
              {joined && <path d={`M${x(r.depth)} ${y(i)}V${y(next)}`} />}
              {branch.map((k) => <path key={k} d={`M${x(r.depth)} ${y(i)}V${y(k) - TRACK}q0 ${TRACK} ${TRACK} ${TRACK}`} />)}
            </g>);
        })}
        {rows.map((r, i) => {
          const task = state.get(r.step.id);
          const now = task?.state === "due" || task?.state === "doing";
          const answer = r.answer ? answerWords(r.answer === "yes" || r.answer === "no" ? t(`run.${r.answer}`) : r.answer === "failed" ? t("run.state.failed") : r.answer, lang.value) : "";
          const words = r.step.kind === "together" ? t("plan.together") : r.step.words[lang.value];
          return (
            <g key={r.step.id}>
              <title>{`${answer ? `${answer}: ` : ""}${r.step.words[lang.value]}${task ? ` (${t(`run.state.${task.state}`)})` : ""}`}</title>
              <path d={SHAPES[r.step.kind] ?? ROUND} transform={`translate(${x(r.depth)} ${y(i)})`} {...look(task?.state ?? null)} stroke-width="1.8" />
              <text class="plan-text" x={x(r.depth) + 15} y={y(i) + 5} style={{ fill: task || tasks.length === 0 ? "var(--ink)" : "var(--ink2)", fontWeight: now ? 700 : 400 }}>
                {fit(`${answer ? `${answer} → ` : ""}${words}`, width - x(r.depth) - 15)}
              </text>
            </g>);
        })}
      </svg>
    </div>
  );
}
