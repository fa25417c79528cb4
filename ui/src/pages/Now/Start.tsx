// The first day: what this machine's own logs told, and a finished story to look at.
import type { Now } from "../../api/types";
import { me } from "../../state/session";
import { t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { DemoStart } from "../../widgets/DemoStart";
import { Mark } from "../../widgets/Mark";

function OwnLogs({ data }: { data: Now }) {
  const b = data.backfill;
  if (!b.found) {
    return <><p>{t("backfill.none")}</p><p><a href="#/sources/how">{t("sources.how")}</a></p></>;
  }
  return (
    <>
      <p>{t("backfill.found", { sources: b.sources, from: b.from, to: b.to })}</p>
      <p><Mark kind={b.findings ? "soon" : "ok"}>{t(b.findings === 0 ? "backfill.findings_zero" : "backfill.findings", { n: b.findings })}</Mark></p>
      <p>{b.findings === 0 ? <a href="#/sources">{t("now.to_sources")}</a> : <a href="#/cases?state=loose">{t("backfill.open")}</a>}</p>
    </>
  );
}

function Demo({ first }: { first: boolean }) {
  return (
    <div class="start-part">
      <h3>{t("demo.title")}</h3>
      <p>{t("demo.text")}</p>
      <DemoStart solid={first} />
    </div>
  );
}

/** Until there has been a case, so what old logs told is outside of cases; from then on the lessons offer the same. `first`: nothing waits for a person. */
export function Start({ data, first }: { data: Now; first: boolean }) {
  if (me.value?.demo || data.incidents_open > 0 || data.last_closed !== null) return null;
  return (
    <Card id="start" title={t("start.title")}>
      <div class="card-body start">
        <div class="start-part"><h3>{t("backfill.title")}</h3><OwnLogs data={data} /></div>
        <Demo first={first} />
      </div>
    </Card>
  );
}
