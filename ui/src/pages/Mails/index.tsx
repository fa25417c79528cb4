// 怪しいメール: what people reported, the newest first; or one of them.
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Segments } from "../../widgets/Tabs";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { caseTabs } from "../../widgets/caseTabs";
import { Inert } from "./Parts";
import { Slip } from "./Slip";

function List() {
  const list = useResource(api.mailReports, ["mail_report", "incident"], []);
  return (
    <>
      <div class="page-head"><h1>{t("mails.title")}</h1><Segments tabs={caseTabs("")} on="mails" label={t("cases.filter")} /></div>
      <Loaded of={list}>{(d) => (
        <Card>
          {d.reports.length === 0 ? <Empty>{t("mails.none")}</Empty> : (
            <Table label={t("mails.title")} rows={d.reports} id={(r) => r.id} columns={[
              { head: t("mails.subject"), title: true, class: "grow-cell", cell: (r) => <a class="name bold" href={`#/mails/${r.id}`}><Inert text={r.subject || t("mails.no_subject")} /></a> },
              { head: t("mails.from"), class: "card-wide", cell: (r) => <Inert text={r.from} /> },
              { head: t("cases.state"), cell: (r) => (r.incident ? <a href={`#/cases/${r.incident.id}`}><Mark kind="run">{t("mails.on_case", { number: r.incident.number })}</Mark></a> : <Mark kind="must">{t("mails.state_open")}</Mark>) },
              { head: t("mails.people"), num: true, cell: (r) => t("mails.n", { n: r.others + 1 }) },
              { head: t("cases.number"), cell: (r) => <span class="id ink2">R-{r.id}</span> },
              { head: t("mails.at"), num: true, cell: (r) => <Time at={r.at} /> },
            ]} />)}
          {d.reports.length > 0 && <p class="empty small">{t("mails.newest", { n: d.reports.length })}</p>}
        </Card>)}
      </Loaded>
    </>
  );
}

export function Mails({ args }: { args: string[] }) {
  return args[0] ? <Slip id={args[0]} /> : <List />;
}
