import type { IncidentHead } from "../../api/types";
import { say, t, word } from "../../state/text";
import { CountOf } from "../../widgets/CountOf";
import { Level } from "../../widgets/Level";
import { Mark } from "../../widgets/Mark";
import { type Column, Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const State = ({ row }: { row: IncidentHead }) =>
  row.waiting > 0 ? <Mark kind="must">{t("cases.waiting", { n: row.waiting })}</Mark>
    : row.state === "open" ? <Mark kind="run">{word("state", row.state)}</Mark> : <Mark kind="ok">{word("state", row.state)}</Mark>;

export function CaseTable({ rows }: { rows: IncidentHead[] }) {
  const columns: Column<IncidentHead>[] = [
    { head: t("cases.title"), title: true, class: "grow-cell", cell: (r) => <a class="name bold" href={`#/cases/${r.id}`}>{say(r.title)}</a> },
    { head: t("cases.state"), cell: (r) => <State row={r} /> },
    { head: t("cases.level"), cell: (r) => <Level level={r.level} /> },
    { head: t("cases.number"), cell: (r) => <span class="id ink2">{r.number}</span> },
    { head: t("cases.opened"), num: true, cell: (r) => <Time at={r.opened} /> },
    { head: t("cases.last"), num: true, cell: (r) => <Time at={r.last_activity} /> },
    { head: t("scope.tried"), num: true, cell: (r) => <CountOf count={r.counts.accounts_tried} /> },
    { head: t("scope.stolen"), num: true, cell: (r) => <b class={r.counts.accounts_stolen.n > 0 && r.state === "open" ? "must" : undefined}><CountOf count={r.counts.accounts_stolen} /></b> },
    { head: t("scope.sources"), num: true, cell: (r) => <CountOf count={r.counts.sources} /> },
  ];
  return <Table label={t("nav.cases")} columns={columns} rows={rows} id={(r) => r.id} />;
}
