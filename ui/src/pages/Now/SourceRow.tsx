// A source that does not arrive as it should: what, since when, how badly.
import type { Source } from "../../api/types";
import { duration } from "../../lib/time";
import { number } from "../../lib/template";
import { parse } from "../../lib/time";
import { now } from "../../state/clock";
import { lang, say, t } from "../../state/text";
import { Mark } from "../../widgets/Mark";
import { sourceMark } from "../../widgets/source";
import { Time } from "../../widgets/Time";

/** The one figure that says how bad it is. */
function amount(s: Source): string {
  const seen = parse(s.last_seen);
  if (s.state === "skewed" && s.skew_ms !== null) return duration(s.skew_ms / 1000, lang.value);
  if (s.state === "losing" && s.lost !== null) return t("source.lost_n", { n: s.lost });
  if (s.state === "unparsed" && s.unparsed !== null && s.lines) return `${number((100 * s.unparsed) / s.lines)}%`;
  return seen === null ? t("word.unknown") : duration((now.peek() - seen) / 1000, lang.value);
}

export function SourceRow({ source }: { source: Source }) {
  return (
    <li class="source-row">
      <Mark kind={sourceMark(source.state)}>{t(`source.state.${source.state}`)}</Mark>
      <div>
        <p class="source-name"><a class="quiet name bold" href={`#/sources/${source.id}`}>{source.name}</a><b>{amount(source)}</b></p>
        <p class="small ink2">{say(source.state_text)}</p>
        <p class="small ink2">{t("source.last_seen")} <Time at={source.last_seen} seconds /></p>
      </div>
    </li>
  );
}
