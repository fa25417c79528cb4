// 規則集と例外: which rules are in use and whose they are, what a waiting version would change, what is hidden until
// when, and whether somebody else's watch calls when it should.
import { api } from "../../api/client";
import type { RuleChange, RuleOrder, RuleSet, RuleState } from "../../api/types";
import { duration } from "../../lib/time";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty, Facts } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { CanaryMark, isRed } from "./canary";
import { Exceptions } from "./Exceptions";
import { Soc } from "./Soc";

type Order = (o: RuleOrder) => void;

function Changes({ change }: { change: RuleChange }) {
  const shown = change.rows.slice(0, 30);
  const left = change.new + change.changed + change.gone - shown.length;
  return (
    <>
      <Facts rows={[
        [t("sets.change"), t("sets.change_n", { new: change.new, changed: change.changed, gone: change.gone })],
        [t("sets.loaded"), t(change.refused_n > 0 ? "sets.loaded_n" : "sets.loaded_all", { n: change.loaded, refused: change.refused_n })],
        [t("sets.backtest"), change.backtest
          ? <>{t("sets.backtest_n", { before: change.backtest.before, after: change.backtest.after, events: change.backtest.events })}<br /><span class="small ink2"><Time at={change.backtest.from} /> – <Time at={change.backtest.to} />{t("sets.took", { s: change.backtest.took_ms / 1000 })}</span></>
          : t("sets.backtest_none")],
      ]} />
      <ul class="rule-changes">{shown.map((r) => (
        <li key={r.id}>
          <p><b>{t(`sets.row.${r.change}`)}</b> {r.title} {r.before !== undefined && <span class="small ink2">{t("sets.row_n", { before: r.before, after: r.after ?? 0 })}</span>}</p>
          {r.lines && <pre class="line sample">{r.lines}</pre>}
        </li>))}
        {left > 0 && <li class="ink2">{t("sets.row_more", { n: left })}</li>}
      </ul>
      {change.refused.length > 0 && <details><summary>{t("sets.refused", { n: change.refused.length })}</summary><ul class="mono small">{change.refused.map((x) => <li>{x}</li>)}</ul></details>}
    </>
  );
}

function Draft({ set, order, busy }: { set: RuleSet; order: Order; busy: boolean }) {
  return (
    <Card id={`draft-${set.name}`} title={t("sets.draft", { name: set.name })} caption={<><Time at={set.added} /> {set.by}</>}>
      <div class="card-body stack-small">
        {set.change ? <Changes change={set.change} /> : <p>{t("sets.change_large", { name: set.name })}</p>}
        <div class="buttons">
          <Confirm solid label={t("sets.adopt", { name: set.name })} question={t("sets.adopt_ask", { name: set.name })} effect={<p>{t("sets.adopt_effect")}</p>} busy={busy} onConfirm={() => order({ op: "adopt", name: set.name })} />
          <Button busy={busy} onPress={() => order({ op: "drop_draft", name: set.name })}>{t("sets.drop")}</Button>
        </div>
      </div>
    </Card>
  );
}

function SetButtons({ set, order, busy }: { set: RuleSet; order: Order; busy: boolean }) {
  const on = set.state === "on";
  return <Confirm label={t(on ? "sets.off" : "sets.on")} question={t(on ? "sets.off_ask" : "sets.on_ask", { name: set.name })} effect={<p>{t(on ? "sets.off_effect" : "sets.adopt_effect", { n: set.rules })}</p>} busy={busy} onConfirm={() => order({ op: on ? "off" : "on", name: set.name })} />;
}

function SetTable({ sets, order, busy }: { sets: RuleSet[]; order: Order; busy: boolean }) {
  return (
    <Card id="sets" title={t("sets.title")} caption={t("sets.caption")}>
      {sets.length === 0 ? <Empty>{t("sets.none")}</Empty> : (
        <Table label={t("sets.title")} id={(s) => s.name} rows={sets} columns={[
          { head: t("sets.name"), title: true, class: "name-cell", cell: (s) => <b>{s.name}</b> },
          { head: t("cases.state"), cell: (s) => <Mark kind={s.state === "on" ? "declared" : "todo"}>{t(`sets.state.${s.state}`)}</Mark> },
          { head: t("sets.rules"), num: true, cell: (s) => t("sets.rules_n", { n: s.rules }) },
          { head: t("sets.licence"), class: "grow-cell", cell: (s) => s.licence || <b class="soon">{t("sets.licence_none")}</b> },
          { head: t("sets.added"), cell: (s) => <><Time at={s.added} /> {s.by}</> },
          { head: "", cell: (s) => <SetButtons set={s} order={order} busy={busy} /> },
        ]} />)}
    </Card>
  );
}

function Summary({ state }: { state: RuleState }) {
  const canaries = state.canaries ?? [];
  const red = canaries.filter(isRed);
  const slow = Math.max(0, ...(state.delays ?? []).map((d) => d.p99_ms));
  return (
    <Card id="alive" title={t("canary.title")} caption={t("canary.caption")}>
      <div class="card-body"><Facts rows={[
        [t("canary.red"), red.length > 0 ? <ul class="plain-list">{red.slice(0, 20).map((c) => <li key={c.rule}><CanaryMark canary={c} /> <a href={`#/rules/${encodeURIComponent(c.rule)}`}>{c.title}</a></li>)}{red.length > 20 && <li>{t("sets.row_more", { n: red.length - 20 })}</li>}</ul> : t("canary.red_none")],
        [t("canary.ok"), t("canary.ok_n", { n: canaries.filter((c) => c.state === "passed").length, all: canaries.length })],
        [t("delay.worst"), (state.delays ?? []).length === 0 ? t("delay.none") : duration(slow / 1000, lang.value)],
      ]} /></div>
    </Card>
  );
}

export function Sets() {
  const state = useResource(api.ruleState, ["rule_state"], []);
  const write = useWrite(state.reload);
  const order: Order = (o) => void write.run(() => api.ruleOrder(o));
  const busy = write.state.step === "busy";
  return (
    <>
      <div class="page-head"><h1>{t("sets.page")}</h1><span class="grow" /><Button href="#/rules">{t("rules.to_list")}</Button></div>
      <Loaded of={state}>{(s) => (s.sets === undefined ? <Card><Empty>{t("rules.none")}</Empty></Card> : (
        <div class="stack">
          {s.change === "failed" && <div class="refusal" role="alert"><Mark kind="must">{t("sets.failed")}</Mark><p class="mono">{s.change_error}</p></div>}
          {s.change === "under_way" && <p role="status"><Mark kind="run">{t("sets.under_way")}</Mark></p>}
          <Outcome state={write.state} />
          {s.sets.filter((x) => x.state === "draft").map((x) => <Draft key={x.name} set={x} order={order} busy={busy} />)}
          <SetTable sets={s.sets.filter((x) => x.state !== "draft")} order={order} busy={busy} />
          <Summary state={s} />
          <Exceptions state={s} order={order} busy={busy} />
          <Soc state={s} order={order} busy={busy} />
        </div>))}
      </Loaded>
    </>
  );
}
