// 人が見た時間: how long people looked, by rule. A rule that costs much and is often nothing is one to except or to sharpen.
import { api } from "../../api/client";
import type { Triage as Data } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { type Column, Table } from "../../widgets/Table";

type Row = Data["rules"][number];
const minutes = (n: number | null) => (n === null ? t("word.unknown") : t("triage.min", { n: Math.round(n * 10) / 10 }));
const title = (r: Row) => r.rule.titles?.[lang.value] ?? r.rule.title ?? r.rule.id;

export function Triage() {
  const data = useResource(api.triage, ["incident"], []);
  if (!data.data) return null;
  const columns: Column<Row>[] = [
    { head: t("triage.rule"), title: true, class: "grow-cell", cell: (r) => title(r) },
    { head: t("triage.cases"), num: true, cell: (r) => r.cases },
    { head: t("triage.findings"), num: true, cell: (r) => r.findings },
    { head: t("triage.false"), num: true, cell: (r) => r.false_alarms },
    { head: t("triage.minutes"), num: true, cell: (r) => minutes(r.minutes) },
    { head: t("triage.each"), num: true, cell: (r) => minutes(r.minutes_a_finding) },
  ];
  return (
    <Card id="triage" title={t("triage.title")} caption={t("triage.caption", { n: data.data.cases })}>
      {data.data.rules.length === 0 ? <Empty>{t("triage.none")}</Empty> : <Table label={t("triage.title")} columns={columns} rows={data.data.rules} id={(r) => r.rule.id} />}
    </Card>
  );
}
