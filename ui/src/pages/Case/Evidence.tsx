// 証拠: what rules said, and the very lines behind it, read from the spool when they are asked for.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Finding, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { t, titleOf } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { FindingTable } from "../../widgets/FindingTable";
import { Level } from "../../widgets/Level";
import { LineList } from "../../widgets/LineList";
import { Loaded } from "../../widgets/Loaded";

const LINES = 12; /* that stand open: who needs more asks for it */
const LEVEL = ["informational", "low", "medium", "high", "critical"];

function Lines({ incident, finding }: { incident: Incident; finding: string | null }) {
  const lines = useResource(api.evidence(incident.id, finding ?? undefined), ["incident"], [incident.id, finding], incident.id);
  return (
    <Loaded of={lines}>{(d) => (
      <>
        {finding && <p class="lead small">{t("evidence.lines_of_one")} <a href={`#/cases/${incident.id}/evidence`}>{t("evidence.all")}</a></p>}
        <p class="lead small ink2">{t("evidence.shown", { n: d.lines.length, total: d.total })}{!d.complete && t("evidence.incomplete")}</p>
        <LineList lines={d.lines.slice(0, LINES)} />
        {d.lines.length > LINES && <Rest label={t("evidence.more_lines", { n: d.lines.length - LINES })}>{() => <LineList lines={d.lines.slice(LINES)} />}</Rest>}
      </>)}
    </Loaded>
  );
}

/** One wave meets one rule once for each source: told by rule, the heaviest and latest first. */
function byRule(rows: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const f of rows) groups.set(f.rule.id, [...(groups.get(f.rule.id) ?? []), f]);
  const weight = (g: Finding[]) => LEVEL.indexOf(g[0]?.level ?? "");
  const last = (g: Finding[]) => g.reduce((l, f) => ((f.last ?? "") > l ? (f.last ?? "") : l), "");
  return [...groups.values()].sort((a, b) => weight(b) - weight(a) || last(b).localeCompare(last(a)));
}

function Group({ incident, rows }: { incident: Incident; rows: Finding[] }) {
  const [open, set] = useState(false);
  const first = rows[0];
  if (!first) return null;
  const span = rows.reduce((s, f) => ({ from: f.first && (!s.from || f.first < s.from) ? f.first : s.from, to: f.last && (!s.to || f.last > s.to) ? f.last : s.to }), { from: first.first, to: first.last });
  return (
    <details class="rest group" open={open} onToggle={(e) => set(e.currentTarget.open)}>
      <summary><Level level={first.level} /><b>{titleOf(first.rule)}</b><span class="ink2">{t("evidence.group", { n: rows.length, from: span.from, to: span.to })}</span></summary>
      {open && <FindingTable rows={rows} linesOf={(f) => `#/cases/${incident.id}/evidence?finding=${f.id}`} />}
    </details>
  );
}

/** Drawn only when it is opened. */
function Rest({ label, children }: { label: string; children: () => ComponentChildren }) {
  const [open, set] = useState(false);
  return <details class="rest" onToggle={(e) => set(e.currentTarget.open)}><summary>{label}</summary>{open && children()}</details>;
}

export function Evidence({ incident, finding }: { incident: Incident; finding: string | null }) {
  const findings = useResource(api.incidentFindings(incident.id), ["incident"], [incident.id], incident.id);
  return (
    <div class="stack">
      {!finding && (
        <Loaded of={findings}>{(d) => {
          const groups = byRule(d.findings);
          return (
            <Card id="findings" title={t("evidence.findings_title")} caption={t("evidence.findings_caption", { rules: groups.length, n: d.total })}>
              {groups.length === 0 ? <Empty>{t("evidence.none")}</Empty> : groups.map((g) => <Group key={g[0]?.rule.id} incident={incident} rows={g} />)}
            </Card>);
        }}</Loaded>)}
      <Card id="lines" title={t("evidence.lines_title")}><Lines incident={incident} finding={finding} /></Card>
    </div>
  );
}
