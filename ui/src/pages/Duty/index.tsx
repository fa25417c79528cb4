// 当番と権限: who is on duty until when, and what I may decide now. The sheet for paper has a page of its own.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Loaded } from "../../widgets/Loaded";
import { Handovers } from "../../widgets/Handovers";
import { Tabs } from "../../widgets/Tabs";
import { Authority } from "./Authority";
import { PeopleList } from "./People";
import { CodeEntry, Sheets } from "./Sheet";
import { Month } from "./Month";
import { OnDuty, Week } from "./Week";

export function Duty({ args, query }: { args: string[]; query: URLSearchParams }) {
  const tab = args[0] === "authority" || args[0] === "code" || args[0] === "people" ? args[0] : "roster";
  if (args[0] === "sheet" && args[1]) return <Sheets incident={args[1]} />;
  const tabs = ["roster", "people", "authority", "code"].map((id) => ({ id, href: id === "roster" ? "#/duty" : `#/duty/${id}`, label: t(`duty.tab.${id}`) }));
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.duty")}</h1><span class="grow" />
        {tab !== "code" && <Button href={`#/sources/register/${tab}`}>{t("duty.edit")}</Button>}
      </div>
      <Tabs plain tabs={tabs} on={tab} label={t("nav.duty")} />
      {tab === "roster" && <Roster />}
      {tab === "people" && <PeopleList />}
      {tab === "authority" && <Authority service={query.get("service") ?? ""} />}
      {tab === "code" && <CodeEntry />}
    </>
  );
}

function Roster() {
  const duty = useResource(api.duty, ["registers"], []);
  const [month, show] = useState<string | null>(null); /* of which group */
  const week = useResource(api.dutyDays(month === null ? 7 : 42), ["registers"], [month === null]);
  return (
    <>
      <div class="open-notes"><Handovers /></div>
      <Loaded of={duty}>{(d) => <OnDuty duty={d} />}</Loaded>
      {duty.data && duty.data.groups.length > 0 && <Loaded of={week}>{(d) => (
        <>
          <div class="buttons duty-span" role="group" aria-label={t("month.span")}>
            <Button smaller onPress={() => show(null)}>{t("month.week")}</Button>
            {d.groups.map((g) => <Button key={g.name} smaller onPress={() => show(g.name)}>{t("month.of", { group: g.name })}</Button>)}
          </div>
          {month === null ? <Week days={d} /> : <Month days={d} group={month} />}
        </>)}</Loaded>}
    </>
  );
}
