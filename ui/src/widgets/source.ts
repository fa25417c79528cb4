// How the states of a log source are drawn and ordered: must, soon, unknown, right.
import type { SourceState } from "../api/types";
import type { MarkKind } from "./Mark";

const MARKS: Record<SourceState, MarkKind> = {
  silent: "must", losing: "soon", skewed: "soon", unparsed: "soon", unknown: "unknown", right: "ok",
};
const RANK: Record<string, number> = { must: 0, soon: 1, unknown: 2, ok: 3 };

export const sourceMark = (s: SourceState): MarkKind => MARKS[s] ?? "unknown";
export const bySourceNeed = (a: { state: SourceState; name: string }, b: { state: SourceState; name: string }): number =>
  (RANK[sourceMark(a.state)] ?? 2) - (RANK[sourceMark(b.state)] ?? 2) || a.name.localeCompare(b.name, "ja");
