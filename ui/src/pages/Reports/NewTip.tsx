// Writing a tip down as it comes: from whom, their words. What follows (calling, looking) begins by itself.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import { go } from "../../state/route";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Outcome } from "../../widgets/Outcome";

const FROM = ["nco", "ministry", "jpcert", "police", "hosting", "isp", "partner", "other"];
const CHANNELS = ["phone", "mail", "letter", "web"];
const TLPS = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];

export function NewTip() {
  const [x, set] = useState({ form: "tip", from: "", sender: "", contact: "", channel: "phone", tlp: "AMBER", received: "", text: "" });
  const write = useWrite();
  const put = (k: keyof typeof x) => (e: { currentTarget: { value: string } }) => { set({ ...x, [k]: e.currentTarget.value }); write.clear(); };
  const ready = x.from !== "" && x.text.trim() !== "";
  const send = () => write.run(async () => { const made = await api.addTip({ ...x, received: x.received.trim() || null }); go(`#/reports/tips/${made.id}`); });
  const pick = (k: keyof typeof x, values: string[], words: string) => <select value={x[k]} onChange={put(k)}>{values.map((v) => <option value={v}>{words ? t(`${words}.${v}`) : v}</option>)}</select>;
  return (
    <>
      <div class="page-head"><h1>{t("tips.new")}</h1><span class="grow" /><Button href="#/reports/tips">{t("tips.title")}</Button></div>
      <Card>
        <form class="card-body form" onSubmit={(e) => { e.preventDefault(); if (ready) void send(); }}>
          <fieldset class="choices"><legend>{t("tips.from")}</legend>
            {FROM.map((f) => <label class="choice"><input type="radio" name="from" value={f} checked={x.from === f} onChange={put("from")} /><span><b>{t(`tips.from.${f}`)}</b></span></label>)}
          </fieldset>
          <label class="field"><span>{t("tips.text")}</span><textarea rows={8} maxLength={33000} value={x.text} onInput={put("text")} /><small class="ink2">{t("tips.text_hint")}</small></label>
          <div class="form-row">
            <label class="field"><span>{t("tips.sender")}</span><input type="text" maxLength={100} value={x.sender} onInput={put("sender")} /></label>
            <label class="field"><span>{t("tips.contact")}</span><input type="text" maxLength={100} value={x.contact} onInput={put("contact")} /></label>
          </div>
          <div class="form-row">
            <label class="field"><span>{t("tips.channel")}</span>{pick("channel", CHANNELS, "reports.channel")}</label>
            <label class="field"><span>{t("tips.received")}</span><input type="text" value={x.received} onInput={put("received")} placeholder={t("tips.received_hint")} /></label>
            <label class="field"><span>{t("tips.tlp")}</span>{pick("tlp", TLPS, "")}</label>
            <label class="field"><span>{t("tips.form")}</span>{pick("form", ["tip", "info"], "tips.form")}</label>
          </div>
          <Outcome state={write.state} />
          <div class="buttons"><Button submit solid busy={write.state.step === "busy"}>{t("tips.send")}</Button>{!ready && <span class="small ink2">{t("tips.missing")}</span>}</div>
        </form>
      </Card>
    </>
  );
}
