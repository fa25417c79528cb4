// 外からの知らせ: tips of authorities, providers and partners, the ones nobody has taken first.
import { api } from "../../api/client";
import type { Tip } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Segments } from "../../widgets/Tabs";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { MARKS } from "./kinds";

type Head = Pick<Tip, "state" | "incident">;

export function TipState({ x }: { x: Head }) {
  const mark = <Mark kind={MARKS[x.state]}>{x.incident ? t("reports.on_case", { number: x.incident.number }) : t(`reports.state.${x.state}`)}</Mark>;
  return x.incident ? <a href={`#/cases/${x.incident.id}`}>{mark}</a> : mark;
}

export const found = (x: Pick<Tip, "match" | "found">): string =>
  x.match === "none" ? t("tips.no_look") : x.found === null ? t("tips.looking") : x.found > 0 ? t("tips.found_n", { n: x.found }) : t("tips.found_none");

export function Tips({ state }: { state: string }) {
  const list = useResource(api.tips(state), ["tip", "incident"], [state]);
  const tabs = ["open", "all"].map((id) => ({ id, href: id === "open" ? "#/reports/tips" : `#/reports/tips?state=${id}`, label: t(`reports.tab.${id}`) }));
  return (
    <div class="col">
      <div class="list-head"><Segments tabs={tabs} on={state} label={t("reports.filter")} /><span class="grow" /><Button solid href="#/reports/tips/new">{t("tips.new")}</Button></div>
      <Loaded of={list}>{(d) => (
        <Card>
          {d.tips.length === 0 ? <Empty>{t(state === "all" ? "tips.none" : "tips.none_open")}</Empty> : (
            <Table label={t("tips.title")} rows={d.tips} id={(x) => x.id} columns={[
              { head: t("tips.from"), title: true, class: "grow-cell", cell: (x) => <a class="name bold" href={`#/reports/tips/${x.id}`}>{t(`tips.from.${x.from}`)}{x.sender && <span class="regular">{`　${x.sender}`}</span>}</a> },
              { head: t("cases.state"), cell: (x) => <TipState x={x} /> },
              { head: t("tips.match"), cell: (x) => (x.found ? <Mark kind="must">{found(x)}</Mark> : found(x)) },
              { head: t("cases.number"), cell: (x) => <span class="id ink2">{x.number}</span> },
              { head: t("tips.received"), num: true, cell: (x) => <Time at={x.received} /> },
            ]} />)}
        </Card>)}
      </Loaded>
    </div>
  );
}
