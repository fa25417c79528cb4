// What rules said, each with its group, its measures and the time it was noticed.
import type { Finding } from "../api/types";
import { number } from "../lib/template";
import { has, t, titleOf, word } from "../state/text";
import { later } from "./later";
import { Level } from "./Level";
import { Num } from "./Num";
import { type Column, Table } from "./Table";
import { Time } from "./Time";

const Forecast = later("ahead", () => import("./Ahead").then((m) => m.Forecast));
const Unusual = later("ahead", () => import("./Ahead").then((m) => m.Unusual));

/** The grounds that tell attacks apart come first; the rest stands in the finding itself. */
const TELLING = ["accounts", "sources", "tries", "tries_per_account", "failure_rate", "unknown_rate", "default_rate", "services", "successes", "new", "views", "good_accounts"];
const SHOWN = 5;

const figures = (f: Finding): Record<string, number | null> => {
  const of: Record<string, number | null> = Object.fromEntries(f.measures.map((m) => [m.name, m.value]));
  if (of.limit) of.percent = ((of.now ?? 0) / of.limit) * 100;
  for (const k of ["minutes", "minutes_least", "minutes_most"]) if (typeof of[k] === "number") of[k] = Math.round(of[k] ?? 0);
  return of;
};

/** Rules that compare with what is usual say so in a sentence (texts "reason.KIND"). */
const reason = (f: Finding): string | null => {
  const of = figures(f);
  const key = `reason.${f.kind}${(of.page_answers ?? 20) < 20 && (of.site_answers ?? 0) > 0 ? "_site" : ""}`;
  return has(key) ? t(key, of) : null;
};

/** What machines complain of before they break; the words of content/rules/machines/30_errors.yml. */
const COMPLAINTS = ["I/O error", "FAILED Result", "Failing path", "checker failed", "timed out", "timeout", "reset by peer", "link down", "Hardware Error", "retrying", "degraded"];
const TROUBLE = ["exhaustion", "precursor", "resource_danger", "resource_warning"];

/** Since when the machine complained: its lines of the last month. */
const before = (f: Finding): string | null => {
  const host = f.group.find((g) => g.name === "host.name")?.value;
  if (!host || !TROUBLE.includes(f.kind ?? "")) return null;
  const q = `host.name:"${host.replace(/["\\]/g, "")}" (${COMPLAINTS.map((w) => `"${w}"`).join(" or ")})`;
  return `#/search?range=month&${new URLSearchParams({ q })}`;
};

const measures = (f: Finding): string => reason(f) ?? TELLING
  .flatMap((name) => f.measures.filter((m) => m.name === name && m.value !== null))
  .slice(0, SHOWN)
  .map((m) => t("finding.measure", { name: word("measure", m.name), value: m.name.endsWith("_rate") ? `${number((m.value ?? 0) * 100)}%` : number(m.value ?? 0) }))
  .join(t("word.comma"));

/** Choosing findings: which are chosen, and what a press changes. */
export interface Pick { on: ReadonlySet<string>; toggle: (ids: string[], on: boolean) => void }

export function FindingTable({ rows, linesOf, pick }: { rows: Finding[]; linesOf?: (f: Finding) => string; pick?: Pick }) {
  const columns: Column<Finding>[] = [
    ...(pick ? [{
      head: t("split.pick_head"), class: "pick-cell",
      cell: (f: Finding) => (
        <label class="pick"><input type="checkbox" checked={pick.on.has(f.id)} onChange={(e) => pick.toggle([f.id], e.currentTarget.checked)} />
          <span class="pick-word">{t("split.pick")}</span></label>),
    }] : []),
    { head: t("finding.rule"), title: true, class: "grow-cell", cell: (f) => <><a class="name bold" href={`#/rules/${encodeURIComponent(f.rule.id)}`}>{titleOf(f.rule)}</a>{f.past && <> <span class="tag low">{t("finding.past")}</span></>}</> },
    { head: t("cases.level"), cell: (f) => <Level level={f.level} /> },
    { head: t("finding.group"), class: "card-wide", cell: (f) => f.group.map((g) => <div><span class="ink2">{word("ecs", g.name)}</span> <span class="mono">{g.value}</span></div>) },
    { head: t("finding.measures"), class: "card-wide", cell: (f) => <>{measures(f)}{f.kind === "exhaustion" && <Forecast of={figures(f)} label={measures(f)} />}{f.kind === "precursor" && <Unusual of={figures(f)} label={measures(f)} />}{before(f) && <div><a href={before(f) ?? ""}>{t("ahead.before")}</a></div>}</> },
    { head: t("finding.count"), num: true, cell: (f) => <Num value={f.count} /> },
    { head: t("finding.first"), num: true, cell: (f) => <Time at={f.first} seconds /> },
    { head: t("finding.last"), num: true, cell: (f) => <Time at={f.last} seconds /> },
    { head: t("finding.lines"), num: true, cell: (f) => linesOf ? <a href={linesOf(f)}>{t("finding.see_lines", { n: f.evidence_n })}</a> : number(f.evidence_n) },
  ];
  return <Table label={t("finding.title")} columns={columns} rows={rows} id={(f) => f.id} />;
}
