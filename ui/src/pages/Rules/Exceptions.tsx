// What is hidden from rules: by whom, why, until when, and how much it was; and what repeats are held back. All rules, or one.
import type { RuleException, RuleOrder, RuleState } from "../../api/types";
import { duration, parse } from "../../lib/time";
import { href } from "../../state/route";
import { me } from "../../state/session";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Num } from "../../widgets/Num";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

type Names = Record<string, string>;
interface Props { state: RuleState; order: (o: RuleOrder) => void; busy: boolean; rule?: string; names: Names }

function until(x: RuleException) {
  const end = parse(x.until); /* the first moment after it: what is shown is the last one before */
  return x.ended || end === null ? <Mark kind="todo">{t("except.ended")}</Mark> : <Time at={new Date(end - 1).toISOString()} />;
}

/** "source.ip = 192.0.2.9": the lines of its selection. */
function what(x: RuleException): string[] {
  if (x.whole) return [t("except.whole")];
  const lines = x.text.split("\n");
  const from = lines.findIndex((l) => l.trim() === "hidden:");
  const to = lines.findIndex((l) => l.trim().startsWith("condition:"));
  return lines.slice(from + 1, to).map((l) => l.trim().replace(/"/g, "").replace(": ", " = "));
}

const ruleLinks = (ids: string[], names: Names) => <>{ids.map((id) => <div key={id}><a href={href("rules", id)}>{names[id] ?? id}</a></div>)}</>;

export function Exceptions({ state, order, busy, rule, names }: Props) {
  const rows = (state.exceptions ?? []).filter((x) => !rule || x.rules.includes(rule));
  return (
    <Card id="exceptions" title={t("except.title")} caption={t("except.caption")}
      side={rule && <span class="buttons"><Button smaller href={href("rules", rule, "except")}>{t("except.new")}</Button><Button smaller href={href("rules", rule, "stop")}>{t("stop.open")}</Button></span>}>
      {rows.length === 0 ? <Empty>{t(rule ? "except.none" : "except.none_all")}</Empty> : (
        <Table label={t("except.title")} id={(x) => x.id} rows={rows} columns={[
          { head: t("except.what"), title: true, class: "grow-cell", cell: (x) => <span class={x.whole ? "bold" : "mono"}>{what(x).map((l) => <>{l}<br /></>)}</span> },
          ...(rule ? [] : [{ head: t("rules.title"), cell: (x: RuleException) => ruleLinks(x.rules, names) }]),
          { head: t("except.reason"), cell: (x) => x.reason },
          { head: t("except.owner"), cell: (x) => x.owner },
          { head: t("except.until"), cell: until },
          { head: t("except.hidden"), num: true, cell: (x) => <Num value={x.hidden_events + x.hidden_findings} /> },
          { head: "", class: "card-wide", cell: (x) => !me.value?.demo && <Confirm smaller label={t("except.end")} question={t("except.end_ask")} effect={<p>{t("except.end_effect")}</p>} busy={busy} onConfirm={() => order({ op: "unexcept", name: x.id })} /> },
        ]} />)}
    </Card>
  );
}

export function Repeats({ state, order, busy, rule, names }: Props) {
  const rows = (state.suppressions ?? []).filter((x) => !rule || x.rule === rule);
  return (
    <Card id="repeats" title={t("suppress.title")} caption={t("suppress.caption")}
      side={rule && <Button smaller href={href("rules", rule, "suppress")}>{t("suppress.new")}</Button>}>
      {rows.length === 0 ? <Empty>{t(rule ? "suppress.none" : "suppress.none_all")}</Empty> : (
        <Table label={t("suppress.title")} id={(x) => x.rule} rows={rows} columns={[
          { head: t("rules.title"), title: true, class: "grow-cell", cell: (x) => <a href={href("rules", x.rule)}>{names[x.rule] ?? x.title}</a> },
          { head: t("suppress.for"), cell: (x) => duration(x.for_s, lang.value) },
          { head: t("except.reason"), cell: (x) => x.reason },
          { head: t("except.owner"), cell: (x) => x.owner },
          { head: t("suppress.held"), num: true, cell: (x) => <Num value={x.held_back} /> },
          { head: "", class: "card-wide", cell: (x) => !me.value?.demo && <Confirm smaller label={t("suppress.end")} question={t("suppress.end_ask")} effect={<p>{t("suppress.end_effect")}</p>} busy={busy} onConfirm={() => order({ op: "unsuppress", rule: x.rule })} /> },
        ]} />)}
    </Card>
  );
}
