// A playbook run in a case: what is next and nothing else, how far it is, the map of the whole, what was done.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Run, Task } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { answerWords } from "../../widgets/plan";
import { PlanMap } from "../../widgets/PlanMap";
import { Time } from "../../widgets/Time";
import { laneOf, mayDo, taskMark, taskOpen, taskWords } from "../../widgets/task";
import { Step } from "./Step";

const byNeed = (a: Task, b: Task): number => (a.due ?? "9").localeCompare(b.due ?? "9") || a.place - b.place;

/** With a reason, in words: declining what was proposed, stopping what runs. */
function Leave({ run, to, reload }: { run: Run; to: "declined" | "stopped"; reload: () => void }) {
  const [why, set] = useState("");
  const write = useWrite(reload);
  return (
    <details class="run-other">
      <summary>{t(`run.${to}`)}</summary>
      <form class="form" onSubmit={(e) => { e.preventDefault(); if (why.trim()) void write.run(() => api.putRun(run.id, { version: run.version, to, why: why.trim() })); }}>
        <label class="field"><span>{t("run.why")}</span><textarea rows={2} maxLength={1000} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>
        <Outcome state={write.state} />
        <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t(`run.${to}.do`)}</Button>{!why.trim() && <span class="small ink2">{t("run.why_missing")}</span>}</div>
      </form>
    </details>
  );
}

function Proposed({ run, reload }: { run: Run; reload: () => void }) {
  const write = useWrite(reload);
  return (
    <Card id="run-next" title={t("run.proposed")}>
      <div class="card-body form">
        <p>{t("run.proposed.lead", { n: run.steps })}</p>
        <Outcome state={write.state} />
        {mayDo() && <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={() => void write.run(() => api.putRun(run.id, { version: run.version, to: "running" }))}>{t("run.begin")}</Button></div>}
        {mayDo() && <Leave run={run} to="declined" reload={reload} />}
      </div>
    </Card>
  );
}

function Past({ run, reload }: { run: Run; reload: () => void }) {
  const write = useWrite(reload);
  const ended = run.tasks.filter((x) => (["done", "skipped", "failed"].includes(x.state) || (x.state === "waiting" && x.answer !== null)) && x.kind !== "together").sort((a, b) => (b.ended_at ?? "").localeCompare(a.ended_at ?? "") || b.id - a.id);
  const last = ended.find((x) => x.ended_by?.key === "by.person");
  if (ended.length === 0) return null;
  return (
    <Card id="run-past" title={t("run.past")} caption={t("run.past.n", { n: ended.length })}>
      <ul class="rows">
        {ended.map((x) => (
          <li key={x.id} class="task">
            <Mark kind={taskMark(x)} />
            <div>
              <span>{taskWords(x)}</span>
              <p class="small ink2">{[t(`run.state.${x.state === "waiting" ? "done" : x.state}`), x.answer === null ? null : answerWords(x.answer === "yes" || x.answer === "no" ? t(`run.${x.answer}`) : x.answer, lang.value), x.note, x.why, x.evidence].filter(Boolean).join(" · ")}</p>
              {x.id === last?.id && mayDo() && run.state !== "stopped" && (
                <p><Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.endTask(x.id, { version: x.version, to: "due", why: t("run.undo_why") }))}>{t("run.undo")}</Button></p>)}
              {x.id === last?.id && <Outcome state={write.state} />}
            </div>
            <span class="small nowrap"><Time at={x.ended_at} />{x.ended_by && <> {say(x.ended_by)}</>}</span>
          </li>))}
      </ul>
    </Card>
  );
}

function Waiting({ tasks }: { tasks: Task[] }) {
  const sent = tasks.filter((x) => x.state === "waiting" && /^(message|deed):/.test(x.ref ?? ""));
  const other = tasks.filter((x) => x.state === "waiting" && x.ref?.startsWith("run:"));
  if (other.length > 0) return <ul class="plain">{other.map((x) => <li key={x.id}><Mark kind="run">{taskWords(x)}</Mark> <Button smaller href={`#/runs/${x.ref?.slice(4)}`}>{t("run.to_other")}</Button></li>)}</ul>;
  const w = tasks.filter((x) => x.state === "waiting" && x.wake !== null);
  if (sent.length > 0) return <ul class="plain">{sent.map((x) => <li key={x.id}><Mark kind="run">{taskWords(x)}</Mark> <span class="small ink2">{t("run.on_its_way")}</span></li>)}</ul>;
  return w.length === 0 ? null : <ul class="plain">{w.map((x) => <li key={x.id}><Mark kind="run">{taskWords(x)}</Mark> <span class="small ink2">{t("run.wakes")} <Time at={x.wake} seconds /></span></li>)}</ul>;
}

function Running({ run, wanted, reload }: { run: Run; wanted: number | null; reload: () => void }) {
  const open = run.tasks.filter(taskOpen).sort(byNeed);
  const task = open.find((x) => x.id === wanted) ?? open[0];
  const others = open.filter((x) => x !== task);
  return (
    <Card id="run-next" title={t(task ? "run.next" : "run.nothing")} caption={task ? (laneOf(task) ?? "") : ""}>
      <div class="card-body form">
        {task && <Step key={`${task.id}.${task.version}`} run={run} task={task} reload={reload} />}
        <Waiting tasks={run.tasks} />
        {others.length > 0 && (
          <nav aria-label={t("run.beside")}>
            <p class="small ink2">{t("run.beside")}</p>
            <ul class="plain">{others.map((x) => <li key={x.id}><a href={`#/runs/${run.id}?task=${x.id}`}>{taskWords(x)}</a> <span class="small ink2">{laneOf(x)}</span></li>)}</ul>
          </nav>)}
        {mayDo() && <Leave run={run} to="stopped" reload={reload} />}
      </div>
    </Card>
  );
}

function Whole({ run, wanted, reload }: { run: Run; wanted: number | null; reload: () => void }) {
  return (
    <>
      <div class="page-head"><h1>{run.titles[lang.value]}</h1><span class="grow" /><Button href={`#/cases/${run.incident}`}>{t("run.to_case")}</Button></div>
      <p class="page-lead ink2">
        {t(`run.is.${run.state}`)}{run.state === "running" && ` ${t("run.progress", { ended: run.ended, open: run.open })}`}
        {run.deviations > 0 && ` ${t("run.deviations", { n: run.deviations })}`}{" "}{t("run.version", { n: run.number })}
      </p>
      <div class="grid run-grid">
        <div class="col w7">
          {run.state === "proposed" && <Proposed run={run} reload={reload} />}
          {run.state === "running" && <Running run={run} wanted={wanted} reload={reload} />}
          {(run.state === "declined" || run.state === "stopped") && <Card id="run-next" title={t(`run.is.${run.state}`)}><p class="card-body">{run.reason ?? t("word.none")}</p></Card>}
          <Past run={run} reload={reload} />
        </div>
        <div class="col w5"><Card id="run-map" title={t("run.map")}><div class="card-body"><PlanMap plan={run.plan} tasks={run.tasks} /></div></Card></div>
      </div>
    </>
  );
}

export function Runs({ args, query }: { args: string[]; query: URLSearchParams }) {
  const id = args[0] ?? "";
  const run = useResource(api.run(id), ["run", "task", "action"], [id]);
  const wanted = query.get("task");
  return <Loaded of={run}>{(r) => <Whole run={r} wanted={wanted ? Number(wanted) : null} reload={run.reload} />}</Loaded>;
}
