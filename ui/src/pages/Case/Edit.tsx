// Changing a case. Only what was changed is sent, with the version that was seen; when somebody else was
// first, nothing is saved and both versions stand side by side.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Incident } from "../../api/types";
import { me } from "../../state/session";
import { say, t, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Conflict } from "../../widgets/Conflict";
import { Outcome } from "../../widgets/Outcome";

const LEVELS = ["low", "medium", "high", "critical"];
const TLPS = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];
type Draft = { title: string; level: string; tlp: string; state: string; commander: string };

const draftOf = (i: Incident): Draft => ({ title: say(i.title), level: i.level, tlp: i.tlp, state: i.state, commander: i.commander ? String(i.commander.id) : "" });
const changed = (a: Draft, b: Draft) => (Object.keys(a) as (keyof Draft)[]).filter((k) => a[k] !== b[k]);

/** Names instead of numbers, for people to compare. */
function readable(d: Draft, keys: (keyof Draft)[], people: Record<string, string>) {
  return Object.fromEntries(keys.map((k) => [k, k === "commander" ? (people[d.commander] ?? "") : k === "level" || k === "state" ? word(k, d[k]) : d[k]]));
}

function Choice({ label, value, options, onPick }: { label: string; value: string; options: [string, string][]; onPick: (v: string) => void }) {
  return (
    <label class="field"><span>{label}</span>
      <select value={value} onChange={(e) => onPick(e.currentTarget.value)}>{options.map(([v, name]) => <option value={v}>{name}</option>)}</select>
    </label>
  );
}

export function Edit({ incident, reload, close }: { incident: Incident; reload: () => void; close: () => void }) {
  const [base] = useState(() => draftOf(incident));
  const [draft, set] = useState(base);
  const [seen, see] = useState(incident.version);
  const write = useWrite(reload);
  const keys = changed(base, draft);
  const my = me.value?.person;
  const people = Object.fromEntries([my, incident.commander].filter((p) => !!p).map((p) => [String(p.id), word("person", p.name)]));
  const save = (version: number) => void write.run(() => api.editIncident(incident.id, {
    version, ...Object.fromEntries(keys.map((k) => [k, k === "commander" ? (draft.commander ? Number(draft.commander) : null) : draft[k]])),
  })).then((ok) => ok && close());
  const pick = (k: keyof Draft) => (v: string) => set({ ...draft, [k]: v });
  const s = write.state;
  if (s.step === "conflict") {
    return (
      <div class="case-edit card card-body">
        <Conflict failure={s.failure} yours={readable(draft, keys, people)} theirs={readable(draftOf(incident), keys, people)} busy={false}
          onMine={() => { see(incident.version); save(incident.version); }} onTheirs={close} />
      </div>
    );
  }
  return (
    <form class="case-edit card card-body form" onSubmit={(e) => { e.preventDefault(); if (keys.length) save(seen); }}>
      <label class="field"><span>{t("field.title")}</span><input type="text" maxLength={300} value={draft.title} onInput={(e) => pick("title")(e.currentTarget.value)} /></label>
      <div class="form-row">
        <Choice label={t("field.level")} value={draft.level} options={LEVELS.map((l) => [l, word("level", l)])} onPick={pick("level")} />
        <Choice label={t("field.tlp")} value={draft.tlp} options={TLPS.map((l) => [l, `TLP:${l}`])} onPick={pick("tlp")} />
        <Choice label={t("field.commander")} value={draft.commander} options={[["", t("word.none")], ...Object.entries(people)] as [string, string][]} onPick={pick("commander")} />
        <Choice label={t("field.state")} value={draft.state} options={["open", "closed"].map((l) => [l, word("state", l)])} onPick={pick("state")} />
      </div>
      <Outcome state={s} />
      <div class="buttons">
        {keys.length > 0 && <Button submit busy={s.step === "busy"}>{t("case.save", { n: keys.length })}</Button>}
        <Button onPress={close}>{t("button.leave")}</Button>
        {keys.length === 0 && <span class="small ink2">{t("case.nothing_changed")}</span>}
      </div>
    </form>
  );
}
