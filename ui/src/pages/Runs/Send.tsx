// Telling people by a way of the door, out of the register of people. Where no way is set up, that is said, and who can be called stands there.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Task, TaskEnd } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import type { Writer } from "../../state/write";
import { Button } from "../../widgets/Button";
import { taskWords } from "../../widgets/task";

export function Send({ task, end, write }: { task: Task; end: (x: Omit<TaskEnd, "version">) => void; write: Writer }) {
  const door = useResource(api.messages, [], []);
  const people = useResource(api.register("people"), [], []);
  const [text, setText] = useState(taskWords(task));
  const [chosen, choose] = useState<number[]>([]);
  const way = door.data?.ways.find((w) => w.kind === "smtp")?.name;
  const rows = (people.data?.rows ?? []).filter((r) => r.active && (r.values.mail || r.values.mobile || r.values.phone));
  const to = rows.filter((r) => chosen.includes(r.id) && r.values.mail);
  if (!door.data || !people.data) return null;
  if (way === undefined || rows.length === 0)
    return (
      <div class="note">
        <p>{t(way === undefined ? "run.no_way" : "run.no_people")}</p>
        {rows.length > 0 && <ul class="plain">{rows.slice(0, 20).map((r) => <li key={r.id}>{r.name} <a href={`tel:${r.values.mobile ?? r.values.phone ?? ""}`}>{r.values.mobile ?? r.values.phone}</a></li>)}</ul>}
      </div>
    );
  const send = () => { if (to.length > 0 && text.trim()) end({ to: "sent", note: text.trim(), send: { way, people: to.map((r) => ({ who: r.name, address: r.values.mail ?? "" })) } }); };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); send(); }}>
      <label class="field"><span>{t("run.message")}</span><textarea rows={4} maxLength={4000} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
      <fieldset class="field edit-answers">
        <legend>{t("run.to_whom")}</legend>
        {rows.filter((r) => r.values.mail).map((r) => (
          <label key={r.id} class="check"><input type="checkbox" checked={chosen.includes(r.id)} onChange={(e) => choose(e.currentTarget.checked ? [...chosen, r.id] : chosen.filter((x) => x !== r.id))} /> {r.name}</label>))}
      </fieldset>
      <div class="buttons"><Button submit solid busy={write.state.step === "busy"}>{t("run.send", { n: to.length })}</Button>{to.length === 0 && <span class="small ink2">{t("run.nobody_chosen")}</span>}</div>
    </form>
  );
}
