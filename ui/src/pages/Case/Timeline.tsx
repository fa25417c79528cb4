// 経過: everything done and noticed, the newest first; a line of one's own can be added.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Incident, TimelineEntry } from "../../api/types";
import { parse } from "../../lib/time";
import { brief, meant, whole } from "../../lib/written";
import { now } from "../../state/clock";
import { useResource } from "../../state/resource";
import { has, lang, say, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Time } from "../../widgets/Time";
import { NoteForm } from "./NoteForm";

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

/** As exactly as it was said, and not more. */
function At({ entry }: { entry: TimelineEntry }) {
  const ms = parse(entry.at);
  const { unit, about } = meant(entry.precision_s);
  if (ms === null || unit === "second" || (unit === "minute" && !about)) return <Time at={entry.at} seconds={unit === "second"} imprecise={about} />;
  const words = (x: string) => (about ? t("time.about", { at: x }) : x);
  const all = words(whole(ms, unit, lang.value));
  return <time dateTime={entry.at} title={all} data-abs={all}><span class="shown">{words(brief(ms, unit, now.peek(), lang.value))}</span></time>;
}

function Row({ entry, id }: { entry: TimelineEntry; id: number }) {
  return (
    <li class="entry small">
      <span class="entry-at"><At entry={entry} /></span>
      <b class="entry-lane">{t(`lane.name.${entry.lane}`)}</b>
      <span class="entry-text">{say(entry.text)}{entry.planned && <span class="ink2"> {t("lane.kind.planned")}</span>}</span>
      <span class="entry-by ink2">{by(entry)}</span>
      <span class="entry-ref"><Ref entry={entry} id={id} /></span>
    </li>
  );
}

export function Timeline({ incident, reload }: { incident: Incident; reload: () => void }) {
  const list = useResource(api.timeline(incident.id), ["incident", "action"], [incident.id], incident.id);
  const [writing, write] = useState(false);
  const done = () => { write(false); list.reload(); reload(); };
  return (
    <>
      <div class="note-start">
        {writing ? <NoteForm id={incident.id} done={done} leave={() => write(false)} /> : <Button smaller onPress={() => write(true)}>{t("note.add")}</Button>}
      </div>
      <Loaded of={list}>{(d) => d.entries.length === 0
        ? <Empty>{t("timeline.none")}</Empty>
        : <ol class="entries">{d.entries.map((e) => <Row key={e.id} entry={e} id={incident.id} />)}</ol>}
      </Loaded>
    </>
  );
}
