// Findings outside of cases: low ones, and those of the time before anybody looked.
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { FindingTable } from "../../widgets/FindingTable";
import { Loaded } from "../../widgets/Loaded";

export function Loose() {
  const list = useResource(api.findings({ limit: 200 }), ["incident", "stats"], []);
  return (
    <Loaded of={list}>{(d) => (
      <Card>
        <p class="empty small">{t("cases.loose_text")}</p>
        {d.findings.length === 0 ? <Empty>{t("cases.none_loose")}</Empty> : <FindingTable rows={d.findings} />}
        {d.findings.length > 0 && <p class="empty small">{t("cases.shown", { n: d.findings.length, total: d.total })}</p>}
      </Card>)}
    </Loaded>
  );
}
