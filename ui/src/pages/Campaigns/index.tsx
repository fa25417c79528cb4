// 一斉の依頼: lists of which each must answer or do something by a date; who has not stands first.
import { api } from "../../api/client";
import type { Campaigns as All } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { caseLink } from "../../widgets/deed";
import { CampaignMark, CampaignShare, campaignTitle } from "../../widgets/campaign";
import { Loaded } from "../../widgets/Loaded";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { Begin } from "./Begin";
import { One } from "./One";

function List({ data }: { data: All }) {
  return (
    <Card title={t("campaign.list")} caption={t("campaign.caption", { n: data.campaigns.filter((c) => c.state === "running").length })}>
      {data.campaigns.length === 0 ? <p class="empty">{t("campaign.none")}</p> : (
        <Table label={t("campaign.list")} rows={data.campaigns} id={(c) => c.id} columns={[
          { head: t("campaign.what"), title: true, cell: (c) => <><a href={`#/campaigns/${c.id}`}>{campaignTitle(c, data.kinds)}</a>{c.incident && <> <a class="small nowrap" href={caseLink(c.incident)}>{t("in_force.case", { id: c.incident })}</a></>}</> },
          { head: t("campaign.state"), class: "card-wide", cell: (c) => <CampaignMark c={c} /> },
          { head: t("campaign.share"), cell: (c) => <CampaignShare c={c} /> },
          { head: t("campaign.due"), cell: (c) => <Time at={c.due} /> },
        ]} />)}
    </Card>
  );
}

export function Campaigns({ args, query }: { args: string[]; query: URLSearchParams }) {
  const all = useResource(api.campaigns(), ["campaign"], []);
  if (args[0] === "new") return <Loaded of={all}>{(d) => <Begin kinds={d.kinds} incident={query.get("case")} first={query.get("kind")} />}</Loaded>;
  if (args[0]) return <Loaded of={all}>{(d) => <One id={args[0] ?? ""} kinds={d.kinds} />}</Loaded>;
  return (
    <>
      <div class="page-head"><h1>{t("nav.campaigns")}</h1><span class="grow" /><Button href="#/campaigns/new">{t("campaign.new")}</Button></div>
      <Loaded of={all}>{(d) => <List data={d} />}</Loaded>
    </>
  );
}
