// 証拠: what rules said, and the very lines behind it, read from the spool when they are asked for.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { EvidenceLine, Finding, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { FindingTable } from "../../widgets/FindingTable";
import { Loaded } from "../../widgets/Loaded";
import { Time } from "../../widgets/Time";

const LINES = 40;
const FINDINGS = 15;
const LEVEL = ["informational", "low", "medium", "high", "critical"];

const place = (l: EvidenceLine): string =>
  l.position.file ? `${l.position.file}:${l.position.line ?? "?"}` : l.position.n === null ? t("word.unknown") : t("evidence.position", { n: l.position.n });

function Lines({ incident, finding }: { incident: Incident; finding: string | null }) {
  const lines = useResource(api.evidence(incident.id, finding ?? undefined), ["incident"], [incident.id, finding], incident.id);
  return (
    <Loaded of={lines}>{(d) => (
      <>
        <p class="empty small">
          {t("evidence.shown", { n: d.lines.length, total: d.total })}{!d.complete && t("evidence.incomplete")}
          {finding && <> <a href={`#/cases/${incident.id}/evidence`}>{t("evidence.all")}</a></>}
        </p>
        <LineList lines={d.lines.slice(0, LINES)} />
        {d.lines.length > LINES && <Rest label={t("evidence.more_lines", { n: d.lines.length - LINES })}>{() => <LineList lines={d.lines.slice(LINES)} />}</Rest>}
      </>)}
    </Loaded>
  );
}

function LineList({ lines }: { lines: EvidenceLine[] }) {
  return (
    <ol class="lines">{lines.map((l) => (
      <li>
        <span><Time at={l.at} seconds /></span>
        <span class="ink2">{l.source ?? t("word.unknown")} <span class="ink3">{place(l)}</span></span>
        {l.text === null ? <span class="gone ink2">{t("evidence.gone")}</span> : <pre class="line">{l.text}</pre>}
      </li>))}
    </ol>
  );
}

/** The heaviest first; a wave that rules met a hundred times is still one page. */
function Findings({ incident, rows }: { incident: Incident; rows: Finding[] }) {
  const order = [...rows].sort((a, b) => LEVEL.indexOf(b.level) - LEVEL.indexOf(a.level) || (b.detected ?? "").localeCompare(a.detected ?? ""));
  const link = (f: Finding) => `#/cases/${incident.id}/evidence?finding=${f.id}`;
  return (
    <>
      <FindingTable rows={order.slice(0, FINDINGS)} linesOf={link} />
      {order.length > FINDINGS && <Rest label={t("evidence.more_findings", { n: order.length - FINDINGS })}>{() => <FindingTable rows={order.slice(FINDINGS)} linesOf={link} />}</Rest>}
    </>
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
    <Card>
      <Loaded of={findings}>{(d) => d.findings.length === 0
        ? <Empty>{t("evidence.none")}</Empty>
        : <Findings incident={incident} rows={d.findings} />}
      </Loaded>
      <Lines incident={incident} finding={finding} />
    </Card>
  );
}
