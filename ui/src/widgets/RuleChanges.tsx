// What a version of rules would change, and what that did on the stored logs: for rule sets and for lessons.
import type { RuleChange } from "../api/types";
import { duration } from "../lib/time";
import { lang, t } from "../state/text";
import { Facts } from "./Card";
import { Time } from "./Time";

export const tookWords = (ms: number): string => (ms < 1000 ? `${ms} ms` : duration(ms / 1000, lang.value));

export function RuleChanges({ change }: { change: RuleChange }) {
  const shown = change.rows.slice(0, 30);
  const left = change.new + change.changed + change.gone - shown.length;
  return (
    <>
      <Facts rows={[
        [t("sets.change"), t("sets.change_n", { new: change.new, changed: change.changed, gone: change.gone })],
        [t("sets.loaded"), t(change.refused_n > 0 ? "sets.loaded_n" : "sets.loaded_all", { n: change.loaded, refused: change.refused_n })],
        [t("sets.backtest"), change.backtest
          ? <>{t("sets.backtest_n", { before: change.backtest.before, after: change.backtest.after, events: change.backtest.events })}<br /><span class="small ink2"><Time at={change.backtest.from} /> – <Time at={change.backtest.to} />{t("sets.took", { span: tookWords(change.backtest.took_ms) })}</span></>
          : t("sets.backtest_none")],
      ]} />
      <ul class="rule-changes">{shown.map((r) => (
        <li key={r.id}>
          <p><b>{t(`sets.row.${r.change}`)}</b> {r.title} {r.before !== undefined && <span class="small ink2">{t("sets.row_n", { before: r.before, after: r.after ?? 0 })}</span>}</p>
          {r.lines && <pre class="line sample" tabIndex={0}>{r.lines}</pre>}
        </li>))}
        {left > 0 && <li class="ink2">{t("sets.row_more", { n: left })}</li>}
      </ul>
      {change.refused.length > 0 && <details><summary>{t("sets.refused", { n: change.refused.length })}</summary><ul class="mono small">{change.refused.map((x) => <li>{x}</li>)}</ul></details>}
    </>
  );
}
