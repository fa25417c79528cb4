// One step: what it says, what Kizuki cannot do of it, and the one or two presses that end it. Doing it otherwise asks why.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { PlanStep, Run, Task, TaskEnd } from "../../api/types";
import { answerWords } from "../../widgets/plan";
import { lang, t, word } from "../../state/text";
import { useWrite, type Writer } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { TaskEdit } from "../../widgets/TaskEdit";
import { Remaining, Time } from "../../widgets/Time";
import { mayDo, taskWords } from "../../widgets/task";
import { Act } from "./Act";
import { Alert } from "./Alert";
import { Onsite } from "./Onsite";
import { Send } from "./Send";

interface Parts { task: Task; step: PlanStep | undefined; end: (x: Omit<TaskEnd, "version">) => void; write: Writer }

/** What a step of this kind wants before it is done. */
function Done({ task, step, end, write, reload }: Parts & { reload: () => void }) {
  const [said, say] = useState("");
  const busy = write.state.step === "busy";
  const choices = step?.cases?.map((c) => c.value) ?? (step?.condition !== undefined ? ["yes", "no"] : null);
  const asks = task.kind === "evidence" || (task.kind === "decision" && !choices);
  if (step?.action === "raise_level") return <Alert task={task} step={step} reload={reload} />;
  if (task.kind === "action" && task.ref?.startsWith("deed:")) return <Act task={task} reload={reload} />;
  if (task.kind === "action" && task.ref?.startsWith("action:")) return <div class="buttons"><Button solid href={`#/cases/${task.incident}/actions`}>{t("run.to_action")}</Button></div>;
  if (task.kind === "action") return null;
  if (choices)
    return (
      <div class="run-choices">
        {step?.condition !== undefined && <p class="bold">{step.condition}</p>}
        {choices.map((c) => <Button key={c} busy={busy} onPress={() => end({ to: "done", answer: c })}>{step?.cases ? answerWords(c, lang.value) : t(`run.${c}`)}</Button>)}
      </div>
    );
  const done = () => {
    const v = said.trim();
    if (asks && !v) return;
    end(task.kind === "evidence" ? { to: "done", evidence: v } : asks ? { to: "done", answer: v } : { to: "done", ...(v ? { note: v } : {}) });
  };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); done(); }}>
      <label class="field"><span>{t(task.kind === "evidence" ? "run.evidence" : asks ? "run.answer" : "run.note")}</span>
        <textarea rows={2} maxLength={1000} value={said} onInput={(e) => say(e.currentTarget.value)} /></label>
      <div class="buttons"><Button solid={task.kind !== "notify"} submit busy={busy}>{t(task.kind === "notify" ? "run.told" : "run.done")}</Button>{asks && !said.trim() && <span class="small ink2">{t("run.said_missing")}</span>}</div>
    </form>
  );
}

const OTHERWISE = ["skipped", "otherwise", "failed"] as const;

/** Not as the playbook says: which of the three, and why. */
function Otherwise({ task, step, end, write }: Parts) {
  const choices = task.kind === "decision" || task.kind === "repeat";
  const ways = OTHERWISE.filter((w) => w !== "otherwise" || !(choices || step?.kind === "evidence"));
  const [way, choose] = useState<(typeof OTHERWISE)[number]>(task.kind === "action" ? "otherwise" : "skipped");
  const [why, set] = useState("");
  return (
    <details class="run-other" open={task.kind === "action" && !task.ref && task.means !== "no_driver"}>
      <summary>{t("run.not_so")}</summary>
      <form class="form" onSubmit={(e) => { e.preventDefault(); if (why.trim()) end({ to: way === "otherwise" ? "done" : way, why: why.trim(), ...(way === "otherwise" ? { otherwise: true } : {}) }); }}>
        <label class="field"><span>{t("run.what_instead")}</span>
          <select value={way} onChange={(e) => choose(e.currentTarget.value as typeof way)}>{ways.map((w) => <option key={w} value={w}>{t(`run.way.${w}`)}</option>)}</select></label>
        <label class="field"><span>{t("run.why")}</span><textarea rows={2} maxLength={1000} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>
        <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t(`run.way.${way}.do`)}</Button>{!why.trim() && <span class="small ink2">{t("run.why_missing")}</span>}</div>
      </form>
    </details>
  );
}

export function Step({ run, task, reload }: { run: Run; task: Task; reload: () => void }) {
  const write = useWrite(reload);
  const [editing, edit] = useState(false);
  const step = run.plan.steps.find((s) => s.id === task.step);
  const end = (x: Omit<TaskEnd, "version">) => void write.run(() => api.endTask(task.id, { version: task.version, ...x }));
  const parts = { task, step, end, write };
  return (
    <div class="form run-step">
      <p class="run-words">{taskWords(task)}</p>
      <p class="small ink2">
        {t(`run.kind.${task.kind}`)}
        {step?.authority !== undefined && ` · ${t("run.authority", { what: word("authority", step.authority) })}`}
        {step?.who !== undefined && ` · ${step.who}`}
        {task.assignee && ` · ${t("run.by", { name: task.assignee.name })}`}
      </p>
      {task.due !== null && <p><Time at={task.due} /> {t("run.until")} <Remaining until={task.due} /></p>}
      {mayDo() && (editing ? <TaskEdit task={task} done={reload} leave={() => edit(false)} /> : <p><Button smaller onPress={() => edit(true)}>{t("task.edit")}</Button></p>)}
      {step?.description !== undefined && <p>{step.description}</p>}
      {(step?.commands ?? []).map((c, i) => <pre key={i} class="run-command">{c}</pre>)}
      {task.means !== null && <div class="note"><Mark kind="soon">{t("run.by_hand")}</Mark><p>{t(`run.means.${task.means}`)}{task.ref?.startsWith("wants:") && <> <b class="mono">{task.ref.slice("wants:".length)}</b></>}</p></div>}
      {mayDo() && task.kind === "notify" && <Send task={task} end={end} write={write} />}
      {mayDo() && task.kind === "action" && step?.action !== "raise_level" && !task.ref?.match(/^(deed|action):/) && <Onsite task={task} reload={reload} />}
      {mayDo() && <Done {...parts} reload={reload} />}
      <Outcome state={write.state} />
      {mayDo() && task.state === "due" && <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={() => end({ to: "doing" })}>{t("run.mine")}</Button></div>}
      {mayDo() && <Otherwise {...parts} />}
    </div>
  );
}
