// 返してもらうデータ: who has a copy of ours, what of it, whether they were asked, what they answered, and the proof that it is gone.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { CaseRow, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty, Facts } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark, type MarkKind } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";

const STATE: Record<string, MarkKind> = { to_ask: "must", asked: "soon", answered: "run", destroyed: "ok", kept: "ok" };

function Copy({ row, done }: { row: CaseRow; done: () => void }) {
  const [said, set] = useState("");
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  const f = row.doc.fields;
  const to = (state: string, field: string) => () => void write.run(() => api.changeCaseRow(row.id, { version: row.version, state, fields: { [field]: said } }));
  const open = row.state !== "destroyed" && row.state !== "kept";
  return (
    <article class="card-body">
      <p><b>{row.name}</b> <Mark kind={STATE[row.state] ?? "unknown"}>{t(`row_state.${row.state}`)}</Mark> {row.due && <span class="small">{t("copies.due")} <Time at={row.due} /></span>}</p>
      <Facts rows={[[t("copies.what"), f.what ?? ""], ...(f.answer ? [[t("copies.answer"), f.answer] as [string, string]] : []), ...(f.proof ? [[t("copies.proof"), f.proof] as [string, string]] : []), ...(f.why ? [[t("copies.why"), f.why] as [string, string]] : [])]} />
      <p class="small ink2">{row.doc.past.map((p) => <span class="nowrap">{t(`row_state.${p.state}`)} <Time at={p.at} /> {p.by}　</span>)}</p>
      {open && me.value?.person.role !== "auditor" && (
        <div class="form">
          <label class="field"><span>{t("copies.say")}</span><textarea rows={2} maxLength={2000} value={said} onInput={(e) => set(e.currentTarget.value)} /></label>
          <div class="buttons">
            {f.address && row.state !== "answered" && <Button smaller busy={busy} onPress={() => void write.run(() => api.askCaseRow(row.id, { version: row.version, way: "mail", text: said.trim() || t("copies.letter", { what: f.what ?? "" }) }))}>{t("copies.ask", { to: f.address })}</Button>}
            {said.trim() && <><Button smaller busy={busy} onPress={to("answered", "answer")}>{t("copies.answered")}</Button><Button smaller busy={busy} onPress={to("destroyed", "proof")}>{t("copies.destroyed")}</Button><Button smaller busy={busy} onPress={to("kept", "why")}>{t("copies.kept")}</Button></>}
          </div>
        </div>)}
      <Outcome state={write.state} />
    </article>
  );
}

export function Copies({ incident }: { incident: Incident }) {
  const list = useResource(api.caseRows(incident.id, "copy"), ["incident"], [incident.id], incident.id);
  const [f, set] = useState({ name: "", what: "", address: "", due: "" });
  const write = useWrite(() => { set({ name: "", what: "", address: "", due: "" }); list.reload(); });
  const field = (k: keyof typeof f) => <label class="field"><span>{t(`copies.${k}`)}</span><input type="text" maxLength={300} required={k === "name" || k === "what"} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>;
  const add = () => void write.run(() => api.addCaseRow(incident.id, { kind: "copy", name: f.name, ...(f.due ? { due: f.due } : {}), fields: { what: f.what, address: f.address } }));
  return (
    <Card id="copies" title={t("copies.title")} caption={t("copies.caption")}>
      <Loaded of={list}>{(d) => d.rows.length === 0 ? <Empty>{t("copies.none")}</Empty> : <>{d.rows.map((r) => <Copy key={`${r.id}-${r.version}`} row={r} done={list.reload} />)}</>}</Loaded>
      {me.value?.person.role !== "auditor" && (
        <form class="form card-body" onSubmit={(e) => { e.preventDefault(); add(); }}>
          <div class="form-row even">{field("name")}{field("what")}</div>
          <div class="form-row even">{field("address")}{field("due")}</div>
          <Outcome state={write.state} />
          <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("copies.add")}</Button></div>
        </form>)}
    </Card>
  );
}
