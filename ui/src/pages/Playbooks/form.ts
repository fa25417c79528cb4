// A playbook as the form holds it: our own form of playbooks as JSON, with what the form does not show kept as it is. Pure: each change gives
// a new one, so that going back is taking the one before.
export interface FormStep {
  id: string; kind: string; ja?: string; en?: string; name?: string; lane?: string; within?: string; wait?: string; authority?: string; action?: string; level?: string; services?: string[]; until?: string;
  condition?: string; yes?: string; no?: string; cases?: Record<string, string>; steps?: string[]; next?: string; on_failure?: string; [other: string]: unknown;
}
export interface Form { id: string; title?: { ja?: string; en?: string }; steps: FormStep[]; [other: string]: unknown }

export const EMPTY: Form = { id: "", title: { ja: "", en: "" }, steps: [{ id: "s1", kind: "check", ja: "", en: "" }] };

export const KINDS = ["task", "check", "decision", "together", "action", "notify", "evidence", "wait", "repeat"];
export const LANES = ["ciso_csirt", "it_ops", "business", "public_relations", "executive", "external"];

export function newId(f: Form): string {
  for (let n = f.steps.length + 1; ; n++) if (!f.steps.some((s) => s.id === `s${n}`)) return `s${n}`;
}

export const change = (f: Form, i: number, x: Partial<FormStep>): Form => ({
  ...f, steps: f.steps.map((s, k) => (k === i ? tidy({ ...s, ...x }) : s)),
});

/** What is empty is not said. */
function tidy(s: FormStep): FormStep {
  return Object.fromEntries(Object.entries(s).filter(([k, v]) => k === "ja" || k === "en" || (v !== undefined && v !== ""))) as FormStep;
}

/** Another kind: what only the old one has goes; what the new one needs comes. */
export function turn(f: Form, i: number, kind: string): Form {
  const s = f.steps[i];
  if (!s) return f;
  const { cases: _c, steps: _s, yes: _y, no: _n, condition: _o, action: _a, level: _l, services: _v, until: _u, wait: _w, asks: _k, ...rest } = s;
  void [_c, _s, _y, _n, _o, _a, _l, _v, _u, _w, _k];
  const base: FormStep = { ...rest, id: s.id, kind };
  if (kind !== "decision" && kind !== "together" && kind !== "repeat") return { ...f, steps: f.steps.map((x, k) => (k === i ? base : x)) };
  delete base.next;
  /* what follows a step with branches has to be said: what was below, or the end */
  base.next = f.steps[i + 1]?.id ?? "end";
  if (kind === "together") { delete base.within; delete base.authority; }
  const ids: string[] = [];
  const made = [0, 1].slice(0, kind === "repeat" ? 1 : 2).map((): FormStep => {
    const id = newId({ ...f, steps: [...f.steps, ...ids.map((x) => ({ id: x, kind: "task" }))] });
    ids.push(id);
    return { id, kind: "task", ja: "", en: "", next: "end" };
  });
  if (kind === "decision") base.cases = { はい: ids[0] ?? "end", いいえ: ids[1] ?? "end" };
  if (kind === "together") base.steps = ids;
  if (kind === "repeat") { base.condition = ""; base.yes = ids[0] ?? "end"; }
  return { ...f, steps: [...f.steps.slice(0, i), base, ...made, ...f.steps.slice(i + 1)] };
}

export const addBelow = (f: Form, i: number): Form => {
  const above = f.steps[i];
  const s: FormStep = { id: newId(f), kind: "task", ja: "", en: "", ...(above?.next === "end" ? { next: "end" } : {}) };
  /* the branch goes on into the new step instead of ending */
  const steps = f.steps.map((x, k) => { if (k !== i || x.next !== "end" || branches(x)) return x; const { next: _n, ...rest } = x; void _n; return rest as FormStep; });
  return { ...f, steps: [...steps.slice(0, i + 1), s, ...steps.slice(i + 1)] };
};
export const branches = (s: FormStep): boolean => s.kind === "together" || s.kind === "repeat" || s.cases !== undefined || s.yes !== undefined;

/** Ways that led to it lead to what followed it. */
export function remove(f: Form, i: number): Form {
  const gone = f.steps[i];
  if (!gone || f.steps.length === 1) return f;
  const to = gone.next ?? f.steps[i + 1]?.id ?? "end";
  const at = (x: string | undefined) => (x === gone.id ? to : x);
  return {
    ...f, steps: f.steps.filter((_, k) => k !== i).map((s) => ({
      ...s,
      ...(s.next !== undefined ? { next: at(s.next) } : {}), ...(s.yes !== undefined ? { yes: at(s.yes) } : {}), ...(s.no !== undefined ? { no: at(s.no) } : {}),
      ...(s.cases ? { cases: Object.fromEntries(Object.entries(s.cases).map(([k, v]) => [k, at(v) ?? "end"])) } : {}),
      ...(s.steps ? { steps: s.steps.map((v) => at(v) ?? "end").filter((v) => v !== "end") } : {}),
    })),
  };
}

export function move(f: Form, i: number, by: -1 | 1): Form {
  const steps = [...f.steps];
  const [s] = steps.splice(i, 1);
  if (!s || i + by < 0 || i + by > steps.length) return f;
  steps.splice(i + by, 0, s);
  return { ...f, steps };
}

/** One step a line, so that the line of a fault names the step: line 1 is the head, step 0 stands on line 2. */
export function source(f: Form): string {
  const { steps, ...head } = f;
  const said = { ...head, title: { ja: f.title?.ja || f.title?.en || "", en: f.title?.en || f.title?.ja || "" } };
  const both = steps.map((s) => ({ ...s, ja: s.ja || s.en, en: s.en || s.ja }));
  return `${JSON.stringify(said).slice(0, -1)},"steps":[\n${both.map((s) => JSON.stringify(s)).join(",\n")}\n]}`;
}
export const stepOfLine = (line: number): number => line - 2;
