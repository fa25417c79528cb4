// A playbook as a picture: one row a step, one track a branch, like the lines of a railway. Pure.
import type { PlanStep, Plan } from "../api/types";

export interface PlanRow { step: PlanStep; depth: number; answer: string | null; last: boolean }

/** An answer in two languages is "Japanese, a space, English"; everybody reads his part. */
export function answerWords(value: string, lang: "ja" | "en"): string {
  const m = /^(.*[^\x20-\x7e]\S*) ([\x20-\x7e]+)$/.exec(value);
  return m ? (lang === "ja" ? m[1] : m[2]) ?? value : value;
}

/** The ways into branches of a step, in order, each with what leads there. */
export function branchesOf(s: PlanStep): { to: string | undefined; answer: string }[] {
  return [
    ...(s.cases ?? []).map((c) => ({ to: c.to, answer: c.value })),
    ...(s.yes !== undefined || (s.kind === "decision" && s.condition !== undefined) ? [{ to: s.yes, answer: "yes" }] : []),
    ...(s.no !== undefined ? [{ to: s.no, answer: "no" }] : []),
    ...(s.steps ?? []).map((to) => ({ to, answer: "" })),
  ];
}

/** Every step once, in the order in which it comes up; a branch lies a track further in. */
export function rowsOf(plan: Plan): PlanRow[] {
  const byId = new Map(plan.steps.map((s) => [s.id, s]));
  const seen = new Set<string>();
  const rows: PlanRow[] = [];
  const walk = (id: string | undefined, depth: number, answer: string | null): void => {
    let first = answer;
    for (let at = id; at !== undefined;) {
      const step = byId.get(at);
      if (!step || seen.has(at)) return;
      seen.add(at);
      if (step.kind !== "start") rows.push({ step, depth, answer: first, last: step.next === undefined });
      if (step.kind !== "start") first = null;
      for (const b of branchesOf(step)) walk(b.to, depth + 1, b.answer);
      if (step.failed !== undefined) walk(step.failed, depth + 1, "failed");
      at = step.next;
    }
  };
  walk(plan.start, 0, null);
  return rows;
}
