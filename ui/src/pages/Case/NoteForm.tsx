// A line for the timeline: what, whose doing, and when, as exactly as it is known: a time as people write it, a day of the case, or only
// before or after something else; now unless said otherwise. A lane the case does not have yet can be added here.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Incident, NewEntry, TimelineEntry } from "../../api/types";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Outcome } from "../../widgets/Outcome";
import { laneName } from "../../widgets/task";
import { WhenField } from "../../widgets/WhenField";

const KINDS = ["action", "notice", "analysis", "decision", "contact", "outside"] as const;
const BASES = ["ciso_csirt", "it_ops", "business", "outsourcer", "public_relations", "executive", "external"];
const HOWS = ["at", "day", "beside"] as const;
type Kind = (typeof KINDS)[number];
type How = (typeof HOWS)[number];
const NEW = "new";

export const brieflySaid = (e: TimelineEntry): string => {
  const s = [...say(e.text)];
  return s.length > 30 ? `${s.slice(0, 29).join("")}…` : s.join("");
};

function Pick({ label, value, options, onPick }: { label: string; value: string; options: [string, string][]; onPick: (v: string) => void }) {
  return (
    <label class="field"><span>{label}</span>
      <select value={value} onChange={(e) => onPick(e.currentTarget.value)}>{options.map(([v, name]) => <option value={v}>{name}</option>)}</select></label>
  );
}

function Line({ label, value, onInput, max, hint }: { label: string; value: string; onInput: (v: string) => void; max: number; hint?: string }) {
  return <label class="field"><span>{label}</span><input type="text" maxLength={max} value={value} placeholder={hint} onInput={(e) => onInput(e.currentTarget.value)} /></label>;
}

/** Only what was asked for goes out: one way of saying when. */
function newEntry(x: { text: string; lane: string; kind: Kind; actor: string; how: How; when: string; day: string; beside: string; side: string }): NewEntry {
  return {
    text: x.text.trim(), lane: x.lane, kind: x.kind,
    ...(x.kind === "outside" ? { actor: x.actor.trim() } : {}),
    ...(x.how === "at" && x.when.trim() ? { at: x.when.trim() } : {}),
    ...(x.how === "day" ? { day: Number(x.day) } : {}),
    ...(x.how === "beside" ? { beside: Number(x.beside), side: x.side as "before" | "after" } : {}),
  };
}

export function NoteForm({ incident, entries, done, leave }: { incident: Incident; entries: TimelineEntry[]; done: () => void; leave: () => void }) {
  const [x, set] = useState({ text: "", lane: "ciso_csirt", kind: "action" as Kind, actor: "", how: "at" as How, when: "", day: "", beside: "", side: "after", name: "", base: "outsourcer" });
  const put = (k: keyof typeof x) => (v: string) => set((old) => ({ ...old, [k]: v }));
  const write = useWrite();
  const own = incident.lanes.filter((l) => BASES.includes(l.code) || l.name !== null);
  const day = Number(x.day);
  const missing = !x.text.trim() ? t("note.missing") : x.kind === "outside" && !x.actor.trim() ? t("note.actor") : x.how === "day" && (!Number.isInteger(day) || day === 0) ? t("note.day_missing")
    : x.how === "beside" && !x.beside ? t("note.beside") : x.lane === NEW && !x.name.trim() ? t("note.lane_name") : null;
  const save = async () => {
    if (missing) return;
    await write.run(async () => {
      const lane = x.lane === NEW ? (await api.addLane(incident.id, { name: x.name.trim(), base: x.base })).code : x.lane;
      await api.addNote(incident.id, newEntry({ ...x, lane }));
    }).then((ok) => ok && done());
  };
  return (
    <form class="form note-form" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <label class="field"><span>{t("note.text")}</span><textarea rows={3} maxLength={4000} value={x.text} onInput={(e) => put("text")(e.currentTarget.value)} placeholder={t("note.placeholder")} /></label>
      <div class="form-row even">
        <Pick label={t("note.lane")} value={x.lane} onPick={put("lane")} options={[...own.map((l) => [l.code, laneName(l.code, l.name)] as [string, string]), [NEW, t("note.lane_new")]]} />
        <Pick label={t("note.kind")} value={x.kind} onPick={put("kind")} options={KINDS.map((k) => [k, t(`lane.kind.${k}`)])} />
        <Pick label={t("note.how")} value={x.how} onPick={put("how")} options={HOWS.map((h) => [h, t(`note.how.${h}`)])} />
      </div>
      {x.lane === NEW && (
        <div class="form-row even">
          <Line label={t("note.lane_name")} value={x.name} onInput={put("name")} max={60} />
          <Pick label={t("note.lane_base")} value={x.base} onPick={put("base")} options={BASES.map((b) => [b, t(`lane.name.${b}`)])} />
        </div>)}
      {x.kind === "outside" && <Line label={t("note.actor")} value={x.actor} onInput={put("actor")} max={200} hint={t("note.actor_hint")} />}
      {x.how === "at" && <WhenField value={x.when} onInput={put("when")} />}
      {x.how === "day" && <Line label={t("note.day_n")} value={x.day} onInput={put("day")} max={6} />}
      {x.how === "beside" && (
        <div class="form-row even">
          <Pick label={t("note.beside")} value={x.beside} onPick={put("beside")} options={[["", t("word.none")], ...entries.filter((e) => e.side === null).slice(0, 100).map((e) => [String(e.id), brieflySaid(e)] as [string, string])]} />
          <Pick label={t("note.how.beside")} value={x.side} onPick={put("side")} options={["before", "after"].map((s) => [s, t(`note.side.${s}`)])} />
        </div>)}
      <Outcome state={write.state} />
      <div class="buttons">
        <Button submit busy={write.state.step === "busy"}>{t("note.save")}</Button>
        <Button onPress={leave}>{t("button.leave")}</Button>
        {missing && <span class="small ink2">{missing}</span>}
      </div>
    </form>
  );
}
