// Decisions of a case: to stop and to go on side by side, who may, how long it has waited.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Decision, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { say, t, titleOf } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Remaining, Time } from "../../widgets/Time";
import { later } from "../../widgets/later";
import { Calls } from "./Calls";

const Sides = later("case-sides", () => import("./Sides").then((m) => m.Sides));

function Who({ d }: { d: Decision }) {
  const list = d.authority?.decide ?? [];
  if (!d.authority) return null;
  if (list.length === 0) return <>{t(`verdict.${d.authority.verdict}`)}</>;
  return <>{list.map((p, i) => <span key={p.name}>{i > 0 && "、"}{p.name}{p.phone && <> <a class="small nowrap" href={`tel:${p.phone}`}>{p.phone}</a></>}</span>)}</>;
}

function Open({ d, done }: { d: Decision; done: () => void }) {
  const [why, set] = useState("");
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  const make = (verdict: "do" | "go_on") => () => void write.run(() => api.decide(d.id, { version: d.version, verdict, why: why.trim() }));
  const kind = t(`decide.${d.kind}`);
  const may = d.authority?.verdict === "alone" || d.authority?.verdict === "two" || d.authority?.verdict === "no_table";
  const leave = may || d.authority?.verdict === "policy";
  return (
    <>
      <Facts rows={[
        [t("decision.waited"), <><Time at={d.asked} /> {d.due && <Remaining until={d.due} />}</>],
        [t("decision.me"), d.authority ? <>{t(`verdict.${d.authority.verdict}`)} {d.authority.policy && <span class="tag">{d.authority.policy}</span>}</> : ""],
        [t("authority.decide"), <Who d={d} />],
        ...d.policies.map((p): [string, ComponentChildren] => [t("decision.policy"), <><b>{p.name}</b> {p.text} <span class="small ink2">{p.by}</span></>]),
      ]} />
      <div class="form-row">
        <section aria-label={t("decision.do", { kind })}><h3>{t("decision.do", { kind })}</h3>{d.sides && <Sides of={d.sides} side="stop" />}{(d.risk_do || !d.sides) && <p>{d.risk_do || t("decision.risk_none")}</p>}</section>
        <section aria-label={t("decision.go_on", { kind })}><h3>{t("decision.go_on", { kind })}</h3>{d.sides && <Sides of={d.sides} side="go_on" />}{(d.risk_go_on || !d.sides) && <p>{d.risk_go_on || t("decision.risk_none")}</p>}</section>
      </div>
      <Outcome state={write.state} />
      {leave && <label class="field"><span>{t("decision.why")}</span><input type="text" maxLength={1000} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>}
      <div class="buttons">
        {may && <Confirm busy={busy} label={t("decision.do", { kind })} question={t("decision.do_question", { kind })} effect={t("decision.effect")} onConfirm={make("do")} />}
        {leave && why.trim() && <Confirm busy={busy} label={t("decision.go_on", { kind })} question={t("decision.go_on_question", { kind })} effect={t("decision.effect")} onConfirm={make("go_on")} />}
        {leave && !why.trim() && <span class="small ink2">{t("decision.go_on_wants")}</span>}
      </div>
    </>
  );
}

function Made({ d }: { d: Decision }) {
  return <Facts rows={[
    [t("decision.was"), <><b>{t(`decision.${d.verdict}`, { kind: t(`decide.${d.kind}`) })}</b> <Time at={d.decided} /></>],
    [t("decision.by"), say(d.by)], [t("decision.waited_for"), t("decision.minutes", { n: Math.round(d.waited_s / 60) })],
    ...(d.why ? [[t("decision.why"), d.why] as [string, string]] : []),
  ]} />;
}

function Put({ incident, done }: { incident: Incident; done: () => void }) {
  const [f, set] = useState<{ open: boolean; kind: Decision["kind"]; service: string; risk_do: string; risk_go_on: string }>({ open: false, kind: "stop", service: "", risk_do: "", risk_go_on: "" });
  const write = useWrite(done);
  if (!f.open) return <Button onPress={() => set({ ...f, open: true })}>{t("decision.put")}</Button>;
  const save = async () => { if (await write.run(() => api.putDecision(incident.id, { kind: f.kind, ...(f.service ? { service: f.service } : {}), risk_do: f.risk_do, risk_go_on: f.risk_go_on }))) set({ ...f, open: false }); };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <label class="field"><span>{t("authority.kind")}</span><select value={f.kind} onChange={(e) => set({ ...f, kind: e.currentTarget.value as Decision["kind"] })}>{(["stop", "reopen", "freeze", "isolate", "cut", "publish", "spend", "block"] as const).map((k) => <option value={k}>{t(`decide.${k}`)}</option>)}</select></label>
      {incident.scope.services.length > 1 && <label class="field"><span>{t("authority.service")}</span><select value={f.service} onChange={(e) => set({ ...f, service: e.currentTarget.value })}><option value="">{t("decision.most_important")}</option>{incident.scope.services.map((s) => <option key={s.name} value={s.name}>{titleOf(s) || s.name}</option>)}</select></label>}
      <label class="field"><span>{t("decision.risk_do")}</span><textarea rows={2} maxLength={1000} value={f.risk_do} onInput={(e) => set({ ...f, risk_do: e.currentTarget.value })} /></label>
      <label class="field"><span>{t("decision.risk_go_on")}</span><textarea rows={2} maxLength={1000} value={f.risk_go_on} onInput={(e) => set({ ...f, risk_go_on: e.currentTarget.value })} /></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("decision.put")}</Button><Button onPress={() => set({ ...f, open: false })}>{t("button.leave")}</Button></div>
    </form>
  );
}

/** What waits for a decision stands above the actions, the rest below them. */
export function Decisions({ incident, reload, children }: { incident: Incident; reload: () => void; children: ComponentChildren }) {
  const list = useResource(api.decisions(incident.id), ["incident", "registers"], [incident.id], incident.id);
  const done = () => { list.reload(); reload(); };
  const rows = list.data?.decisions ?? [];
  const open = rows.some((d) => d.state !== "decided");
  const mine = (
    <div class={`grid${open ? "" : " below"}`}>
      <div class="w8"><Card id="decisions" title={t("decision.title")} side={<Button smaller href={`#/duty/sheet/${incident.id}`}>{t("sheet.title")}</Button>}>
        {rows.map((d) => (
          <article class="card-body" key={d.id}>
            <p><Mark kind={d.state === "decided" ? "ok" : "must"}>{t(`decision.state.${d.state}`)}</Mark> <b>{t(`decide.${d.kind}`)}</b> {d.service && <span class="tag">{d.service}</span>}</p>
            {d.state === "decided" ? <Made d={d} /> : <Open d={d} done={done} />}
          </article>))}
        <div class="card-body"><Put incident={incident} done={done} /></div>
      </Card></div>
      <div class="w4"><Calls incident={incident} /></div>
    </div>
  );
  return open ? <>{mine}<div class="below">{children}</div></> : <>{children}{mine}</>;
}
