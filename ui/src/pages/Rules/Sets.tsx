// 規則集と例外, a tab each: which rules are in use and whose they are, what is hidden until when, whether rules are alive, and
// whether somebody else's watch calls when it should.
import { api } from "../../api/client";
import type { RuleOrder, RuleSet, RuleState } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t, titleOf, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Tabs } from "../../widgets/Tabs";
import { Time } from "../../widgets/Time";
import { Alive } from "./Alive";
import { isRed } from "./canary";
import { Draft } from "./Draft";
import { Exceptions, Repeats } from "./Exceptions";
import { Soc } from "./Soc";

type Order = (o: RuleOrder) => void;
export const SETS_TABS = ["sets", "exceptions", "alive", "soc"] as const;
export type SetsTab = (typeof SETS_TABS)[number];

function SetButtons({ set, order, busy }: { set: RuleSet; order: Order; busy: boolean }) {
  const on = set.state === "on";
  if (me.value?.demo) return null;
  const ask = (op: string, what: string) => <Confirm smaller label={t(`sets.${what}`)} question={t(`sets.${what}_ask`, { name: set.name })} effect={<p>{t(`sets.${what}_effect`, { n: set.rules })}</p>} busy={busy} onConfirm={() => order({ op, name: set.name, digest: set.digest })} />;
  return (
    <div class="buttons">
      {ask(on ? "off" : "on", on ? "off" : "on")}
      {set.older && ask("back", "back")}
      {!on && ask("drop", "forget")}
    </div>
  );
}

function SetTable({ sets, order, busy }: { sets: RuleSet[]; order: Order; busy: boolean }) {
  return (
    <Card id="sets" title={t("sets.title")} caption={t("sets.caption")}
      side={!me.value?.demo && <span class="buttons"><Button smaller href="#/rules/add">{t("add.open")}</Button><Button smaller href="#/rules/write">{t("write.open")}</Button></span>}>
      {sets.length === 0 ? <Empty>{t("sets.none")}</Empty> : (
        <Table label={t("sets.title")} id={(s) => s.name} rows={sets} columns={[
          { head: t("sets.name"), title: true, class: "name-cell", cell: (s) => <b>{s.name}</b> },
          { head: t("cases.state"), cell: (s) => <Mark kind={s.state === "on" ? "declared" : "todo"}>{t(`sets.state.${s.state}`)}</Mark> },
          { head: t("sets.rules"), num: true, cell: (s) => t("sets.rules_n", { n: s.rules }) },
          { head: t("sets.licence"), class: "grow-cell", cell: (s) => (s.own ? t("sets.own") : s.licence || <b class="soon">{t("sets.licence_none")}</b>) },
          { head: t("sets.added"), cell: (s) => <><Time at={s.added} /> {word("person", s.by)}</> },
          { head: "", class: "card-wide", cell: (s) => <SetButtons set={s} order={order} busy={busy} /> },
        ]} />)}
    </Card>
  );
}

function Body({ tab, state, order, busy }: { tab: SetsTab; state: RuleState; order: Order; busy: boolean }) {
  const rules = useResource(api.rules, ["rules"], []);
  const list = rules.data?.rules ?? [];
  const names = Object.fromEntries(list.map((r) => [r.id, titleOf(r)]));
  const sets = (state.sets ?? []).filter((x) => !x.pack); // lessons have a page of their own
  switch (tab) {
    case "sets": return (
      <>
        {sets.filter((x) => x.state === "draft").map((x, i) => <Draft key={x.name} set={x} first={!sets.some((y) => y.name === x.name && y.state !== "draft")} order={order} busy={busy} solid={i === 0} />)}
        <SetTable sets={sets.filter((x) => x.state !== "draft")} order={order} busy={busy} />
      </>);
    case "exceptions": return <><Exceptions state={state} order={order} busy={busy} names={names} /><Repeats state={state} order={order} busy={busy} names={names} /></>;
    case "alive": return <Alive state={state} rules={list} order={order} busy={busy} />;
    case "soc": return <Soc state={state} order={order} busy={busy} names={names} />;
  }
}

export function Sets({ tab }: { tab: SetsTab }) {
  const state = useResource(api.ruleState, ["rule_state"], []);
  const write = useWrite(state.reload);
  const order: Order = (o) => void write.run(() => api.ruleOrder(o));
  const s = state.data;
  const counts: Record<SetsTab, number> = {
    sets: s?.sets?.filter((x) => !x.pack).length ?? 0, exceptions: (s?.exceptions?.length ?? 0) + (s?.suppressions?.length ?? 0),
    alive: s?.canaries?.filter(isRed).length ?? 0, soc: s?.soc?.runs.filter((r) => r.state === "none" || r.state === "late").length ?? 0,
  };
  return (
    <>
      <div class="page-head"><h1>{t("sets.page")}</h1><span class="grow" /><Button href="#/rules">{t("rules.to_list")}</Button></div>
      <Tabs plain label={t("sets.page")} on={tab} tabs={SETS_TABS.map((x) => ({ id: x, href: `#/rules/${x}`, label: t(`sets.tab.${x}`), count: counts[x] || null }))} />
      <Loaded of={state}>{(x) => (x.sets === undefined ? <Card><Empty>{t("rules.none")}</Empty></Card> : (
        <div class="stack">
          {x.change === "failed" && <div class="refusal" role="alert"><Mark kind="must">{t("sets.failed")}</Mark><p class="mono">{x.change_error}</p></div>}
          {x.change === "under_way" && <p class="card card-body" role="status"><Mark kind="run">{t("sets.under_way")}</Mark></p>}
          <Outcome state={write.state} />
          {me.value?.demo && tab !== "alive" && <p class="card card-body ink2">{t("rules.demo")}</p>}
          <Body tab={tab} state={x} order={order} busy={write.state.step === "busy"} />
        </div>))}
      </Loaded>
    </>
  );
}
