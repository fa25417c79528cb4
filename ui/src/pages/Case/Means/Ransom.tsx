// A demand of the attacker: what the organisation decided beforehand, whose advice is there, and that nothing leaves for them until it is allowed.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { MeansRow } from "../../../api/types";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { may, type Of, Row } from "./parts";

const WHATS = ["legal", "police", "insurer", "sanctions"] as const;

function Advice({ x, done }: { x: MeansRow; done: () => void }) {
  const [f, set] = useState<{ what: string; words: string }>({ what: "police", words: "" });
  const write = useWrite(() => { set({ ...f, words: "" }); done(); });
  return (
    <>
      <ul class="plain">{WHATS.map((w) => {
        const a = x.doc.advice?.[w];
        return <li key={w}>{a ? <Mark kind="ok">{t(`remedy.advice.${w}`)}</Mark> : <Mark kind="todo">{t(`remedy.advice.${w}`)}</Mark>} {a && <span class="small">{a.said} {a.by}</span>}</li>;
      })}</ul>
      {may() && x.state === "asked" && (
        <form class="form" onSubmit={(e) => { e.preventDefault(); if (f.words.trim()) void write.run(() => api.stepMeans(x.id, { version: x.version, to: "advice", what: f.what, words: f.words.trim() })); }}>
          <label class="field"><span>{t("remedy.advice")}</span><select value={f.what} onChange={(e) => set({ ...f, what: e.currentTarget.value })}>{WHATS.map((w) => <option value={w}>{t(`remedy.advice.${w}`)}</option>)}</select></label>
          <label class="field"><span>{t("remedy.said")}</span><input type="text" maxLength={1000} value={f.words} onInput={(e) => { set({ ...f, words: e.currentTarget.value }); write.clear(); }} /></label>
          <Outcome state={write.state} />
          {f.words.trim() && <div class="buttons"><Button submit smaller busy={write.state.step === "busy"}>{t("remedy.advice_put")}</Button></div>}
        </form>)}
    </>
  );
}

export function Ransom({ incident, d, done }: Of) {
  const [f, set] = useState({ name: "", contacts: "" });
  const write = useWrite(() => { set({ name: "", contacts: "" }); done(); });
  const contacts = f.contacts.split("\n").map((s) => s.trim()).filter(Boolean), policies = d.policies.filter((p) => p.subject === "ransom");
  return (
    <Card id="ransom" title={t("remedy.ransom")}>
      <p class="card-body">{t("remedy.ransom_lead")}</p>
      {policies.length === 0 ? <p class="card-body"><Mark kind="soon">{t("remedy.no_policy")}</Mark> <a class="small" href="#/sources/register/policies">{t("remedy.register")}</a></p>
        : policies.map((p) => <p class="card-body" key={p.name}><b>{p.name}</b> {p.text} <span class="small ink2">{p.by} {p.on}</span></p>)}
      {d.rows.filter((x) => x.kind === "ransom").map((x) => (
        <Row key={x.id} incident={incident} x={x} done={done}>
          {(x.doc.contacts?.length ?? 0) > 0 && <p class="small">{x.state === "allowed" ? t("remedy.open_to") : t("remedy.shut_to")} {x.doc.contacts?.map((c) => <code key={c}>{c} </code>)}</p>}
          <Advice key={x.version} x={x} done={done} />
        </Row>))}
      {may() && (
        <form class="card-body form" onSubmit={(e) => { e.preventDefault(); if (f.name.trim()) void write.run(() => api.addMeans(incident.id, { kind: "ransom", name: f.name.trim(), contacts })); }}>
          <label class="field"><span>{t("remedy.demand")}</span><input type="text" maxLength={300} value={f.name} onInput={(e) => { set({ ...f, name: e.currentTarget.value }); write.clear(); }} /></label>
          <label class="field"><span>{t("remedy.contacts")}</span><textarea rows={2} value={f.contacts} onInput={(e) => set({ ...f, contacts: e.currentTarget.value })} /></label>
          <Outcome state={write.state} />
          {f.name.trim() && <div class="buttons"><Button submit smaller busy={write.state.step === "busy"}>{t("remedy.ransom_put")}</Button></div>}
        </form>)}
    </Card>
  );
}
