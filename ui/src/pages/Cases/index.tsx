// 事案: the list, and what rules said that did not become a case.
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { go } from "../../state/route";
import { caseTabs, casesAt } from "../../widgets/caseTabs";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Segments } from "../../widgets/Tabs";
import { CaseTable } from "./CaseTable";
import { Loose } from "./Loose";
import { Triage } from "./Triage";

function List({ state, q, ranked }: { state: string; q: string; ranked: boolean }) {
  const list = useResource(api.incidents({ state, q, limit: 200, ...(ranked ? { order: "rank" as const } : {}) }), ["incident", "action"], [state, q, String(ranked)]);
  return (
    <Loaded of={list}>{(d) => (
      <Card>
        {d.incidents.length === 0
          ? <Empty>{t(q ? "cases.none_found" : `cases.none_${state}`, { q })}</Empty>
          : <CaseTable rows={d.incidents} ranked={ranked} />}
        {d.incidents.length > 0 && <p class="empty small">{t(ranked ? "cases.shown_ranked" : "cases.shown", { n: d.incidents.length, total: d.total })}</p>}
      </Card>)}
    </Loaded>
  );
}

export function Cases({ query }: { query: URLSearchParams }) {
  const state = query.get("state") ?? "open";
  const q = query.get("q") ?? "";
  const orders = state === "open" && q === "";
  const ranked = orders && query.get("order") !== "new";
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.cases")}</h1>
        <Segments tabs={caseTabs(q)} on={state} label={t("cases.filter")} />
        <form class="find" role="search" onSubmit={(e) => { e.preventDefault(); go(casesAt(state === "loose" ? "all" : state, String(new FormData(e.currentTarget).get("q") ?? ""))); }}>
          <input type="search" name="q" data-find key={q} defaultValue={q} placeholder={t("cases.find")} aria-label={t("cases.find")} />
        </form>
      </div>
      {orders && <div class="case-order"><Segments tabs={["rank", "new"].map((o) => ({ id: o, href: `#/cases?state=open&order=${o}`, label: t(`cases.order.${o}`) }))} on={ranked ? "rank" : "new"} label={t("cases.order.label")} /></div>}
      {state === "loose" ? <Loose /> : <List state={state} q={q} ranked={ranked} />}
      {orders && <div class="below"><Triage /></div>}
    </>
  );
}
