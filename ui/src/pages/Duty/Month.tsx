// Six weeks at a glance: who has the first turn each day, days off, and days with hours nobody stands.
import type { DutyDays } from "../../api/types";
import { date } from "../../lib/time";
import { lang, t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";

const noon = (day: string) => Date.parse(`${day}T12:00:00+09:00`);
const begins = (day: string) => Date.parse(`${day}T00:00:00+09:00`);

export function Month({ days, group: name }: { days: DutyDays; group: string }) {
  const group = days.groups.find((g) => g.name === name) ?? days.groups[0];
  if (!group) return null;
  const on = (day: string) => [...new Set(group.slots.filter((s) => s.order === 1 && Date.parse(s.from) < begins(day) + 86_400_000 && (s.until === null || Date.parse(s.until) > begins(day))).map((s) => s.name))];
  const empty = (day: string) => group.gaps.some((g) => Date.parse(g.from) < begins(day) + 86_400_000 && (g.until === null || Date.parse(g.until) > begins(day)));
  return (
    <div class="below"><Card id="month" title={t("month.title", { group: group.name })} caption={t("month.caption")}>
      <ol class="month">{days.days.map((d) => (
        <li key={d.date} class={d.off ? "month-off" : undefined}>
          <p class="small"><span class="nowrap">{date(noon(d.date), lang.value)}</span> {d.off && <span class="off">{t("time.off")}</span>}</p>
          {on(d.date).map((n) => <p key={n}>{n}</p>)}
          {empty(d.date) && <Mark kind="soon">{t("duty.gap")}</Mark>}
        </li>))}
      </ol>
    </Card></div>
  );
}
