// What was looked for before: what was supposed, the query, when, and what came of it; to be run again.
import { api } from "../../api/client";
import type { Hunt } from "../../api/types";
import { useResource } from "../../state/resource";
import { say, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { addressOf } from "./useSearch";

const again = (h: Hunt) => addressOf({ q: h.query, range: h.from ? "custom" : "all", from: h.from ?? "", to: "" });

export function Hunts() {
  const list = useResource(api.hunts, [], []);
  return (
    <Card title={t("search.hunts")}>
      <Loaded of={list}>{(d) => (d.hunts.length === 0 ? <Empty>{t("search.hunts_none")}</Empty> : (
        <Table label={t("search.hunts")} rows={d.hunts} id={(h) => h.id} columns={[
          { head: t("search.hunt_about"), cell: (h) => h.hypothesis, title: true },
          { head: t("search.box"), cell: (h) => h.query, class: "mono" },
          { head: t("search.table.events"), cell: (h) => t("search.found", { n: h.found }), num: true },
          { head: t("search.when"), cell: (h) => <><Time at={h.at} /> <span class="small ink2">{say(h.by)}</span></> },
          { head: t("search.again"), cell: (h) => <a href={again(h)}>{t("search.again")}</a> },
        ]} />))}</Loaded>
    </Card>
  );
}
