// 影響範囲: numbers counted from the logs by kept questions, each with what it stands on, what it does not mean, and which logs were missing.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, ScopeRun, ScopeSpec, Scopes } from "../../../api/types";
import { parse, wall } from "../../../lib/time";
import { useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { lang, say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty, Facts } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { type Column, Table } from "../../../widgets/Table";
import { Time } from "../../../widgets/Time";
import { Own } from "./Own";

const words = (w: { ja: string; en: string }): string => w[lang.value];
const number = (r: ScopeRun): string => `${r.result.at_least ? "≧" : ""}${r.number.toLocaleString("en")}`;

/** A log that never came, or was not there for a while: 0 is then not 0. */
function Missing({ run }: { run: ScopeRun }) {
  const needs = run.result.needs ?? [];
  return (
    <ul class="plain">
      {needs.map((n, i) => {
        const name = words(run.spec.needs[i]?.log ?? { ja: "", en: "" });
        if (n.found === 0) return <li><Mark kind="must">{t("reach.log_none", { log: name })}</Mark></li>;
        if (n.empty.length === 0) return <li><Mark kind="ok">{t("reach.log_whole", { log: name, n: n.found })}</Mark></li>;
        return <li><Mark kind="soon">{t("reach.log_gaps", { log: name, n: n.found })}</Mark> <span class="small ink2">{n.empty.slice(0, 4).map((e) => t("reach.from_to", { from: e.from, to: e.to })).join("、")}{n.empty.length > 4 && t("reach.more_gaps", { n: n.empty.length - 4 })}</span></li>;
      })}
    </ul>
  );
}

function List({ id }: { id: number }) {
  const run = useResource(api.scopeRun(id), ["incident"], [id], id);
  return (
    <Loaded of={run}>{(r) => {
      const values = (r.result.values ?? []).map((v, i) => ({ ...v, who: r.result.who?.[i] ?? null }));
      const person: Column<(typeof values)[number]>[] = r.spec.persons ? [{ head: t("reach.person"), cell: (v) => v.who ?? t("word.unknown") }] : [];
      if (values.length === 0) return <Empty>{t("reach.nobody")}</Empty>;
      return (
        <>
          <Table rows={values.slice(0, 100)} id={(v) => v.value.join(" ")} label={t("reach.list")} columns={[
            { head: r.spec.count.join(" / "), title: true, class: "grow-cell", cell: (v) => <><span class="mono inert">{v.value.filter(Boolean).join(" / ")}</span>{v.open && <> <Mark kind="unknown">{t("reach.open")}</Mark></>}</> },
            ...person,
            { head: t("reach.events"), num: true, cell: (v) => v.n },
            { head: t("reach.first"), num: true, cell: (v) => <Time at={v.first_at} /> },
            { head: t("reach.last"), num: true, cell: (v) => <Time at={v.last_at} /> },
            { head: t("reach.record"), num: true, cell: (v) => v.record },
          ]} />
          {values.length > 100 && <p class="lead small">{t("reach.shown", { n: 100, total: r.number })}</p>}
        </>
      );
    }}</Loaded>
  );
}

function Run({ incident, run, progress, done }: { incident: Incident; run: ScopeRun; progress: number | null; done: () => void }) {
  const [open, set] = useState(false);
  const write = useWrite(done);
  const again = () => void write.run(() => api.countScope(incident.id, { scope: run.name, values: run.asked, from: run.from, to: run.to }));
  const busy = write.state.step === "busy";
  return (
    <article class="card-body reach-run">
      <h3>{words(run.spec.title)}</h3>
      {run.state === "running" && <p role="status"><Mark kind="run">{t("reach.counting", { percent: progress })}</Mark></p>}
      {run.state === "failed" && <p><Mark kind="failed">{t("reach.failed")}</Mark> <span class="mono inert small">{run.result.why}</span></p>}
      {run.state === "stopped" && <p><Mark kind="todo">{t("reach.stopped")}</Mark></p>}
      {run.state === "done" && <p class="reach-number"><b>{number(run)}</b> {words(run.spec.unit)}{(run.result.open ?? 0) > 0 && <span class="small ink2"> {t("reach.of_them_open", { n: run.result.open })}</span>}{run.result.persons !== undefined && <span> {t("reach.persons", { n: run.result.persons, unknown: run.result.unknown })}</span>}</p>}
      <Facts rows={[
        [t("reach.means"), words(run.spec.means)], [t("reach.not"), words(run.spec.not)],
        [t("reach.time"), t("reach.from_to", { from: run.from, to: run.to })],
        [t("reach.counted"), <><Time at={run.ended ?? run.at} /> {say(run.by)}</>],
        ...(run.state === "done" ? [[t("reach.logs"), <Missing run={run} />] as [string, preact.ComponentChild]] : []),
        ...(run.state === "done" && run.spec.also.length > 0 ? [[t("reach.also"), run.spec.also.map((f, i) => `${f} ${run.result.also?.[i] ?? 0}`).join("、")] as [string, string]] : []),
        [t("reach.query"), <code class="small inert">{run.query}</code>],
      ]} />
      <div class="buttons">
        {run.state === "running" && <Button smaller busy={busy} onPress={() => void write.run(() => api.stopScope(run.id))}>{t("reach.stop")}</Button>}
        {run.state === "done" && <Button smaller onPress={() => set(!open)}>{t(open ? "reach.hide" : "reach.show")}</Button>}
        {run.state === "done" && <Button smaller href={`/api/v1/scope-runs/${run.id}/csv`} apart>{t("reach.csv")}</Button>}
        {run.state !== "running" && <Button smaller busy={busy} onPress={again}>{t("reach.again")}</Button>}
      </div>
      <Outcome state={write.state} />
      {open && <List id={run.id} />}
    </article>
  );
}

const two = (n: number): string => String(n).padStart(2, "0");
/** As people write it; `more` so that the last second is within. */
function written(at: string | null, more: number): string {
  const ms = at ? parse(at) : null;
  if (ms === null) return "";
  const w = wall(ms + more);
  return `${w.day} ${two(w.h)}:${two(w.mi)}:${two(w.s)}`;
}

const split = (s: string): string[] => s.split(/[\n,、]/).map((x) => x.trim()).filter(Boolean);

function Ask({ incident, spec, of, done }: { incident: Incident; spec: ScopeSpec; of: Scopes; done: () => void }) {
  const [values, set] = useState<Record<string, string>>(() => Object.fromEntries(spec.ask.map((a) => [a.name, ((of.offers as Record<string, string[]>)[a.from] ?? []).slice(0, a.many ? 50 : 1).join("\n")])));
  const [from, setFrom] = useState(written(of.first_trace, 0));
  const [to, setTo] = useState(written(of.last_activity, 1000));
  const write = useWrite(done);
  const count = () => void write.run(() => api.countScope(incident.id, { scope: spec.name, from, to, values: Object.fromEntries(spec.ask.map((a) => [a.name, split(values[a.name] ?? "")])) }));
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); count(); }}>
      <p>{words(spec.means)}</p>
      <p class="small ink2">{words(spec.not)}</p>
      {spec.ask.map((a) => (
        <label class="field" key={a.name}><span>{words(a.title)}{a.many && <span class="small ink2"> {t("reach.many")}</span>}</span>
          <textarea rows={a.many ? 3 : 1} value={values[a.name]} placeholder={a.example} onInput={(e) => set({ ...values, [a.name]: e.currentTarget.value })} /></label>))}
      <div class="form-row even">
        <label class="field"><span>{t("reach.from")}</span><input type="text" value={from} onInput={(e) => setFrom(e.currentTarget.value)} /></label>
        <label class="field"><span>{t("reach.to")}</span><input type="text" value={to} onInput={(e) => setTo(e.currentTarget.value)} /></label>
      </div>
      <p class="small ink2">{t("reach.wants", { logs: spec.needs.map((n) => words(n.log)).join("、") })}</p>
      <Outcome state={write.state} />
      <div class="buttons"><Button solid submit busy={write.state.step === "busy"}>{t("reach.count")}</Button></div>
    </form>
  );
}

export function Reach({ incident }: { incident: Incident }) {
  const [chosen, choose] = useState("");
  const all = useResource(api.scopes(incident.id), ["incident"], [incident.id], incident.id);
  const may = me.value?.person.role !== "auditor";
  return (
    <Loaded of={all}>{(d) => {
      const spec = d.scopes.find((s) => s.name === chosen) ?? d.scopes[0];
      const p = d.present?.result.progress;
      const percent = p && p.bytes > 0 ? Math.floor((100 * p.bytes_done) / p.bytes) : null;
      return (
        <div class="grid">
          <div class="w7"><Card id="reach" title={t("reach.title")} caption={t("reach.caption")}>
            {d.runs.length === 0 && <Empty>{t("reach.none")}</Empty>}
            {d.runs.map((r) => <Run key={r.id} incident={incident} run={r} progress={d.present?.run === r.id ? percent : null} done={all.reload} />)}
          </Card></div>
          {may && <div class="w5 stack"><Card id="reach-ask" title={t("reach.ask")}>
            <div class="card-body"><label class="field"><span>{t("reach.what")}</span><select value={spec?.name} onChange={(e) => choose(e.currentTarget.value)}>{d.scopes.map((s) => <option value={s.name}>{words(s.title)}{s.own ? ` (${t("reach.own")})` : ""}</option>)}</select></label></div>
            {spec && <Ask key={spec.name} incident={incident} spec={spec} of={d} done={all.reload} />}
          </Card><Own scopes={d.scopes} done={all.reload} /></div>}
        </div>
      );
    }}</Loaded>
  );
}
