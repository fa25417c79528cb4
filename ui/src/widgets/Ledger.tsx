// The ledger of times: when it was noticed, decided, stopped, and the minutes between. Lying on wide screens,
// upright on narrow ones; the same list for both, so a screen reader hears it once.
import type { LedgerRow } from "../api/types";
import { duration } from "../lib/time";
import { has, lang, say, t } from "../state/text";
import { Mark } from "./Mark";
import { Time } from "./Time";

function Gap({ row }: { row: LedgerRow }) {
  if (row.gap_s === null) return null;
  const took = duration(row.gap_s, lang.value);
  const missed = row.goal_s !== null && row.gap_s > row.goal_s;
  return (
    <span class="ledger-gap">
      {missed ? <Mark kind="soon">{took}</Mark> : <b>{took}</b>}
      {row.goal_s !== null && (
        <span class="ink2">{missed
          ? <><span class="ledger-full">{t("ledger.goal_missed", { goal: row.goal_s, over: row.gap_s - row.goal_s })}</span><span class="ledger-brief">{t("ledger.goal", { goal: row.goal_s })}</span></>
          : t("ledger.goal", { goal: row.goal_s })}</span>)}
    </span>
  );
}

/** A rule is named with the way to what it says. */
function By({ by }: { by: LedgerRow["by"] }) {
  if (!by) return null;
  const words = has(`${by.key}.name`) ? t(`${by.key}.name`, by.params) : say(by);
  const rule = by.key === "by.rule" ? by.params["rule_id"] : null;
  return typeof rule === "string" && rule !== "" ? <a href={`#/rules/${encodeURIComponent(rule)}`}>{words}</a> : <>{words}</>;
}

export function Ledger({ rows }: { rows: LedgerRow[] }) {
  return (
    <ol class="ledger">
      {rows.map((r) => (
        <li key={r.code} class={r.at === null ? "open" : undefined}>
          <Gap row={r} />
          <span class="ledger-line" aria-hidden="true" />
          <span class="ledger-dot" aria-hidden="true" />
          <b class="ledger-name">{t(`ledger.${r.text.key.endsWith("_dry_run") ? "contained_dry_run" : r.code}`)}</b>
          <b class="ledger-at">{r.at !== null ? <Time at={r.at} seconds /> : <span class="ink2">{t(r.code === "first_trace" ? "word.unknown" : "word.not_yet")}</span>}</b>
          <span class="ledger-by ink2"><By by={r.by} /></span>
        </li>
      ))}
    </ol>
  );
}
