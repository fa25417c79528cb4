// 台帳: what is run and what was agreed with whom. What has no log stays red until somebody changes it.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Register as Data, RegisterRow } from "../../../api/types";
import { type Resource, useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { lang, say, t, titleOf, word } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty } from "../../../widgets/Card";
import { Confirm } from "../../../widgets/Confirm";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Tabs } from "../../../widgets/Tabs";
import { Time } from "../../../widgets/Time";
import { Dependencies } from "./Dependencies";
import { Levels } from "./Levels";
import { Import } from "./Import";
import { RegisterTable } from "./RegisterTable";
import { RowForm } from "./RowForm";

const ORDER = ["systems", "contracts", "organisations", "people"];
const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

export const mayChange = (): boolean => (me.value?.person.roles ?? []).some((r) => ["administrator", "commander", "handler"].includes(r));

const redOf = (spec: Data["spec"], n: number): string => (["systems", "contracts"].includes(spec.name) ? t(`register.red.${spec.name}`, { n }) : t("register.red", { register: titleOf(spec), n }));

function Past({ of, reload }: { of: Data; reload: () => void }) {
  const write = useWrite(reload);
  if (of.imports.length === 0) return null;
  return (
    <Card id="register-past" title={t("register.past")}>
      <ul class="rows">
        {of.imports.map((x) => (
          <li key={x.id} class="register-past">
            <span><b>{x.file}</b> <span class="small ink2">{say(x.created_by)} <Time at={x.applied_at} />{x.state === "undone" && t("register.past_undone")}</span></span>
            {x.state === "applied" && mayChange() && (
              <Confirm smaller label={t("import.undo")} question={t("import.undo_ask", { file: x.file })} effect={<p>{t("import.undo_effect")}</p>}
                busy={write.state.step === "busy"} onConfirm={() => void write.run(() => api.undoImport(x.id, x.version))} />)}
          </li>))}
      </ul>
      <Outcome state={write.state} />
    </Card>
  );
}

function List({ of, kind, open }: { of: Resource<Data>; kind: string; open: string | null }) {
  const [q, find] = useState("");
  const [adding, add] = useState(false);
  return (
    <Loaded of={of}>{(d) => {
      const wanted = q.trim().toLowerCase();
      const rows = d.rows.filter((r) => !wanted || Object.values(r.values).some((v) => v.toLowerCase().includes(wanted)));
      const red = d.rows.filter((r) => r.need === "must").length;
      return (
        <div class="stack">
          {red > 0 && <p class="card card-body" role="status"><Mark kind="must">{redOf(d.spec, red)}</Mark></p>}
          <div class="register-tools">
            <div class="find"><input type="search" data-find value={q} onInput={(e) => find(e.currentTarget.value)} placeholder={t("register.find")} aria-label={t("register.find")} /></div>
            <span class="grow" />
            <Button smaller href={`/api/v1/registers/${kind}/csv?lang=${lang.value}`}>{t("register.csv")}</Button>
            <Button smaller href={`/api/v1/registers/${kind}/csv?as=xlsx&lang=${lang.value}`}>{t("register.xlsx")}</Button>
            <Button smaller href={`/api/v1/registers/${kind}/template?lang=${lang.value}`}>{t("register.template")}</Button>
            {mayChange() && <Button smaller href={`#/sources/register/${kind}/import`}>{t("register.import")}</Button>}
            {mayChange() && !adding && <Button smaller onPress={() => add(true)}>{t("register.add")}</Button>}
          </div>
          {adding && <Card id="register-add" title={t("register.add")}><div class="card-body"><RowForm spec={d.spec} done={() => { add(false); of.reload(); }} leave={() => add(false)} /></div></Card>}
          <Card>
            {d.rows.length === 0 && <div class="empty"><p>{t("register.none", { register: titleOf(d.spec) })}</p></div>}
            {d.rows.length > 0 && rows.length === 0 && <Empty>{t("register.none_found")}</Empty>}
            {rows.length > 0 && <RegisterTable of={d} rows={rows} open={open} reload={of.reload} />}
          </Card>
          {d.spec.fields.some((f) => f.name === "depends") && <><Levels /><Dependencies of={d} /></>}
          <Past of={d} reload={of.reload} />
        </div>
      );
    }}</Loaded>
  );
}

export function Register({ args }: { args: string[] }) {
  const kind = args[0] ?? "systems";
  const all = useResource(api.registers, ["registers", "sources"], []);
  const one = useResource(api.register(kind), ["registers", "sources"], [kind]);
  const tabs = (all.data?.registers ?? []).sort((a, b) => place(a.spec.name) - place(b.spec.name)).map((r) => ({ id: r.spec.name, href: `#/sources/register/${r.spec.name}`, label: titleOf(r.spec), count: r.n }));
  const sub = args[1] ?? null;
  return (
    <>
      <div class="page-head"><h1>{t("register.title")}</h1><span class="grow" /><Button href="#/sources">{t("now.to_sources")}</Button></div>
      <p class="page-lead ink2">{t("register.lead")}</p>
      <Tabs plain tabs={tabs} on={kind} label={t("register.title")} />
      {sub === "import" ? <Loaded of={one}>{(d) => <Import of={d} />}</Loaded> : <List of={one} kind={kind} open={sub} />}
    </>
  );
}

/** On the page of sources: what is not seen at all. */
export function RegisterRed() {
  const all = useResource(api.registers, ["registers", "sources"], []);
  const red = (all.data?.registers ?? []).filter((r) => r.must > 0).sort((a, b) => place(a.spec.name) - place(b.spec.name));
  if (red.length === 0) return null;
  return (
    <ul class="card rows register-band">
      {red.map((r) => (
        <li key={r.spec.name}><Mark kind="must">{redOf(r.spec, r.must)}</Mark> <a href={`#/sources/register/${r.spec.name}`}>{t("register.see")}</a></li>))}
    </ul>
  );
}

export const rowWord = (r: RegisterRow): string => (r.log ? word("register.log", r.log.is) : word("register.need", r.need));
