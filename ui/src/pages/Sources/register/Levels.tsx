// On guard now: which of these systems an alert level names, and until when.
import { api } from "../../../api/client";
import { useResource } from "../../../state/resource";
import { lang, t } from "../../../state/text";
import { Card } from "../../../widgets/Card";
import { Time } from "../../../widgets/Time";

export function Levels() {
  const rows = useResource(api.levels, ["alert_level"], []).data?.rows.filter((l) => l.state === "in_force") ?? [];
  if (rows.length === 0) return null;
  return (
    <Card id="levels" title={t("depends.on_guard")}>
      <ul class="rows">{rows.map((l) => (
        <li key={l.id}><a href="#/levels"><b>{l[`title_${lang.value}`]}</b></a> {l.services.join(t("word.comma"))}{l.until && <> <span class="small">{t("depends.until")} <Time at={l.until} /></span></>}</li>))}
      </ul>
    </Card>
  );
}
