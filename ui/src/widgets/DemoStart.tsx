// Starts the demonstration, waits until its own room answers, then offers the door to it.
import { api } from "../api/client";
import { useResource } from "../state/resource";
import { say, t } from "../state/text";
import { useWrite } from "../state/write";
import { Button } from "./Button";
import { Confirm } from "./Confirm";
import { Mark } from "./Mark";
import { Outcome } from "./Outcome";

export function DemoStart({ pack, solid = false }: { pack?: string; solid?: boolean }) {
  const demo = useResource(api.demo, ["demo"], []);
  const write = useWrite(demo.reload);
  const d = demo.data;
  const busy = write.state.step === "busy";
  const running = d?.state === "running";
  return (
    <>
      {d && d.state !== "none" && <p role="status"><Mark kind="run">{t(`demo.state.${d.state}`)}</Mark> {d.text && say(d.text)}</p>}
      {d?.state === "none" && d.text && <p role="status"><Mark kind="failed">{say(d.text)}</Mark></p>}
      <Outcome state={write.state} />
      <div class="buttons">
        {running && d.url && <Button solid={solid} href={d.url} apart>{t("demo.open")}</Button>}
        {(!d || d.state === "none") && <Button solid={solid} busy={busy} onPress={() => void write.run(() => api.demoStart(pack))}>{t("demo.start")}</Button>}
        {running && <Confirm busy={busy} label={t("demo.clear")} question={t("demo.clear_question")} effect={t("demo.clear_effect")} onConfirm={() => void write.run(api.demoClear)} />}
      </div>
    </>
  );
}
