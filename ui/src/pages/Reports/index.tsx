// 報告: what people reported, and how many alike; one of them; and typing one for who calls.
import { api } from "../../api/client";
import type { PersonReport, ReportKinds } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Segments, Tabs } from "../../widgets/Tabs";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { Counts } from "./Counts";
import { Infos } from "./Infos";
import { kindTitle, MARKS } from "./kinds";
import { NewReport } from "./NewReport";
import { NewTip } from "./NewTip";
import { One } from "./One";
import { OneTip } from "./OneTip";
import { Tips } from "./Tips";

const STATES = ["open", "all"] as const;
type Row = Omit<PersonReport, "notes">;

export function StateOf({ r }: { r: Pick<Row, "state" | "incident"> }) {
  const mark = <Mark kind={MARKS[r.state]}>{r.incident ? t("reports.on_case", { number: r.incident.number }) : t(`reports.state.${r.state}`)}</Mark>;
  return r.incident ? <a href={`#/cases/${r.incident.id}`}>{mark}</a> : mark;
}

function Rows({ rows, kinds, all }: { rows: Row[]; kinds: ReportKinds["kinds"]; all: boolean }) {
  if (rows.length === 0) return <Empty>{t(all ? "reports.none" : "reports.none_open")}</Empty>;
  return (
    <Table label={t("reports.title")} rows={rows} id={(r) => r.id} columns={[
      { head: t("reports.what"), title: true, class: "grow-cell", cell: (r) => <a class="name bold" href={`#/reports/${r.id}`}>{kindTitle(kinds, r.kind)}{r.text && <span class="regular">{`　${r.text}`}</span>}</a> },
      { head: t("cases.state"), cell: (r) => <StateOf r={r} /> },
      { head: t("reports.service"), cell: (r) => r.service || <span class="ink3">{t("reports.no_service")}</span> },
      { head: t("reports.channel"), cell: (r) => t(`reports.channel.${r.channel}`) },
      { head: t("cases.number"), cell: (r) => <span class="id ink2">{r.number}</span> },
      { head: t("reports.at"), num: true, cell: (r) => <Time at={r.at} /> },
    ]} />
  );
}

function List({ state }: { state: string }) {
  const list = useResource(api.reports(state), ["person_report", "incident"], [state]);
  const kinds = useResource(api.reportKinds, [], []);
  const counts = useResource(api.reportCounts, ["person_report"], []);
  const tabs = STATES.map((id) => ({ id, href: id === "open" ? "#/reports" : `#/reports?state=${id}`, label: t(`reports.tab.${id}`) }));
  return (
    <>
      <div class="col"><div class="list-head"><Segments tabs={tabs} on={state} label={t("reports.filter")} /><span class="grow" /><Button solid href="#/reports/new">{t("reports.new")}</Button></div>
      {counts.data && kinds.data && <Card id="counts" title={t("reports.counts")} caption={t("reports.counts_caption")}><Counts counts={counts.data} kinds={kinds.data.kinds} /></Card>}
      <Loaded of={list}>{(d) => <Card id="list" title={t(state === "all" ? "reports.all" : "reports.waiting")}><Rows rows={d.reports} kinds={kinds.data?.kinds ?? []} all={state === "all"} /></Card>}</Loaded>
      <p class="small ink2">{t("reports.where")} <a href="/report">{`${location.origin}/report`}</a></p></div>
    </>
  );
}

export function Reports({ args, query }: { args: string[]; query: URLSearchParams }) {
  if (args[0] === "new") return <NewReport />;
  if (args[0] === "tips" && args[1]) return args[1] === "new" ? <NewTip /> : <OneTip id={args[1]} />;
  if (args[0] && args[0] !== "tips" && args[0] !== "info") return <One id={args[0]} />;
  const on = args[0] ?? "people", state = query.get("state") === "all" ? "all" : "open";
  const tabs = ["people", "tips", "info"].map((id) => ({ id, href: id === "people" ? "#/reports" : `#/reports/${id}`, label: t(`reports.tab.${id}`) }));
  return (
    <>
      <div class="page-head"><h1>{t("reports.title")}</h1></div>
      <Tabs plain tabs={tabs} on={on} label={t("reports.tabs")} />
      {on === "tips" ? <Tips state={state} /> : on === "info" ? <Infos /> : <List state={state} />}
    </>
  );
}
