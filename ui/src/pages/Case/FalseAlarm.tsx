// 誤報: closing a case that was nothing, with the reason; and taking that back. What it does to the order of its like is said before.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Incident } from "../../api/types";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Confirm } from "../../widgets/Confirm";
import { Conflict } from "../../widgets/Conflict";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { mayDo } from "../../widgets/task";

export function FalseAlarmIs({ incident, reload }: { incident: Incident; reload: () => void }) {
  const write = useWrite(reload);
  const was = incident.false_alarm;
  if (!was) return null;
  return (
    <div class="note false-alarm">
      <Mark kind="declared">{t("false.is", { by: say(was.by), at: was.at, reason: was.reason })}</Mark>
      <Outcome state={write.state} />
      {mayDo() && <Confirm smaller label={t("false.undo")} question={t("false.undo")} effect={t("false.undone_effect")} busy={write.state.step === "busy"}
        onConfirm={() => void write.run(() => api.falseAlarmUndo(incident.id, incident.version))} />}
    </div>
  );
}

export function FalseAlarm({ incident, reload, close }: { incident: Incident; reload: () => void; close: () => void }) {
  const [reason, set] = useState("");
  const [seen] = useState(incident.version);
  const write = useWrite(reload);
  const save = (version: number) => { if (reason.trim()) void write.run(() => api.falseAlarm(incident.id, { version, reason: reason.trim() })).then((ok) => ok && close()); };
  const s = write.state;
  if (s.step === "conflict")
    return (
      <div class="case-edit card card-body">
        <Conflict failure={s.failure} yours={{ state: "closed", reason }} theirs={{ state: incident.state, reason: incident.false_alarm?.reason ?? "" }} busy={false}
          onMine={() => save(incident.version)} onTheirs={close} />
      </div>
    );
  return (
    <form class="case-edit card card-body form" onSubmit={(e) => { e.preventDefault(); save(seen); }}>
      <p class="bold">{t("false.question")}</p>
      <p>{t("false.effect")}</p>
      <label class="field"><span>{t("false.reason")}</span><textarea rows={2} maxLength={1000} value={reason} onInput={(e) => set(e.currentTarget.value)} /></label>
      <Outcome state={s} />
      <div class="buttons">
        <Button submit busy={s.step === "busy"}>{t("false.button")}</Button>
        <Button onPress={close}>{t("button.leave")}</Button>
        {!reason.trim() && <span class="small ink2">{t("false.reason_missing")}</span>}
      </div>
    </form>
  );
}
