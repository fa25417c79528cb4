// いま: what needs a decision, what does not arrive, what changed. No counters without a decision behind them.
import { api } from "../../api/client";
import type { Change, Now as Data } from "../../api/types";
import { useResource } from "../../state/resource";
import { has, say, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { later } from "../../widgets/later";
import { Strip } from "../../widgets/Strip";
import { Time } from "../../widgets/Time";
import { AskRow } from "./AskRow";
import { Guide } from "./Guide";
import { SourceRow } from "./SourceRow";
import { Start } from "./Start";

const Beside = later("now-beside", () => import("./Beside").then((m) => m.Beside));

function Asks({ data, reload }: { data: Data; reload: () => void }) {
  return (
    <Card id="asks" title={t("now.asks")} caption={data.asks.length > 0 && t("now.asks_caption", { n: data.asks.length })} side={<>{data.tasks_late > 0 && <b class="small must">{t("now.tasks_late", { n: data.tasks_late })}</b>} <a class="small" href="#/in-force">{t("nav.in-force")}</a></>}>
      {data.asks.length === 0
        ? <Empty>{t("now.no_asks", { at: data.checked_at })}</Empty>
        : <ul class="rows">{data.asks.map((a, i) => <AskRow key={a.id} ask={a} first={i === 0} reload={reload} />)}</ul>}
    </Card>
  );
}

function Silent({ data }: { data: Data }) {
  const n = data.sources_bad_total, shown = data.sources_bad.length;
  return (
    <Card id="silent" title={t("now.silent")} caption={n > 0 && t("now.silent_caption", { n, total: data.sources_total })} side={<a class="small" href="#/sources">{t("now.to_sources")}</a>}>
      {n === 0
        ? data.sources_total === 0
          ? <div class="empty"><p>{t("now.no_sources")}</p><p><a href="#/sources/how">{t("sources.how")}</a></p></div>
          : <Empty>{t("now.all_arriving", { at: data.checked_at })}</Empty>
        : <ul class="rows bad">{data.sources_bad.map((s) => <SourceRow key={s.id} source={s} />)}</ul>}
      {n > shown && <p class="only-wide empty"><a href="#/sources">{t("now.more_sources", { n: n - shown })}</a></p>}
      {n > 2 && <p class="only-phone empty"><a href="#/sources">{t("now.more_sources", { n: n - 2 })}</a></p>}
    </Card>
  );
}

/** In a narrow column a rule is just "rule", the system nobody; its name stands in the sentence beside it. */
const brief = ({ by }: Change) => (by.key === "by.system" ? "" : has(`${by.key}.brief`) ? t(`${by.key}.brief`) : say(by));
const CHANGES = 7;

function ChangeList({ rows }: { rows: Change[] }) {
  return (
    <ul class="rows changes">{rows.map((c) => (
      <li key={`${c.at}${say(c.text)}`}>
        <span class="small ink2"><Time at={c.at} /></span>
        <span class="small">{c.incident_id ? <a class="quiet name" href={`#/cases/${c.incident_id}`}>{say(c.text)}</a> : say(c.text)}</span>
        <span class="small ink2">{brief(c)}</span>
      </li>))}
    </ul>
  );
}

function Changes({ data }: { data: Data }) {
  return (
    <Card id="changes" title={t("now.changes")} caption={data.last_look ? t("now.since", { at: data.last_look }) : t("now.first_look")}>
      {data.changes.length === 0
        ? <Empty>{t("now.no_changes")}</Empty>
        : <ChangeList rows={data.changes.slice(0, CHANGES)} />}
      {data.changes.length > CHANGES && <details class="changes-more"><summary>{t("now.more_changes", { n: data.changes.length - CHANGES })}</summary><ChangeList rows={data.changes.slice(CHANGES)} /></details>}
    </Card>
  );
}

export function Now() {
  const now = useResource(api.now, ["now", "incident", "action", "sources", "stats"], []);
  return (
    <>
      <h1 class="hidden">{t("nav.now")}</h1>
      <Loaded of={now}>{(data) => (
        <div class="grid">
          <div class="col w8"><Asks data={data} reload={now.reload} /><Beside /><Guide data={data} /><Start data={data} first={data.asks.length === 0} /></div>
          <div class="col w4">
            <Silent data={data} />
            <Changes data={data} />
            <Card id="strip" title={t("strip.title")}><div class="card-body"><Strip hours={data.strip} /></div></Card>
          </div>
        </div>)}
      </Loaded>
    </>
  );
}
