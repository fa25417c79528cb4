import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Register, RegisterField, RegisterRow } from "../../../api/types";
import { say, t, titleOf, word } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Facts } from "../../../widgets/Card";
import { Mark, type MarkKind } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { sourceMark } from "../../../widgets/source";
import { type Column, Table } from "../../../widgets/Table";
import { Time } from "../../../widgets/Time";
import { mayChange, rowWord } from "./index";
import { RowForm } from "./RowForm";

const MARKS: Record<RegisterRow["need"], MarkKind> = { must: "must", soon: "soon", unknown: "unknown", ok: "ok" };
const SHOWN: Record<string, string[]> = {
  systems: ["owner", "importance", "outsourcer", "sources"],
  contracts: ["supplier", "systems", "night_response", "night_phone", "ends"],
  organisations: ["parent", "rank", "kind", "hours", "emergency_phone"],
  people: ["organisation", "title", "mobile", "phone", "mail"],
};
/** Of a register nobody chose columns for: the first ones. */
const shown = (of: Register): string[] => SHOWN[of.spec.name] ?? of.spec.fields.slice(1, 6).map((f) => f.name);

export function valueOf(f: RegisterField, v: string | undefined): string | null {
  if (!v) return null;
  const one = (x: string): string => { const c = f.choices.find((y) => y.value === x); return c ? titleOf(c) : x; };
  return f.kind === "text" ? v : v.split("\n").map(one).join(t("word.comma"));
}

/** The value with what it names as links; a name that leads nowhere says so. */
function Value({ f, r }: { f: RegisterField; r: RegisterRow }) {
  const refs = r.refs.filter((x) => x.field === f.name);
  if (refs.length === 0) return <>{valueOf(f, r.values[f.name]) ?? <span class="ink3">{t("word.not_set")}</span>}</>;
  return <>{refs.map((x, i) => <span key={x.name}>{i > 0 && t("word.comma")}{x.id === null ? <>{x.name} <span class="small ink3">{t("register.no_row")}</span></> : <a href={`#/sources/register/${x.register}/${x.id}`}>{x.name}</a>}</span>)}</>;
}

function columns(of: Register): Column<RegisterRow>[] {
  const fields = shown(of).flatMap((n) => of.spec.fields.filter((f) => f.name === n));
  return [
    { head: t(of.rows.some((r) => r.log) ? "register.log" : "register.state"), cell: (r) => (r.active ? <Mark kind={MARKS[r.need]}>{rowWord(r)}</Mark> : <span class="ink3">{t("register.out")}</span>) },
    { head: titleOf(of.spec.fields[0] ?? {}), title: true, class: "name-cell", cell: (r) => <a class="name" href={`#/sources/register/${of.spec.name}/${r.id}`}>{r.name}</a> },
    ...fields.map((f): Column<RegisterRow> => ({ head: titleOf(f), cell: (r) => <Value f={f} r={r} /> })),
  ];
}

/** Why the row is as it is, in words. */
function Why({ r }: { r: RegisterRow }) {
  return (
    <div>
      {r.log && <h3>{t("register.why")}</h3>}
      {r.log && <p>{t(`register.why.${r.log.is}`, { contract: r.log.contract ?? null })}</p>}
      {r.log?.sources && r.log.sources.length > 0 && (
        <ul class="plain">
          {r.log.sources.map((s) => (
            <li key={s.name}>{s.state === null ? <><Mark kind="unknown">{t("register.no_source")}</Mark> {s.name}</>
              : <><Mark kind={sourceMark(s.state as Parameters<typeof sourceMark>[0])}>{word("source.state", s.state)}</Mark> <a href={`#/sources/${s.id}`}>{s.name}</a></>}</li>))}
        </ul>)}
      {r.gaps && r.gaps.length > 0 && <><h3>{t("register.gaps")}</h3><ul class="plain">{r.gaps.map((g) => <li key={g}>{t(`register.gap.${g}`)}</li>)}</ul></>}
    </div>
  );
}

function Detail({ of, r, reload }: { of: Register; r: RegisterRow; reload: () => void }) {
  const [editing, edit] = useState(false);
  const write = useWrite(reload);
  if (editing) return <div class="source-detail one"><RowForm spec={of.spec} row={r} done={() => { edit(false); reload(); }} leave={() => edit(false)} /></div>;
  const turn = () => void write.run(() => api.putRow(r.id, { version: r.version, values: r.values, active: !r.active }));
  return (
    <div class="source-detail">
      <Why r={r} />
      <div>
        <Facts rows={[
          ...of.spec.fields.map((f): [string, preact.ComponentChildren] => [titleOf(f), <Value key={f.name} f={f} r={r} />]),
          [t("register.changed"), <><Time at={r.updated_at} /> {say(r.updated_by)}</>],
        ]} />
        {mayChange() && (
          <div class="buttons register-buttons">
            <Button smaller onPress={() => edit(true)}>{t("register.edit", { name: r.name })}</Button>
            <Button smaller busy={write.state.step === "busy"} onPress={turn}>{t(r.active ? "register.take_out" : "register.take_in")}</Button>
          </div>)}
        {mayChange() && r.active && of.spec.fields.filter((f) => f.press).map((f) => (
          <div key={f.name} class="buttons register-buttons" role="group" aria-label={titleOf(f)}>
            {f.choices.filter((c) => c.value !== r.values[f.name] && c.value !== "unknown").map((c) => (
              <Button key={c.value} smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.putRow(r.id, { version: r.version, values: { ...r.values, [f.name]: c.value }, active: true }))}>{t("register.press", { choice: titleOf(c) })}</Button>))}
          </div>))}
        <Outcome state={write.state} />
      </div>
    </div>
  );
}

export function RegisterTable({ of, rows, open, reload }: { of: Register; rows: RegisterRow[]; open: string | null; reload: () => void }) {
  const opened = open ?? String(rows.find((r) => r.need === "must")?.id ?? "");
  return <Table label={titleOf(of.spec)} columns={columns(of)} rows={rows} id={(r) => r.id} below={(r) => (String(r.id) === opened ? <Detail of={of} r={r} reload={reload} /> : null)} />;
}
