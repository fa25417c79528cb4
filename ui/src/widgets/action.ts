// How an action is named and marked.
import type { Action } from "../api/types";
import { t } from "../state/text";
import type { MarkKind } from "./Mark";

const MARKS: Record<Action["state"], MarkKind> = {
  proposed: "must", dry_run: "todo", approved: "run", sent: "run", in_force: "run", ended: "ok", undone: "ok", refused: "failed", expired: "failed", rejected: "declared",
};
/** Green words only where an effect was just proven: in force, and no try came through since. */
export const proven = (a: Action): boolean => a.state === "in_force" && a.effect !== null && a.effect.tries_after === 0;
export const actionMark = (a: Action): MarkKind => (proven(a) ? "ok" : MARKS[a.state]);
export const actionTitle = (a: Action): string => t("action.title", { n: a.addresses.length, minutes: a.minutes });
