// Notes of hand-over nobody has read yet, of all cases: who comes on duty begins here.
import { api } from "../api/client";
import { useResource } from "../state/resource";
import { say, t } from "../state/text";
import { Card } from "./Card";
import { Mark } from "./Mark";
import { Time } from "./Time";

export function Handovers() {
  const list = useResource(api.openHandovers, ["now", "incident"], []);
  const notes = list.data?.notes ?? [];
  if (notes.length === 0) return null;
  return (
    <Card id="open-handovers" title={t("shift.waiting")} caption={t("shift.waiting_n", { n: notes.length })}>
      <ul class="rows">{notes.map((n) => (
        <li key={n.id} class="task">
          <Mark kind="must" />
          <div><a class="quiet name bold" href={`#/cases/${n.incident}/handover`}>{say(n.title)}</a><p class="small ink2">{say(n.by)}{n.to && ` → ${n.to}`} <Time at={n.at} /></p>{n.words && <p class="small inert handover-words">{n.words}</p>}</div>
          <span class="small nowrap">{n.number}</span>
        </li>))}
      </ul>
    </Card>
  );
}
