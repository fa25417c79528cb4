// What `kizuki rule explain` says of one line, brought into the order in which the page tells it. The answer is
// open (a newer sensor may say more), so nothing here fails on what it does not know.
export interface Ground { holds: boolean; field: string; wants: string; found: string | null }
export interface ExplainedRule { id: string; name: string; title: string; matched: boolean; grounds: Ground[] }
export interface Explained { decoder: string | null; unparsed: boolean; considered: number | null; fields: [string, string][]; rules: ExplainedRule[] }

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === "object" && v !== null && !Array.isArray(v);
const objects = (v: unknown): Json[] => (Array.isArray(v) ? v.filter(isObject) : []);
const text = (v: unknown): string => (typeof v === "string" ? v : v === undefined || v === null ? "" : JSON.stringify(v));

/** Nested ECS as dotted names, in the order they came. */
export function flatten(v: Json, prefix = ""): [string, string][] {
  return Object.entries(v).flatMap(([k, x]) => (isObject(x) ? flatten(x, `${prefix}${k}.`) : [[prefix + k, Array.isArray(x) ? x.map(text).join(", ") : text(x)]] as [string, string][]));
}

const HIDDEN = new Set(["event.original", "kizuki.decoder", "kizuki.position.spool", "event.created"]);
const MOST = 12;

/** The leaves of the condition, with what was found; below a "not" the sense is turned round. */
function grounds(e: unknown, negated = false): Ground[] {
  if (!isObject(e)) return [];
  if (e.kind === "item") {
    const holds = e.holds === true;
    const op = [text(e.op), text(e.modifiers)].filter((x) => x && x !== "is").join(" ");
    return [{ holds: holds !== negated, field: text(e.field), wants: [negated ? "not" : "", op, text(e.wants)].filter(Boolean).join(" "), found: Array.isArray(e.found) && e.found.length ? e.found.map(text).join(", ") : null }];
  }
  return objects(e.sub).flatMap((s) => grounds(s, e.kind === "not" ? !negated : negated));
}

const rule = (r: Json): ExplainedRule => ({
  id: text(r.id), name: text(r.name), title: text(r.title ?? r.name ?? r.id), matched: r.matched === true, grounds: grounds(r.why).slice(0, MOST),
});

export function explained(answer: Json): Explained {
  const all = flatten(isObject(answer.event) ? answer.event : {});
  const detect = isObject(answer.detect) ? answer.detect : {};
  return {
    decoder: all.find(([k]) => k === "kizuki.decoder")?.[1] ?? null,
    unparsed: answer.unparsed === true,
    considered: typeof detect.rules_considered === "number" ? detect.rules_considered : null,
    fields: all.filter(([k]) => !HIDDEN.has(k)),
    rules: [...objects(detect.matched), ...objects(detect.near)].map(rule),
  };
}

/** The rules a correlation counts, as its text names them. Only read for display: the sensor decides. */
export function countedBy(ruleText: string | null | undefined, rules: ExplainedRule[]): ExplainedRule | null {
  const named = new Set([...(ruleText ?? "").matchAll(/^\s*-\s*([\w-]+)\s*$/gm)].map((m) => m[1]));
  return rules.find((r) => r.matched && (named.has(r.name) || named.has(r.id))) ?? null;
}
