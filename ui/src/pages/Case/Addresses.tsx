// Each address with what speaks for and against blocking it: tries, accounts, and who signs in well from it.
import type { Action, ActionAddress } from "../../api/types";
import { number } from "../../lib/template";
import { t, word } from "../../state/text";
import { Mark } from "../../widgets/Mark";

const FIRST = 4;
/** Reasons that the other columns or the card as a whole say already. */
const SAID = new Set(["good_unknown", "good_accounts", "shared", "partner", "policy", "dry_run", "hand_away", "old"]);
const known = (n: number | null) => (n === null ? t("word.unknown") : number(n));

function Caution({ a }: { a: ActionAddress }) {
  const words = [
    a.partner && t("address.partner", { name: a.partner }), a.shared && t("address.shared", { list: a.shared }),
    a.good_accounts_7d === null ? t("address.good_unknown") : a.good_accounts_7d > 0 && t("address.good", { n: a.good_accounts_7d }),
    a.reason && !SAID.has(a.reason) && word("refused", a.reason),
  ].filter(Boolean).join(t("word.comma"));
  return words ? <Mark kind="soon">{words}</Mark> : <span class="ink2">{t("address.nothing")}</span>;
}

function List({ rows }: { rows: ActionAddress[] }) {
  return (
    <ul class="addresses small">{rows.map((a) => (
      <li key={a.address}>
        <span class="mono id">{a.net || a.address}</span>
        <span>{t("address.tries", { tries: known(a.tries), accounts: known(a.accounts) })}</span>
        <span class="address-caution"><Caution a={a} /></span>
        <span class="ink2">{word("address.state", a.state)}</span>
      </li>))}
    </ul>
  );
}

export function Addresses({ action }: { action: Action }) {
  const doubt = (a: ActionAddress) => (a.partner || a.shared || a.good_accounts_7d !== 0 ? 0 : 1);
  const rows = [...action.addresses].sort((a, b) => doubt(a) - doubt(b) || (b.tries ?? 0) - (a.tries ?? 0));
  const rest = rows.slice(FIRST);
  return (
    <div>
      <List rows={rows.slice(0, FIRST)} />
      {rest.length > 0 && <details><summary>{t("address.more", { n: rest.length })}</summary><List rows={rest} /></details>}
    </div>
  );
}
