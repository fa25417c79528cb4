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

interface FieldProps { f: RegisterField; value: string; set: (v: string) => void }

/** Names of rows of another register are offered, so that nobody has to know how they are written there. */
function Names({ f, to, value, set }: FieldProps & { to: string }) {
  const list = useResource(api.register(to), ["registers"], [to]);
  const many = f.kind === "refs", id = `names-${f.name}`;
  const names = (list.data?.rows ?? []).filter((r) => r.active).map((r) => r.name);
  return (
    <label class="field">
      <span>{titleOf(f)}</span>
      {many ? <textarea rows={3} maxLength={f.max} value={value} onInput={(e) => set(e.currentTarget.value)} />
        : <input type="text" list={id} maxLength={f.max} value={value} onInput={(e) => set(e.currentTarget.value)} />}
      {many && (
        <select value="" aria-label={t("register.add_name", { field: titleOf(f) })} onChange={(e) => { const v = e.currentTarget.value; if (v) set([...value.split("\n").filter(Boolean), v].join("\n")); }}>
          <option value="">{t("register.add_name", { field: titleOf(f) })}</option>
          {names.filter((n) => !value.split("\n").includes(n)).map((n) => <option key={n} value={n}>{n}</option>)}
        </select>)}
      {!many && <datalist id={id}>{names.map((n) => <option key={n} value={n} />)}</datalist>}
      {f.hint[lang.value] && <small class="small ink2">{f.hint[lang.value]}</small>}
    </label>
  );
}

/** Several of the choices; their order is the order in which they were chosen. */
function Several({ f, value, set }: FieldProps) {
  const chosen = value.split("\n").filter(Boolean);
  return (
    <fieldset class="field register-sources">
      <legend>{titleOf(f)}</legend>
      {f.choices.map((c) => <label key={c.value} class="check"><input type="checkbox" checked={chosen.includes(c.value)}
        onChange={(e) => set((e.currentTarget.checked ? [...chosen, c.value] : chosen.filter((x) => x !== c.value)).join("\n"))} /> {titleOf(c)}{chosen.includes(c.value) && chosen.length > 1 ? ` ${chosen.indexOf(c.value) + 1}` : ""}</label>)}
      {f.hint[lang.value] && <small class="small ink2">{f.hint[lang.value]}</small>}
    </fieldset>
  );
}

function Field({ f, value, set }: FieldProps) {
  const long = f.kind === "list" || f.max > 500;
  if (f.to !== null) return <Names f={f} to={f.to} value={value} set={set} />;
  if (f.kind === "choices") return <Several f={f} value={value} set={set} />;
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
  const refused = s.step === "refused" ? spec.fields.find((f) => f.name === String(why(s.failure)).split(":")[0]) : undefined;
  const save = () => { if (!missing) void write.run(() => (row ? api.putRow(row.id, { version: row.version, values, active: row.active }) : api.addRow(spec.name, values))); };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(); }}>
      <div class="form-row">
        {spec.fields.filter((f) => f.name !== "sources").map((f) => <Field key={f.name} f={f} value={values[f.name] ?? ""} set={set(f.name)} />)}
      </div>
      {spec.fields.filter((f) => f.name === "sources").map((f) => <Sources key={f.name} f={f} value={values[f.name] ?? ""} set={set(f.name)} />)}
      <Outcome state={write.state} />
      {refused && <p class="must" role="alert">{titleOf(refused)}{String(why(s.step === "refused" ? s.failure : ({} as ApiFailure))).slice(refused.name.length)}</p>}
      <div class="buttons">
        <Button submit solid={!missing} busy={write.state.step === "busy"}>{t(row ? "register.save" : "register.add_this")}</Button>
        <Button onPress={leave}>{t("button.leave")}</Button>
        {missing && <span class="small ink2" role="note">{t("register.missing", { field: titleOf(missing) })}</span>}
      </div>
    </form>
  );
}
