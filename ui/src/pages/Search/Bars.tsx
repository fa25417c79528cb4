// When: one bar a part of the period. Nothing moves; the count is in the title of each bar.
import type { Search } from "../../api/types";
import { absolute, parse } from "../../lib/time";
import { lang, t } from "../../state/text";
import { Time } from "../../widgets/Time";

const WIDTH = 960;
const HEIGHT = 84;

export function Bars({ s }: { s: Search }) {
  const counts = s.histogram.counts;
  const most = Math.max(1, ...counts);
  const from = parse(s.histogram.from) ?? 0;
  const at = (i: number) => from + i * s.histogram.step_s * 1000;
  const w = WIDTH / counts.length;
  return (
    <figure class="search-bars">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={t("search.bars", { n: most })}>
        {counts.map((n, i) => n > 0 && (
          <rect x={i * w + 1} width={w - 2} y={HEIGHT - Math.max(2, (n / most) * HEIGHT)} height={Math.max(2, (n / most) * HEIGHT)} fill="var(--press)">
            <title>{`${absolute(at(i), lang.value)}: ${t("search.found", { n })}`}</title>
          </rect>))}
      </svg>
      <figcaption class="small ink2"><Time at={at(0)} /><Time at={at(counts.length)} /></figcaption>
    </figure>
  );
}
