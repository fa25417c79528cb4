// What a report or a tip may become: joined to a case, a case of its own, or none with the reason why.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { say, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Confirm } from "../../widgets/Confirm";

/** The open cases to choose from, and a button that opens one. */
export function ToCase({ busy, onJoin }: { busy: boolean; onJoin: (incident?: number) => void }) {
  const cases = useResource(api.incidents({ state: "open", limit: 50 }), ["incident"], []);
  const [id, pick] = useState("");
  const rows = cases.data?.incidents ?? [];
  return (
    <div class="form">
      {rows.length > 0 && (
        <form class="form" onSubmit={(e) => { e.preventDefault(); if (id) onJoin(Number(id)); }}>
          <label class="field"><span>{t("reports.which_case")}</span>
            <select value={id} onChange={(e) => pick(e.currentTarget.value)}>
              <option value="">{t("reports.choose_case")}</option>
              {rows.map((c) => <option value={String(c.id)}>{`${c.number} ${say(c.title)}`}</option>)}
            </select></label>
          {id && <div class="buttons"><Button submit busy={busy}>{t("reports.join")}</Button></div>}
        </form>)}
      <div class="buttons"><Confirm busy={busy} label={t("reports.open_case")} question={t("reports.open_question")} effect={<p>{t("reports.open_effect")}</p>} onConfirm={() => onJoin()} /></div>
    </div>
  );
}

export function WhyNot({ busy, onClose }: { busy: boolean; onClose: (why: string) => void }) {
  const [why, set] = useState("");
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (why.trim()) onClose(why.trim()); }}>
      <label class="field"><span>{t("reports.why")}</span><input type="text" maxLength={1000} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>
      {why.trim() && <div class="buttons"><Button submit busy={busy}>{t("reports.close")}</Button></div>}
    </form>
  );
}
