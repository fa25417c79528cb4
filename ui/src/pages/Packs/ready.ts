// Readiness as data: what a cell says in one line, which gaps there are, in which order lessons stand. No page here.
import type { Readiness, ReadinessItem } from "../../api/types";
import { parse, wall, type Lang } from "../../lib/time";
import { has, lang, t } from "../../state/text";
import type { MarkKind } from "../../widgets/Mark";

export const CELLS = ["noticed", "handled", "prevented", "practised", "told"] as const;
export type Cell = (typeof CELLS)[number];
export type Row = Readiness["packs"][number];
export type State = ReadinessItem["state"];
export const STATES = ["must", "soon", "todo", "declared", "ok", "none"] as const;
export const KINDS = ["replay", "measured", "attested", "lesson", "missing", "unmeasured"] as const;
export const MARK: Record<State, MarkKind> = { must: "must", soon: "soon", todo: "unknown", declared: "declared", ok: "ok", none: "unknown" };
const PAGES: Record<string, string> = { contracts: "sources/register/contracts", people: "duty/people", systems: "sources/register/systems", alternatives: "sources/register/alternatives", playbooks: "packs/library" };

export const titleOf = (r: Row): string => r.titles[lang.value] ?? r.titles.ja ?? r.id;
export const rank = (r: Row): number => Math.min(...CELLS.map((c) => STATES.indexOf(r.cells[c].state)));
/** Who has most to do at once first; then by the short name people know it by. */
/** Before anything was measured nothing is urgent. */
export const byName = (a: Row, b: Row): number => a.short.localeCompare(b.short);
export function byNeed(a: Row, b: Row): number {
  const musts = (r: Row) => CELLS.filter((c) => r.cells[c].state === "must").length;
  return group(a) - group(b) || musts(b) - musts(a) || a.short.localeCompare(b.short);
}
export const group = (r: Row): number => Math.min(2, rank(r)); /* must; soon; the others */

/** 11/16, of Japan's clock; a date far away with its year: 27/03. */
export function day(iso: string | null | undefined): string {
  const ms = parse(iso);
  if (ms === null) return "";
  const w = wall(ms);
  return `${String(w.mo).padStart(2, "0")}/${String(w.d).padStart(2, "0")}`;
}
export function month(iso: string | null | undefined): string {
  const ms = parse(iso);
  if (ms === null) return "";
  const w = wall(ms);
  return `${String(w.y).slice(2)}/${String(w.mo).padStart(2, "0")}`;
}

/** "noticed 2 min 34 s after the first trace", as the judge writes it: how long, in the reader's language. */
export function replayTime(says: string | null | undefined, l: Lang): string | null {
  const m = /noticed (.+?) after the first trace/.exec(says ?? "");
  if (!m?.[1]) return null;
  return l === "en" ? m[1] : m[1].replace(/ ?h\b/g, "時間").replace(/ ?min\b/g, "分").replace(/ ?s\b/g, "秒").replace(/ ?days?\b/g, "日").replace(/ /g, "");
}

/** A parameter in words: nat, publish, … */
export const paramWord = (of: string | undefined): string => (of && has(`ready.log.${of}`) ? t(`ready.log.${of}`) : of && has(`ready.of.${of}`) ? t(`ready.of.${of}`) : (of ?? ""));

/** What is to be done about one item, as short as a cell. */
export function stepOf(i: ReadinessItem): string {
  if (i.kind === "measured" && i.step) return i.step[lang.value].replace("{of}", paramWord(i.of));
  if (i.kind === "lesson") return i.words[lang.value];
  return t(`ready.step.${i.kind}${i.kind === "attested" ? (i.over ? "_over" : i.answer === "no" ? "_no" : "") : i.kind === "replay" && i.answer === "no" ? "_no" : ""}`);
}
/** The same in a sentence's length; of a log or a decision which one it is. */
export const deedOf = (i: ReadinessItem): string => (i.kind === "measured" && i.step && !i.step[lang.value].includes("{of}") ? (i.remedy?.[lang.value] ?? stepOf(i)) : i.kind === "measured" ? stepOf(i) : i.words[lang.value]);
export const pageOf = (i: ReadinessItem): string | null =>
  i.measure === "logs_arrive" || i.measure === "logs_kept" ? `#/sources/how?log=${i.of ?? ""}` : i.page ? `#/${PAGES[i.page] ?? i.page}` : null;

export interface Line { mark: MarkKind | null; words: string; date: string; bold: boolean; over: number }
/** One cell: what is bad by its next step, what is good by its proof, and a date. */
export function lineOf(row: Row, cell: Cell, measured = true): Line {
  const { state, items } = row.cells[cell];
  const of = items.filter((i) => i.state === state), first = of[0];
  const line = (words: string, date = "", bold = false): Line => ({ mark: state === "none" ? null : MARK[state], words, date, bold, over: of.length - 1 });
  if (state === "none" || !first) return line(t("ready.state.none"));
  if (!measured && (state === "soon" || state === "todo")) return { mark: "unknown", words: t("ready.state.todo"), date: "", bold: false, over: 0 };
  if (state === "must") return line(stepOf(first), first.todo ? day(first.todo.due) : "", true);
  if (state === "soon") return first.kind === "attested" ? line(t("ready.ends"), day(first.until), true) : line(t(first.kind === "missing" ? `ready.missing.${cell}` : "ready.cannot_tell"), first.kind === "missing" ? "" : day(first.at), true);
  if (state === "todo") {
    const asked = of.find((i) => i.kind !== "measured");
    return asked ? line(t(`ready.todo.${asked.kind}`), asked.todo ? day(asked.todo.due) : "") : line(t("ready.state.todo"));
  }
  if (state === "declared") {
    const until = items.filter((i) => i.state === "declared" && i.until).map((i) => i.until!).sort()[0];
    return line(t("ready.said"), until ? t("ready.until", { time: month(until) }) : day(first.at));
  }
  const replay = items.find((i) => i.kind === "replay"), took = replayTime(replay?.says, lang.value);
  if (replay) return line(took ? t("ready.replayed_in", { time: took }) : t("ready.kind.replay"), day(replay.at));
  return line(items.length > 1 ? t("ready.measured_n", { n: items.length }) : t("ready.measured"), day(first.at));
}

export interface Gap { key: string; item: ReadinessItem; rows: Row[]; cells: Cell[] }
/** Each gap once, however many lessons it opens; what helps most lessons first. */
export function gapsOf(rows: Row[]): Gap[] {
  const found = new Map<string, Gap>();
  for (const row of rows)
    for (const cell of CELLS)
      for (const item of row.cells[cell].items) {
        if (item.state !== "must" || item.key === undefined) continue;
        const gap = found.get(item.key) ?? { key: item.key, item, rows: [], cells: [] };
        if (!gap.rows.includes(row)) gap.rows.push(row);
        if (!gap.cells.includes(cell)) gap.cells.push(cell);
        found.set(item.key, gap);
      }
  return [...found.values()].sort((a, b) => b.rows.length - a.rows.length || a.key.localeCompare(b.key));
}

export interface Unseen { log: string; rows: Row[] }
/** Which lessons nobody would have noticed here, by the kind of log that does not arrive. */
export function unseenOf(rows: Row[]): Unseen[] {
  const found = new Map<string, Row[]>();
  for (const row of rows)
    for (const i of row.cells.noticed.items)
      if (i.measure === "logs_arrive" && i.answer === "no" && i.of) found.set(i.of, [...(found.get(i.of) ?? []), row]);
  return [...found].map(([log, of]) => ({ log, rows: of })).sort((a, b) => b.rows.length - a.rows.length || a.log.localeCompare(b.log));
}

export function sums(rows: Row[], cell: Cell): { ok: number; declared: number; all: number } {
  const of = rows.map((r) => r.cells[cell].state).filter((s) => s !== "none");
  return { ok: of.filter((s) => s === "ok").length, declared: of.filter((s) => s === "declared").length, all: of.length };
}
