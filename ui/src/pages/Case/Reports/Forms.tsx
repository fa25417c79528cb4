// Official forms of a case: what each says, what is missing (and the fact to enter), what changed since it was sent, and what was sent.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { CaseForm, FormHead, Incident, Submission } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { lang, say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Facts } from "../../../widgets/Card";
import { Files } from "../../../widgets/Files";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { words } from "./Duties";

type Field = CaseForm["fields"][number];
const MARK = { filled: "ok", missing: "todo", unconfirmed: "soon", kept_back: "declared", too_long: "must" } as const;

function FieldRow({ incident, f }: { incident: Incident; f: Field }) {
  const empty = f.state !== "filled" && f.state !== "too_long";
  return (
    <li class="form-field">
      <span class="ink2">{words(f.item)}{f.required && <span class="small"> {t("form.required")}</span>}</span>
      <span class="fact-value">{f.text}{f.changed && <span class="tag">{t("form.changed", { before: f.before ?? "" })}</span>}</span>
      <span class="no-print">{(empty || f.state === "too_long") && <><Mark kind={MARK[f.state]}>{t(`form.state.${f.state}`)}</Mark> {f.facts.map((x) => <a key={x.name} href={`#/cases/${incident.id}/facts?fact=${x.name}`}>{words(x.titles)}</a>)}</>}</span>
    </li>
  );
}

function Blank({ form, done }: { form: FormHead; done: () => void }) {
  const write = useWrite(done);
  const take = (file: File | undefined) => { if (file) void write.run(() => api.sendBlank(form.key, file)); };
  return (
    <>
      {!form.checked && <p class="small"><Mark kind="soon">{t("form.unchecked")}</Mark> {form.official} {form.official_version}</p>}
      {form.blank ? <p class="small">{t("form.blank", { name: form.blank.name })} <Time at={form.blank.at} /></p> : <p class="small">{t("form.no_blank")}</p>}
      {form.blank && form.blank.faults.length > 0 && (
        <div class="confirm" role="alert"><p class="title">{t("form.blank_differs", { n: form.blank.faults.length })}</p>
          <ul>{form.blank.faults.slice(0, 20).map((f) => <li key={f.cell}>{t("form.fault", { cell: f.cell, is: f.is, found: f.found || t("form.nothing") })}</li>)}</ul></div>)}
      <label class="field"><span>{t("form.send_blank")}</span><input type="file" accept=".xlsx" onChange={(e) => take(e.currentTarget.files?.[0])} /></label>
      <Outcome state={write.state} />
    </>
  );
}

function Send({ incident, form, done }: { incident: Incident; form: FormHead; done: () => void }) {
  const [f, set] = useState({ open: false, to: words(form.to), how: "", at: "", duty: "" });
  const duties = useResource(api.obligations(incident.id), ["incident"], [incident.id], incident.id);
  const fits = (duties.data?.obligations ?? []).flatMap((o) => o.reports.filter((p) => p.forms.includes(form.key)).map((p) => ({ id: `${o.key}/${p.name}`, title: `${words(o.titles)} ${words(p.titles)}` })));
  const write = useWrite(() => { set({ ...f, open: false }); done(); });
  if (!f.open) return <Button onPress={() => set({ ...f, open: true })}>{t("form.sent")}</Button>;
  const [obligation, report] = (f.duty || fits[0]?.id || "/").split("/");
  const save = () => void write.run(() => api.submitted(incident.id, { form: form.key, to: f.to, how: f.how, ...(f.at ? { at: f.at } : {}), ...(obligation ? { obligation, report: report ?? "" } : {}) }));
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (f.to.trim() && f.how.trim()) save(); }}>
      <label class="field"><span>{t("duty.to")}</span><input type="text" maxLength={300} value={f.to} onInput={(e) => set({ ...f, to: e.currentTarget.value })} /></label>
      <label class="field"><span>{t("form.how")}</span><input type="text" maxLength={100} placeholder={t("form.how_hint")} value={f.how} onInput={(e) => set({ ...f, how: e.currentTarget.value })} /></label>
      <label class="field"><span>{t("form.at")}</span><input type="text" maxLength={60} placeholder={t("form.at_hint")} value={f.at} onInput={(e) => set({ ...f, at: e.currentTarget.value })} /></label>
      {fits.length > 0 && <label class="field"><span>{t("form.duty")}</span><select value={f.duty || fits[0]?.id} onChange={(e) => set({ ...f, duty: e.currentTarget.value })}>{fits.map((x) => <option value={x.id}>{x.title}</option>)}</select></label>}
      <Outcome state={write.state} />
      <div class="buttons">{f.how.trim() && <Button submit busy={write.state.step === "busy"}>{t("form.seal")}</Button>}<Button onPress={() => set({ ...f, open: false })}>{t("button.leave")}</Button></div>
    </form>
  );
}

function One({ incident, form, done }: { incident: Incident; form: FormHead; done: () => void }) {
  const one = useResource(api.caseForm(incident.id, form.key), ["incident", "registers"], [incident.id, form.key, form.sent], incident.id);
  const file = (as: string) => api.formFile(incident.id, form.key, as, lang.value);
  return (
    <div class="card-body one-form">
      <Loaded of={one}>{(x) => (
        <>
          <h3>{words(x.titles)}</h3>
          <Facts rows={[[t("duty.to"), words(x.to)], [t("form.left"), t("form.left_n", { n: x.missing, required: x.missing_required })]]} />
          {words(x.note) && <p class="small ink2">{words(x.note)}</p>}
          <div class="buttons no-print">
            {x.cells && x.blank && <a class="button" href={file("xlsx")} download={`${incident.number}-${x.key}.xlsx`}>{t("form.xlsx")}</a>}
            <a class="button" href={file("text")} download={`${incident.number}-${x.key}.txt`}>{t("form.text")}</a>
            <a class="button" href={file("csv")} download={`${incident.number}-${x.key}.csv`}>{t("form.csv")}</a>
            <a class="button" href={`#/print/form/${incident.id}/${x.key}`}>{t("print.open")}</a>
          </div>
          <ul class="plain form-fields">{x.fields.map((f, i) => <FieldRow key={i} incident={incident} f={f} />)}</ul>
          {x.cells && <Blank form={x} done={done} />}
          <Send incident={incident} form={x} done={done} />
        </>)}</Loaded>
    </div>
  );
}

function Receipt({ s, done }: { s: Submission; done: () => void }) {
  const [number, set] = useState("");
  const write = useWrite(done);
  if (s.receipt_at) return <Mark kind="ok">{t("form.received", { number: s.receipt })} <Time at={s.receipt_at} /></Mark>;
  return (
    <form class="form-row" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.receipt(s.id, { version: s.version, number, from: s.to })); }}>
      <label class="field"><span>{t("form.receipt")}</span><input type="text" maxLength={200} value={number} onInput={(e) => set(e.currentTarget.value)} /></label>
      <Button submit smaller busy={write.state.step === "busy"}>{t("form.receive")}</Button><Outcome state={write.state} />
    </form>
  );
}

export function Forms({ incident, changed }: { incident: Incident; changed: () => void }) {
  const all = useResource(api.caseForms(incident.id), ["incident", "registers"], [incident.id], incident.id);
  const files = useResource(api.files(incident.id), ["incident"], [incident.id], incident.id);
  const [open, show] = useState<string | null>(null);
  const done = () => { all.reload(); changed(); };
  return (
    <Loaded of={all}>{(x) => (
      <>
        <Card id="forms" title={t("form.title")} caption={t("form.caption")}>
          <ul class="plain form-list">{x.forms.map((f) => (
            <li key={f.key}>
              <button type="button" class="link" aria-expanded={open === f.key} onClick={() => show(open === f.key ? null : f.key)}>{words(f.titles)}</button>{" "}
              <Mark kind={f.missing_required ? "todo" : "ok"}>{f.missing_required ? t("form.missing", { n: f.missing_required }) : t("form.ready")}</Mark>
              {f.sent > 0 && <span class="small ink2"> {t("form.sent_n", { n: f.sent, at: f.sent_at })}</span>}
              {open === f.key && <One incident={incident} form={f} done={done} />}
            </li>))}</ul>
        </Card>
        <Card id="submissions" title={t("form.submissions")}>
          {x.submissions.length === 0 && <p class="empty">{t("form.none_sent")}</p>}
          <ul class="plain duties card-body">{x.submissions.map((s) => (
            <li key={s.id}>
              <b>{x.forms.find((f) => f.key === s.form) ? words(x.forms.find((f) => f.key === s.form)!.titles) : s.how}</b> <Time at={s.at} /> {s.to} {s.how} {s.by && say(s.by)}
              <p class="small ink2">{t("form.sealed")} <span class="mono">{s.digest.slice(0, 16)}</span></p><Receipt s={s} done={done} />
              <Files of="submissions" id={s.id} all={files.data} label={t("form.paper")} done={files.reload} />
            </li>))}</ul>
        </Card>
      </>)}</Loaded>
  );
}
