// A version that waits: what it would change, what that did on the stored logs, and the button that switches it on.
import type { RuleOrder, RuleSet } from "../../api/types";
import { me } from "../../state/session";
import { t, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { RuleChanges } from "../../widgets/RuleChanges";
import { Time } from "../../widgets/Time";

type Order = (o: RuleOrder) => void;

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
        {set.change ? <RuleChanges change={set.change} /> : <p>{t("sets.change_large", { name: set.name })}</p>}
        {me.value?.demo ? <p class="ink2">{t("rules.demo")}</p> : (
          <div class="buttons">
            <Confirm solid={solid} label={t(`sets.${kind}`, { name: set.name })} question={t(`sets.${kind}_ask`, { name: set.name })} effect={<p>{t("sets.adopt_effect")}</p>} busy={busy} onConfirm={() => order({ op: "adopt", name: set.name, digest })} />
            <Button busy={busy} onPress={() => order({ op: "drop_draft", name: set.name, digest })}>{t("sets.drop")}</Button>
          </div>)}
      </div>
    </Card>
  );
}
