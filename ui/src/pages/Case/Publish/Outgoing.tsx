// 本人への通知・事業者への依頼: text out of the facts, a recipient a row with what became of it; letters for those whom no mail reaches.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Outgoing as One, Outgoings, Publications } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { lang, t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Confirm } from "../../../widgets/Confirm";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import type { Part } from "./Draft";
import { mayWrite } from "./may";

type Head = Outgoings["outgoings"][number];
type Recipient = One["recipients"][number];
const GIVEN = ["address", "port", "target", "at", "zone", "wish", "evidence"] as const;
const MARK = { to_send: "todo", to_print: "soon", sending: "run", sent: "ok", bounced: "must", failed: "must", letter: "ok", answered: "ok" } as const;

function Make({ incident, texts, done }: { incident: Incident; texts: Publications["statements"]; done: () => void }) {
  const kinds = texts.filter((s) => s.use !== "publication");
  const [f, set] = useState({ statement: kinds[0]?.key ?? "", list: "", scope: "", due: "" });
  const [given, give] = useState<Record<string, string>>({ zone: "UTC+09:00" });
  const counts = useResource(api.scopes(incident.id), ["incident"], [incident.id], incident.id);
  const write = useWrite(done);
  const request = kinds.find((k) => k.key === f.statement)?.use === "request";
  const save = () => void write.run(() => api.addOutgoing(incident.id, {
    statement: f.statement, ...(f.scope ? { scope: Number(f.scope) } : { list: f.list }), ...(f.due.trim() ? { due: f.due.trim() } : {}),
    ...(request ? { given: Object.fromEntries(Object.entries(given).filter(([, v]) => v.trim())) } : {}),
  }));
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (f.scope || f.list.trim()) save(); }}>
      <div class="form-row even">
        <label class="field"><span>{t("outward.text")}</span><select value={f.statement} onChange={(e) => set({ ...f, statement: e.currentTarget.value })}>{kinds.map((s) => <option value={s.key}>{titleOf(s)}</option>)}</select></label>
        <label class="field"><span>{t("outward.scope")}</span><select value={f.scope} onChange={(e) => set({ ...f, scope: e.currentTarget.value })}><option value="">{t("outward.scope_none")}</option>{counts.data?.runs.map((r) => <option value={r.id}>{`#${r.id} ${r.name} ${r.number ?? ""}`}</option>)}</select></label>
      </div>
      {!f.scope && <label class="field"><span>{t("outward.list")}</span><textarea rows={3} maxLength={400000} value={f.list} onInput={(e) => set({ ...f, list: e.currentTarget.value })} /></label>}
      {request && <div class="form-row even">{GIVEN.map((k) => <label class="field" key={k}><span>{t(`outward.given.${k}`)}</span>{k === "evidence" || k === "wish"
        ? <textarea rows={3} maxLength={5000} value={given[k] ?? ""} onInput={(e) => give({ ...given, [k]: e.currentTarget.value })} />
        : <input type="text" maxLength={300} value={given[k] ?? ""} onInput={(e) => give({ ...given, [k]: e.currentTarget.value })} />}</label>)}
        <label class="field"><span>{t("outward.due")}</span><input type="text" maxLength={60} placeholder={t("announce.next_hint")} value={f.due} onInput={(e) => set({ ...f, due: e.currentTarget.value })} /></label></div>}
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("outward.save")}</Button></div>
    </form>
  );
}

function Row({ r, request, live, done }: { r: Recipient; request: boolean; live: boolean; done: () => void }) {
  const [f, set] = useState({ address: "", answer: "" });
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  const put = (x: { address?: string; again?: boolean; letter?: boolean; answer?: string }) => () => void write.run(() => api.putRecipient(r.id, { version: r.version, ...x }));
  const back = r.state === "bounced" || r.state === "failed" || r.state === "to_print";
  return (
    <li>
      <p><Mark kind={MARK[r.state]}>{t(`outward.became.${r.state}`)}</Mark> <b>{r.name}</b> <span class="small">{r.address}</span> {r.tries > 1 && <span class="small ink2">{t("outward.tries", { n: r.tries })}</span>} {r.sent && <span class="small ink2"><Time at={r.sent} /></span>}</p>
      {r.answer && <p class="publish-text">{r.answer}</p>}
      {live && mayWrite() && (back || (request && r.state !== "answered")) && <div class="form-row no-print">
        {back && <label class="field"><span>{t("outward.address")}</span><input type="email" maxLength={254} value={f.address} onInput={(e) => set({ ...f, address: e.currentTarget.value })} /></label>}
        {back && f.address.includes("@") && <Button smaller busy={busy} onPress={put({ address: f.address.trim() })}>{t("outward.again")}</Button>}
        {back && r.address && !f.address && <Button smaller busy={busy} onPress={put({ again: true })}>{t("outward.again")}</Button>}
        {back && <Button smaller busy={busy} onPress={put({ letter: true })}>{t("outward.posted")}</Button>}
        {request && <label class="field"><span>{t("outward.answer")}</span><input type="text" maxLength={1300} value={f.answer} onInput={(e) => set({ ...f, answer: e.currentTarget.value })} /></label>}
        {request && f.answer.trim() && <Button smaller busy={busy} onPress={put({ answer: f.answer.trim() })}>{t("outward.file")}</Button>}
      </div>}
      <Outcome state={write.state} />
    </li>
  );
}

function Whole({ id, done }: { id: number; done: () => void }) {
  const one = useResource(api.outgoing(id), ["incident", "message"], [id]);
  const write = useWrite(() => { one.reload(); done(); });
  const busy = write.state.step === "busy";
  const l = lang.value;
  return (
    <Loaded of={one}>{(x) => {
      const parts = ((x.says as { parts?: Part[] } | null)?.parts ?? []).filter((p) => p[l] || p.ja);
      const n = (x.counts["to_send"] ?? 0);
      return (
        <div class="card-body">
          <details open={x.state === "draft"}><summary>{t("outward.text")}</summary>{parts.map((p) => <p key={p.name} class="publish-text">{p.head[l] ? <b>{p.head[l]} </b> : null}{p[l] || p.ja}{p.state === "gap" && <> <Mark kind="soon">{t("announce.said.gap")}</Mark></>}</p>)}</details>
          <Outcome state={write.state} />
          <div class="buttons no-print">
            {x.state === "draft" && mayWrite() && <Confirm solid busy={busy} label={t("outward.send", { n })} question={t("outward.send_question")} effect={t("outward.send_effect")} onConfirm={() => void write.run(() => api.sendOutgoing(x.id, x.version))} />}
            <a class="button smaller" href={api.outgoingLetters(x.id)} download={`letters-${x.id}.html`}>{t("outward.letters")}</a>
            {x.state !== "ended" && mayWrite() && <Button smaller busy={busy} onPress={() => void write.run(() => api.endOutgoing(x.id, x.version))}>{t("outward.end")}</Button>}
          </div>
          <ul class="rows">{x.recipients.map((r) => <Row key={`${r.id}-${r.version}`} r={r} request={x.use === "request"} live={x.state === "sent"} done={() => { one.reload(); done(); }} />)}</ul>
        </div>
      );
    }}</Loaded>
  );
}

function Line({ x, open, show, done }: { x: Head; open: boolean; show: () => void; done: () => void }) {
  return (
    <li>
      <p><Mark kind={x.state === "draft" ? "todo" : x.state === "sent" ? "run" : "ok"}>{t(`outward.state.${x.state}`)}</Mark> <b>{x.title}</b> {x.sent && <span class="small ink2"><Time at={x.sent} /></span>} {x.due && <span class="small">{t("outward.due")} <Time at={x.due} /></span>}</p>
      <p class="small">{Object.entries(x.counts).map(([k, n]) => t("outward.count", { state: t(`outward.became.${k}`), n })).join(lang.value === "ja" ? "、" : ", ")} <Button smaller onPress={show}>{t("outward.open")}</Button></p>
      {open && <Whole id={x.id} done={done} />}
    </li>
  );
}

export function Outgoing({ incident, texts }: { incident: Incident; texts: Publications["statements"] }) {
  const all = useResource(api.outgoings(incident.id), ["incident", "message"], [incident.id], incident.id);
  const [make, begin] = useState(false);
  const [open, show] = useState<number | null>(null);
  return (
    <Card id="outgoing" title={t("outward.title")} caption={t("outward.caption")}>
      <Loaded of={all}>{(x) => (
        <>
          {x.outgoings.length === 0 && <p class="empty">{t("outward.none")}</p>}
          <ul class="rows">{x.outgoings.map((o) => <Line key={o.id} x={o} open={open === o.id} show={() => show(open === o.id ? null : o.id)} done={all.reload} />)}</ul>
          {mayWrite() && (make ? <Make incident={incident} texts={texts} done={() => { begin(false); all.reload(); }} /> : <div class="card-body"><Button onPress={() => begin(true)}>{t("outward.add")}</Button></div>)}
        </>)}</Loaded>
    </Card>
  );
}
