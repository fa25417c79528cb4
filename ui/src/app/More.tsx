// ほか: what does not fit among five places on a phone.
import { me } from "../state/session";
import { t } from "../state/text";
import { Card } from "../widgets/Card";

export function More() {
  return (
    <>
      <div class="page-head"><h1>{t("nav.more")}</h1></div>
      <Card>
        <ul class="rows">
          {["packs", "settings"].map((p) => <li><a href={`#/${p}`}>{t(`nav.${p}`)}</a></li>)}
          <li class="small ink2">{t("frame.duty")} <b>{t("word.not_yet")}</b>　{me.value?.person.name}</li>
        </ul>
      </Card>
    </>
  );
}
