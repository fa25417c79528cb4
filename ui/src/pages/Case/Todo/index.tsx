// 次にすること: of all that is open in the case, the one thing that is due first, large; the rest stays folded until it is asked for.
import { api } from "../../../api/client";
import type { Incident, OpenThing } from "../../../api/types";
import { now } from "../../../state/clock";
import { useResource } from "../../../state/resource";
import { t } from "../../../state/text";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { ThingList, thingMark, thingPlace, thingWords } from "../../../widgets/things";
import { Remaining, Time } from "../../../widgets/Time";

/** What merely ends by itself asks nobody for anything. */
const ends = (x: OpenThing): boolean => x.kind.endsWith("_ends");

function First({ x, incident }: { x: OpenThing; incident: number }) {
  return (
    <Card id="next" title={t("case_todo.first")}>
      <div class="card-body next-thing">
        <p class="next-words"><Mark kind={thingMark(x)} /> <b>{thingWords(x)}</b></p>
        <p>{x.due === null ? t("case_todo.no_due") : <><Time at={x.due} /> <Remaining until={x.due} /></>}{x.who && <>　{x.who}</>}</p>
        <div class="buttons"><Button solid href={thingPlace(x, incident)}>{t(`case_todo.go.${x.kind}`)}</Button></div>
      </div>
    </Card>
  );
}

export function Todo({ incident }: { incident: Incident }) {
  const all = useResource(api.handover(incident.id), ["incident", "task", "action", "campaign", "message"], [incident.id], incident.id);
  return (
    <Loaded of={all}>{(d) => {
      const asks = d.things.filter((x) => !ends(x)), over = d.things.filter(ends), [first, ...rest] = asks;
      return (
        <div class="stack">
          {first ? <First x={first} incident={incident.id} /> : <Card id="next" title={t("case_todo.first")}><p class="empty">{t("case_todo.none", { at: now.peek() })}</p></Card>}
          {rest.length > 0 && <Card><details class="card-body"><summary>{t("case_todo.rest", { n: rest.length })}</summary><ThingList things={rest} incident={incident.id} /></details></Card>}
          {over.length > 0 && <Card id="ends" title={t("case_todo.ends")}><ThingList things={over} incident={incident.id} /></Card>}
        </div>);
    }}</Loaded>
  );
}

/** The same thing in one line, above what happened. */
export function Next({ incident }: { incident: Incident }) {
  const all = useResource(api.handover(incident.id), ["incident", "task", "action", "campaign", "message"], [incident.id], incident.id);
  const asks = (all.data?.things ?? []).filter((x) => !ends(x)), first = asks[0];
  if (!first) return null;
  return (
    <p class="card card-body next-line">
      <Mark kind={thingMark(first)}>{t("case_todo.first")}</Mark>
      <a href={thingPlace(first, incident.id)}>{thingWords(first)}</a>
      {first.due !== null && <Remaining until={first.due} />}
      {asks.length > 1 && <a class="small" href={`#/cases/${incident.id}/todo`}>{t("case_todo.more", { n: asks.length - 1 })}</a>}
    </p>
  );
}
