// 引き継ぎ: what who comes on duty has to know. The list is made from what is open; the giver adds what no list says; somebody else takes it.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Handover as Note, Handovers, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { mayDo } from "../../../widgets/task";
import { ThingList } from "../../../widgets/things";
import { Time } from "../../../widgets/Time";

function One({ note, incident, reload }: { note: Note; incident: Incident; reload: () => void }) {
  const write = useWrite(reload);
  return (
    <li class="card-body handover-note">
      <p>
        {note.taken_at ? <Mark kind="ok">{t("shift.taken", { by: note.taken_by && say(note.taken_by) })} <Time at={note.taken_at} /></Mark> : <Mark kind="must">{t("shift.open")}</Mark>}{" "}
        <b>{say(note.by)}</b>{note.to && ` → ${note.to}`} <Time at={note.at} />
      </p>
      {note.words && <p class="inert handover-words">{note.words}</p>}
      <p class="small ink2">{t("shift.since", { n: note.since })}</p>
      <details><summary>{t("shift.was_open", { n: note.open.things.length })}</summary><ThingList things={note.open.things} incident={incident.id} /></details>
      <Outcome state={write.state} />
      {!note.taken_at && !note.mine && mayDo() && <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={() => void write.run(() => api.takeHandover(note.id, note.version))}>{t("shift.take")}</Button></div>}
    </li>
  );
}

function Give({ incident, of, done }: { incident: Incident; of: Handovers; done: () => void }) {
  const open = of.things.filter((x) => x.kind !== "handover"); /* the notes themselves stand above */
  const [words, set] = useState(""), [to, setTo] = useState("");
  const people = useResource(api.persons, [], []);
  const write = useWrite(() => { set(""); done(); });
  return (
    <Card id="handover-give" title={t("shift.give_title")} caption={t("shift.unread", { n: of.unread.n })}>
      {open.length === 0 ? <p class="empty">{t("shift.nothing")}</p> : <ThingList things={open} incident={incident.id} />}
      <form class="form card-body" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.giveHandover(incident.id, { words: words.trim(), to: to ? Number(to) : null })); }}>
        <label class="field"><span>{t("shift.words")}</span><textarea rows={4} maxLength={4000} value={words} onInput={(e) => set(e.currentTarget.value)} /></label>
        <label class="field"><span>{t("shift.to")}</span>
          <select value={to} onChange={(e) => setTo(e.currentTarget.value)}>
            <option value="">{t("shift.anybody")}</option>
            {(people.data?.persons ?? []).filter((p) => p.active).map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}
          </select></label>
        <Outcome state={write.state} />
        <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("shift.give")}</Button></div>
      </form>
    </Card>
  );
}

export function Handover({ incident }: { incident: Incident }) {
  const all = useResource(api.handover(incident.id), ["incident", "task"], [incident.id], incident.id);
  return (
    <Loaded of={all}>{(d) => (
      <div class="stack">
        {d.notes.length > 0 && <Card id="handover-notes" title={t("shift.notes")}><ul class="plain">{d.notes.map((n) => <One key={n.id} note={n} incident={incident} reload={all.reload} />)}</ul></Card>}
        {mayDo() && <Give incident={incident} of={d} done={all.reload} />}
      </div>)}</Loaded>
  );
}
