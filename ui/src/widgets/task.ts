// Words and marks of what has to be done, the same wherever a task is shown.
import type { Task } from "../api/types";
import { lang, t } from "../state/text";
import { me } from "../state/session";
import type { MarkKind } from "./Mark";

export const taskWords = (x: { words: { ja: string; en: string } }): string => x.words[lang.value] || x.words.ja;
export const taskOpen = (x: Task): boolean => x.state === "due" || x.state === "doing";
export const taskMark = (x: Task): MarkKind =>
  x.state === "done" ? "ok" : x.state === "skipped" ? "declared" : x.state === "failed" ? "failed" : x.late ? "must" : x.state === "due" ? "todo" : "run";
/** A standard lane by its word, one of a case's own by its name. */
export const laneName = (code: string, name?: string | null): string => name ?? (code.startsWith("own:") ? code : t(`lane.name.${code}`));
export const laneOf = (x: { lane?: string | null; lane_name?: string | null }): string | null => (x.lane ? laneName(x.lane, x.lane_name) : null);
/** Who may change what is to be done. */
export const mayDo = (): boolean => ["administrator", "handler"].includes(me.value?.person.role ?? "");
