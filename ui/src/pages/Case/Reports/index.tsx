// 報告: to whom the case has to be told, by when, and the forms for it.
import { api } from "../../../api/client";
import type { Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { Loaded } from "../../../widgets/Loaded";
import { Duties } from "./Duties";
import { Forms } from "./Forms";

export function Reports({ incident }: { incident: Incident }) {
  const list = useResource(api.obligations(incident.id), ["incident", "registers"], [incident.id], incident.id);
  return <div class="below reports-page"><Loaded of={list}>{(x) => <Duties incident={incident} list={x.obligations} done={list.reload} />}</Loaded><Forms incident={incident} changed={list.reload} /></div>;
}
