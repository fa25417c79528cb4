// Canaries through somebody else's watch: what was sent, by when they have to call, and the call typed in.
import { useState } from "preact/hooks";
import type { RuleOrder, RuleState, SocRun } from "../../api/types";
import { duration, parse } from "../../lib/time";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Mark, type MarkKind } from "../../widgets/Mark";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const MARKS: Record<SocRun["state"], MarkKind> = { waiting: "run", answered: "ok", late: "must", none: "must" };

function Answer({ run, order, busy }: { run: SocRun; order: (o: RuleOrder) => void; busy: boolean }) {
  const [v, set] = useState({ by: "", note: "" });
  if (run.answered) return <>{t("soc.took", { span: duration(((parse(run.answered) ?? 0) - (parse(run.sent) ?? 0)) / 1000, lang.value) })} {run.by}</>;
  return (
    <form class="form-row" onSubmit={(e) => { e.preventDefault(); if (v.by.trim()) order({ op: "soc_answer", name: run.token, owner: v.by.trim(), reason: v.note.trim() }); }}>
      <input type="text" aria-label={t("soc.by")} placeholder={t("soc.by")} maxLength={200} value={v.by} onInput={(e) => set({ ...v, by: e.currentTarget.value })} />
      <input type="text" aria-label={t("soc.note")} placeholder={t("soc.note")} maxLength={500} value={v.note} onInput={(e) => set({ ...v, note: e.currentTarget.value })} />
      <Button smaller submit busy={busy}>{t("soc.answer")}</Button>
    </form>
  );
}

export function Soc({ state, order, busy }: { state: RuleState; order: (o: RuleOrder) => void; busy: boolean }) {
  const runs = state.soc?.runs ?? [];
  const watches = state.soc?.watches ?? [];
  const phone = (name: string) => state.soc?.watches.find((w) => w.name === name)?.phone ?? "";
  return (
    <Card id="soc" title={t("soc.title")} caption={t("soc.caption")}>
      <div class="card-body"><ul class="plain-list">
        {watches.length === 0 && <li class="ink2">{t("soc.none_named")}</li>}
        {watches.map((w) => <li key={w.name}><b>{w.name}</b> {w.phone} <span class="ink2">{t("soc.watch_n", { span: duration(w.within_s, lang.value) })}</span><br /><span class="small ink2">{t("soc.how", { name: w.name })}</span></li>)}
      </ul></div>
      {runs.length === 0 ? <Empty>{t("soc.none")}</Empty> : (
        <Table label={t("soc.title")} id={(r) => r.token} rows={runs} columns={[
          { head: t("cases.state"), cell: (r) => <Mark kind={MARKS[r.state]}>{t(`soc.state.${r.state}`)}</Mark> },
          { head: t("soc.watch"), title: true, cell: (r) => <>{r.soc} <span class="small ink2">{phone(r.soc)}</span></> },
          { head: t("soc.token"), cell: (r) => <span class="mono">{r.token}</span> },
          { head: t("rules.title"), class: "grow-cell", cell: (r) => r.title },
          { head: t("soc.sent"), num: true, cell: (r) => <Time at={r.sent} /> },
          { head: t("soc.due"), num: true, cell: (r) => <Time at={r.due} /> },
          { head: t("soc.call"), class: "card-wide", cell: (r) => <Answer run={r} order={order} busy={busy} /> },
        ]} />)}
    </Card>
  );
}
