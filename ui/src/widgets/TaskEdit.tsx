// Who does a task, until when, in which order: the same form for what people wrote and for steps of playbooks. When somebody else was
// first nothing is saved, and both versions stand side by side.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { Person, Task } from "../api/types";
import { short, parse } from "../lib/time";
import { now } from "../state/clock";
import { lang, t, word } from "../state/text";
import { useWrite } from "../state/write";
import { Button } from "./Button";
import { Conflict } from "./Conflict";
import { Outcome } from "./Outcome";
import { WhenField } from "./WhenField";

interface Draft { assignee: string; due: string; place: string }
const draftOf = (x: Task): Draft => ({
  assignee: x.assignee ? String(x.assignee.id) : "", due: x.due === null ? "" : short(parse(x.due) ?? 0, now.peek(), lang.value), place: String(x.place),
});

function usePeople(): Person[] {
  const [people, set] = useState<Person[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    api.persons(abort.signal).then((x) => set(x.persons.filter((p) => p.active)), () => {});
    return () => abort.abort();
  }, []);
  return people;
}

export function TaskEdit({ task, done, leave }: { task: Task; done: () => void; leave: () => void }) {
  const [base] = useState(() => draftOf(task));
  const [draft, set] = useState(base);
  const [seen] = useState(task.version);
  const people = usePeople();
  const write = useWrite(done);
  const name = (id: string) => (id === "" ? t("task.nobody") : word("person", people.find((p) => String(p.id) === id)?.name ?? task.assignee?.name ?? id));
  const words = (d: Draft) => ({ assignee: name(d.assignee), due: d.due, place: d.place });
  const keys = (["assignee", "due", "place"] as const).filter((k) => draft[k] !== base[k]);
  const place = Number(draft.place);
  const save = (version: number) => {
    if (keys.length === 0) return;
    void write.run(() => api.putTask(task.id, {
      version,
      ...(keys.includes("assignee") ? { assignee: draft.assignee ? Number(draft.assignee) : null } : {}),
      ...(keys.includes("due") ? { due: draft.due.trim() || null } : {}),
      ...(keys.includes("place") && Number.isInteger(place) && place > 0 ? { place } : {}),
    })).then((ok) => ok && leave());
  };
  const s = write.state;
  if (s.step === "conflict") return <Conflict failure={s.failure} yours={words(draft)} theirs={words(draftOf(task))} busy={false} onMine={() => save(task.version)} onTheirs={leave} />;
  return (
    <form class="form task-edit" onSubmit={(e) => { e.preventDefault(); save(seen); }}>
      <label class="field"><span>{t("task.assignee")}</span>
        <select value={draft.assignee} onChange={(e) => set({ ...draft, assignee: e.currentTarget.value })}>
          <option value="">{t("task.nobody")}</option>
          {people.map((p) => <option key={p.id} value={String(p.id)}>{word("person", p.name)}</option>)}
        </select></label>
      <WhenField ahead label={t("task.due")} value={draft.due} onInput={(due) => set({ ...draft, due })} />
      <label class="field"><span>{t("task.place")}</span><input type="number" min={1} max={9999} value={draft.place} onInput={(e) => set({ ...draft, place: e.currentTarget.value })} /></label>
      <Outcome state={s} />
      <div class="buttons">
        {keys.length > 0 && <Button submit smaller busy={s.step === "busy"}>{t("task.keep")}</Button>}
        <Button smaller onPress={leave}>{t("button.leave")}</Button>
        {keys.length === 0 && <span class="small ink2">{t("case.nothing_changed")}</span>}
      </div>
    </form>
  );
}
