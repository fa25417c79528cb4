// The act a step proposed, decided where the step stands: nobody has to look for it in the case.
import { api } from "../../api/client";
import type { Task } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { batches } from "../../widgets/deed";
import { DeedCard } from "../../widgets/DeedCard";

export function Act({ task, reload }: { task: Task; reload: () => void }) {
  const deeds = useResource(api.incidentDeeds(task.incident), ["incident", "now"], [task.incident], task.incident);
  const drivers = useResource(api.drivers, ["now"], []);
  const id = Number(task.ref?.slice("deed:".length));
  const rows = batches(deeds.data?.deeds ?? []).find((b) => b.some((d) => d.id === id));
  const done = () => { deeds.reload(); reload(); };
  if (!rows) return <div class="buttons"><Button solid href={`#/cases/${task.incident}/actions`}>{t("run.to_action")}</Button></div>;
  return <DeedCard rows={rows} driver={drivers.data?.drivers.find((v) => v.name === rows[0]?.driver)} first reload={done} />;
}
