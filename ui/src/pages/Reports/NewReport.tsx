// Typing a report for who calls, faxes or stands at the counter: the same choices as the form for anybody, one line, done.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { ReportReceipt } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { kindOf } from "./kinds";

const CHANNELS = ["phone", "fax", "counter", "mail"];
const EMPTY = { kind: "", text: "", service: "", caller: "", contact: "", channel: "phone" };

function Receipt({ receipt, kind, again }: { receipt: ReportReceipt; kind: string; again: () => void }) {
  const kinds = useResource(api.reportKinds, [], []);
  const now = kindOf(kinds.data?.kinds ?? [], kind)?.now[lang.value] ?? [];
  return (
    <Card id="receipt" title={<Mark kind="proved">{t("reports.arrived")}</Mark>}>
      <div class="card-body form">
        <dl class="facts big"><dt>{t("reports.number")}</dt><dd class="id">{receipt.number}</dd><dt>{t("reports.secret")}</dt><dd class="id">{receipt.secret}</dd></dl>
        <p>{t("reports.read_out")}</p>
        {now.length > 0 && <div><h3>{t("reports.say_now")}</h3><ol class="plain-list">{now.map((a) => <li><b>{a.do}</b> {a.more}</li>)}</ol></div>}
        <div class="buttons"><Button solid onPress={again}>{t("reports.another")}</Button><Button href={`#/reports/${receipt.id}`}>{t("reports.open_it")}</Button><Button href="#/reports">{t("reports.back")}</Button></div>
      </div>
    </Card>
  );
}

export function NewReport() {
  const kinds = useResource(api.reportKinds, [], []);
  const systems = useResource(api.register("systems"), ["registers"], []);
  const [x, set] = useState(EMPTY);
  const [receipt, done] = useState<ReportReceipt | null>(null);
  const write = useWrite();
  const put = (k: keyof typeof EMPTY) => (e: { currentTarget: { value: string } }) => { set({ ...x, [k]: e.currentTarget.value }); write.clear(); };
  const send = () => write.run(async () => { done(await api.report({ ...x, lang: lang.value })); });
  const names = (systems.data?.rows ?? []).map((r) => r.name);
  return (
    <>
      <div class="page-head"><h1>{t("reports.new")}</h1><span class="grow" /><Button href="#/reports">{t("reports.back")}</Button></div>
      {receipt ? <Receipt receipt={receipt} kind={x.kind} again={() => { done(null); set(EMPTY); write.clear(); }} /> : (
        <Loaded of={kinds}>{(k) => (
          <Card>
            <form class="card-body form" onSubmit={(e) => { e.preventDefault(); if (x.kind) void send(); }}>
              <fieldset class="choices">
                <legend>{t("reports.ask")}</legend>
                {k.kinds.map((c) => (
                  <label class="choice"><input type="radio" name="kind" value={c.id} checked={x.kind === c.id} onChange={put("kind")} /><span><b>{c.title[lang.value]}</b><small>{c.hint[lang.value]}</small></span></label>))}
              </fieldset>
              <label class="field"><span>{t("reports.line")}</span><textarea rows={2} maxLength={1000} value={x.text} onInput={put("text")} /></label>
              <div class="form-row">
                <label class="field"><span>{t("reports.service")}</span><input type="text" list="report-services" maxLength={100} value={x.service} onInput={put("service")} /></label>
                <datalist id="report-services">{names.map((n) => <option value={n} />)}</datalist>
                <label class="field"><span>{t("reports.channel")}</span><select value={x.channel} onChange={put("channel")}>{CHANNELS.map((c) => <option value={c}>{t(`reports.channel.${c}`)}</option>)}</select></label>
              </div>
              <div class="form-row">
                <label class="field"><span>{t("reports.caller")}</span><input type="text" maxLength={100} value={x.caller} onInput={put("caller")} /></label>
                <label class="field"><span>{t("reports.contact")}</span><input type="text" maxLength={100} value={x.contact} onInput={put("contact")} /></label>
              </div>
              <Outcome state={write.state} />
              <div class="buttons"><Button submit solid busy={write.state.step === "busy"}>{t("reports.send")}</Button>{!x.kind && <span class="small ink2">{t("reports.choose")}</span>}</div>
            </form>
          </Card>)}
        </Loaded>)}
    </>
  );
}
