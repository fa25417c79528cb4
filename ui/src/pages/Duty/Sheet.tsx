// Decisions on paper: the sheet to print before everything is down, and the codes typed in when it is up again.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Sheet } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { OnDuty } from "./Week";

function One({ sheet, done }: { sheet: Sheet; done: () => void }) {
  const write = useWrite(done);
  return (
    <Card id={`sheet-${sheet.id}`} title={t("sheet.of", { id: sheet.id })} caption={<>{t("sheet.printed")} <Time at={sheet.printed} /></>}
      side={sheet.void ? <Mark kind="failed">{t("sheet.void")}</Mark> : <Confirm busy={write.state.step === "busy"} label={t("sheet.lost")} question={t("sheet.lost_question")} effect={t("sheet.lost_effect")} onConfirm={() => void write.run(() => api.voidSheet(sheet.id, sheet.version))} />}>
      <Outcome state={write.state} />
      {!sheet.void && (
        <Table label={t("sheet.of", { id: sheet.id })} rows={sheet.lines} id={(l) => l.code} columns={[
          { head: t("authority.kind"), title: true, cell: (l) => <>{t(`decide.${l.kind}`)} <b>{t(`sheet.verdict.${l.verdict}`)}</b></> },
          { head: t("sheet.person"), cell: (l) => <>{l.person} {l.phone && <span class="small nowrap">{l.phone}</span>}</> },
          { head: t("sheet.code"), cell: (l) => <code class="nowrap">{l.code}</code> },
          { head: t("sheet.when"), cell: (l) => (l.happened ? <Time at={l.happened} /> : "＿＿月＿＿日 ＿＿:＿＿") },
        ]} />)}
    </Card>
  );
}

export function Sheets({ incident }: { incident: string }) {
  const list = useResource(api.sheets(incident), ["incident"], [incident], Number(incident));
  const duty = useResource(api.duty, ["registers"], []);
  const write = useWrite(list.reload);
  return (
    <>
      <div class="page-head">
        <h1>{t("sheet.title")}</h1><span class="grow" />
        <Button busy={write.state.step === "busy"} onPress={() => void write.run(() => api.makeSheet(incident))}>{t("sheet.make")}</Button>
        <Button onPress={() => print()}>{t("sheet.print")}</Button>
        <Button href={`#/cases/${incident}/actions`}>{t("sheet.back")}</Button>
      </div>
      <p class="note">{t("sheet.how")}</p>
      <Outcome state={write.state} />
      {duty.data && <div class="below"><OnDuty duty={duty.data} brief /></div>}
      <Loaded of={list}>{(d) => <>{d.sheets.map((s) => <div class="below" key={s.id}><One sheet={s} done={list.reload} /></div>)}</>}</Loaded>
    </>
  );
}

export function CodeEntry() {
  const [f, set] = useState({ code: "", at: "", why: "" });
  const [told, tell] = useState<{ outcome: string; incident_id: number | null } | null>(null);
  const write = useWrite();
  const put = (k: keyof typeof f) => (e: Event & { currentTarget: HTMLInputElement }) => set({ ...f, [k]: e.currentTarget.value });
  const save = () => write.run(async () => {
    const x = await api.enterCode({ code: f.code, at: f.at, why: f.why.trim() });
    tell(x);
    if (x.outcome === "done") set({ code: "", at: "", why: "" });
  });
  return (
    <Card id="code" title={t("code.title")} caption={t("code.caption")}>
      <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (f.code.trim() && f.at.trim()) void save(); }}>
        <div class="form-row">
          <label class="field"><span>{t("sheet.code")}</span><input type="text" autocomplete="off" maxLength={40} value={f.code} onInput={put("code")} placeholder="XXXX-XXXX-XXXX-XXXX" /></label>
          <label class="field"><span>{t("code.at")}</span><input type="text" maxLength={100} value={f.at} onInput={put("at")} placeholder={t("code.at_hint")} /></label>
        </div>
        <label class="field"><span>{t("lend.why")}</span><input type="text" maxLength={1000} value={f.why} onInput={put("why")} /></label>
        {told && <p role="status"><Mark kind={told.outcome === "done" ? "ok" : "failed"}>{t(`code.${told.outcome}`)}</Mark> {told.incident_id !== null && <a href={`#/cases/${told.incident_id}`}>{t("code.to_case")}</a>}</p>}
        <Outcome state={write.state} />
        <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("code.save")}</Button></div>
      </form>
    </Card>
  );
}
