// What `kizuki rule explain` says of one line, brought into the order in which the page tells it. The answer is
// open (a newer sensor may say more), so nothing here fails on what it does not know.
export interface ExplainedRule { id: string; title: string; matched: boolean; why: string[] }
export interface Explained { decoder: string | null; unparsed: boolean; fields: [string, string][]; rules: ExplainedRule[] }

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === "object" && v !== null && !Array.isArray(v);
const text = (v: unknown): string => (typeof v === "string" ? v : JSON.stringify(v));

/** Nested ECS as dotted names, in the order they came. */
export function flatten(v: Json, prefix = ""): [string, string][] {
  return Object.entries(v).flatMap(([k, x]) => (isObject(x) ? flatten(x, `${prefix}${k}.`) : [[prefix + k, Array.isArray(x) ? x.map(text).join(", ") : text(x)]] as [string, string][]));
}

const HIDDEN = new Set(["event.original", "kizuki.decoder"]);

function why(rule: Json): string[] {
  const w = rule.why ?? rule.items ?? rule.selections ?? rule.note;
  if (w === undefined || w === null) return [];
  const list = Array.isArray(w) ? w : [w];
  return list.map((x) => {
    if (!isObject(x)) return text(x);
    const mark = x.holds ?? x.matched ?? x.result;
    const what = [x.selection ?? x.name, x.field, x.op ?? x.modifier, x.pattern ?? x.expected ?? x.want ?? x.text].filter((y) => y !== undefined && y !== null).map(text).join(" ");
    const seen = x.value ?? x.seen ?? x.got;
    return `${mark === undefined ? "" : mark ? "✓ " : "✗ "}${what}${seen === undefined || seen === null ? "" : ` ← ${text(seen)}`}`;
  });
}

export function explained(answer: Json): Explained {
  const event = isObject(answer.event) ? answer.event : isObject(answer.fields) ? answer.fields : {};
  const all = flatten(event);
  const detect = isObject(answer.detect) ? answer.detect : answer;
  const rules = (Array.isArray(detect.rules) ? detect.rules : []).filter(isObject);
  return {
    decoder: typeof answer.decoder === "string" ? answer.decoder : (all.find(([k]) => k === "kizuki.decoder")?.[1] ?? null),
    unparsed: answer.unparsed === true,
    fields: all.filter(([k]) => !HIDDEN.has(k)),
    rules: rules.map((r) => ({
      id: text(r.id ?? r.rule ?? ""), title: text(r.title ?? r.name ?? r.id ?? ""), matched: r.matched === true || r.match === true || r.matches === true, why: why(r),
    })).sort((a, b) => Number(b.matched) - Number(a.matched)),
  };
}
