// 経過: everything done and noticed, the newest first; a line of one's own can be added.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Incident, TimelineEntry } from "../../api/types";
import { date, parse, short } from "../../lib/time";
import { brief, meant, whole } from "../../lib/written";
import { now } from "../../state/clock";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { has, lang, say, t, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Conflict } from "../../widgets/Conflict";
import { Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Outcome } from "../../widgets/Outcome";
import { laneName, mayDo } from "../../widgets/task";
import { Time } from "../../widgets/Time";
import { Gaps } from "./Gaps";
import { brieflySaid, NoteForm } from "./NoteForm";

const DAY_MS = 86_400_000;
const LATER_MS = 10 * 60_000; /* written so much later than it happened: said */

function Ref({ entry, id }: { entry: TimelineEntry; id: number }) {
  const [kind, what] = (entry.ref ?? "").split(":");
  if (kind === "action" && what) return <a href={`#/cases/${id}/actions`}>{t("timeline.action", { id: what })}</a>;
  if (kind === "finding" && what) return <a href={`#/cases/${id}/evidence?finding=${encodeURIComponent(what)}`}>{t("timeline.finding")}</a>;
  if (kind === "mail" && what) return <a href={`#/mails/${encodeURIComponent(what)}`}>{t("timeline.mail", { id: what })}</a>;
  return null;
}

/** Who did it, where it was anybody but the system itself. */
function by(e: TimelineEntry): string {
  if (e.source === "person") return say(e.by);
  if (e.by.key === "by.system") return "";
  return has(`${e.by.key}.brief`) ? t(`${e.by.key}.brief`) : say(e.by);
}

const dayWords = (n: number) => (n > 0 ? t("timeline.day", { n }) : t("timeline.day_before", { n: -n }));

/** As exactly as it was said, and not more. */
function At({ entry, beside }: { entry: TimelineEntry; beside: TimelineEntry | undefined }) {
  if (entry.side) return <span>{t(`timeline.${entry.side}`, { what: beside ? brieflySaid(beside) : t("timeline.other") })}</span>;
  if (entry.day !== null) return <span>{t("timeline.said_day", { day: dayWords(entry.day), from: t(`timeline.day_one.${entry.day_from}`) })}</span>;
  const ms = parse(entry.at);
  const { unit, about } = meant(entry.precision_s);
  if (ms === null || unit === "second" || (unit === "minute" && !about)) return <Time at={entry.at} seconds={unit === "second"} imprecise={about} />;
  const words = (x: string) => (about ? t("time.about", { at: x }) : x);
  const all = words(whole(ms, unit, lang.value));
  return <time dateTime={entry.at} title={all} data-abs={all}><span class="shown">{words(brief(ms, unit, now.peek(), lang.value))}</span></time>;
}

/** When it was written, where that was not when it happened. */
function Written({ entry }: { entry: TimelineEntry }) {
  const at = parse(entry.at) ?? 0, written = parse(entry.written) ?? 0;
  if (entry.source !== "person" || (entry.side === null && Math.abs(written - at) < LATER_MS)) return null;
  return <span class="ink2"> {t("timeline.written", { at: short(written, now.peek(), lang.value) })}</span>;
}

function Row({ entry, id, beside, fresh }: { entry: TimelineEntry; id: number; beside: TimelineEntry | undefined; fresh: boolean }) {
  return (
    <li class={`entry small${fresh ? " fresh" : ""}`}>
      <span class="entry-at"><At entry={entry} beside={beside} /></span>
      <b class="entry-lane">{laneName(entry.lane, entry.lane_name)}</b>
      <span class="entry-text">{fresh && <b class="fresh-mark">{t("unread.mark")} </b>}{entry.actor && <b>{t("timeline.actor", { actor: entry.actor })} </b>}{say(entry.text)}<Written entry={entry} />{entry.planned && <span class="ink2"> {t("lane.kind.planned")}</span>}</span>
      <span class="entry-by ink2">{by(entry)}</span>
      <span class="entry-ref"><Ref entry={entry} id={id} /></span>
    </li>
  );
}

const dayOf = (at: string, first: number): number => {
  const n = Math.floor(((parse(at) ?? 0) - first) / DAY_MS);
  return n < 0 ? n : n + 1;
};

/** The newest first, a line where another day of the case begins. */
function Entries({ entries, incident }: { entries: TimelineEntry[]; incident: Incident }) {
  const first = parse(incident.day_one.at) ?? 0;
  const byId = new Map(entries.map((e) => [e.id, e]));
  return (
    <ol class="entries">{entries.map((e, i) => {
      const day = dayOf(e.at, first), before = i > 0 ? dayOf(entries[i - 1]!.at, first) : null;
      return (
        <>
          {day !== before && <li class="entry-day small" key={`d${e.id}`}><b>{dayWords(day)}</b> <span class="ink2">{date(parse(e.at) ?? 0, lang.value)}</span></li>}
          <Row key={e.id} entry={e} id={incident.id} beside={e.beside === null ? undefined : byId.get(e.beside)} fresh={isFresh(e, incident)} />
        </>);
    })}</ol>
  );
}

/** Somebody else's, and not read yet. Whoever sees a case for the first time has read none of it: marking all would mark nothing. */
const isFresh = (e: TimelineEntry, i: Incident): boolean => !i.unread.first && e.id > i.unread.upto && (e.by.key !== "by.person" || say(e.by) !== word("person", me.value?.person.name ?? ""));

/** How much is new to this person, and one press that says it is read. */
function Unread({ incident, entries, reload }: { incident: Incident; entries: TimelineEntry[]; reload: () => void }) {
  const write = useWrite(reload);
  const last = Math.max(0, ...entries.map((e) => e.id));
  if (incident.unread.n === 0 || last <= incident.unread.upto) return null;
  return (
    <p class="small unread">
      <b>{t(incident.unread.first ? "unread.first" : "unread.n", { n: incident.unread.n })}</b>{" "}
      <Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.seen(incident.id, last))}>{t("unread.clear")}</Button>
      <Outcome state={write.state} />
    </p>
  );
}

/** Which day is the first: when it began, or when it was noticed. */
function DayOne({ incident, reload }: { incident: Incident; reload: () => void }) {
  const write = useWrite(reload);
  const other = incident.day_one.from === "occurrence" ? "detection" : "occurrence";
  const turn = () => void write.run(() => api.editIncident(incident.id, { version: incident.version, day_one: other }));
  const s = write.state;
  if (s.step === "conflict") {
    return (
      <Conflict failure={s.failure} yours={{ day_one: t(`timeline.day_one.${other}`) }} theirs={{ day_one: t(`timeline.day_one.${incident.day_one.from}`) }} busy={false}
        onMine={turn} onTheirs={write.clear} />
    );
  }
  return (
    <p class="small day-one">
      {t("timeline.day_one")} <b>{t(`timeline.day_one.${incident.day_one.from}`)}</b>
      {mayDo() && <> <Button smaller busy={s.step === "busy"} onPress={turn}>{t("timeline.day_one.turn", { to: t(`timeline.day_one.${other}`) })}</Button></>}
      <Outcome state={s} />
    </p>
  );
}

export function Timeline({ incident, reload }: { incident: Incident; reload: () => void }) {
  const list = useResource(api.timeline(incident.id), ["incident", "action"], [incident.id], incident.id);
  const [writing, write] = useState(false);
  const done = () => { write(false); list.reload(); reload(); };
  return (
    <>
      <div class="note-start">
        {writing ? <NoteForm incident={incident} entries={list.data?.entries ?? []} done={done} leave={() => write(false)} /> : <Button smaller onPress={() => write(true)}>{t("note.add")}</Button>}
        {!writing && list.data && <Unread incident={incident} entries={list.data.entries} reload={reload} />}
        {!writing && <DayOne incident={incident} reload={reload} />}
        {!writing && <div class="only-phone"><Gaps incident={incident} /></div>}
      </div>
      <Loaded of={list}>{(d) => d.entries.length === 0
        ? <Empty>{t("timeline.none")}</Empty>
        : <Entries entries={d.entries} incident={incident} />}
      </Loaded>
    </>
  );
}
