// ファイルから取り込む: choose, look at what it would do, take it in, take it back. Nothing changes before the button says so.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Import as Preview, Register } from "../../../api/types";
import { t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Confirm } from "../../../widgets/Confirm";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Table } from "../../../widgets/Table";
import { valueOf } from "./RegisterTable";

const BYTES_MAX = 32 << 20;
interface Props { of: Register; x: Preview }

const field = (of: Register, name: string) => of.spec.fields.find((f) => f.name === name);
const title = (of: Register, name: string) => titleOf(field(of, name) ?? { title: name });
const shown = (of: Register, name: string, v: string) => { const f = field(of, name); return (f && valueOf(f, v)) ?? t("word.empty"); };

function Columns({ of, x, again }: Props & { again: (columns: string, sheet?: string) => void }) {
  const hidden = x.read.sheets.filter((s) => s.hidden);
  const choose = (n: number, to: string) => again(x.read.columns.map((c) => `${c.number}=${c.number === n ? to : c.field === to ? "" : (c.field ?? "")}`).join(","));
  return (
    <Card id="import-read" title={t("import.read")} caption={t(x.read.format === "csv" ? "import.read_csv" : "import.read_xlsx", { encoding: x.read.encoding, sheet: x.read.sheet, row: x.read.head_row })}>
      <div class="card-body form">
        {x.read.sheets.length > 1 && (
          <label class="field short-field"><span>{t("import.sheet")}</span>
            <select value={x.read.sheet} onChange={(e) => again("", e.currentTarget.value)}>{x.read.sheets.map((s) => <option key={s.name} value={s.name}>{s.name}{s.hidden && t("import.hidden")}</option>)}</select></label>)}
        {hidden.length > 0 && <p><Mark kind="unknown">{t("import.hidden_sheets", { names: hidden.map((s) => s.name) })}</Mark></p>}
        {x.read.hidden_rows > 0 && <p><Mark kind="unknown">{t("import.hidden_rows", { n: x.read.hidden_rows })}</Mark></p>}
        <div class="import-columns">
          {x.read.columns.map((c) => (
            <label key={c.number} class="field">
              <span>{c.letter} {c.head || t("word.empty")}</span>
              <select value={c.field ?? ""} onChange={(e) => choose(c.number, e.currentTarget.value)}>
                <option value="">{t("import.not_read")}</option>
                {of.spec.fields.map((f) => <option key={f.name} value={f.name}>{titleOf(f)}</option>)}
              </select>
            </label>))}
        </div>
      </div>
    </Card>
  );
}

function Refused({ of, x }: Props) {
  if (x.n_refused === 0) return null;
  return (
    <Card id="import-refused" title={<Mark kind="must">{t("import.refused", { n: x.n_refused })}</Mark>} caption={t("import.refused_caption")}>
      <Table label={t("import.refused", { n: x.n_refused })} rows={x.refused} id={(r) => `${r.row}${r.field}`} columns={[
        { head: t("import.place"), title: true, cell: (r) => t("import.at", { sheet: x.read.sheet || null, row: r.row, column: r.column }) },
        { head: t("import.field"), cell: (r) => title(of, r.field) },
        { head: t("import.value"), cell: (r) => r.value || <span class="ink3">{t("word.empty")}</span> },
        { head: t("import.remedy"), class: "card-wide", cell: (r) => t(`import.fault.${r.code}`) },
      ]} />
    </Card>
  );
}

function Changes({ of, x }: Props) {
  return (
    <Card id="import-changes" title={t("import.would", { n_new: x.n_new, n_changed: x.n_changed, n_same: x.n_same })}>
      <ul class="rows">
        {x.new.length > 0 && <li><b>{t("import.new", { n: x.n_new })}</b> {x.new.map((r) => r.name).join(t("word.comma"))}</li>}
        {x.changed.map((r) => <li key={r.row}><b>{r.name}</b> {r.fields.map((f) => t("import.change", { field: title(of, f.field), from: shown(of, f.field, f.from), to: shown(of, f.field, f.to) })).join(t("word.comma"))}</li>)}
        {x.gone.length > 0 && <li><b>{t("import.gone", { n: x.n_gone })}</b> {x.gone.map((r) => r.name).join(t("word.comma"))}</li>}
        {x.notes.map((r) => <li key={`${r.row}${r.field}`} class="small"><Mark kind="declared">{t(`import.note.${r.code}`)}</Mark> {t("import.at", { sheet: x.read.sheet || null, row: r.row, column: r.column })} {title(of, r.field)} {r.from} → {r.to}</li>)}
        {x.n_rows === 0 && <li>{t("import.nothing")}</li>}
      </ul>
    </Card>
  );
}

function Done({ x, undo, busy }: { x: Preview; undo: () => void; busy: boolean }) {
  const d = x.done;
  if (x.state === "draft" || d === null) return null;
  return (
    <div class="confirm" role="status">
      <Mark kind="ok">{t(x.state === "applied" ? "import.done_head" : "import.undone_head")}</Mark>
      <p>{x.state === "applied" ? t("import.done", { n_new: d.n_new, n_changed: d.n_changed, n_gone: d.n_gone }) : t("import.undone", { n: d.n_undone })}</p>
      {d.kept.length > 0 && <p>{t("import.kept", { names: d.kept })}</p>}
      <div class="buttons">
        <Button href={`#/sources/register/${x.register}`}>{t("import.to_register")}</Button>
        {x.state === "applied" && <Confirm label={t("import.undo")} question={t("import.undo_ask", { file: x.file })} effect={<p>{t("import.undo_effect")}</p>} busy={busy} onConfirm={undo} />}
      </div>
    </div>
  );
}

export function Import({ of }: { of: Register }) {
  const [file, choose] = useState<File | null>(null);
  const [x, show] = useState<Preview | null>(null);
  const [gone, setGone] = useState(false);
  const write = useWrite();
  const busy = write.state.step === "busy";
  const read = (f: File, columns?: string, sheet?: string) => void write.run(async () => show(await api.readTable(of.spec.name, f, columns, sheet)));
  const pick = (f: File | null) => { choose(f); show(null); write.clear(); if (f && f.size <= BYTES_MAX) read(f); };
  const n = x ? x.n_new + x.n_changed + (gone ? x.n_gone : 0) : 0;
  return (
    <div class="stack">
      <Card id="import-file" title={t("import.title", { register: titleOf(of.spec) })} caption={t("import.caption")}>
        <form class="form card-body" onSubmit={(e) => e.preventDefault()}>
          <label class="field"><span>{t("import.file")}</span>
            <input type="file" accept=".csv,.tsv,.txt,.xlsx" onChange={(e) => pick(e.currentTarget.files?.[0] ?? null)} /></label>
          {file && file.size > BYTES_MAX && <p class="must" role="alert">{t("import.too_large")}</p>}
          {busy && <p role="status"><Mark kind="run">{t("import.reading")}</Mark></p>}
          <Outcome state={write.state} />
        </form>
      </Card>
      {x && <Done x={x} busy={busy} undo={() => void write.run(async () => show(await api.undoImport(x.id, x.version)))} />}
      {x && x.state === "draft" && file && (
        <>
          <Refused of={of} x={x} />
          <Changes of={of} x={x} />
          <div class="card card-body form import-apply">
            {x.n_gone > 0 && <label class="check"><input type="checkbox" checked={gone} onChange={(e) => setGone(e.currentTarget.checked)} /> {t("import.gone_out", { n: x.n_gone })}</label>}
            <div class="buttons">
              {n > 0 && <Button solid busy={busy} onPress={() => void write.run(async () => show(await api.applyImport(x.id, x.version, gone)))}>{t("import.apply", { n })}</Button>}
              {n === 0 && <span class="ink2">{t("import.nothing_new")}</span>}
              {x.n_refused > 0 && n > 0 && <span class="small ink2">{t("import.without_refused", { n: x.n_refused })}</span>}
            </div>
          </div>
          <Columns of={of} x={x} again={(columns, sheet) => read(file, columns, sheet)} />
        </>)}
    </div>
  );
}
