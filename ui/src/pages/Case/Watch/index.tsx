// 依頼と見張り: lists of this case which each must answer by a date, and what is noticed more easily because of it.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { CampaignMark, CampaignShare, campaignTitle } from "../../../widgets/campaign";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Table } from "../../../widgets/Table";
import { mayDo } from "../../../widgets/task";
import { Remaining, Time } from "../../../widgets/Time";

const DAYS = ["7", "14", "30", "90"];

function Begin({ incident, done }: { incident: Incident; done: () => void }) {
  const [days, set] = useState("14");
  const write = useWrite(done);
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.watchCase(incident.id, Number(days))); }}>
      <label class="field"><span>{t("case_watch.days")}</span><select value={days} onChange={(e) => set(e.currentTarget.value)}>{DAYS.map((d) => <option key={d} value={d}>{t("case_watch.n_days", { n: Number(d) })}</option>)}</select></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("case_watch.begin", { n: Number(days) })}</Button></div>
    </form>
  );
}

export function Watch({ incident }: { incident: Incident }) {
  const lists = useResource(api.campaigns(incident.id), ["campaign"], [incident.id]);
  const watched = useResource(api.tightenings(incident.id), ["tightening"], [incident.id]);
  return (
    <div class="stack">
      <Loaded of={lists}>{(d) => (
        <Card id="case-campaigns" title={t("campaign.list")} caption={t("campaign.caption", { n: d.campaigns.filter((c) => c.state === "running").length })}
          side={mayDo() && <Button smaller href={`#/campaigns/new?case=${incident.id}`}>{t("campaign.new")}</Button>}>
          {d.campaigns.length === 0 ? <p class="empty">{t("case_watch.no_campaign")}</p> : (
            <Table label={t("campaign.list")} rows={d.campaigns} id={(c) => c.id} columns={[
              { head: t("campaign.what"), title: true, cell: (c) => <a href={`#/campaigns/${c.id}`}>{campaignTitle(c, d.kinds)}</a> },
              { head: t("campaign.state"), class: "card-wide", cell: (c) => <CampaignMark c={c} /> },
              { head: t("campaign.share"), cell: (c) => <CampaignShare c={c} /> },
              { head: t("campaign.due"), cell: (c) => <Time at={c.due} /> },
            ]} />)}
        </Card>)}</Loaded>
      <Loaded of={watched}>{(d) => (
        <Card id="case-watch" title={t("watch.title")} caption={t("watch.caption", { n: d.tightenings.filter((x) => x.state === "in_force").length })}
          side={<Button smaller href="#/in-force/watch">{t("case_watch.all")}</Button>}>
          {d.tightenings.length === 0 ? <p class="empty">{t("case_watch.no_watch")}</p> : (
            <Table label={t("watch.title")} rows={d.tightenings} id={(x) => x.id} columns={[
              { head: t("watch.services"), title: true, cell: (x) => <><b>{[...x.services, ...x.hosts].join(t("word.comma")) || x.sets.join(t("word.comma"))}</b><div class="small ink2">{t(`watch.use.${x.use}`)}</div></> },
              { head: t("watch.reason"), class: "card-wide", cell: (x) => x.reason },
              { head: t("watch.state"), cell: (x) => (x.state === "ended" ? <Mark kind="declared">{t("watch.ended")}</Mark> : x.review_due ? <Mark kind="must">{t("watch.review_due")}</Mark> : <Mark kind="run">{t("watch.factor", { n: x.factor / 100 })}</Mark>) },
              { head: t("watch.noticed"), num: true, cell: (x) => x.noticed },
              { head: t("watch.until"), class: "card-wide", cell: (x) => <><Time at={x.ended ?? x.until} />{x.state === "in_force" && <> <Remaining until={x.until} /></>}</> },
            ]} />)}
          {mayDo() && !d.tightenings.some((x) => x.state === "in_force") && <Begin incident={incident} done={watched.reload} />}
        </Card>)}</Loaded>
    </div>
  );
}
