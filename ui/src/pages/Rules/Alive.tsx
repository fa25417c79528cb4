// 生きているか: each rule's canary, the red ones first, how many nobody can say anything about, and how long rules take.
import type { Canary, Rule, RuleDelay, RuleOrder, RuleState } from "../../api/types";
import { href } from "../../state/route";
import { t, titleOf } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty, Facts } from "../../widgets/Card";
import { tookWords } from "../../widgets/RuleChanges";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { CanaryMark, isRed } from "./canary";

type Names = Record<string, string>;
export const span = tookWords;
const SHOWN = 200;

const rank = (c: Canary) => (isRed(c) ? 0 : c.state === "waiting" ? 1 : 2);

function CanaryTable({ rows, names, order, busy }: { rows: Canary[]; names: Names; order: (o: RuleOrder) => void; busy: boolean }) {
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || (names[a.rule] ?? a.title).localeCompare(names[b.rule] ?? b.title, "ja"));
  return (
    <>
      <Table label={t("canary.title")} id={(c) => c.rule} rows={sorted.slice(0, SHOWN)} columns={[
        { head: t("cases.state"), cell: (c) => <CanaryMark canary={c} /> },
        { head: t("rules.title"), title: true, class: "grow-cell", cell: (c) => <a href={href("rules", c.rule)}>{names[c.rule] ?? c.title}</a> },
        { head: t("canary.at"), num: true, cell: (c) => (c.at ? <Time at={c.at} /> : <span class="ink3">{t("word.not_yet")}</span>) },
        { head: t("canary.took"), num: true, cell: (c) => (c.took_ms === undefined ? <span class="ink3">{t("word.not_yet")}</span> : span(c.took_ms)) },
        { head: "", class: "card-wide", cell: (c) => isRed(c) && <Button smaller busy={busy} onPress={() => order({ op: "canary", rule: c.rule })}>{t("canary.now")}</Button> },
      ]} />
      {sorted.length > SHOWN && <p class="empty small">{t("sets.row_more", { n: sorted.length - SHOWN })}</p>}
    </>
  );
}

function Delays({ rows, names }: { rows: RuleDelay[]; names: Names }) {
  const sorted = [...rows].sort((a, b) => b.p99_ms - a.p99_ms);
  return (
    <Card id="delays" title={t("delay.title")} caption={t("delay.caption")}>
      {rows.length === 0 ? <Empty>{t("delay.none_all")}</Empty> : (
        <Table label={t("delay.title")} id={(d) => `${d.rule} ${d.source}`} rows={sorted.slice(0, SHOWN)} columns={[
          { head: t("rules.title"), title: true, class: "grow-cell", cell: (d) => <a href={href("rules", d.rule)}>{names[d.rule] ?? d.rule}</a> },
          { head: t("delay.source"), cell: (d) => d.source || t("delay.several") },
          { head: t("delay.p50"), num: true, cell: (d) => span(d.p50_ms) },
          { head: t("delay.p99"), num: true, cell: (d) => <b>{span(d.p99_ms)}</b> },
          { head: t("delay.max"), num: true, cell: (d) => span(d.max_ms) },
          { head: t("delay.n"), num: true, cell: (d) => t("preview.count", { n: d.n }) },
        ]} />)}
    </Card>
  );
}

export function Alive({ state, rules, order, busy }: { state: RuleState; rules: Rule[]; order: (o: RuleOrder) => void; busy: boolean }) {
  const names: Names = Object.fromEntries(rules.map((r) => [r.id, titleOf(r)]));
  const canaries = state.canaries ?? [];
  const tested = new Set(canaries.map((c) => c.rule));
  const untested = rules.filter((r) => !tested.has(r.id));
  const red = canaries.filter(isRed), calm = canaries.filter((c) => !isRed(c));
  return (
    <>
      <Card id="alive" title={t("canary.title")} caption={t("canary.caption")}>
        <div class="card-body"><Facts rows={[
          [t("canary.red"), red.length > 0 ? <b class="must">{t("canary.n", { n: red.length })}</b> : t("canary.red_none")],
          [t("canary.ok"), t("canary.ok_n", { n: canaries.filter((c) => c.state === "passed").length, all: canaries.length })],
          [t("canary.none"), untested.length > 0 ? t("canary.none_n", { n: untested.length }) : t("canary.none_zero")],
        ]} /></div>
        {red.length > 0 && <CanaryTable rows={red} names={names} order={order} busy={busy} />}
        {calm.length > 0 && <details class="rest"><summary>{t("canary.calm_list", { n: calm.length })}</summary><CanaryTable rows={calm} names={names} order={order} busy={busy} /></details>}
        {untested.length > 0 && <details class="rest"><summary>{t("canary.none_list", { n: untested.length })}</summary><div class="card-body"><ul class="plain-list">{untested.slice(0, 500).map((r) => <li key={r.id}><CanaryMark canary={null} /> <a href={href("rules", r.id)}>{titleOf(r)}</a></li>)}</ul></div></details>}
      </Card>
      <Delays rows={state.delays ?? []} names={names} />
    </>
  );
}
