// The alert level a step put: what it would hand out, and decided, withdrawn or lowered where the step stands. What the case left open is put here.
import { api } from "../../api/client";
import type { PlanStep, Task } from "../../api/types";
import { useResource } from "../../state/resource";
import { Loaded } from "../../widgets/Loaded";
import { RaiseLevel } from "../../widgets/alert/Raise";
import { Row } from "../../widgets/alert/Row";
import { Would } from "../../widgets/alert/Would";
import { taskWords } from "../../widgets/task";

export function Alert({ task, step, reload }: { task: Task; step: PlanStep | undefined; reload: () => void }) {
  const all = useResource(api.caseLevels(task.incident), ["alert_level"], [task.incident]);
  const id = Number(task.ref?.slice("level:".length));
  const done = () => { all.reload(); reload(); };
  return (
    <Loaded of={all}>{(d) => {
      const x = d.rows.find((r) => r.id === id);
      return x ? <Row x={x} reload={done} more={<Would x={x} />} /> : <RaiseLevel id={task.incident} services={step?.services ?? []} reason={taskWords(task)} done={done} />;
    }}</Loaded>
  );
}
