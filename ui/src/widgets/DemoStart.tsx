// Starts the demonstration, waits until its own room answers, then offers the door to it.
import { api } from "../api/client";
import { useResource } from "../state/resource";
import { say, t } from "../state/text";
import { useWrite } from "../state/write";
import { Button } from "./Button";
import { Confirm } from "./Confirm";
import { Mark } from "./Mark";
import { Outcome } from "./Outcome";

export function DemoStart({ pack }: { pack?: string }) {
  const demo = useResource(api.demo, ["demo"], []);
  const write = useWrite(demo.reload);
  const d = demo.data;
  const busy = write.state.step === "busy";
  const running = d !== null && (d.state === "running" || d.state === "finished");
  return (
    <>
      {d?.state === "starting" && <p role="status"><Mark kind="run">{t("demo.state.starting")}</Mark></p>}
      {running && <p role="status"><Mark kind={d.state === "running" ? "run" : "ok"}>{t(`demo.state.${d.state}`)}</Mark></p>}
      {d?.state === "failed" && <p role="status"><Mark kind="failed">{t("demo.state.failed")}</Mark> {d.text && say(d.text)}</p>}
      <Outcome state={write.state} />
      <div class="buttons">
        {running && d.url && <Button href={d.url}>{t("demo.open")}</Button>}
        {(!d || d.state === "none" || d.state === "failed") && <Button busy={busy} onPress={() => void write.run(() => api.demoStart(pack))}>{t("demo.start")}</Button>}
        {running && <Confirm busy={busy} label={t("demo.clear")} question={t("demo.clear_question")} effect={t("demo.clear_effect")} onConfirm={() => void write.run(api.demoClear)} />}
      </div>
    </>
  );
}
