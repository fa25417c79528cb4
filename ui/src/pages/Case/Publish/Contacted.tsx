// 説明・報道対応の記録: who told whom outside what and with which paper, what was asked and who approved the answer, what was promised.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { ContactLog, ContactRow, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Facts } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { mayWrite } from "./may";

const SHORT = ["outlet", "person", "how", "by", "material", "approved", "promised", "due"] as const;
const LONG = ["asked", "said"] as const;

function Add({ incident, kinds, done }: { incident: Incident; kinds: ContactLog["kinds"]; done: () => void }) {
  const [f, set] = useState<Record<string, string>>({ kind: kinds[0]?.kind ?? "" });
  const write = useWrite(done);
  const put = (k: string) => (e: { currentTarget: { value: string } }) => set({ ...f, [k]: e.currentTarget.value });
  const save = () => void write.run(() => api.addContact(incident.id, Object.fromEntries(Object.entries(f).filter(([, v]) => v.trim()))));
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (f["outlet"]?.trim()) save(); }}>
      <div class="form-row even"><label class="field"><span>{t("outward.kind")}</span><select value={f["kind"]} onChange={put("kind")}>{kinds.map((k) => <option key={k.kind} value={k.kind}>{titleOf(k)}</option>)}</select></label>
        {SHORT.map((k) => <label class="field" key={k}><span>{t(`outward.f.${k}`)}</span><input type="text" maxLength={300} value={f[k] ?? ""} onInput={put(k)} /></label>)}</div>
      <div class="form-row even">{LONG.map((k) => <label class="field" key={k}><span>{t(`outward.f.${k}`)}</span><textarea rows={3} maxLength={1300} value={f[k] ?? ""} onInput={put(k)} /></label>)}</div>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("outward.log_save")}</Button></div>
    </form>
  );
}

function Row({ x, done }: { x: ContactRow; done: () => void }) {
  const [f, set] = useState({ said: "", approved: "" });
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  const lines = (["person", "how", "by", "asked", "said", "material", "approved", "promised"] as const).filter((k) => x[k]);
  return (
    <li>
      <p><span class="tag">{titleOf(x)}</span> <b>{x.outlet}</b> <Time at={x.at} /> {!x.said && <Mark kind="must">{t("outward.waiting")}</Mark>}{x.tells && <Mark kind="must">{t("outward.tells")}</Mark>}</p>
      <Facts rows={lines.map((k): [string, preact.ComponentChild] => [t(`outward.f.${k}`), <span class="publish-text">{x[k]}{k === "promised" && x.due && <> <Time at={x.due} /> {x.kept && <Mark kind="ok">{t("outward.log_kept")}</Mark>}</>}</span>])} />
      {mayWrite() && !x.said && <div class="form-row no-print">{(["said", "approved"] as const).map((k) => <label class="field" key={k}><span>{t(`outward.f.${k}`)}</span><input type="text" maxLength={1300} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>)}
        {f.said.trim() && <Button smaller busy={busy} onPress={() => void write.run(() => api.changeContact(x.id, { version: x.version, said: f.said.trim(), ...(f.approved.trim() ? { approved: f.approved.trim() } : {}) }))}>{t("outward.reply")}</Button>}</div>}
      {mayWrite() && x.due && !x.kept && <div class="buttons no-print"><Button smaller busy={busy} onPress={() => void write.run(() => api.changeContact(x.id, { version: x.version, kept: true }))}>{t("outward.kept")}</Button></div>}
      <Outcome state={write.state} />
    </li>
  );
}

export function Contacted({ incident }: { incident: Incident }) {
  const all = useResource(api.contactLog(incident.id), ["incident"], [incident.id], incident.id);
  const [open, show] = useState(false);
  return (
    <Card id="contacted" title={t("outward.log")} caption={t("outward.log_caption")}>
      <Loaded of={all}>{(x) => (
        <>
          {x.contacts.length === 0 && <p class="empty">{t("outward.log_none")}</p>}
          <ul class="rows">{x.contacts.map((c) => <Row key={`${c.id}-${c.version}`} x={c} done={all.reload} />)}</ul>
          {mayWrite() && (open ? <Add incident={incident} kinds={x.kinds} done={() => { show(false); all.reload(); }} /> : <div class="card-body"><Button onPress={() => show(true)}>{t("outward.log_add")}</Button></div>)}
        </>)}</Loaded>
    </Card>
  );
}
