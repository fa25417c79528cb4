// 費用と手段: what the case costs, other means while something is stopped, experts called, and the attacker who asks for something.
import { useState } from "preact/hooks";
import { RaiseLevel } from "../../../widgets/alert/Raise";
import { api } from "../../../api/client";
import type { Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { may, type Of, Row, yen } from "./parts";
import { Ransom } from "./Ransom";

function Spend({ incident, d, done }: Of) {
  const [f, set] = useState({ name: "", of: "", yen: "" });
  const write = useWrite(() => { set({ name: "", of: "", yen: "" }); done(); });
  const put = (k: keyof typeof f) => (e: { currentTarget: { value: string } }) => { set({ ...f, [k]: e.currentTarget.value }); write.clear(); };
  const sum = Number(f.yen.replace(/[^0-9]/g, "")), ready = f.name.trim() !== "" && sum > 0, rows = d.rows.filter((x) => x.kind === "spend");
  return (
    <Card id="spend" title={t("remedy.spend")} caption={t("remedy.total", { spent: yen(d.spent), asked: yen(d.asked) })}>
      {d.approvals.length === 0 && <p class="card-body small ink2">{t("remedy.no_approvals")} <a href="#/sources/register/approvals">{t("remedy.register")}</a></p>}
      {rows.map((x) => <Row key={x.id} incident={incident} x={x} done={done}><p class="small ink2">{x.doc.contract} {x.doc.approval && t("remedy.within", { name: x.doc.approval, ceiling: yen(x.doc.ceiling ?? 0) })}</p></Row>)}
      {may() && (
        <form class="card-body form" onSubmit={(e) => { e.preventDefault(); if (ready) void write.run(() => api.addMeans(incident.id, { kind: "spend", name: f.name.trim(), of: f.of, yen: sum })); }}>
          <div class="form-row">
            <label class="field"><span>{t("remedy.what_for")}</span><input type="text" maxLength={300} value={f.name} onInput={put("name")} /></label>
            <label class="field"><span>{t("remedy.contract")}</span><select value={f.of} onChange={put("of")}><option value="" />{d.vendors.map((v) => <option value={v.name}>{v.name}</option>)}</select></label>
            <label class="field"><span>{t("remedy.how_much")}</span><input type="text" inputMode="numeric" value={f.yen} onInput={put("yen")} /></label>
          </div>
          <Outcome state={write.state} />
          <div class="buttons">{ready && <Button submit smaller busy={write.state.step === "busy"}>{t("remedy.spend_put")}</Button>}<span class="small ink2">{t("remedy.spend_lead")}</span></div>
        </form>)}
    </Card>
  );
}

function Switch({ incident, d, done }: Of) {
  const write = useWrite(done);
  const fitting = [...d.alternatives.filter((a) => a.service === d.service), ...d.alternatives.filter((a) => a.service !== d.service)];
  return (
    <Card id="switch" title={t("remedy.switch")}>
      {d.service && d.without.includes(d.service) && <p class="card-body"><Mark kind="must">{t("remedy.without", { service: d.service })}</Mark></p>}
      {d.rows.filter((x) => x.kind === "switch").map((x) => <Row key={x.id} incident={incident} x={x} done={done}>{x.doc.needs && <p class="small">{t("remedy.needs")} {x.doc.needs.split("\n").join("、")}</p>}</Row>)}
      {fitting.length === 0 ? <Empty>{t("remedy.no_alternatives")} <a href="#/sources/register/alternatives">{t("remedy.register")}</a></Empty> : (
        <ul class="rows">{fitting.slice(0, 20).map((a) => (
          <li key={a.name}>
            <b>{a.name}</b> {a.service && <span class="tag">{a.service}</span>} <span class="small ink2">{a.criterion}</span>
            <p class="small">{a.minutes ? t("remedy.minutes", { n: a.minutes }) : t("register.gap.minutes")} {a.exercised ? t("remedy.exercised", { on: a.exercised }) : <Mark kind="soon">{t("register.gap.exercised")}</Mark>}</p>
            {may() && a.instruction && <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.addMeans(incident.id, { kind: "switch", name: a.name }))}>{t("remedy.switch_put")}</Button></div>}
          </li>))}
        </ul>)}
      <Outcome state={write.state} />
    </Card>
  );
}

function Vendors({ incident, d, done }: Of) {
  const [ask, set] = useState("");
  const write = useWrite(() => { set(""); done(); });
  return (
    <Card id="vendors" title={t("remedy.vendors")}>
      {d.rows.filter((x) => x.kind === "vendor").map((x) => (
        <Row key={x.id} incident={incident} x={x} done={done}>
          <p class="small">{x.doc.asked} {x.doc.phone && <a class="nowrap" href={`tel:${x.doc.phone}`}>{x.doc.phone}</a>} {t(x.done ? "remedy.took" : "remedy.waits", { n: Math.round(x.waited_s / 60) })} {x.acknowledged && <>{t("remedy.acknowledged")} <Time at={x.acknowledged} /></>}</p>
          {!x.done && x.doc.phone && <details><summary>{t("remedy.script")}</summary><p>{t("remedy.script_words", { contract: x.name, number: incident.number, asked: x.doc.asked ?? "" })}</p></details>}
        </Row>))}
      {may() && d.vendors.length > 0 && <label class="field card-body"><span>{t("remedy.ask")}</span><textarea rows={2} maxLength={2000} value={ask} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} /></label>}
      <Outcome state={write.state} />
      {d.vendors.length === 0 ? <Empty>{t("remedy.no_vendors")} <a href="#/sources/register/contracts">{t("remedy.register")}</a></Empty> : (
        <ul class="rows">{d.vendors.slice(0, 20).map((v) => (
          <li key={v.name}>
            <b>{v.name}</b> {v.supplier} {v.ours && <span class="tag">{d.service}</span>} <Mark kind={v.reach === "closed" ? "failed" : v.reach === "unknown" ? "unknown" : "ok"}>{t(`remedy.reach.${v.reach}`)}</Mark> {v.phone && <a class="nowrap" href={`tel:${v.phone}`}>{v.phone}</a>}
            <p class="small ink2">{v.scope} {v.cost}{v.reach === "closed" && v.change && <> {t("remedy.opens")} <Time at={v.change} /></>}</p>
            {may() && ask.trim() && <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.addMeans(incident.id, { kind: "vendor", name: v.name, of: ask.trim() }))}>{t("remedy.call", { name: v.name })}</Button></div>}
          </li>))}
        </ul>)}
    </Card>
  );
}

export function Means({ incident }: { incident: Incident }) {
  const all = useResource(api.means(incident.id), ["incident", "registers", "campaign"], [incident.id], incident.id);
  return (
    <Loaded of={all}>{(d) => {
      const of = { incident, d, done: all.reload };
      return (
        <div class="grid">
          <div class="col w8"><Vendors {...of} /><Switch {...of} /><Spend {...of} /></div>
          <div class="col w4"><Ransom {...of} />{may() && <Card id="raise" title={t("remedy.level")}><div class="card-body"><RaiseLevel id={incident.id} services={d.service ? [d.service] : []} reason="" done={all.reload} /></div></Card>}</div>
        </div>
      );
    }}</Loaded>
  );
}
