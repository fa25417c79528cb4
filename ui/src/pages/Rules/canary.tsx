// Are the rules alive? A rule that brings no samples along is "no canary": never green, because nobody knows.
import type { Canary, RuleState } from "../../api/types";
import { t } from "../../state/text";
import { Mark, type MarkKind } from "../../widgets/Mark";

const MARKS: Record<string, MarkKind> = {
  waiting: "run", passed: "ok", late: "must", undelivered: "must", threshold: "must", hidden: "must", dead: "must",
};
export const isRed = (c: Canary) => MARKS[c.state] === "must";
export const canaryOf = (s: RuleState | null, rule: string) => s?.canaries?.find((c) => c.rule === rule) ?? null;

/** Switched off until a day, as a whole. */
export const isStopped = (s: RuleState | null, rule: string): boolean => s?.exceptions?.some((x) => x.whole && !x.ended && x.rules.includes(rule)) ?? false;

export function CanaryMark({ canary }: { canary: Canary | null }) {
  if (!canary) return <Mark kind="unknown"><span class="plain ink2">{t("canary.none")}</span></Mark>;
  return <Mark kind={MARKS[canary.state] ?? "unknown"}>{t(`canary.${canary.state}`)}</Mark>;
}
