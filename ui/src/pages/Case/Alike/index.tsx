// Cases and lessons like this one: what they share, what helped there and what did not; and T0 to T7 beside what the survey says.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Alike as AlikeOf, Incident } from "../../../api/types";
import { duration } from "../../../lib/time";
import { useResource } from "../../../state/resource";
import { has, lang, say, t, word } from "../../../state/text";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Table } from "../../../widgets/Table";
import { Time } from "../../../widgets/Time";

type One = AlikeOf["cases"][number];
type Same = One["same"][number];
type Helped = One["helped"][number];
type At = AlikeOf["times"][number];
const FIRST = 3; // the others come when asked for

const titles = (x: { ja?: string | null; en?: string | null } | null | undefined) => (lang.value === "ja" ? x?.ja ?? x?.en : x?.en ?? x?.ja) ?? null;

/** One sign in words; null where the page has none for it. */
function sign(s: Same): string | null {
  if (s.what === "kind" || s.what === "rule") return titles(s.titles) ?? (has(`kind.${s.value}`) ? t(`kind.${s.value}`) : null);
  if (s.what === "service") return s.value;
  const key = `alike.${s.what}.${s.value}`;
  return has(key) ? t(key) : s.what === "way" ? s.value.toUpperCase() : null;
}

function Why({ one }: { one: One }) {
  const groups = (["rule", "kind", "way", "about", "log", "act", "service"] as const).flatMap((what) => {
    if (what === "kind" && one.same.some((s) => s.what === "rule")) return []; // the rule's own name says it
    const words = [...new Set(one.same.filter((s) => s.what === what).map(sign).filter((x): x is string => x !== null))];
    return words.length ? [`${t(`alike.same.${what}`)}${words.slice(0, 3).join(t("word.comma"))}`] : [];
  });
  return <p class="small ink2">{groups.join(t("alike.same.join"))}</p>;
}

function told(h: Helped): string {
  if (h.of === "story" || h.of === "task") return (lang.value === "ja" ? h.ja ?? h.en : h.en ?? h.ja) ?? "";
  const name = has(`alike.act.${h.kind}`) ? t(`alike.act.${h.kind}`) : has(`deed.kind.${h.kind}`) ? t(`deed.kind.${h.kind}`) : h.kind ?? "";
  return t("alike.act_n", { name, n: h.n });
}

function Told({ head, rows, kind }: { head: string; rows: Helped[]; kind: "ok" | "soon" }) {
  if (rows.length === 0) return null;
  return (
    <div>
      <p class="small"><Mark kind={kind}>{head}</Mark></p>
      <ul class="small">{rows.map((h, i) => (
        <li key={i}>{told(h)}{h.of !== "story" && has(`alike.state.${h.state}`) && <span class="ink2">{t("alike.came_to", { state: t(`alike.state.${h.state}`) })}</span>}{h.why && <span class="ink2"> {h.why}</span>}</li>))}
      </ul>
    </div>
  );
}

function OneAlike({ one }: { one: One }) {
  const name = one.of === "pack" ? titles(one.titles) ?? one.id : `${one.number ?? ""} ${one.title ? say(one.title) : ""}`;
  return (
    <li class="alike">
      <a href={one.of === "pack" ? `#/packs/${encodeURIComponent(one.id)}` : `#/cases/${one.id}`}><b>{name}</b></a>
      <span class="small ink2 nowrap"> {t(one.of === "pack" ? "alike.lesson" : "alike.own")}</span>
      <Why one={one} />
      <div class="alike-told">
        <Told head={t("alike.helped")} rows={one.helped} kind="ok" />
        <Told head={t(one.of === "pack" ? "alike.open" : "alike.failed")} rows={one.failed} kind="soon" />
      </div>
      {one.of === "case" && one.helped.length + one.failed.length === 0 && <p class="small ink2">{t("alike.nothing_told")}</p>}
    </li>
  );
}

function Cases({ data }: { data: AlikeOf }) {
  const [all, show] = useState(false);
  if (data.cases.length === 0) return <p class="card-body">{t("alike.none")}</p>;
  const tied = data.cases.filter((c) => c.score === data.cases[0]?.score).length;
  return (
    <>
      {tied > 1 && <p class="lead small ink2">{t("alike.tied", { n: tied })}</p>}
      <ol class="rows">{(all ? data.cases : data.cases.slice(0, FIRST)).map((c) => <OneAlike key={`${c.of}${c.id}`} one={c} />)}</ol>
      {data.cases.length > FIRST && !all && <div class="card-body"><Button smaller onPress={() => show(true)}>{t("alike.more", { n: data.cases.length - FIRST })}</Button></div>}
    </>
  );
}

function Here({ row, over }: { row: At; over: boolean }) {
  if (row.at === null) return <span class="ink2">{t(over ? "alike.never" : "alike.not")}</span>;
  return <><b>{row.id === "T0" ? <Time at={row.at} seconds /> : row.after_s === null ? <Time at={row.at} /> : duration(row.after_s, lang.value)}</b>{row.tried && <span class="ink2"> {t("alike.tried")}</span>}</>;
}

/** "survey: …, here: …", once there is something to compare: the case is closed, or it is a drill. */
function Times({ data, over }: { data: AlikeOf; over: boolean }) {
  return (
    <Card id="times" title={t("alike.times")} caption={data.survey ? t(data.told ? "alike.times_told" : "alike.times_of", { name: titles(data.survey.titles) ?? data.survey.id }) : t("alike.times_alone")}>
      <Table label={t("alike.times")} rows={data.times} id={(r) => r.id} columns={[
        { head: t("alike.time"), title: true, cell: (r) => <><span class="mono ink2">{r.id}</span> {t(`alike.t.${r.code}`)}</> },
        { head: t("alike.here"), cell: (r) => <Here row={r} over={over} /> },
        { head: t("alike.survey"), cell: (r) => (r.survey.length ? r.survey.map((s, i) => <p key={i} class="small">{titles(s)}</p>) : <span class="small ink2">{t("alike.survey_none")}</span>) },
      ]} />
    </Card>
  );
}

/** How the people did: reach, receipts, what departed from the procedure, and which department took which part. */
function Score({ drill }: { drill: NonNullable<AlikeOf["drill"]> }) {
  return (
    <Card id="score" title={t("alike.score")} caption={t("alike.score_hint")}>
      <div class="card-body stack-small">
        <p>{drill.called === 0 ? t("alike.score_nobody") : t("alike.score_reach", { n: drill.reached, of: drill.called, percent: Math.round((100 * drill.reached) / drill.called) })}</p>
        {drill.messages > 0 && <p class="small">{t("alike.score_receipts", { n: drill.receipts, sent: drill.sent, of: drill.messages })}{drill.receipt_s !== null && t("alike.score_receipt_s", { time: duration(drill.receipt_s, lang.value) })}</p>}
        <p>{drill.lanes.every((l) => l.steps === 0) ? <Mark kind="soon">{t("alike.score_no_steps")}</Mark> : drill.departures === 0 ? <Mark kind="ok">{t("alike.score_as_written")}</Mark> : <Mark kind="soon">{t("alike.score_departures", { n: drill.departures })}</Mark>}</p>
        {drill.departed.length > 0 && <ul class="small">{drill.departed.map((h, i) => <li key={i}>{told(h)}<span class="ink2">{t("alike.came_to", { state: t(`alike.state.${h.state}`) })}</span>{h.why && <span class="ink2"> {h.why}</span>}</li>)}</ul>}
      </div>
      {drill.lanes.length > 0 && <Table label={t("alike.score_lanes")} rows={drill.lanes} id={(l) => l.lane} columns={[
        { head: t("alike.score_lane"), title: true, cell: (l) => word("lane.name", l.lane) },
        { head: t("alike.score_steps"), cell: (l) => <>{t("alike.score_done", { n: l.done, of: l.steps })}{l.failed > 0 && <span class="ink2">{t("alike.score_failed", { n: l.failed })}</span>}</> },
        { head: t("alike.score_step"), cell: (l) => (l.step_s === null ? "–" : duration(l.step_s, lang.value)) },
        { head: t("alike.score_entries"), num: true, cell: (l) => l.entries },
      ]} />}
    </Card>
  );
}

export function Alike({ incident }: { incident: Incident }) {
  const data = useResource(api.alike(incident.id), ["incident"], [incident.id, incident.state], incident.id);
  return (
    <Loaded of={data}>{(d) => (
      <>
        {d.drill && <Score drill={d.drill} />}
        {(incident.state === "closed" || incident.drill) && <Times data={d} over={incident.state === "closed"} />}
        <Card id="alike" title={t("alike.title")} caption={t("alike.caption")}><Cases data={d} /></Card>
      </>)}
    </Loaded>
  );
}
