// すること: what is waited for in this case now. The playbook's tasks come with its engine; until then these
// are the decisions about its actions.
import { api } from "../../api/client";
import type { Action, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { say, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { actionMark, actionTitle } from "../../widgets/action";
import { Time } from "../../widgets/Time";

const RANK: Record<string, number> = { proposed: 0, approved: 1, sent: 1, in_force: 2 };

function TaskRow({ action }: { action: Action }) {
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

export function Tasks({ incident }: { incident: Incident }) {
  const actions = useResource(api.actions(incident.id), ["action", "incident"], [incident.id], incident.id);
  const rows = [...(actions.data?.actions ?? [])].sort((a, b) => (RANK[a.state] ?? 3) - (RANK[b.state] ?? 3));
  const open = rows.filter((a) => a.state === "proposed").length;
  const first = rows.find((a) => a.state === "proposed");
  return (
    <Card id="tasks" title={t("task.title")} caption={rows.length > 0 && t("task.caption", { n: rows.length, open })}>
      {actions.data && rows.length === 0 && <Empty>{t("task.none")}</Empty>}
      <ul class="rows">{rows.slice(0, 7).map((a) => <TaskRow key={a.id} action={a} />)}</ul>
      {first && <div class="only-phone task-open"><Button solid href={`#/cases/${incident.id}/actions`}>{t("task.open")}</Button></div>}
    </Card>
  );
}
