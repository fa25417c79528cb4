// A version that waits: what it would change, what that did on the stored logs, and the button that switches it on.
import type { RuleChange, RuleOrder, RuleSet } from "../../api/types";
import { me } from "../../state/session";
import { t, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Time } from "../../widgets/Time";
import { span } from "./Alive";

type Order = (o: RuleOrder) => void;

export function Changes({ change }: { change: RuleChange }) {
  const shown = change.rows.slice(0, 30);
  const left = change.new + change.changed + change.gone - shown.length;
  return (
    <>
      <Facts rows={[
        [t("sets.change"), t("sets.change_n", { new: change.new, changed: change.changed, gone: change.gone })],
        [t("sets.loaded"), t(change.refused_n > 0 ? "sets.loaded_n" : "sets.loaded_all", { n: change.loaded, refused: change.refused_n })],
        [t("sets.backtest"), change.backtest
          ? <>{t("sets.backtest_n", { before: change.backtest.before, after: change.backtest.after, events: change.backtest.events })}<br /><span class="small ink2"><Time at={change.backtest.from} /> – <Time at={change.backtest.to} />{t("sets.took", { span: span(change.backtest.took_ms) })}</span></>
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

interface Props {
  set: RuleSet; order: Order; busy: boolean;
  /** Switching it on is what the screen is for. */
  solid?: boolean;
  /** Nothing of this name is kept yet: it begins. */
  first: boolean;
}

export function Draft({ set, order, busy, solid = true, first }: Props) {
  const digest = set.digest;
  const kind = first ? "begin" : "adopt";
  return (
    <Card id={`draft-${set.name}`} title={t(first ? "sets.draft_first" : "sets.draft", { name: set.name })} caption={<><Time at={set.added} /> {word("person", set.by)}</>}>
      <div class="card-body stack-small">
        {set.change ? <Changes change={set.change} /> : <p>{t("sets.change_large", { name: set.name })}</p>}
        {me.value?.demo ? <p class="ink2">{t("rules.demo")}</p> : (
          <div class="buttons">
            <Confirm solid={solid} label={t(`sets.${kind}`, { name: set.name })} question={t(`sets.${kind}_ask`, { name: set.name })} effect={<p>{t("sets.adopt_effect")}</p>} busy={busy} onConfirm={() => order({ op: "adopt", name: set.name, digest })} />
            <Button busy={busy} onPress={() => order({ op: "drop_draft", name: set.name, digest })}>{t("sets.drop")}</Button>
          </div>)}
      </div>
    </Card>
  );
}
