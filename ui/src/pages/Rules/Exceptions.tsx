// What is hidden from rules: by whom, why, until when, and how much it was. All rules, or one rule with a form.
import { useState } from "preact/hooks";
import type { RuleException, RuleOrder, RuleState } from "../../api/types";
import { duration } from "../../lib/time";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Num } from "../../widgets/Num";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

interface Props { state: RuleState; order: (o: RuleOrder) => void; busy: boolean; rule?: string }

function until(x: RuleException) {
  return x.ended ? <Mark kind="todo">{t("except.ended")}</Mark> : <Time at={x.until} />;
}

/** "source.ip = 192.0.2.9": the lines of its selection. */
function what(x: RuleException): string[] {
  const lines = x.text.split("\n");
  const from = lines.findIndex((l) => l.trim() === "hidden:");
  const to = lines.findIndex((l) => l.trim().startsWith("condition:"));
  return lines.slice(from + 1, to).map((l) => l.trim().replace(/"/g, "").replace(": ", " = "));
}

function Form({ rule, order, busy }: { rule: string; order: Props["order"]; busy: boolean }) {
  const [v, set] = useState({ field: "source.ip", value: "", until: "", owner: "", reason: "" });
  const missing = (["field", "value", "until", "owner", "reason"] as const).filter((k) => !v[k].trim());
  const field = (k: keyof typeof v, type: "text" | "date" = "text") => (
    <label class="field"><span>{t(`except.${k}`)}</span>{type === "date"
      ? <input type="date" value={v[k]} onInput={(e) => set({ ...v, [k]: e.currentTarget.value })} />
      : <input maxLength={500} value={v[k]} onInput={(e) => set({ ...v, [k]: e.currentTarget.value })} />}</label>);
  const save = () => order({ op: "except", rule, where: [{ field: v.field.trim(), value: v.value.trim() }], until: v.until, owner: v.owner.trim(), reason: v.reason.trim() });
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (missing.length === 0) save(); }}>
      <div class="form-row">{field("field")}{field("value")}{field("until", "date")}</div>
      <div class="form-row">{field("owner")}{field("reason")}</div>
      <div class="buttons">
        <Button submit busy={busy}>{t("except.add")}</Button>
        <span class="small ink2">{missing.length > 0 ? t("except.missing", { what: missing.map((k) => t(`except.${k}`)).join(t("word.comma")) }) : t("except.preview")}</span>
      </div>
    </form>
  );
}

export function Exceptions({ state, order, busy, rule }: Props) {
  const [open, show] = useState(false);
  const rows = (state.exceptions ?? []).filter((x) => !rule || x.rules.includes(rule));
  const held = (state.suppressions ?? []).filter((x) => !rule || x.rule === rule);
  return (
    <Card id="exceptions" title={t("except.title")} caption={t("except.caption")}
      side={rule && !open && <Button smaller onPress={() => show(true)}>{t("except.new")}</Button>}>
      {rule && open && <div class="card-body"><Form rule={rule} order={(o) => { order(o); show(false); }} busy={busy} /></div>}
      {rows.length === 0 ? <Empty>{t("except.none")}</Empty> : (
        <Table label={t("except.title")} id={(x) => x.id} rows={rows} columns={[
          { head: t("except.what"), title: true, class: "grow-cell", cell: (x) => <span class="mono">{what(x).map((l) => <>{l}<br /></>)}</span> },
          { head: t("except.reason"), cell: (x) => x.reason },
          { head: t("except.owner"), cell: (x) => x.owner },
          { head: t("except.until"), cell: until },
          { head: t("except.hidden"), num: true, cell: (x) => <Num value={x.hidden_events + x.hidden_findings} /> },
          { head: "", cell: (x) => <Confirm label={t("except.end")} question={t("except.end_ask")} effect={<p>{t("except.end_effect")}</p>} busy={busy} onConfirm={() => order({ op: "unexcept", name: x.id })} /> },
        ]} />)}
      {held.length > 0 && <ul class="card-body">{held.map((x) => (
        <li key={x.rule}>{t("except.held", { span: duration(x.for_s, lang.value), n: x.held_back, owner: x.owner, reason: x.reason })} <a href={`#/rules/${encodeURIComponent(x.rule)}`}>{x.title}</a></li>))}</ul>}
    </Card>
  );
}
