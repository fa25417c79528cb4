// What was looked for before: what was supposed, the query, when, and what came of it; to be run again.
import { useEffect } from "preact/hooks";
import { api } from "../../api/client";
import type { Hunt } from "../../api/types";
import { useResource } from "../../state/resource";
import { say, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { HuntName, Progress } from "../../widgets/Hunt";
import { Loaded } from "../../widgets/Loaded";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { LookBack } from "./LookBack";
import { addressOf } from "./useSearch";

const ASK_MS = 1500;
const again = (h: Hunt) => addressOf({ q: h.query, range: h.from ? "custom" : "all", from: h.from ?? "", to: "", copy: h.copy });

/** How far a hunt over what is kept is; asked again while it runs. */
function Running({ id, done }: { id: number; done: () => void }) {
  const one = useResource(api.hunt(id), [], [id]);
  useEffect(() => {
    const timer = setInterval(() => { one.reload(); if (one.data && one.data.hunt.state !== "running") done(); }, ASK_MS);
    return () => clearInterval(timer);
  }, [one.data]);
  return <Progress of={one.data?.result ?? {}} />;
}

export function Hunts() {
  const list = useResource(api.hunts, [], []);
  return (
    <Card title={t("search.hunts")}>
      <LookBack />
      <Loaded of={list}>{(d) => (d.hunts.length === 0 ? <Empty>{t("search.hunts_none")}</Empty> : (
        <Table label={t("search.hunts")} rows={d.hunts} id={(h) => h.id} columns={[
          { head: t("search.hunt_about"), cell: (h) => <HuntName h={h} />, title: true },
          { head: t("search.box"), cell: (h) => (h.kind === "query" || h.kind === "search" ? h.query : t(`ioc.kind.${h.kind}`)), class: "mono" },
          { head: t("search.table.events"), cell: (h) => (h.state === "running" ? <Running id={h.id} done={list.reload} /> : t("search.found", { n: h.found })), num: true },
          { head: t("ioc.first"), cell: (h) => (h.first_at ? <Time at={h.first_at} /> : t("ioc.never")) },
          { head: t("search.when"), cell: (h) => <><Time at={h.at} /> <span class="small ink2">{say(h.by)}</span></> },
          { head: t("search.again"), cell: (h) => (h.mail ? <a href={`#/mails/${h.mail}`}>{t("ioc.open")}</a> : h.kind === "query" || h.kind === "search" ? <a href={again(h)}>{t("search.again")}</a> : <a href={`#/search/hunt/${h.id}`}>{t("ioc.open")}</a>) },
        ]} />))}</Loaded>
    </Card>
  );
}
