// The buttons of an action: a verb with its object and amount, asked once more, undo in reach while it lasts.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Action } from "../../api/types";
import { t } from "../../state/text";
import { me } from "../../state/session";
import { useWrite } from "../../state/write";
import { Confirm } from "../../widgets/Confirm";
import { Outcome } from "../../widgets/Outcome";

const MINUTES = [10, 30, 60, 180, 720, 1440];

function Minutes({ label, value, onPick }: { label: string; value: number; onPick: (n: number) => void }) {
  const all = [...new Set([...MINUTES, value])].sort((a, b) => a - b);
  return (
    <label class="minutes small"><span>{label}</span>
      <select value={String(value)} onChange={(e) => onPick(Number(e.currentTarget.value))}>{all.map((m) => <option value={String(m)}>{t("action.minutes_n", { n: m })}</option>)}</select>
    </label>
  );
}

export function ActionButtons({ action, first, reload }: { action: Action; first: boolean; reload: () => void }) {
  const [minutes, setMinutes] = useState(action.minutes);
  const [reason, setReason] = useState("");
  const write = useWrite(reload);
  const { may, version, id } = action;
  if (!may.approve && !may.reject && !may.undo && !may.extend) return <Outcome state={write.state} />;
  const busy = write.state.step === "busy";
  const act = (verb: "approve" | "reject" | "undo" | "extend", body = {}) => () => void write.run(() => api.act(id, verb, { version, ...body }));
  const n = action.addresses.length;
  const approve = me.value?.dry_run ? "button.block_dry_run" : "button.block";
  return (
    <>
      <Outcome state={write.state} />
      {(may.approve || may.extend) && <Minutes label={t(may.approve ? "action.minutes" : "action.minutes_more")} value={minutes} onPick={setMinutes} />}
      <div class="buttons action-buttons">
        {may.approve && <Confirm solid={first} busy={busy} label={t(approve, { n, minutes })} question={t(`confirm.question.${approve}`, { n, minutes })} effect={t(`confirm.effect.${approve}`, { n, minutes })} onConfirm={act("approve", { minutes })} />}
        {may.reject && (
          <Confirm busy={busy} label={t("button.not_block", { n })} question={t("confirm.question.button.not_block", { n })} onConfirm={act("reject", { reason })}
            effect={<><p>{t("confirm.effect.button.not_block")}</p><label class="field"><span>{t("action.reject_reason")}</span><input type="text" maxLength={1000} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label></>} />)}
        {may.undo && <Confirm busy={busy} label={t("action.undo")} question={t("action.undo_question")} effect={t("action.undo_effect")} onConfirm={act("undo")} />}
        {may.extend && <Confirm busy={busy} label={t("button.extend", { minutes })} question={t("confirm.question.button.extend", { minutes })} effect={t("confirm.effect.button.extend", { minutes })} onConfirm={act("extend", { minutes })} />}
      </div>
    </>
  );
}
