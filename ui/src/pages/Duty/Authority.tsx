// 今わたしは決められるか: for a service, every kind of decision: yes, not before, not alone, or whom to call. Lending and giving back.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Authorities, AuthorityAnswer, Lend } from "../../api/types";
import { useResource } from "../../state/resource";
import { go } from "../../state/route";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark, type MarkKind } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const MARKS: Record<AuthorityAnswer["verdict"], MarkKind> = { alone: "ok", ask: "soon", two: "soon", wait: "soon", not: "failed", policy: "failed", no_table: "unknown" };

export function Verdict({ answer }: { answer: AuthorityAnswer }) {
  return <><Mark kind={MARKS[answer.verdict]}>{t(`verdict.${answer.verdict}`)}</Mark>{answer.from && <> <Time at={answer.from} /></>}</>;
}

export function People({ list }: { list: AuthorityAnswer["decide"] }) {
  if (list.length === 0) return <span class="ink3">{t("word.none")}</span>;
  return (
    <ul class="plain">
      {list.map((p) => (
        <li key={p.name}>
          {p.me ? <b>{t("authority.me", { name: p.name })}</b> : p.name} {p.after_min > 0 && <span class="small ink2">{t("authority.after", { n: p.after_min })}</span>} {p.silent_min > 0 && <span class="small ink2">{t("authority.silent", { n: p.silent_min })}</span>}{" "}
          {p.lent && <span class="tag">{t("authority.lent")}</span>} {p.phone && <a class="small nowrap" href={`tel:${p.phone}`}>{p.phone}</a>}
        </li>))}
    </ul>
  );
}

function LendForm({ services, groups, done }: { services: string[]; groups: string[]; done: () => void }) {
  const [f, set] = useState({ service: "", kind: "stop", person: "", group: groups[0] ?? "", hours: "8", why: "" });
  const write = useWrite(done);
  const put = (k: keyof typeof f) => (e: Event & { currentTarget: HTMLInputElement | HTMLSelectElement }) => set({ ...f, [k]: e.currentTarget.value });
  const save = () => write.run(() => api.lend({ service: f.service, kind: f.kind, hours: Number(f.hours), why: f.why.trim(), ...(f.person.trim() ? { person: f.person.trim() } : { group: f.group }) }));
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (f.why.trim()) void save(); }}>
      <div class="form-row">
        <label class="field"><span>{t("authority.service")}</span><select value={f.service} onChange={put("service")}><option value="">{t("authority.every")}</option>{services.map((s) => <option value={s}>{s}</option>)}</select></label>
        <label class="field"><span>{t("authority.kind")}</span><select value={f.kind} onChange={put("kind")}>{["stop", "block", "reopen", "freeze", "isolate", "cut", "publish", "spend", "all"].map((k) => <option value={k}>{t(`decide.${k}`)}</option>)}</select></label>
        <label class="field"><span>{t("lend.person")}</span><input type="text" maxLength={100} value={f.person} onInput={put("person")} /></label>
        {groups.length > 0 && <label class="field"><span>{t("lend.group")}</span><select value={f.group} onChange={put("group")}>{groups.map((g) => <option value={g}>{g}</option>)}</select></label>}
        <label class="field"><span>{t("lend.hours")}</span><input type="text" inputMode="numeric" maxLength={2} value={f.hours} onInput={put("hours")} /></label>
      </div>
      <label class="field"><span>{t("lend.why")}</span><input type="text" maxLength={500} value={f.why} onInput={put("why")} /></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("lend.save", { hours: f.hours, kind: t(`decide.${f.kind}`) })}</Button></div>
    </form>
  );
}

function Lent({ lend, done }: { lend: Lend; done: () => void }) {
  const write = useWrite(done);
  return (
    <li>
      <Mark kind={lend.in_force ? "run" : "todo"}>{t(lend.in_force ? "lend.in_force" : lend.returned ? "lend.returned" : "lend.over")}</Mark>{" "}
      {t("lend.row", { kind: t(`decide.${lend.kind}`), service: lend.service || t("authority.every"), to: lend.person || lend.group, by: say(lend.by) })} <span class="small"><Time at={lend.from} /> 〜 <Time at={lend.returned ?? lend.until} /></span>
      <div class="small ink2">{lend.why}</div>
      {lend.in_force && <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.returnLend(lend.id, lend.version))}>{t("lend.return")}</Button></div>}
      <Outcome state={write.state} />
    </li>
  );
}

function Answers({ d, service, done }: { d: Authorities; service: string; done: () => void }) {
  const services = [...new Set(d.answers.map((a) => a.service))].filter((s) => s);
  const rows = d.answers.filter((a) => a.service === (services.includes(service) ? service : ""));
  return (
    <>
      {d.empty && <p class="card card-body"><Mark kind="soon">{t("authority.empty")}</Mark> <a href="#/sources/register/authority/import">{t("authority.import")}</a></p>}
      <Card id="may" title={t("authority.title")} caption={t("authority.caption", { name: d.me, at: d.at })}
        side={<label class="small"><span class="hidden">{t("authority.service")}</span><select value={service} onChange={(e) => go(`#/duty/authority?service=${encodeURIComponent(e.currentTarget.value)}`)}><option value="">{t("authority.every")}</option>{services.map((s) => <option value={s}>{s}</option>)}</select></label>}>
        <Table label={t("authority.title")} rows={rows} id={(a) => a.kind} columns={[
          { head: t("authority.kind"), title: true, cell: (a) => t(`decide.${a.kind}`) },
          { head: t("authority.now"), cell: (a) => <Verdict answer={a} /> },
          { head: t("authority.decide"), cell: (a) => <People list={a.decide} /> },
          { head: t("authority.ask"), cell: (a) => <People list={a.ask} /> },
          { head: t("authority.tell"), cell: (a) => <People list={a.tell} /> },
        ]} />
      </Card>
      <div class="below"><Card id="lend" title={t("lend.title")} caption={t("lend.caption")}>
        <div class="card-body"><LendForm services={services} groups={d.groups} done={done} /></div>
        {d.lends.length > 0 && <ul class="rows">{d.lends.map((l) => <Lent key={l.id} lend={l} done={done} />)}</ul>}
      </Card></div>
    </>
  );
}

export function Authority({ service }: { service: string }) {
  const list = useResource(api.authorities, ["registers"], []);
  return <Loaded of={list}>{(d) => <Answers d={d} service={service} done={list.reload} />}</Loaded>;
}
