// Lessons that came from elsewhere: on probation until somebody switches them on, with what they would have raised here.
import { api } from "../../api/client";
import type { RuleOrder, RuleSet } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { lang, t, word } from "../../state/text";
import { useWrite } from "../../state/write";
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
      <p><b>{name}</b> <Mark kind={state === "on" ? "declared" : "todo"}>{t(`lesson_in.state.${state}`)}</Mark></p>
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

export function Elsewhere() {
  const state = useResource(api.ruleState, ["rule_state"], []);
  const write = useWrite(state.reload);
  const lessons = (state.data?.sets ?? []).filter(isLesson);
  return (
    <Card id="elsewhere" title={t("lesson_in.title")} caption={t("lesson_in.lead")}>
      <Outcome state={write.state} />
      {lessons.length === 0 && <Empty>{t("lesson_in.none")} {t("lesson_in.how")}</Empty>}
      {lessons.map((x) => <One key={`${x.name}-${x.state}`} lesson={x} busy={write.state.step === "busy"} order={(o) => void write.run(() => api.ruleOrder(o))} />)}
    </Card>
  );
}
