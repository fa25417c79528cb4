// 事案: one case. Head, five groups of tabs, the next thing to do; the overview has the ledger of times, lanes, tasks and scope.
import { api } from "../../api/client";
import type { Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { LaneLegend, Lanes } from "../../widgets/Lanes";
import { Ledger } from "../../widgets/Ledger";
import { Loaded } from "../../widgets/Loaded";
import { later } from "../../widgets/later";
import { Segments, Tabs } from "../../widgets/Tabs";
import { Actions } from "./Actions";
import { Decisions } from "./Decisions";
import { Evidence } from "./Evidence";
import { Gaps } from "./Gaps";
import { Head } from "./Head";
import { LookedBack } from "./LookedBack";
import { ScopeCard } from "./ScopeCard";
import { Parted } from "./Parted";
import { Tasks } from "./Tasks";
import { Timeline } from "./Timeline";

const Accounts = later("case-accounts", () => import("./Accounts").then((m) => m.Accounts));
const Contacts = later("case-contacts", () => import("./Contacts").then((m) => m.Contacts));
const Todo = later("case-todo", () => import("./Todo").then((m) => m.Todo));
const Next = later("case-todo", () => import("./Todo").then((m) => m.Next));
const Handover = later("case-handover", () => import("./Handover").then((m) => m.Handover));
const Watch = later("case-watch", () => import("./Watch").then((m) => m.Watch));
const Merged = later("case-merged", () => import("./Merged").then((m) => m.Merged));
const Join = later("case-merged", () => import("./Merged").then((m) => m.Join));
const Reach = later("case-reach", () => import("./Reach").then((m) => m.Reach));
const Recovery = later("case-recovery", () => import("./Recovery").then((m) => m.Recovery));
const Custody = later("case-custody", () => import("./Custody").then((m) => m.Custody));
const Facts = later("case-facts", () => import("./Facts").then((m) => m.Facts));
const Joint = later("case-joint", () => import("./Joint").then((m) => m.Joint));
const Reports = later("case-reports", () => import("./Reports").then((m) => m.Reports));
const Means = later("case-means", () => import("./Means").then((m) => m.Means));
const Lesson = later("case-lesson", () => import("./Lesson").then((m) => m.Lesson));
const Alike = later("case-alike", () => import("./Alike").then((m) => m.Alike));
const Publish = later("case-publish", () => import("./Publish").then((m) => m.Publish));

/** One thing at a time: what to do, what happened, with whom, what was promised outside, what is kept. */
const GROUPS = [
  ["do", ["todo", "actions", "recovery", "means", "requests"]],
  ["what", ["timeline", "evidence", "reach", "accounts"]],
  ["who", ["contacts", "joint", "handover"]],
  ["out", ["facts", "reports", "publish"]],
  ["keep", ["custody", "lesson"]],
] as const;
type TabId = (typeof GROUPS)[number][1][number];
const TABS: readonly string[] = GROUPS.flatMap(([, tabs]) => tabs);

function CaseTabs({ incident: i, on }: { incident: Incident; on: TabId }) {
  const count: Partial<Record<TabId, number>> = { evidence: i.findings_n, accounts: i.counts.accounts_stolen.n, actions: i.actions_open };
  const [group, tabs] = GROUPS.find(([, of]) => (of as readonly string[]).includes(on)) ?? GROUPS[1];
  const link = (id: TabId) => ({ id, href: `#/cases/${i.id}/${id}`, label: t(`case.tab.${id}`), count: count[id] });
  return (
    <div class="case-tabs">
      <Tabs plain tabs={GROUPS.map(([id, of]) => ({ ...link(of[0]), id, label: t(`case.group.${id}`), count: undefined }))} on={group} label={t("case.tabs")} />
      {tabs.length > 1 && <Segments tabs={tabs.map(link)} on={on} label={t(`case.group.${group}`)} />}
    </div>
  );
}

function Overview({ incident, reload }: { incident: Incident; reload: () => void }) {
  return (
    <div class="grid case-grid">
      <Card id="ledger" class="w12" title={t("ledger.title")} caption={t("ledger.caption")}><div class="card-body"><Ledger rows={incident.ledger} /><LookedBack incident={incident} /></div></Card>
      <div class="col w8">
        <Card id="lanes" class="only-wide" title={t("lanes.title")} side={<LaneLegend />}><div class="card-body"><Gaps incident={incident} /><Lanes lanes={incident.lanes} gaps={incident.gaps} /></div></Card>
        <section class="card" aria-label={t("case.tab.timeline")}><Timeline incident={incident} reload={reload} /></section>
      </div>
      <div class="col w4 case-side"><Tasks incident={incident} /><ScopeCard incident={incident} /></div>
      <div class="col w12"><Alike incident={incident} /></div>
    </div>
  );
}

/** The timeline comes with the overview; the other tabs have the page to themselves. */
function Body({ incident, tab, query, reload }: { incident: Incident; tab: TabId; query: URLSearchParams; reload: () => void }) {
  return (
    <>
      <CaseTabs incident={incident} on={tab} />
      {tab === "timeline" && <><Next incident={incident} /><Overview incident={incident} reload={reload} /></>}
      {tab === "todo" && <Todo incident={incident} />}
      {tab === "requests" && <Watch incident={incident} />}
      {tab === "handover" && <Handover incident={incident} />}
      {tab === "actions" && <Decisions incident={incident} reload={reload}><Actions incident={incident} reload={reload} /></Decisions>}
      {tab === "evidence" && <><Evidence incident={incident} finding={query.get("finding")} reload={reload} /><Join incident={incident} /></>}
      {tab === "contacts" && <Contacts incident={incident} />}
      {tab === "joint" && <Joint incident={incident} />}
      {tab === "reports" && <Reports incident={incident} />}
      {tab === "publish" && <Publish incident={incident} reload={reload} />}
      {tab === "reach" && <Reach incident={incident} />}
      {tab === "recovery" && <Recovery incident={incident} reload={reload} />}
      {tab === "lesson" && <Lesson incident={incident} />}
      {tab === "custody" && <Custody incident={incident} />}
      {tab === "means" && <Means incident={incident} />}
      {tab === "facts" && <Facts incident={incident} query={query} />}
      {tab === "accounts" && <Accounts incident={incident} />}
    </>
  );
}

export function Case({ args, query }: { args: string[]; query: URLSearchParams }) {
  const id = args[0] ?? "";
  const tab: TabId = TABS.includes(args[1] ?? "") ? (args[1] as TabId) : "timeline";
  const incident = useResource(api.incident(id), ["incident", "action", "viewers"], [id], Number(id));
  return (
    <Loaded of={incident}>{(i) => (
      <>
        <Head incident={i} reload={incident.reload} />
        {(i.merged_into !== null || i.took.length > 0) && <Merged incident={i} reload={incident.reload} />}
        <Parted incident={i} reload={incident.reload} />
        <Body incident={i} tab={tab} query={query} reload={incident.reload} />
      </>)}
    </Loaded>
  );
}
