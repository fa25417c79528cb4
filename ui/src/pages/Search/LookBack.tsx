// A query or a Sigma rule looked for in all that is kept: here, or in the copy of another Kizuki.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import { go } from "../../state/route";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Outcome } from "../../widgets/Outcome";
import { Where } from "./Where";

type Kind = "query" | "rule";
const EXAMPLE: Record<Kind, string> = { query: "source.ip:192.0.2.7", rule: "title: …\nlogsource: {category: …}\ndetection: …" };

export function LookBack() {
  const [kind, pick] = useState<Kind>("rule");
  const [text, setText] = useState("");
  const [why, setWhy] = useState("");
  const [copy, setCopy] = useState("");
  const write = useWrite();
  const send = () => void write.run(async () => {
    const made = await api.beginHunt({ hypothesis: why.trim(), [kind]: text, copy: copy || undefined });
    go(`#/search/hunt/${made.id}`);
  });
  return (
    <details class="rest"><summary>{t("ioc.back")}</summary>
      <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (text.trim() && why.trim()) send(); }}>
        <div class="form-row">
          <label class="field"><span>{t("ioc.back_kind")}</span><select value={kind} onChange={(e) => { pick(e.currentTarget.value as Kind); write.clear(); }}>
            {(["rule", "query"] as const).map((k) => <option value={k}>{t(`ioc.back_${k}`)}</option>)}</select></label>
          <Where label={<span>{t("search.where")}</span>} copy={copy} change={setCopy} />
        </div>
        <label class="field"><span>{t("ioc.back_text")}</span><textarea class="mono" rows={kind === "rule" ? 8 : 2} maxLength={kind === "rule" ? 65536 : 16384} value={text} placeholder={EXAMPLE[kind]} onInput={(e) => { setText(e.currentTarget.value); write.clear(); }} spellcheck={false} /></label>
        <label class="field"><span>{t("search.hunt_label")}</span><input type="text" maxLength={2000} value={why} onInput={(e) => setWhy(e.currentTarget.value)} placeholder={t("search.hunt_example")} /></label>
        <p class="small ink2">{t("ioc.back_hint")}</p>
        <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("ioc.back_begin")}</Button><Outcome state={write.state} /></div>
      </form>
    </details>
  );
}
