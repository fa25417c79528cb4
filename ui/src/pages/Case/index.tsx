// 事案: one case. Head, ledger of times, lanes and what to do, tabs and scope. 行動 has the cards to itself.
import { api } from "../../api/client";
import type { Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { LaneLegend, Lanes } from "../../widgets/Lanes";
import { Ledger } from "../../widgets/Ledger";
import { Loaded } from "../../widgets/Loaded";
import { later } from "../../widgets/later";
import { Tabs } from "../../widgets/Tabs";
import { Accounts } from "./Accounts";
import { Actions } from "./Actions";
import { Contacts } from "./Contacts";
import { Decisions } from "./Decisions";
import { Evidence } from "./Evidence";
import { Gaps } from "./Gaps";
import { Head } from "./Head";
import { LookedBack } from "./LookedBack";
import { ScopeCard } from "./ScopeCard";
import { Parted } from "./Split";
import { Tasks } from "./Tasks";
import { Timeline } from "./Timeline";

const Reach = later("case-reach", () => import("./Reach").then((m) => m.Reach));
const Recovery = later("case-recovery", () => import("./Recovery").then((m) => m.Recovery));
const Custody = later("case-custody", () => import("./Custody").then((m) => m.Custody));
const Facts = later("case-facts", () => import("./Facts").then((m) => m.Facts));
const Joint = later("case-joint", () => import("./Joint").then((m) => m.Joint));
const Reports = later("case-reports", () => import("./Reports").then((m) => m.Reports));
const Publish = later("case-publish", () => import("./Publish").then((m) => m.Publish));

const TABS = [
  "timeline", "evidence", "accounts", "actions", "contacts",
  "facts", "reach", "recovery", "custody", "reports", "publish", "joint",
] as const;
type TabId = (typeof TABS)[number];

function tabsOf(i: Incident) {
  const count: Partial<Record<TabId, number>> = { evidence: i.findings_n, accounts: i.counts.accounts_stolen.n, actions: i.actions_open };
  return TABS.map((id) => ({ id, href: `#/cases/${i.id}/${id}`, label: t(`case.tab.${id}`), count: count[id] }));
}

function Overview({ incident, reload }: { incident: Incident; reload: () => void }) {
  return (
    <div class="grid case-grid">
      <Card id="ledger" class="w12" title={t("ledger.title")} caption={t("ledger.caption")}><div class="card-body"><Ledger rows={incident.ledger} /><LookedBack incident={incident} /></div></Card>
      <div class="col w8">
        <Card id="lanes" class="only-wide" title={t("lanes.title")} side={<LaneLegend />}><div class="card-body"><Gaps incident={incident} /><Lanes lanes={incident.lanes} gaps={incident.gaps} /></div></Card>
        <section class="card case-tabs" aria-label={t("case.tab.timeline")}>
          <Tabs tabs={tabsOf(incident)} on="timeline" label={t("case.tabs")} />
          <Timeline incident={incident} reload={reload} />
        </section>
      </div>
      <div class="col w4 case-side"><Tasks incident={incident} /><ScopeCard incident={incident} /></div>
    </div>
  );
}

/** The timeline comes with the overview; the other tabs have the page to themselves. */
function Body({ incident, tab, query, reload }: { incident: Incident; tab: TabId; query: URLSearchParams; reload: () => void }) {
  if (tab === "timeline") return <Overview incident={incident} reload={reload} />;
  return (
    <>
      <Tabs plain tabs={tabsOf(incident)} on={tab} label={t("case.tabs")} />
      {tab === "actions" && <Decisions incident={incident} reload={reload}><Actions incident={incident} reload={reload} /></Decisions>}
      {tab === "evidence" && <Evidence incident={incident} finding={query.get("finding")} reload={reload} />}
      {tab === "contacts" && <Contacts incident={incident} />}
      {tab === "joint" && <Joint incident={incident} />}
      {tab === "reports" && <Reports incident={incident} />}
      {tab === "publish" && <Publish incident={incident} reload={reload} />}
      {tab === "reach" && <Reach incident={incident} />}
      {tab === "recovery" && <Recovery incident={incident} reload={reload} />}
      {tab === "custody" && <Custody incident={incident} />}
      {tab === "facts" && <Facts incident={incident} query={query} />}
      {tab === "accounts" && <Accounts incident={incident} />}
    </>
  );
}

export function Case({ args, query }: { args: string[]; query: URLSearchParams }) {
  const id = args[0] ?? "";
  const tab: TabId = (TABS as readonly string[]).includes(args[1] ?? "") ? (args[1] as TabId) : "timeline";
  const incident = useResource(api.incident(id), ["incident", "action", "viewers"], [id], Number(id));
  return (
    <Loaded of={incident}>{(i) => (
      <>
        <Head incident={i} reload={incident.reload} />
        <Parted incident={i} reload={incident.reload} />
        <Body incident={i} tab={tab} query={query} reload={incident.reload} />
      </>)}
    </Loaded>
  );
}
