// What could have been known: the first trace in our own logs and the first rule that could have told, found by looking
// back. Beside the ledger, which says when it was known.
import type { Incident } from "../../api/types";
import { parse } from "../../lib/time";
import { t, titleOf } from "../../state/text";

const LATE_S = 60; /* what arrives sooner is no lateness worth a sentence */

export function LookedBack({ incident }: { incident: Incident }) {
  const { first_trace, rule_at, rule } = incident.looked_back;
  if (first_trace === null) return null;
  const told = parse(incident.ledger.find((r) => r.code === "rule")?.at), could = parse(rule_at);
  const late = told !== null && could !== null ? (told - could) / 1000 : 0;
  return (
    <p class="looked-back small">
      {t(rule_at === null ? "ledger.back.trace" : "ledger.back.both", { at: first_trace, rule_at, rule: titleOf(rule ?? {}) })}
      {late > LATE_S && <> <b>{t("ledger.back.late", { gap: late })}</b></>}
    </p>
  );
}
