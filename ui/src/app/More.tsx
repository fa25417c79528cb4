// ほか: what does not fit among five places on a phone.
import { me } from "../state/session";
import { t, word } from "../state/text";
import { Card } from "../widgets/Card";

export function More() {
  return (
    <>
      <div class="page-head"><h1>{t("nav.more")}</h1></div>
      <Card>
        <ul class="rows">
          {["reports", "in-force", "campaigns", "duty", "packs", "playbooks", "settings"].map((p) => <li><a href={`#/${p}`}>{t(`nav.${p}`)}</a></li>)}
          <li class="small ink2">{t("settings.you")} <b>{word("person", me.value?.person.name)}</b></li>
        </ul>
      </Card>
    </>
  );
}
