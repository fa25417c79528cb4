// The lessons of a case, each with what carries it, who follows it up until when, how it is checked and what came of it.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Followup, Pack } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { FollowRow } from "./Gaps";
import { Own, type Carrier } from "./Own";
import { rowsOf, say, str } from "./PackData";
import { mayOwn } from "./Proofs";

/** What this lesson has that can carry one of its sentences. */
export function carriersOf(pack: Pack): Carrier[] {
  return [
    ...rowsOf(pack.controls, "controls").map((c) => ({ value: `control/${str(c.id) ?? ""}`, words: `${t("ready.by.control")}: ${say(c)}` })),
    ...rowsOf(pack.playbook, "steps").map((s) => ({ value: `step/${str(s.id) ?? ""}`, words: `${t("ready.by.step")}: ${say(s)}` })),
    ...((pack.pack.rules as string[] | undefined) ?? []).map((r) => ({ value: `rule/${r.replace(/\/$/, "")}`, words: `${t("ready.by.rule")}: ${r}` })),
    { value: "drill", words: t("ready.by.drill") },
  ];
}

function Lesson({ pack, lesson, of, carriers, reload }: { pack: Pack; lesson: Record<string, unknown>; of: Followup | undefined; carriers: Carrier[]; reload: () => void }) {
  const [open, setOpen] = useState(false);
  const by = of?.by || str(lesson.by) || "", carrier = carriers.find((c) => c.value === by)?.words;
  return (
    <li class="lesson-row">
      <p><b>{say(lesson)}</b></p>
      <p class="small ink2">{carrier ? t("ready.carried", { what: carrier }) : t("ready.carried_none")}</p>
      {of ? <ul class="plain"><FollowRow of={of} reload={reload} /></ul>
        : open ? <Own about={{ pack: pack.id, lesson: str(lesson.id) ?? "", words: carrier ? carrier.replace(/^.*?: /, "").slice(0, 100) : say(lesson).slice(0, 100), by }} carriers={carriers} done={reload} leave={() => setOpen(false)} />
          : <p class="buttons"><span class="small ink2">{t("ready.nobody")}</span>{mayOwn() && <Button smaller onPress={() => setOpen(true)}>{t("ready.own.give")}</Button>}</p>}
    </li>);
}

export function LessonsFollowed({ pack }: { pack: Pack }) {
  const all = useResource(api.followups(pack.id), ["readiness"], [pack.id]);
  const lessons = rowsOf(pack.pack, "lessons"), measures = rowsOf(pack.pack, "measures"), carriers = carriersOf(pack);
  if (lessons.length + measures.length === 0) return null;
  return (
    <Card id="lessons" title={t("packs.lessons")} side={<Button smaller href={api.followupsCsv(pack.id)}>{t("ready.csv")}</Button>}>
      <Loaded of={all}>{(d) => (
        <ul class="rows">{lessons.map((l) => <Lesson key={str(l.id)} pack={pack} lesson={l} carriers={carriers} reload={all.reload} of={d.followups.find((f) => f.lesson === str(l.id) && f.state !== "dropped")} />)}</ul>)}</Loaded>
      {measures.length > 0 && <details class="card-body"><summary>{t("packs.measures", { n: measures.length })}</summary><ul class="story">{measures.map((m) => <li class="small">{say(m)}</li>)}</ul></details>}
    </Card>);
}
