// In a demonstration: what to look at, once its story has been told.
import { api } from "../../api/client";
import type { Now } from "../../api/types";
import { share } from "../../lib/time";
import { now } from "../../state/clock";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";

function Steps({ incident, pack }: { incident: number | null; pack: string | null }) {
  const steps = [
    incident !== null && ["case", `#/cases/${incident}`], incident !== null && ["decide", `#/cases/${incident}/actions`], pack !== null && ["story", `#/packs/${pack}`],
  ].filter(Array.isArray) as [string, string][];
  return (
    <ol class="rows guide">{steps.map(([id, to], i) => (
      <li key={id}><b class="guide-n">{i + 1}</b><div><a class="bold" href={to}>{t(`guide.${id}`)}</a><p class="small ink2">{t(`guide.${id}_text`)}</p></div></li>))}
    </ol>
  );
}

export function Guide({ data }: { data: Now }) {
  const demo = useResource(api.demo, ["demo"], []);
  const d = demo.data;
  if (!me.value?.demo || !d?.from || !d.to) return null;
  const done = share(now.value, d.from, d.to) === 1;
  const incident = data.asks.find((a) => a.incident)?.incident?.id ?? data.changes.find((c) => c.incident_id)?.incident_id ?? null;
  return (
    <Card id="guide" title={t("guide.title")}>
      <p class="lead"><Mark kind={done ? "declared" : "run"} /> {t(done ? "guide.done" : "guide.playing")}</p>
      {done && <Steps incident={incident} pack={d.pack} />}
      {done && <p class="empty small">{t("guide.clear")}</p>}
    </Card>
  );
}
