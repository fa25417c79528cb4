// A lesson told live, as a drill for people: begun here, watched here, ended here.
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";

export function Drill({ pack }: { pack: string }) {
  const state = useResource(api.ruleState, ["rule_state"], []);
  const write = useWrite(state.reload);
  const order = (op: string) => void write.run(() => api.ruleOrder({ op, name: pack }));
  const busy = write.state.step === "busy", drill = state.data?.drill;
  return (
    <Card id="drill" title={t("lesson_in.drill")}>
      <div class="card-body stack-small">
        <Outcome state={write.state} />
        {drill ? (
          <>
            <p role="status"><Mark kind="run">{t("lesson_in.drill_runs", { pack: drill.pack, n: drill.lines })}</Mark> {t("lesson_in.drill_ends")} <Time at={drill.ends} /></p>
            <div class="buttons"><Button busy={busy} onPress={() => order("drill_end")}>{t("lesson_in.drill_end")}</Button></div>
          </>
        ) : (
          <>
            <p class="small ink2">{t("lesson_in.drill_lead")}</p>
            <div class="buttons"><Confirm label={t("lesson_in.drill_start")} question={t("lesson_in.drill_ask")} effect={<p>{t("lesson_in.drill_effect")}</p>} busy={busy} onConfirm={() => order("drill")} /></div>
          </>)}
      </div>
    </Card>
  );
}
