// 情報連絡: what was told the ministry and handed on to the national office, near misses too, and how long each lay where.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Info } from "../../api/types";
import { duration } from "../../lib/time";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";

const KINDS = ["incident", "near_miss", "sign"];
const NEXT: Record<string, string> = { draft: "sent", sent: "received", received: "forwarded", forwarded: "closed" };
const SPENT = ["operator_s", "way_s", "ministry_s", "office_s"] as const;

function New({ follows, done }: { follows: Info | null; done: () => void }) {
  const [x, set] = useState({ kind: follows?.kind ?? "incident", subject: follows ? t("info.follow_subject", { subject: follows.subject }) : "", text: "", to: follows?.to ?? "", aware: "", incident: follows?.incident ? String(follows.incident.id) : "" });
  const [final, end] = useState(false);
  const cases = useResource(api.incidents({ state: "open", limit: 50 }), ["incident"], []);
  const write = useWrite(done);
  const put = (k: keyof typeof x) => (e: { currentTarget: { value: string } }) => { set({ ...x, [k]: e.currentTarget.value }); write.clear(); };
  const ready = x.subject.trim() !== "";
  const send = () => write.run(() => api.addInfo({ kind: x.kind, subject: x.subject.trim(), text: x.text, to: x.to, aware: x.aware.trim() || null, ...(x.incident ? { incident: Number(x.incident) } : {}), ...(follows ? { follows: follows.id, final } : {}) }));
  return (
    <Card id="new-info" title={t(follows ? "info.follow" : "info.new")}>
      <form class="card-body form" onSubmit={(e) => { e.preventDefault(); if (ready) void send(); }}>
        <div class="form-row">
          <label class="field"><span>{t("info.kind")}</span><select value={x.kind} onChange={put("kind")}>{KINDS.map((k) => <option value={k}>{t(`info.kind.${k}`)}</option>)}</select></label>
          <label class="field"><span>{t("info.to")}</span><input type="text" maxLength={100} value={x.to} onInput={put("to")} /></label>
          <label class="field"><span>{t("info.aware")}</span><input type="text" value={x.aware} onInput={put("aware")} placeholder={t("tips.received_hint")} /></label>
          <Loaded of={cases}>{(d) => <label class="field"><span>{t("info.case")}</span><select value={x.incident} onChange={put("incident")}><option value="" />{d.incidents.map((i) => <option value={String(i.id)}>{i.number} {say(i.title)}</option>)}</select></label>}</Loaded>
        </div>
        {x.incident && <p class="small ink2">{t("info.form")} <a href={`#/print/form/${x.incident}/ci-information`}>{t("info.form_open")}</a></p>}
        <label class="field"><span>{t("info.subject")}</span><input type="text" maxLength={100} value={x.subject} onInput={put("subject")} /></label>
        <label class="field"><span>{t("info.text")}</span><textarea rows={4} maxLength={5000} value={x.text} onInput={put("text")} /></label>
        {follows && <label class="check"><input type="checkbox" checked={final} onChange={(e) => end(e.currentTarget.checked)} /> {t("info.final")}</label>}
        <Outcome state={write.state} />
        <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("info.save")}</Button><Button onPress={done}>{t("button.leave")}</Button>{!ready && <span class="small ink2">{t("info.missing")}</span>}</div>
      </form>
    </Card>
  );
}

function Move({ x, reload }: { x: Info; reload: () => void }) {
  const [at, set] = useState("");
  const [how, tell] = useState("");
  const write = useWrite(() => { set(""); tell(""); reload(); });
  const next = NEXT[x.stage];
  if (!next) return null;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.moveInfo(x.id, { version: x.version, stage: next, at: at.trim() || null, how: how.trim() })); }}>
      <div class="form-row">
        <label class="field"><span>{t(`info.at.${next}`)}</span><input type="text" value={at} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} placeholder={t("tips.received_hint")} /></label>
        <label class="field"><span>{t("info.how")}</span><input type="text" maxLength={100} value={how} onInput={(e) => tell(e.currentTarget.value)} /></label>
      </div>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t(`info.do.${next}`)}</Button></div>
    </form>
  );
}

/** What a supplement says otherwise than the one before it. */
function Changes({ x }: { x: Info }) {
  const one = useResource(api.info(x.id), ["info_report", "incident"], [x.id]);
  return (
    <Loaded of={one}>{(d) => (
      <div>
        <h3 class="h3">{t("info.changes")}</h3>
        {d.changes.length === 0 ? <p class="small ink2">{t("info.change.none")}</p>
          : <dl class="facts">{d.changes.map((c) => [<dt>{c.item}</dt>, <dd><del>{c.was || "—"}</del> <ins>{c.is || "—"}</ins></dd>])}</dl>}
      </div>
    )}</Loaded>
  );
}

function One({ x, reload, follow }: { x: Info; reload: () => void; follow: () => void }) {
  const may = me.value?.person.role !== "auditor";
  return (
    <Card id={`info-${x.id}`} title={x.subject} caption={<span class="id">{x.number}</span>} side={<Mark kind={x.stage === "draft" ? "todo" : x.stage === "closed" ? "ok" : "run"}>{t(`info.stage.${x.stage}`)}</Mark>}>
      <div class="card-body form">
        <p class="small ink2">{t(`info.part.${x.part}`)} · {t(`info.kind.${x.kind}`)} · {x.to} <Time at={x.aware} /> {x.follows && t("info.follows", { number: x.follows.number })} {x.incident && <a href={`#/cases/${x.incident.id}`}>{t("reports.on_case", { number: x.incident.number })}</a>}</p>
        {x.text && <p class="said">{x.text}</p>}
        <dl class="facts">{SPENT.map((s) => x[s] !== null && [<dt>{t(`info.${s}`)}</dt>, <dd>{duration(x[s] ?? 0, lang.value)}</dd>])}</dl>
        {x.incident && x.part !== "first" && <Changes x={x} />}
        {may && <Move x={x} reload={reload} />}
        {may && x.stage !== "draft" && <div class="buttons"><Button onPress={follow}>{t("info.follow")}</Button></div>}
      </div>
    </Card>
  );
}

export function Infos() {
  const list = useResource(api.infos, ["info_report", "incident"], []);
  const [adding, add] = useState<Info | "new" | null>(null);
  const done = () => { add(null); list.reload(); };
  return (
    <div class="col">
      <div class="list-head"><p class="ink2">{t("info.lead")}</p><span class="grow" />{adding === null && me.value?.person.role !== "auditor" && <Button solid onPress={() => add("new")}>{t("info.new")}</Button>}</div>
      {adding !== null && <New key={adding === "new" ? "new" : adding.id} follows={adding === "new" ? null : adding} done={done} />}
      <Loaded of={list}>{(d) => (d.infos.length === 0 ? <Card><Empty>{t("info.none")}</Empty></Card> : <>{d.infos.map((x) => <One key={x.id} x={x} reload={list.reload} follow={() => { add(x); scrollTo(0, 0); }} />)}</>)}</Loaded>
    </div>
  );
}
