// 規則: what can be noticed. The list, or one rule.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Rule, RuleState } from "../../api/types";
import { useResource } from "../../state/resource";
import { t, titleOf, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Level } from "../../widgets/Level";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Num } from "../../widgets/Num";
import { Sparkline } from "../../widgets/Sparkline";
import { type Column, Table } from "../../widgets/Table";
import { Segments } from "../../widgets/Tabs";
import { Time } from "../../widgets/Time";
import { span } from "./Alive";
import { CanaryMark, canaryOf, isRed, isStopped } from "./canary";
import { AddRules } from "./Add";
import { Decide } from "./Decide";
import { OneRule } from "./OneRule";
import { Sets, SETS_TABS, type SetsTab } from "./Sets";
import { TryLine } from "./TryLine";

const RANK: Record<string, number> = { critical: 0, high: 1, medium: 2, low: 3, informational: 4 };
const LEVELS = ["all", "high", "medium", "low"];
const inLevel = (r: Rule, l: string) => l === "all" || r.level === l || (l === "high" && r.level === "critical") || (l === "low" && r.level === "informational");
/** Tells lines apart for others to count; says nothing of its own. */
const isPart = (r: Rule) => r.level === "informational" && r.kind === null;
const hits = (r: Rule) => r.hits_30d.reduce((a, b) => a + b, 0);

function Slowest({ state, rule }: { state: RuleState | null; rule: string }) {
  const ms = (state?.delays ?? []).filter((d) => d.rule === rule).map((d) => d.p99_ms);
  return ms.length > 0 ? <>{span(Math.max(...ms))}</> : <span class="ink3">{t("word.not_yet")}</span>;
}

function columns(state: RuleState | null): Column<Rule>[] {
  return [
    { head: t("rules.title"), title: true, class: "grow-cell", cell: (r) => <a class="name bold" href={`#/rules/${encodeURIComponent(r.id)}`}>{titleOf(r)}</a> },
    { head: t("cases.level"), cell: (r) => (r.level ? <Level level={r.level} /> : t("word.not_set")) },
    { head: t("rules.kind"), cell: (r) => (r.kind ? word("kind", r.kind) : <span class="ink3">{t("word.none")}</span>) },
    { head: t("rules.type"), cell: (r) => <span class="ink2">{word("rules.type", r.type)}</span> },
    { head: t("rules.canary"), cell: (r) => (isStopped(state, r.id) ? <Mark kind="todo">{t("stop.on")}</Mark> : <CanaryMark canary={canaryOf(state, r.id)} />) },
    { head: t("delay.short"), num: true, cell: (r) => <Slowest state={state} rule={r.id} /> },
    { head: t("rules.hits_30d"), wide: true, cell: (r) => <Sparkline values={r.hits_30d} width={120} label={t("rules.hits_label", { n: hits(r) })} /> },
    { head: t("rules.hits"), num: true, cell: (r) => <Num value={hits(r)} /> },
    { head: t("rules.last_hit"), num: true, cell: (r) => (r.last_hit ? <Time at={r.last_hit} /> : <span class="ink3">{t("word.none")}</span>) },
  ];
}

function List({ rows, level, state }: { rows: Rule[]; level: string; state: RuleState | null }) {
  const [q, find] = useState("");
  const wanted = q.trim().toLowerCase();
  const red = (r: Rule) => { const c = canaryOf(state, r.id); return c !== null && isRed(c); };
  const waiting = state?.sets?.filter((x) => x.state === "draft").length ?? 0;
  const shown = rows.filter((r) => inLevel(r, level) && (!wanted || [titleOf(r), r.title, r.name, r.id, r.description, ...r.tags].some((v) => v?.toLowerCase().includes(wanted))))
    .sort((a, b) => Number(red(b)) - Number(red(a)) || (RANK[a.level ?? ""] ?? 9) - (RANK[b.level ?? ""] ?? 9) || titleOf(a).localeCompare(titleOf(b), "ja"));
  const parts = shown.filter(isPart);
  const own = shown.filter((r) => !isPart(r));
  const tabs = LEVELS.map((l) => ({ id: l, href: `#/rules?level=${l}`, label: t(l === "all" ? "cases.all" : `level.${l}`), count: rows.filter((r) => inLevel(r, l)).length }));
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.rules")}</h1>
        <Segments tabs={tabs} on={level} label={t("rules.filter")} />
        <div class="find"><input type="search" data-find value={q} onInput={(e) => find(e.currentTarget.value)} placeholder={t("rules.find")} aria-label={t("rules.find")} /></div>
        <span class="grow" />
        <Button href="#/rules/sets">{waiting > 0 ? t("sets.page_waiting", { n: waiting }) : t("sets.page")}</Button>
        <Button href="#/rules/try">{t("try.open")}</Button>
      </div>
      <div class="stack">
        <Card>
          {shown.length === 0
            ? <Empty>{t(rows.length === 0 ? "rules.none" : "rules.none_found")}</Empty>
            : own.length > 0 && <Table label={t("nav.rules")} columns={columns(state)} rows={own} id={(r) => r.id} />}
          {parts.length > 0 && (
            <details class="rest" open={own.length === 0 || wanted !== ""}>
              <summary>{t("rules.parts", { n: parts.length })}</summary>
              <Table label={t("help.word.part")} columns={columns(state)} rows={parts} id={(r) => r.id} />
            </details>)}
          {shown.length > 0 && <p class="empty small">{t("rules.shown", { n: shown.length, total: rows.length })}</p>}
        </Card>
      </div>
    </>
  );
}

function Try() {
  return (
    <>
      <div class="page-head"><h1>{t("try.open")}</h1><span class="grow" /><Button href="#/rules">{t("rules.to_list")}</Button></div>
      <TryLine alone />
    </>
  );
}

export function Rules({ args, query }: { args: string[]; query: URLSearchParams }) {
  const list = useResource(api.rules, ["rules", "stats"], []);
  const state = useResource(api.ruleState, ["rule_state"], []);
  if (args[0] === "try") return <Try />;
  if (args[0] === "add" || args[0] === "write") return <AddRules key={args[0]} what={args[0]} search={query.get("search")} />;
  if (SETS_TABS.includes(args[0] as SetsTab)) return <Sets tab={args[0] as SetsTab} />;
  if (args[0] && (args[1] === "except" || args[1] === "stop" || args[1] === "suppress")) return <Decide key={args.join(" ")} id={args[0]} what={args[1]} />;
  if (args[0]) return <OneRule id={args[0]} />;
  return <Loaded of={list}>{(d) => <List rows={d.rules} level={query.get("level") ?? "all"} state={state.data} />}</Loaded>;
}
