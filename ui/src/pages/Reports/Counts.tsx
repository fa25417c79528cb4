// Reports of the last day by ten minutes: three alike in one step are a case, so a step is as high as three from the first one on.
import type { ReportCounts, ReportKinds } from "../../api/types";
import { clock, parse } from "../../lib/time";
import { t } from "../../state/text";
import { kindTitle } from "./kinds";

const W = 720, H = 64;

export function Counts({ counts, kinds }: { counts: ReportCounts; kinds: ReportKinds["kinds"] }) {
  const n = counts.kinds[0]?.counts.length ?? 0, from = parse(counts.from) ?? 0;
  const total = Array.from({ length: n }, (_, i) => counts.kinds.reduce((sum, k) => sum + (k.counts[i] ?? 0), 0));
  const alike = Array.from({ length: n }, (_, i) => Math.max(0, ...counts.kinds.map((k) => k.counts[i] ?? 0)));
  const peak = Math.max(3, ...total), cell = W / Math.max(1, n);
  const some = counts.kinds.filter((k) => k.counts.some((c) => c > 0));
  const at = (i: number) => clock(from + i * counts.step_s * 1000);
  if (some.length === 0) return <p class="empty">{t("reports.counts_none")}</p>;
  return (
    <figure class="strip card-body report-counts">
      <svg class="chart" viewBox={`0 -2 ${W} ${H + 4}`} preserveAspectRatio="none" role="img" aria-label={t("reports.counts_label", { n: total.reduce((a, b) => a + b, 0) })}>
        {total.map((c, i) => c > 0 && <rect x={i * cell + 0.5} y={H - (c / peak) * H} width={Math.max(2, cell - 1)} height={(c / peak) * H} fill={(alike[i] ?? 0) >= 3 ? "var(--must)" : "var(--g3)"}><title>{t("reports.counts_step", { at: at(i), n: c })}</title></rect>)}
        <path d={`M0 ${H}.5H${W}`} stroke="var(--edge)" />
      </svg>
      <div class="strip-axis small ink2" aria-hidden="true">{[0, 36, 72, 108].filter((i) => i < n).map((i) => <span>{at(i)}</span>)}<span class="strip-end">{at(n)}</span></div>
      <details>
        <summary>{t("reports.counts_table")}</summary>
        <div class="scroll"><table>
          <thead><tr><th scope="col">{t("reports.what")}</th><th scope="col" class="num">{t("reports.counts_day")}</th><th scope="col" class="num">{t("reports.counts_most")}</th></tr></thead>
          <tbody>{some.map((k) => <tr><th scope="row">{kindTitle(kinds, k.kind)}</th><td class="num">{k.counts.reduce((a, b) => a + b, 0)}</td><td class="num">{Math.max(...k.counts)}</td></tr>)}</tbody>
        </table></div>
      </details>
    </figure>
  );
}
