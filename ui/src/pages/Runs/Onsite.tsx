// Where nothing is connected that does it: a named person on site is told in plain words, and a photo comes back as the step's evidence.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Onsite as Asked, Task } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Outcome } from "../../widgets/Outcome";

type Row = Asked["targets"][number];

function Who({ people, row, set }: { people: Asked["people"]; row: Row; set: (person: string) => void }) {
  const label = (p: Asked["people"][number]) => [p.name, p.organisation, p.title, p.duty ? t("onsite.on_duty", { group: p.duty }) : "", p.reached ? "" : t("onsite.unreached")].filter(Boolean).join(" · ");
  return (
    <label class="field"><span>{t("onsite.person")}</span>
      <select value={row.person} onChange={(e) => set(e.currentTarget.value)}>
        <option value="">{t("onsite.nobody")}</option>
        {people.map((p) => <option key={p.name} value={p.name}>{label(p)}</option>)}
      </select></label>
  );
}

function Ask({ task, asked, reload }: { task: Task; asked: Asked; reload: () => void }) {
  const write = useWrite(reload);
  const [rows, setRows] = useState<Row[]>(asked.targets.length ? asked.targets : [{ target: "", person: "" }]);
  const [text, setText] = useState("");
  const change = (i: number, x: Partial<Row>) => setRows(rows.map((r, k) => (k === i ? { ...r, ...x } : r)));
  const whole = rows.filter((r) => r.target.trim() && r.person);
  const send = () => { if (whole.length > 0) void write.run(() => api.askOnsite(task.id, { version: task.version, text: text.trim(), targets: whole.map((r) => ({ target: r.target.trim(), person: r.person })) })); };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); send(); }}>
      <p>{t("onsite.lead")}</p>
      <pre class="onsite-words">{asked.instruction[lang.value]}</pre>
      {rows.map((r, i) => (
        <div key={i} class="onsite-row">
          <label class="field"><span>{t("onsite.target")}</span><input type="text" value={r.target} maxLength={300} onInput={(e) => change(i, { target: e.currentTarget.value })} /></label>
          <Who people={asked.people} row={r} set={(person) => change(i, { person })} />
        </div>))}
      <label class="field"><span>{t("onsite.more")}</span><textarea rows={2} maxLength={1000} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
      <div class="buttons">{whole.length > 0 ? <Button submit solid busy={write.state.step === "busy"}>{t("onsite.send", { n: whole.length })}</Button> : <span class="small ink2">{t("onsite.missing")}</span>}</div>
      <Outcome state={write.state} />
    </form>
  );
}

/** The form behind one press; the request while somebody is at it. */
export function Onsite({ task, reload }: { task: Task; reload: () => void }) {
  const asked = useResource(api.onsite(task.id), [], []);
  if (task.ref?.startsWith("campaign:") && task.state === "waiting")
    return (
      <div class="note">
        <p>{t("onsite.waiting")}</p>
        <div class="buttons"><Button href={`#/campaigns/${task.ref.slice("campaign:".length)}`}>{t("onsite.see")}</Button></div>
      </div>
    );
  if (!asked.data || task.state === "waiting") return null;
  return (
    <details class="run-other" open={task.means === "no_driver"}>
      <summary>{t("onsite.title")}</summary>
      <Ask task={task} asked={asked.data} reload={reload} />
    </details>
  );
}
