// What is open in a case, one sentence a thing, and where it is settled. The same list stands on 今やること and in a note of hand-over.
import type { OpenThing } from "../api/types";
import { lang, t, word } from "../state/text";
import { Mark, type MarkKind } from "./Mark";
import { Remaining, Time } from "./Time";

/** Where a thing is settled; task: the page of its run, if a playbook asked for it. */
export function thingPlace(x: OpenThing, incident: number): string {
  const at = (tab: string) => `#/cases/${incident}/${tab}`;
  switch (x.kind) {
    case "task": return x.about ? `#/runs/${x.about}?task=${x.id}` : at("timeline");
    case "obligation": return at("reports");
    case "promise": return at("publish");
    case "message": return at("contacts");
    case "campaign": return `#/campaigns/${x.id}`;
    case "watch": return at("requests");
    case "handover": return at("handover");
    default: return at("actions");
  }
}

function nameOf(x: OpenThing): string {
  if (x.kind === "decision") return word("decide", x.name);
  if (x.kind === "deed" || x.kind === "deed_ends") return word("deed.kind", x.name);
  return (lang.value === "en" && x.name_en) || x.name;
}

export const thingWords = (x: OpenThing): string => t(`case_todo.${x.kind}`, { name: nameOf(x), about: x.about, who: x.who });
export const thingMark = (x: OpenThing): MarkKind => (x.kind.endsWith("_ends") ? "run" : x.late ? "must" : x.due !== null ? "soon" : "todo");

export function ThingList({ things, incident }: { things: OpenThing[]; incident: number }) {
  return (
    <ul class="rows">{things.map((x) => (
      <li key={`${x.kind}${x.id}`} class="task">
        <Mark kind={thingMark(x)} />
        <div><a class="quiet name bold" href={thingPlace(x, incident)}>{thingWords(x)}</a>{x.who && <p class="small ink2">{x.who}</p>}</div>
        <span class={`small${x.late ? " must bold" : ""}`}>{x.due === null ? "" : <><Time at={x.due} /> <Remaining until={x.due} /></>}</span>
      </li>))}
    </ul>
  );
}
