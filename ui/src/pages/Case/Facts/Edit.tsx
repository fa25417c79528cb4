// One fact being entered: its value as people write it, where it is from, and whether it may be said.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Fact, FactPut, Incident } from "../../../api/types";
import { meant, whole } from "../../../lib/written";
import { parse } from "../../../lib/time";
import { lang, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Outcome } from "../../../widgets/Outcome";
import { WhenField } from "../../../widgets/WhenField";

const STATES = ["confirmed", "unconfirmed", "withheld"] as const;

function start(fact: Fact): string {
  const from = fact.value ? fact : fact.proposal;
  const ms = from?.at ? parse(from.at) : null;
  return ms === null ? (from?.value ?? "") : whole(ms, meant(from?.precision_s ?? null).unit, lang.value);
}

function Field({ fact, value, set }: { fact: Fact; value: string; set: (v: string) => void }) {
  const hint = fact.hint[lang.value] ?? fact.hint.ja ?? fact.hint.en;
  const label = <span>{t("fact.value")}{hint && <span class="small ink2"> {hint}</span>}</span>;
  const title = (c: Fact["choices"][number]) => c.titles[lang.value] ?? c.titles.ja ?? c.titles.en ?? c.value;
  if (fact.kind === "time") return <WhenField value={value} onInput={set} />;
  if (fact.kind === "choice" || fact.kind === "yes_no")
    return <label class="field">{label}<select value={value} onChange={(e) => set(e.currentTarget.value)}><option value="">{t("fact.choose")}</option>{fact.choices.map((c) => <option value={c.value}>{title(c)}</option>)}</select></label>;
  if (fact.kind === "choices") {
    const on = new Set(value.split("\n").filter(Boolean));
    const flip = (v: string) => { if (!on.delete(v)) on.add(v); set([...on].join("\n")); };
    return <fieldset class="field checks"><legend>{label}</legend>{fact.choices.map((c) => <label class="check"><input type="checkbox" checked={on.has(c.value)} onChange={() => flip(c.value)} /> {title(c)}</label>)}</fieldset>;
  }
  if (fact.kind === "lines") return <label class="field">{label}<textarea rows={4} maxLength={fact.max} value={value} onInput={(e) => set(e.currentTarget.value)} /></label>;
  return <label class="field">{label}<input type="text" inputMode={fact.kind === "number" ? "numeric" : undefined} maxLength={fact.max} value={value} onInput={(e) => set(e.currentTarget.value)} /></label>;
}

export function Edit({ fact, incident, done, leave }: { fact: Fact; incident: Incident; done: () => void; leave: () => void }) {
  const shown = start(fact);
  const [value, set] = useState(shown);
  const [source, setSource] = useState(fact.source && "plain" in fact.source ? fact.source.plain : "");
  const [state, setState] = useState<FactPut["state"]>(fact.state === "unknown" ? "confirmed" : fact.state);
  const write = useWrite();
  const taken = !fact.value && fact.proposal !== null && value === shown; /* unchanged: with where it is from, to the second */
  const save = async () => {
    const same = fact.at && value === shown ? fact.value : value;
    const body: FactPut = { name: fact.name, version: fact.version, state, ...(taken ? { take: true } : { value: same, source }) };
    if (await write.run(() => api.putFact(incident.id, body))) done();
  };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <Field fact={fact} value={value} set={set} />
      {!taken && <label class="field"><span>{t("fact.source")}</span><input type="text" maxLength={300} value={source} placeholder={t("fact.source_hint")} onInput={(e) => setSource(e.currentTarget.value)} /></label>}
      <fieldset class="field checks"><legend>{t("fact.may_be_said")}</legend>{STATES.map((s) => (
        <label class="check"><input type="radio" name={`state-${fact.name}`} checked={state === s} onChange={() => setState(s)} /> {t(`fact.state.${s}`)} <span class="small ink2">{t(`fact.state.${s}.means`)}</span></label>))}</fieldset>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit solid busy={write.state.step === "busy"}>{t(`fact.save.${state}`)}</Button><Button onPress={leave}>{t("button.leave")}</Button></div>
    </form>
  );
}
