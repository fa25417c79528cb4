// 事実: what is known of the case, entered once, and whether it may be said. Publications and forms take from here and from nowhere else.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Fact, Facts as All, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { lang, say, t } from "../../../state/text";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Segments } from "../../../widgets/Tabs";
import { Edit } from "./Edit";
import { FactState, FactValue } from "./Value";

export const words = (x: { ja?: string | null; en?: string | null }) => x[lang.value] ?? x.ja ?? x.en ?? "";

function Row({ fact, incident, done, open }: { fact: Fact; incident: Incident; done: () => void; open: boolean }) {
  const [editing, edit] = useState(open);
  const p = fact.proposal;
  return (
    <li id={`fact-${fact.name}`} class="fact">
      <div class="fact-name"><b>{words(fact.titles)}</b>{fact.titles[lang.value] === null && <span class="tag">{t("fact.untranslated")}</span>}</div>
      <div class="fact-said">
        <FactState state={fact.state} />
        {fact.value && <FactValue fact={fact} of={fact} />}
        {fact.state !== "unknown" && <p class="small ink2">{t("fact.said", { by: fact.by ? say(fact.by) : null, at: fact.changed })}{fact.source && <> {t("fact.source_is", { source: say(fact.source) })}</>}</p>}
        {p && !editing && <p class="small">{t("fact.proposed")} <FactValue fact={fact} of={p} />{p.at_least && t("fact.at_least")} <span class="ink2">{p.source && say(p.source)}</span></p>}
        {editing && <Edit fact={fact} incident={incident} leave={() => edit(false)} done={() => { edit(false); done(); }} />}
      </div>
      {!editing && <Button smaller onPress={() => edit(true)}>{t(fact.state === "unknown" ? "fact.enter" : "fact.change", { what: words(fact.titles) })}</Button>}
    </li>
  );
}

const count = (list: Fact[]) => list.filter((f) => f.state === "confirmed").length;

function Groups({ all, incident, done, only, open }: { all: All; incident: Incident; done: () => void; only: string; open: string | null }) {
  const shown = (f: Fact) => only === "all" || (only === "proposed" ? f.proposal !== null : f.state === only) || f.name === open;
  const groups = all.groups.map((g) => ({ g, list: all.facts.filter((f) => f.group === g.name) }));
  if (!all.facts.some(shown)) return <p class="empty">{t("fact.none_of", { what: t(`fact.only.${only}`) })}</p>;
  return <>{groups.map(({ g, list }) => list.some(shown) && (
    <Card key={g.name} id={`facts-${g.name}`} title={words(g.titles)} caption={t("fact.counted", { n: count(list), of: list.length })}>
      <ul class="plain facts-list">{list.filter(shown).map((f) => <Row key={`${f.name}/${f.version}`} fact={f} incident={incident} done={done} open={f.name === open} />)}</ul>
    </Card>))}</>;
}

const ONLY = ["all", "unknown", "unconfirmed", "withheld", "proposed"] as const;

export function Facts({ incident, query }: { incident: Incident; query: URLSearchParams }) {
  const all = useResource(api.facts(incident.id), ["incident"], [incident.id], incident.id);
  const open = query.get("fact");
  const only = (ONLY as readonly string[]).includes(query.get("only") ?? "") ? String(query.get("only")) : "all";
  return (
    <div class="facts-page below">
      <p>{t("fact.intro")}</p>
      <Segments label={t("fact.only")} on={only} tabs={ONLY.map((o) => ({ id: o, href: `#/cases/${incident.id}/facts${o === "all" ? "" : `?only=${o}`}`, label: t(`fact.only.${o}`) }))} />
      <Loaded of={all}>{(x) => <Groups all={x} incident={incident} done={all.reload} only={only} open={open} />}</Loaded>
    </div>
  );
}
