// Lasting acts as the pages name, mark and order them. What is proposed together is one batch: one card, one
// approval; each of its rows ends by itself.
import type { Deed, Driver } from "../api/types";
import { t } from "../state/text";
import type { MarkKind } from "./Mark";

/** What a case proposes, and which decision of the table of authority it is. Other kinds a driver knows are steps of playbooks. */
export const DECIDES: Record<string, string> = { site_close: "stop", account_freeze: "freeze", net_cut: "cut", host_isolate: "isolate", mail_deny: "block", mail_domain_deny: "block", country_block: "block", rate_limit: "block" };
export const KINDS = Object.keys(DECIDES);
/** What a kind may be told beside its targets. */
export const PARAM: Record<string, string | undefined> = { site_close: "allow", net_cut: "open", rate_limit: "per_minute" };

type Known = "rehearsed" | "unanswered" | "unseen" | "proven" | Deed["state"];
/** The state in the words of the reader: what is known now, and what is not. */
export function known(d: Deed): Known {
  if (d.state === "proposed" && d.why === "dry_run") return "rehearsed";
  if (d.state === "proposed" && d.why === "no_answer") return "unanswered";
  if (d.state === "in_force" && d.seen !== null) return d.seen ? "proven" : "unseen";
  return d.state;
}
const MARKS: Record<Known, MarkKind> = {
  unsure: "must", unanswered: "must", proposed: "must", rehearsed: "todo", unseen: "soon", sent: "run", undoing: "run", in_force: "run", proven: "proved",
  refused: "failed", ended: "ok", undone: "ok", rejected: "declared",
};
const ORDER = Object.keys(MARKS);
export const deedMark = (d: Deed): MarkKind => MARKS[known(d)];
export const inForce = (d: Deed): boolean => d.state === "in_force" || d.state === "unsure" || d.state === "undoing" || d.state === "sent";
export const byNeed = (a: Deed, b: Deed): number => ORDER.indexOf(known(a)) - ORDER.indexOf(known(b)) || a.id - b.id;

/** The batches, each with its rows by need. */
export function batches(rows: Deed[]): Deed[][] {
  const by = new Map<string, Deed[]>();
  for (const d of rows) by.set(d.batch, [...(by.get(d.batch) ?? []), d]);
  return [...by.values()].map((b) => b.sort(byNeed));
}

/** How near a card stands to the top: beside the blocks, whose ranks are these numbers too. */
export function deedRank(d: Deed): number {
  const ranks: Partial<Record<Deed["state"], number>> = { unsure: 0, proposed: 0, sent: 1, undoing: 1, in_force: 2, refused: 3, rejected: 6 };
  return ranks[d.state] ?? 5;
}

const kindKey = (group: string, kind: string) => `deed.${group}.${kind in DECIDES ? kind : "other"}`;
export const deedTitle = (kind: string, rows: { target: string }[], minutes: number): string =>
  t(kindKey("title", kind), { n: rows.length, target: rows[0]?.target ?? "", more: rows.length - 1, s: minutes * 60 });
/** The button: a verb with its object and amount. */
export const deedVerb = (kind: string, rows: { target: string }[]): string =>
  t(kindKey("verb", kind), { n: rows.length, target: rows[0]?.target ?? "", more: rows.length - 1 });
export const deedUndoVerb = (d: Deed): string => t(kindKey("undo", d.kind), { target: d.target });
export const deedReach = (kind: string, rows: { target: string }[]): string => t(kindKey("reach", kind), { n: rows.length });

/** Where an act belongs; the number the case is known by, as far as the list of cases says it. */
export const caseLink = (id: number): string => `#/cases/${id}/actions`;

/** Neither tested against the real thing by its makers nor tried here. */
export const unproven = (v: Driver): boolean => !v.proven && !v.tried;
