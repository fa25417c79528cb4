// 証拠: what rules said, and the very lines behind it, read from the spool when they are asked for.
import { api } from "../../api/client";
import type { EvidenceLine, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { FindingTable } from "../../widgets/FindingTable";
import { Loaded } from "../../widgets/Loaded";
import { Time } from "../../widgets/Time";

const place = (l: EvidenceLine): string =>
  l.position.file ? `${l.position.file}:${l.position.line ?? "?"}` : l.position.n === null ? t("word.unknown") : t("evidence.position", { n: l.position.n });

function Lines({ incident, finding }: { incident: Incident; finding: string | null }) {
  const lines = useResource(api.evidence(incident.id, finding ?? undefined), ["incident"], [incident.id, finding]);
  return (
    <Loaded of={lines}>{(d) => (
      <>
        <p class="empty small">
          {t("evidence.shown", { n: d.lines.length, total: d.total })}{!d.complete && t("evidence.incomplete")}
          {finding && <> <a href={`#/cases/${incident.id}/evidence`}>{t("evidence.all")}</a></>}
        </p>
        <ol class="lines">{d.lines.map((l) => (
          <li>
            <span><Time at={l.at} seconds /></span>
            <span class="ink2">{l.source ?? t("word.unknown")} <span class="ink3">{place(l)}</span></span>
            {l.text === null ? <span class="gone ink2">{t("evidence.gone")}</span> : <pre class="line">{l.text}</pre>}
          </li>))}
        </ol>
      </>)}
    </Loaded>
  );
}

export function Evidence({ incident, finding }: { incident: Incident; finding: string | null }) {
  const findings = useResource(api.incidentFindings(incident.id), ["incident"], [incident.id]);
  return (
    <Card>
      <Loaded of={findings}>{(d) => d.findings.length === 0
        ? <Empty>{t("evidence.none")}</Empty>
        : <FindingTable rows={d.findings} linesOf={(f) => `#/cases/${incident.id}/evidence?finding=${f.id}`} />}
      </Loaded>
      <Lines incident={incident} finding={finding} />
    </Card>
  );
}
