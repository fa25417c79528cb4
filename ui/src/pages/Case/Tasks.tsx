// すること: what is to be done in this case now: steps of playbooks as they come up, what people wrote, and decisions about actions that no
// step asks for. A step is ended on the page of its run; what people wrote here.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Action, Incident, RunHead, Task } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Conflict } from "../../widgets/Conflict";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { actionMark, actionTitle } from "../../widgets/action";
import { TaskEdit } from "../../widgets/TaskEdit";
import { Time } from "../../widgets/Time";
import { answerWords } from "../../widgets/plan";
import { laneOf, mayDo, taskMark, taskOpen, taskWords } from "../../widgets/task";

const RANK: Record<string, number> = { proposed: 0, approved: 1, sent: 1, in_force: 2 };
const SHOWN = 7;

function ActionRow({ action }: { action: Action }) {
  const waiting = action.state === "proposed";
  const when = waiting ? action.due : action.state === "in_force" ? action.until : action.decided_at;
  return (
    <li class={`task${RANK[action.state] === undefined ? " done" : ""}`}>
      <Mark kind={actionMark(action)} />
      <div>
        <a class="quiet name bold" href={`#/cases/${action.incident_id}/actions`}>{actionTitle(action)}</a>
        <p class="small ink2">{waiting ? t("task.asked") : action.decided_by ? say(action.decided_by) : t(`action.state.${action.state}`)}</p>
      </div>
      <span class={`small nowrap${waiting ? " must bold" : ""}`}>{when === null ? (waiting ? t("ask.no_due") : "") : waiting || action.state === "in_force" ? t("task.until_at", { at: when }) : <Time at={when} />}</span>
    </li>
  );
}

/** A task nobody will do says why. */
function Skip({ task, reload, leave }: { task: Task; reload: () => void; leave: () => void }) {
  const [why, set] = useState("");
  const [seen] = useState(task.version);
  const write = useWrite(reload);
  const save = (version: number) => { if (why.trim()) void write.run(() => api.endTask(task.id, { version, to: "skipped", why: why.trim() })).then((ok) => ok && leave()); };
  const s = write.state;
  if (s.step === "conflict") return <Conflict failure={s.failure} yours={{ state: t("run.state.skipped"), why }} theirs={{ state: t(`run.state.${task.state}`), why: task.why }} busy={false} onMine={() => save(task.version)} onTheirs={leave} />;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(seen); }}>
      <label class="field"><span>{t("task.skip_why")}</span><input type="text" maxLength={500} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>
      <Outcome state={s} />
      <div class="buttons"><Button smaller submit busy={s.step === "busy"}>{t("task.skip")}</Button><Button smaller onPress={leave}>{t("button.leave")}</Button>{!why.trim() && <span class="small ink2">{t("task.skip_missing")}</span>}</div>
    </form>
  );
}

function TaskRow({ task, reload }: { task: Task; reload: () => void }) {
  const write = useWrite(reload);
  const [form, show] = useState<"edit" | "skip" | null>(null);
  const own = task.run === null && mayDo();
  const open = taskOpen(task);
  const turn = () => void write.run(() => api.endTask(task.id, { version: task.version, to: open ? "done" : "due", ...(open ? {} : { why: t("run.undo_why") }) }));
  return (
    <li class={`task${open || task.state === "waiting" ? "" : " done"}`}>
      <Mark kind={taskMark(task)} />
      <div>
        {task.run === null ? <span class="name bold">{taskWords(task)}</span> : <a class="quiet name bold" href={`#/runs/${task.run}?task=${task.id}`}>{taskWords(task)}</a>}
        <p class="small ink2">{[open ? task.assignee?.name ?? laneOf(task) : t(`run.state.${task.state}`), open ? null : task.answer !== null ? answerWords(task.answer, lang.value) : task.note ?? task.why].filter(Boolean).join(" · ")}</p>
        {open && task.assignee && task.lane && <p class="small ink2">{laneOf(task)}</p>}
        {form === "edit" && <TaskEdit task={task} done={reload} leave={() => show(null)} />}
        {form === "skip" && <Skip task={task} reload={reload} leave={() => show(null)} />}
        {form === null && mayDo() && (
          <p class="buttons task-buttons">
            {own && <Button smaller busy={write.state.step === "busy"} onPress={turn}>{t(open ? "run.done" : "run.undo")}</Button>}
            {own && open && <Button smaller onPress={() => show("skip")}>{t("task.skip")}</Button>}
            {open && <Button smaller onPress={() => show("edit")}>{t("task.edit")}</Button>}
          </p>)}
        <Outcome state={write.state} />
      </div>
      <span class={`small nowrap${task.late && open ? " must bold" : ""}`}>{open ? (task.due === null ? "" : t("task.until_at", { at: task.due })) : <Time at={task.ended_at ?? task.wake} />}</span>
    </li>
  );
}

function RunRow({ run }: { run: RunHead }) {
  return (
    <li class="task">
      <Mark kind={run.state === "proposed" ? "soon" : run.state === "running" ? "run" : "ok"} />
      <div>
        <a class="quiet name bold" href={`#/runs/${run.id}`}>{run.titles[lang.value]}</a>
        <p class="small ink2">{t(`run.is.${run.state}`)}{run.state === "running" && ` ${t("run.progress", { ended: run.ended, open: run.open })}`}</p>
      </div>
      <span />
    </li>
  );
}

function Add({ id, done }: { id: number; done: () => void }) {
  const [open, show] = useState(false);
  const [text, setText] = useState("");
  const [due, setDue] = useState("");
  const [key, setKey] = useState(() => crypto.randomUUID()); /* pressed twice, or again after a lost answer: one task */
  const write = useWrite(done);
  if (!open) return <Button smaller onPress={() => show(true)}>{t("task.add")}</Button>;
  const save = async () => {
    if (!text.trim()) return;
    if (await write.run(() => api.addTask(id, { text: text.trim(), key, ...(due.trim() ? { due: due.trim() } : {}) }))) { setText(""); setDue(""); setKey(crypto.randomUUID()); show(false); }
  };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <label class="field"><span>{t("task.text")}</span><input type="text" maxLength={500} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
      <label class="field"><span>{t("task.due")}</span><input type="text" maxLength={60} value={due} placeholder={t("task.due_hint")} onInput={(e) => setDue(e.currentTarget.value)} /></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("task.save")}</Button><Button onPress={() => show(false)}>{t("button.leave")}</Button></div>
    </form>
  );
}

export function Tasks({ incident }: { incident: Incident }) {
  const [all, showAll] = useState(false);
  const actions = useResource(api.actions(incident.id), ["action", "incident"], [incident.id], incident.id);
  const todo = useResource(api.tasks(incident.id), ["task", "run", "incident"], [incident.id], incident.id);
  /* a decision whose branches are open waits for nobody; it shows among what is done once they have ended */
  const tasks = (todo.data?.tasks ?? []).filter((x) => x.state !== "waiting" || x.wake !== null || x.ref !== null);
  const asked = new Set(tasks.filter(taskOpen).map((x) => x.ref));
  const rows = [...(actions.data?.actions ?? [])].filter((a) => !asked.has(`action:${a.id}`)).sort((a, b) => (RANK[a.state] ?? 3) - (RANK[b.state] ?? 3));
  const runs = (todo.data?.runs ?? []).filter((r) => r.state === "proposed" || r.state === "running" || r.state === "ended");
  const open = rows.filter((a) => a.state === "proposed").length + tasks.filter(taskOpen).length + runs.filter((r) => r.state === "proposed").length;
  const first = rows.find((a) => a.state === "proposed");
  const shown = all ? tasks : tasks.slice(0, SHOWN);
  return (
    <Card id="tasks" title={t("task.title")} caption={open > 0 && t("task.open_n", { n: open })}>
      {actions.data && todo.data && rows.length + tasks.length + runs.length === 0 && <Empty>{t("task.none")}</Empty>}
      <ul class="rows">
        {runs.filter((r) => r.state !== "ended").map((r) => <RunRow key={`r${r.id}`} run={r} />)}
        {rows.slice(0, SHOWN).map((a) => <ActionRow key={`a${a.id}`} action={a} />)}
        {shown.map((x) => <TaskRow key={x.id} task={x} reload={todo.reload} />)}
        {runs.filter((r) => r.state === "ended").map((r) => <RunRow key={`r${r.id}`} run={r} />)}
      </ul>
      {first && <div class="only-phone task-open"><Button solid href={`#/cases/${incident.id}/actions`}>{t("task.open")}</Button></div>}
      <div class="card-body buttons task-tools">
        {tasks.length > SHOWN && !all && <Button smaller onPress={() => showAll(true)}>{t("task.all", { n: tasks.length })}</Button>}
        {mayDo() && <Add id={incident.id} done={todo.reload} />}
        {mayDo() && <Button smaller href={`#/playbooks?case=${incident.id}`}>{t("task.playbook")}</Button>}
      </div>
    </Card>
  );
}
