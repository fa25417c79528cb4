// One row, typed in. The room judges each value as it judges a file's; a refusal names the field.
import { useState } from "preact/hooks";
import { api, type ApiFailure } from "../../../api/client";
import type { RegisterField, RegisterRow, RegisterSpec } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { lang, t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Outcome } from "../../../widgets/Outcome";

type Values = Record<string, string>;

function Field({ f, value, set }: { f: RegisterField; value: string; set: (v: string) => void }) {
  const long = f.kind === "list" || f.max > 500;
  const hint = f.hint[lang.value];
  return (
    <label class="field">
      <span>{titleOf(f)}{f.required && <small class="ink2"> {t("register.required")}</small>}</span>
      {f.choices.length > 0 && (
        <select value={value} onChange={(e) => set(e.currentTarget.value)}>
          <option value="">{t("word.not_set")}</option>
          {f.choices.map((c) => <option key={c.value} value={c.value}>{titleOf(c)}</option>)}
        </select>)}
      {f.choices.length === 0 && long && <textarea rows={2} maxLength={f.max} value={value} onInput={(e) => set(e.currentTarget.value)} />}
      {f.choices.length === 0 && !long && <input type="text" maxLength={f.max} value={value} onInput={(e) => set(e.currentTarget.value)} />}
      {hint && <small class="small ink2">{hint}</small>}
    </label>
  );
}

/** Names of sources are chosen, not typed: a name that is written otherwise is no source. */
function Sources({ f, value, set }: { f: RegisterField; value: string; set: (v: string) => void }) {
  const list = useResource(api.sources, [], []);
  const chosen = value.split("\n").filter(Boolean);
  const names = [...new Set([...chosen, ...(list.data?.sources ?? []).map((s) => s.name)])];
  const turn = (name: string, on: boolean) => set((on ? [...chosen, name] : chosen.filter((n) => n !== name)).join("\n"));
  return (
    <fieldset class="field register-sources">
      <legend>{titleOf(f)}</legend>
      {names.length === 0 && <p class="small ink2">{t("sources.none")}</p>}
      {names.map((n) => <label key={n} class="check"><input type="checkbox" checked={chosen.includes(n)} onChange={(e) => turn(n, e.currentTarget.checked)} /> {n}</label>)}
    </fieldset>
  );
}

/** The field a refusal is about. */
const why = (x: ApiFailure): unknown => (x.error?.params as { why?: unknown } | undefined)?.why;

export function RowForm({ spec, row, done, leave }: { spec: RegisterSpec; row?: RegisterRow; done: () => void; leave: () => void }) {
  const [values, change] = useState<Values>(row?.values ?? {});
  const write = useWrite(done);
  const set = (name: string) => (v: string) => change((x) => ({ ...x, [name]: v }));
  const missing = spec.fields.find((f) => f.required && !values[f.name]?.trim());
  const s = write.state;
  const refused = s.step === "refused" ? spec.fields.find((f) => f.name === why(s.failure)) : undefined;
  const save = () => { if (!missing) void write.run(() => (row ? api.putRow(row.id, { version: row.version, values, active: row.active }) : api.addRow(spec.name, values))); };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(); }}>
      <div class="form-row">
        {spec.fields.filter((f) => f.name !== "sources").map((f) => <Field key={f.name} f={f} value={values[f.name] ?? ""} set={set(f.name)} />)}
      </div>
      {spec.fields.filter((f) => f.name === "sources").map((f) => <Sources key={f.name} f={f} value={values[f.name] ?? ""} set={set(f.name)} />)}
      <Outcome state={write.state} />
      {refused && <p class="must" role="alert">{titleOf(refused)}</p>}
      <div class="buttons">
        <Button submit solid={!missing} busy={write.state.step === "busy"}>{t(row ? "register.save" : "register.add_this")}</Button>
        <Button onPress={leave}>{t("button.leave")}</Button>
        {missing && <span class="small ink2" role="note">{t("register.missing", { field: titleOf(missing) })}</span>}
      </div>
    </form>
  );
}
