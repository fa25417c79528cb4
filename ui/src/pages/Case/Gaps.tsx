// だれも動いていなかった時間: the longest stretches in words, on top of the lanes that show them.
import type { Gap, Incident } from "../../api/types";
import { t } from "../../state/text";
import { laneName } from "../../widgets/task";

const SHOWN = 3;

/** The longest first; those of nobody at all before those of one lane. */
export const longest = (gaps: Gap[]): Gap[] => [...gaps].sort((a, b) => b.minutes - a.minutes || Number(a.lane !== null) - Number(b.lane !== null));

const words = (g: Gap): string => t(g.open ? "gap.row_open" : "gap.row", {
  lane: g.lane === null ? t("gap.everybody") : laneName(g.lane, g.lane_name), from: g.from, to: g.to, s: g.minutes * 60, at_least: g.at_least, perhaps: g.perhaps,
});

export function Gaps({ incident }: { incident: Incident }) {
  const { minutes, nights } = incident.gap_rule;
  if (minutes === 0) return null;
  const all = longest(incident.gaps);
  if (all.length === 0) return <p class="small ink2 gaps">{t("gap.none", { n: minutes })}</p>;
  return (
    <div class="gaps small">
      <h3 class="gaps-title">{t("gap.title")}</h3>
      <ul>{all.slice(0, SHOWN).map((g) => <li key={`${g.lane}${g.from}`}>{words(g)}</li>)}</ul>
      {all.length > SHOWN && (
        <details><summary>{t("gap.more", { n: all.length - SHOWN })}</summary><ul>{all.slice(SHOWN).map((g) => <li key={`${g.lane}${g.from}`}>{words(g)}</li>)}</ul></details>)}
      <p class="ink2">{t("gap.rule", { n: minutes, nights })}</p>
    </div>
  );
}
