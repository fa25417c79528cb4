// What was added, said and answered later.
import type { SlipNote } from "../../api/types";
import { say, t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { Time } from "../../widgets/Time";

export function Notes({ of, notes }: { of: string; notes: SlipNote[] }) {
  if (notes.length === 0) return null;
  return (
    <Card id="notes" title={t("reports.notes")}>
      <ul class="rows">{notes.map((n) => (
        <li>
          <span class="small ink2"><Time at={n.at} /> {t(`reports.note.${n.kind}`)}{n.kind === "added" ? "" : ` ${say(n.by)}`}</span>
          {n.text && <p class="said">{n.text}</p>}
          {n.photo && <a href={`/api/v1/${of}/photo?digest=${n.photo}`} target="_blank" rel="noopener"><img class="report-photo" src={`/api/v1/${of}/photo?digest=${n.photo}`} alt={t("reports.photo")} /></a>}
        </li>))}
      </ul>
    </Card>
  );
}
