// Lessons that came from elsewhere: on probation until somebody switches them on, with what they would have raised here.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client";
import type { RuleOrder, RuleSet } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { lang, t, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty, Facts } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { RuleChanges } from "../../widgets/RuleChanges";
import { Time } from "../../widgets/Time";

type Lesson = RuleSet & { pack: NonNullable<RuleSet["pack"]> };
const isLesson = (s: RuleSet): s is Lesson => s.pack !== undefined;
const stateOf = (s: Lesson) => (s.state === "on" && s.watch ? "watch" : s.state);

/** What may be decided about it in each state: the order, and the words of it. */
const DECISIONS: Record<string, [op: string, words: string][]> = {
  watch: [["on", "on"], ["off", "off"]],
  on: [["watch", "watch"], ["off", "off"]],
  off: [["on", "on"], ["watch", "watch"]],
  draft: [["adopt", "on"]],
};

function One({ lesson, order, busy }: { lesson: Lesson; order: (o: RuleOrder) => void; busy: boolean }) {
  const state = stateOf(lesson), name = lesson.pack.titles[lang.value] || lesson.pack.id;
  return (
    <div class="card-body stack-small" id={`else-${lesson.pack.id}`}>
      <p><a class="name bold" href={`#/packs/${encodeURIComponent(lesson.pack.id)}`}>{name}</a> <Mark kind={state === "on" ? "declared" : "todo"}>{t(`lesson_in.state.${state}`)}</Mark></p>
      <Facts rows={[
        [t("packs.id"), <span class="mono">{lesson.pack.id} <span class="ink2">{t("lesson_in.version", { n: lesson.pack.version })}</span></span>],
        [t("lesson_in.signer"), <>{lesson.pack.signer} <span class="mono small ink2">{lesson.pack.key}</span></>],
        [t("sets.added"), <><Time at={lesson.added} /> {word("person", lesson.by)}</>],
      ]} />
      {lesson.change && <details open={state !== "on"}><summary>{t("lesson_in.raised")}</summary><RuleChanges change={lesson.change} /></details>}
      {!me.value?.demo && (
        <div class="buttons">{(DECISIONS[state] ?? []).map(([op, words], i) => (
          <Confirm key={op} solid={i === 0 && words === "on"} label={t(`lesson_in.${words}`)} question={t(`lesson_in.${words}_ask`, { name })} effect={<p>{t(`lesson_in.${words}_effect`)}</p>}
            busy={busy} onConfirm={() => order({ op, name: lesson.name, digest: lesson.digest })} />))}
        </div>)}
    </div>
  );
}

/** A lesson as one file: looked at first, then taken in watched only. Both are what the command line does. */
function Bring() {
  const came = useResource(api.packIn, ["demo", "rule_state"], []);
  const write = useWrite(came.reload);
  const [file, choose] = useState<File | null>(null);
  const state = came.data?.state ?? "none", busy = write.state.step === "busy" || state === "looking" || state === "installing";
  useEffect(() => {
    if (state !== "looking" && state !== "installing") return;
    const again = setInterval(() => came.reload(), 1000);
    return () => clearInterval(again);
  }, [state]);
  return (
    <div class="card-body stack-small bring">
      <form class="form-row" onSubmit={(e) => { e.preventDefault(); if (file) void write.run(() => api.sendPack(file)); }}>
        <label class="field"><span>{t("lesson_in.file")}</span><input type="file" accept=".kizuki" onChange={(e) => choose(e.currentTarget.files?.[0] ?? null)} /></label>
        <Button submit smaller busy={busy}>{t("lesson_in.look")}</Button>
      </form>
      <Outcome state={write.state} />
      {state !== "none" && <p role="status"><Mark kind={state === "failed" ? "failed" : state === "installed" ? "declared" : "todo"}>{t(`lesson_in.came.${state}`)}</Mark></p>}
      {came.data && state !== "none" && came.data.says && <pre class="small bring-says" tabIndex={0}>{came.data.says}</pre>}
      {state === "looked" && <Confirm label={t("lesson_in.install")} question={t("lesson_in.install_ask")} effect={<p>{t("lesson_in.install_effect")}</p>} busy={busy} onConfirm={() => void write.run(api.installPack)} />}
    </div>);
}

export function Elsewhere() {
  const state = useResource(api.ruleState, ["rule_state"], []);
  const write = useWrite(state.reload);
  const lessons = (state.data?.sets ?? []).filter(isLesson);
  return (
    <Card id="elsewhere" title={t("lesson_in.title")} caption={t("lesson_in.lead")}>
      <Outcome state={write.state} />
      {!me.value?.demo && <Bring />}
      {lessons.length === 0 && <Empty>{t("lesson_in.none")} {t("lesson_in.how")}</Empty>}
      {lessons.map((x) => <One key={`${x.name}-${x.state}`} lesson={x} busy={write.state.step === "busy"} order={(o) => void write.run(() => api.ruleOrder(o))} />)}
    </Card>
  );
}
