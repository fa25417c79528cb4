// The chain over every write: read it whole, compare it with the rows, say what was found and what to keep.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { AuditVerify } from "../../api/types";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";

function Result({ r }: { r: AuditVerify }) {
  return (
    <div role="status" class="stack-small">
      <Mark kind={r.ok ? "proved" : "must"}>{t(r.ok ? "audit.ok" : "audit.broken", { n: r.faults.length })}</Mark>
      <Facts rows={[[t("audit.checked"), <Time at={r.at} seconds />], [t("audit.rows"), t("audit.rows_n", { rows: r.rows, checked: r.rows_checked })], [t("audit.head"), <span class="mono">{r.head}</span>]]} />
      {r.faults.length > 0 && <ul class="story">{r.faults.slice(0, 50).map((f) => <li>{say(f.text)}</li>)}</ul>}
      <p class="small ink2">{t("audit.keep")}</p>
    </div>
  );
}

export function Audit() {
  const [result, show] = useState<AuditVerify | null>(null);
  const write = useWrite();
  return (
    <Card id="audit" title={t("audit.title")}>
      <div class="card-body">
        <p>{t("audit.text")}</p>
        <Button busy={write.state.step === "busy"} onPress={() => void write.run(async () => show(await api.auditVerify()))}>{t("audit.verify")}</Button>
        <Outcome state={write.state} />
        {result && <Result r={result} />}
      </div>
    </Card>
  );
}
