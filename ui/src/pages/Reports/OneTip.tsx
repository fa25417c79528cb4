// One tip: what was said, what was found of it, whom it is about, who was called, what was answered, and how long each took.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Tip } from "../../api/types";
import { parse } from "../../lib/time";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";
import { ToCase, WhyNot } from "./Handle";
import { Notes } from "./Notes";
import { RaiseLevel } from "../../widgets/alert/Raise";
import { TipState } from "./Tips";

const STAGES = ["received", "entered", "called", "taken", "matched", "asked", "ended", "replied"] as const;

function Match({ x }: { x: Tip }) {
  const n = x.indicators_n;
  return (
    <Card id="match" title={t("tips.match")}>
      <div class="card-body form">
        {x.found !== null && x.found > 0
          ? <p><Mark kind="must">{t("tips.match.found", { n, found: x.found, first: x.first_at })}</Mark></p>
          : <p>{t(x.found === 0 ? "tips.match.clean" : x.match === "hunting" || x.match === "waiting" || x.match === "none" ? `tips.match.${x.match}` : "tips.match.failed", { n })}</p>}
        {x.indicators.length > 0 && <p class="indicator-list">{x.indicators.map((i) => <code>{i.value}</code>)}</p>}
        {x.refused_n > 0 && <p class="small ink2">{t("tips.match.refused", { n: x.refused_n })}</p>}
        {x.hunt !== null && <div class="buttons"><Button href={`#/search/hunts/${x.hunt}`}>{t("tips.to_hunt")}</Button></div>}
      </div>
    </Card>
  );
}

function Systems({ x, reload }: { x: Tip; reload: () => void }) {
  const [text, set] = useState(t("tips.ask_default"));
  const [off, pick] = useState<number[]>([]);
  const write = useWrite(reload);
  const chosen = x.systems.filter((s) => s.responsible && !off.includes(s.id)).map((s) => s.id);
  const turn = (id: number) => pick(off.includes(id) ? off.filter((o) => o !== id) : [...off, id]);
  if (x.systems.length === 0) return <Card id="systems" title={t("tips.systems")}><p class="empty">{t("tips.systems_none")}</p></Card>;
  return (
    <Card id="systems" title={t("tips.systems")}>
      <ul class="rows">{x.systems.map((s) => (
        <li><label class="pick">{s.responsible && <input type="checkbox" checked={!off.includes(s.id)} onChange={() => turn(s.id)} />}
          <span><b>{s.name}</b> <span class="small ink2">{t(`tips.by.${s.by}`)}{s.version ? ` ${s.version}` : ""}{s.version_named ? `、${t("tips.version_named")}` : ""}</span><br /><span class="small">{s.owner} {s.responsible || <span class="ink3">{t("tips.nobody")}</span>}</span></span></label></li>))}
      </ul>
      {me.value?.person.role !== "auditor" && chosen.length > 0 && (
        <form class="card-body form" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.askTip(x.id, { systems: chosen, text: text.trim() })); }}>
          <label class="field"><span>{t("tips.ask_text")}</span><textarea rows={3} maxLength={4000} value={text} onInput={(e) => set(e.currentTarget.value)} /></label>
          <Outcome state={write.state} />
          <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("tips.ask")}</Button></div>
        </form>)}
      {x.answers.length > 0 && <div class="card-body"><h3>{t("tips.answers")}</h3><ul class="rows">{x.answers.map((a) => <li><b>{a.person}</b> {a.system} {a.answered ? <>{lang.value === "ja" ? a.answer_ja : a.answer_en} {a.words} {!a.done && <Mark kind="soon">{t("word.not_yet")}</Mark>} <span class="small ink2"><Time at={a.answered} /></span></> : <Mark kind="soon">{t("tips.no_answer")}</Mark>}</li>)}</ul>{x.campaign !== null && <p class="small"><a href={`#/campaigns/${x.campaign}`}>{t("tips.to_campaign")}</a></p>}</div>}
    </Card>
  );
}

function Calls({ x }: { x: Tip }) {
  return (
    <Card id="calls" title={t("tips.calls")}>
      {x.calls.length === 0 ? <p class="empty">{t("tips.calls_none")}</p> : (
        <ul class="rows">{x.calls.map((c) => (
          <li><b>{c.person}</b> <span class="small ink2">{c.address} {t("tips.called", { at: c.at })}</span> {c.answered && <Mark kind="ok">{t("tips.answered", { at: c.answered })}</Mark>}</li>))}
        </ul>)}
    </Card>
  );
}

function Reply({ x, reload }: { x: Tip; reload: () => void }) {
  const [text, set] = useState("");
  const [way, pick] = useState("");
  const [address, put] = useState(x.contact.includes("@") ? x.contact : "");
  const write = useWrite(() => { set(""); reload(); });
  const ready = text.trim() !== "" && (way === "" || address.trim() !== "");
  return (
    <Card id="reply" title={t("tips.reply")}>
      <form class="card-body form" onSubmit={(e) => { e.preventDefault(); if (ready) void write.run(() => api.replyTip(x.id, { way, address: way ? address.trim() : "", text: text.trim() })); }}>
        <label class="field"><span>{t("tips.reply_way")}</span><select value={way} onChange={(e) => pick(e.currentTarget.value)}><option value="">{t("tips.reply_said")}</option><option value="mail">{t("tips.reply_mail")}</option></select></label>
        {way && <label class="field"><span>{t("tips.reply_address")}</span><input type="text" value={address} onInput={(e) => put(e.currentTarget.value)} /></label>}
        <label class="field"><span>{t("tips.reply_text")}</span><textarea rows={3} maxLength={4000} value={text} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} /></label>
        <Outcome state={write.state} />
        {ready && <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t(way ? "tips.reply_mail_send" : "tips.reply_send")}</Button></div>}
      </form>
    </Card>
  );
}

function Stages({ x }: { x: Tip }) {
  const from = parse(x.received) ?? 0;
  return (
    <Card id="stages" title={t("tips.stages")}>
      <div class="card-body"><Facts rows={STAGES.map((s) => {
        const at = x[s], ms = at === null ? null : parse(at);
        return [t(`tips.stage.${s}`), ms === null ? <span class="ink3">{t("tips.stage.wait")}</span> : <><Time at={at} /> {s !== "received" && <span class="small ink2">{t("tips.minutes", { n: Math.round((ms - from) / 60000) })}</span>}</>];
      })} /></div>
    </Card>
  );
}

function Handle({ x, reload }: { x: Tip; reload: () => void }) {
  const write = useWrite(reload);
  if (x.incident || me.value?.person.role === "auditor") return null;
  return (
    <Card id="handle" title={t("reports.handle")}>
      <div class="card-body form">
        {x.state !== "taken" && <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={() => void write.run(() => api.changeTip(x.id, { version: x.version, to: "taken" }))}>{t(x.state === "new" ? "reports.take" : "reports.take_again")}</Button></div>}
        {x.state !== "closed" && <>
          <ToCase busy={write.state.step === "busy"} onJoin={(incident) => void write.run(() => api.tipToCase(x.id, { version: x.version, incident }))} />
          <WhyNot busy={write.state.step === "busy"} onClose={(why) => void write.run(() => api.changeTip(x.id, { version: x.version, to: "closed", why }))} />
        </>}
        <Outcome state={write.state} />
      </div>
    </Card>
  );
}

export function OneTip({ id }: { id: string }) {
  const tip = useResource(api.tip(id), ["tip", "incident"], [id]);
  return (
    <Loaded of={tip}>{(x) => (
      <>
        <div class="page-head"><h1>{t(`tips.from.${x.from}`)}{x.sender && `　${x.sender}`}</h1><span class="id ink2">{x.number}</span><span class="grow" /><Button href="#/reports/tips">{t("tips.title")}</Button></div>
        <div class="grid">
          <div class="col w8">
            <Card id="words" title={t("tips.words")} side={<TipState x={x} />}>
              <div class="card-body form">
                <p class="said">{x.text}</p>
                <Facts rows={[[t("tips.channel"), t(`reports.channel.${x.channel}`)], [t("tips.contact"), x.contact || t("reports.no_service")], [t("tips.tlp"), x.tlp], [t("reports.typed"), say(x.by)],
                  ...(x.why ? [[t("reports.why"), x.why] as [string, string]] : [])]} />
              </div>
            </Card>
            <Match x={x} />
            <Systems x={x} reload={tip.reload} />
            {me.value?.person.role !== "auditor" && <Card id="tip-level" title={t("tips.level")}><div class="card-body"><RaiseLevel tip id={x.id} services={x.systems.map((s) => s.name)} reason={x.number} done={tip.reload} /></div></Card>}
            <Notes of={`tips/${x.id}`} notes={x.notes} />
          </div>
          <div class="col w4"><Handle x={x} reload={tip.reload} /><Calls x={x} /><Stages x={x} />{me.value?.person.role !== "auditor" && <Reply x={x} reload={tip.reload} />}</div>
        </div>
      </>)}
    </Loaded>
  );
}
