// Who is on duty now, until when, and whom to call instead; a week by days, with the hours nobody stands in amber.
import type { Duty, DutyDay, DutyDays } from "../../api/types";
import { clock, date, parse } from "../../lib/time";
import { lang, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

type Group = Duty["groups"][number];
type Slot = Group["on"][number];

const Phone = ({ phone }: { phone: string | null }) => (phone ? <a class="nowrap" href={`tel:${phone}`}>{phone}</a> : <span class="ink3">{t("duty.no_phone")}</span>);

function Person({ slot }: { slot: Slot }) {
  return (
    <li>
      <b>{slot.name}</b> <span class="small ink2">{t(`duty.order.${slot.order}`)}</span>{" "}
      {slot.until && <span class="small">{t("duty.until")} <Time at={slot.until} /></span>}{" "}
      {slot.substituted && <span class="tag">{t("duty.substituted")}</span>} {slot.doubled && <Mark kind="soon">{t("duty.doubled")}</Mark>} <Phone phone={slot.phone} />
    </li>
  );
}

export function OnDuty({ duty, brief = false }: { duty: Duty; brief?: boolean }) {
  if (duty.groups.length === 0) return <Card><div class="empty"><p>{t("duty.none")}</p><p><a href="#/sources/register/roster/import">{t("duty.import")}</a></p></div></Card>;
  return (
    <div class="grid">
      {duty.groups.map((g) => (
        <div class="w4"><Card id={`duty-${g.name}`} title={g.name} caption={t("duty.now")}>
          <ul class="rows">
            {g.on.length === 0 && <li><Mark kind="must">{t("duty.nobody")}</Mark></li>}
            {g.on.map((s) => <Person key={s.order} slot={s} />)}
            {!brief && g.gaps.slice(0, 3).map((x) => <li><Mark kind="soon">{t("duty.gap")}</Mark> <Time at={x.from} /> 〜 <Time at={x.until} /></li>)}
            {!brief && g.gaps.length > 3 && <li class="small ink2">{t("duty.gaps_more", { n: g.gaps.length - 3 })}</li>}
          </ul>
        </Card></div>))}
      {!brief && duty.problems.length > 0 && (
        <div class="w12"><Card id="duty-problems" title={t("duty.problems")}>
          <ul class="rows">{duty.problems.map((p) => <li><Mark kind="soon"><a href={`#/sources/register/${p.register}`}>{p.name}</a></Mark> <span class="small" lang="en">{p.why}</span></li>)}</ul>
        </Card></div>)}
    </div>
  );
}

/** The part of a stretch that lies within the day, as 08:30–24:00. */
function within(from: string, until: string | null, day: DutyDay): string | null {
  const start = Date.parse(`${day.date}T00:00:00+09:00`), end = start + 86_400_000;
  const a = Math.max(parse(from) ?? start, start), b = Math.min(until === null ? end : (parse(until) ?? end), end);
  return b <= a ? null : `${clock(a)}–${b === end ? "24:00" : clock(b)}`;
}

function Cell({ group, day }: { group: DutyDays["groups"][number]; day: DutyDay }) {
  const first = group.slots.filter((s) => s.order === 1).map((s) => [within(s.from, s.until, day), s.name] as const).filter(([h]) => h !== null);
  const gaps = group.gaps.map((g) => within(g.from, g.until, day)).filter((h) => h !== null);
  return (
    <>
      {first.map(([h, name]) => <div><span class="small nowrap">{h}</span> {name}</div>)}
      {gaps.map((h) => <div><Mark kind="soon">{t("duty.gap")}</Mark> <span class="small nowrap">{h}</span></div>)}
    </>
  );
}

export function Week({ days }: { days: DutyDays }) {
  if (days.groups.length === 0) return <Empty>{t("duty.none")}</Empty>;
  const name = (d: DutyDay) => `${date(Date.parse(`${d.date}T12:00:00+09:00`), lang.value)}`;
  return (
    <div class="below"><Card id="week" title={t("duty.week")} caption={t("duty.week_caption")}>
      <Table label={t("duty.week")} rows={days.days} id={(d) => d.date} columns={[
        { head: t("duty.day"), title: true, cell: (d) => <><span class="nowrap">{name(d)}</span> {d.off && <span class="off">{t("time.off")}</span>}{!d.known && <Mark kind="unknown">{t("duty.unknown_year")}</Mark>}</> },
        ...days.groups.map((g) => ({ head: g.name, cell: (d: DutyDay) => <Cell group={g} day={d} /> })),
      ]} />
    </Card></div>
  );
}
