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

/** Each part of the rank in words; where it ranks behind for a false alarm, which one, and the way to take that back. */
function Why({ row }: { row: IncidentHead }) {
  if (!row.rank) return null;
  const was = row.rank.false_alarm;
  return (
    <p class="small ink2 rank-why">
      {row.rank.parts.map((p) => `${say(p.text)} ${p.points > 0 ? "+" : "−"}${Math.abs(p.points)}`).join(t("word.comma"))}
      {was && <> <a href={`#/cases/${was.incident}`}>{t("rank.because", { number: was.number, reason: was.reason })}</a></>}
    </p>
  );
}

export function CaseTable({ rows, ranked = false }: { rows: IncidentHead[]; ranked?: boolean }) {
  const columns: Column<IncidentHead>[] = [
    { head: t("cases.title"), title: true, class: "grow-cell", cell: (r) => <><a class="name bold" href={`#/cases/${r.id}`}>{say(r.title)}</a><Why row={r} /></> },
    ...(ranked ? [{ head: t("cases.rank"), num: true, cell: (r: IncidentHead) => t("cases.rank_points", { n: r.rank?.points ?? 0 }) }] : []),
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
