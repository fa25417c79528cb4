// Duties to report: what applies, by when, and the one fact that is missing where that cannot be told.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Obligation, ObligationReport } from "../../../api/types";
import { lang, say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Facts } from "../../../widgets/Card";
import { Mark, type MarkKind } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Remaining, Time } from "../../../widgets/Time";
import { parse } from "../../../lib/time";
import { now } from "../../../state/clock";

export type Words = { ja?: string | null; en?: string | null };
export const words = (x: Words) => x[lang.value] ?? x.ja ?? x.en ?? "";
export type Row = { o: Obligation; p: ObligationReport };

function mark({ p }: Row): MarkKind {
  if (p.state === "received") return "ok";
  if (p.state === "submitted") return "declared";
  if (p.state === "none") return p.verdict === "undecided" ? "unknown" : "todo";
  const late = p.warn !== null && (parse(p.warn) ?? 0) <= now.value;
  return late ? "must" : p.due ? "soon" : "todo";
}

/** What is not known and would settle something: each fact once, with all that waits for it. */
export function wantedFacts(rows: Row[]) {
  const asked = new Map<string, { titles: Words; applies: Row[]; clock: Row[] }>();
  for (const r of rows) {
    const [fact, of] = r.p.wants && r.p.state === "none" ? [r.p.wants, "applies" as const] : r.p.clock_wants && r.p.state === "to_do" ? [r.p.clock_wants, "clock" as const] : [null, null];
    if (!fact) continue;
    const x = asked.get(fact.name) ?? { titles: fact.titles, applies: [], clock: [] };
    x[of].push(r);
    asked.set(fact.name, x);
  }
  return [...asked].sort(([, a], [, b]) => b.clock.length - a.clock.length || b.applies.length - a.applies.length);
}

function Wanted({ incident, rows }: { incident: Incident; rows: Row[] }) {
  const asked = wantedFacts(rows);
  if (asked.length === 0) return null;
  return (
    <section class="card-body wanted-facts"><h3>{t("duty.wanted")}</h3>
      <ul class="plain">{asked.map(([name, x]) => (
        <li key={name}><Mark kind={x.clock.length ? "soon" : "todo"} /> <a class="bold" href={`#/cases/${incident.id}/facts?fact=${name}`}>{words(x.titles)}</a>
          <details class="small"><summary>{t("duty.wanted_for", { applies: x.applies.length, clock: x.clock.length })}</summary><p class="ink2">{[...x.clock, ...x.applies].map((r) => `${words(r.o.titles)} ${words(r.p.titles)}`).join(t("word.comma"))}</p></details></li>))}
      </ul>
    </section>
  );
}

function Say({ incident, row, done }: { incident: Incident; row: Row; done: () => void }) {
  const [open, show] = useState(false);
  const [why, set] = useState("");
  const write = useWrite(() => { show(false); done(); });
  const { o, p } = row;
  const put = (said: "applies" | "not" | null) => () => void write.run(() => api.sayObligation(incident.id, { key: o.key, report: p.name, version: p.version, said, why: why.trim() }));
  if (p.said) return <><Button smaller busy={write.state.step === "busy"} onPress={put(null)}>{t("duty.say.back")}</Button><Outcome state={write.state} /></>;
  if (!open) return <Button smaller onPress={() => show(true)}>{t("duty.say")}</Button>;
  return (
    <div class="form">
      <label class="field"><span>{t("duty.why")}</span><input type="text" maxLength={1000} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>
      <Outcome state={write.state} />
      <div class="buttons">
        {why.trim() ? <>
          <Button smaller busy={write.state.step === "busy"} onPress={put("applies")}>{t("duty.say.applies")}</Button>
          <Button smaller busy={write.state.step === "busy"} onPress={put("not")}>{t("duty.say.not")}</Button>
        </> : <span class="small ink2">{t("duty.why_missing")}</span>}
        <Button smaller onPress={() => show(false)}>{t("button.leave")}</Button>
      </div>
    </div>
  );
}

function One({ incident, row, done }: { incident: Incident; row: Row; done: () => void }) {
  const { o, p } = row;
  return (
    <li class="duty">
      <div class="duty-head">
        <Mark kind={mark(row)}>{p.state === "none" ? t(`duty.${p.verdict}`) : t(`duty.state.${p.state}`)}</Mark> <b>{words(p.titles)}</b> <span class="ink2">{words(o.titles)}</span>
      </div>
      <Facts rows={[
        [t("duty.due"), <>{p.due ? <><Time at={p.due} /> {p.state === "to_do" && <Remaining until={p.due} />} <span class="ink2">{words(p.words)}</span></> : <>{words(p.words)} <span class="small ink2">{t("duty.no_clock")}</span></>}</>],
        [t("duty.to"), words(o.to)],
        [t("duty.basis"), <>{words(o.basis)} <span class="small ink2">{t(`duty.confidence.${o.confidence}`)}、{t("duty.as_of", { day: o.as_of, n: o.number })}{o.url && <> <a href={o.url} target="_blank" rel="noopener noreferrer">{t("duty.source")}</a></>}</span></>],
      ]} />
      {p.unconfirmed && <p><Mark kind="soon">{t("duty.on_unconfirmed")}</Mark></p>}
      {words(p.note) && <p class="small">{words(p.note)}</p>}
      {words(o.note) && <p class="small ink2">{words(o.note)}</p>}
      {p.said && <p class="small">{t("duty.said", { by: p.said_by ? say(p.said_by) : null, said: t(`duty.${p.said}`), why: p.why })}</p>}
      <Say incident={incident} row={row} done={done} />
    </li>
  );
}

const GROUPS = ["to_do", "undecided", "done", "may", "not"] as const;

function groupOf({ o, p }: Row): (typeof GROUPS)[number] {
  if (p.state === "to_do") return "to_do";
  if (p.state === "submitted" || p.state === "received") return "done";
  if (p.said === "not") return "not";
  return o.may && p.verdict !== "not" ? "may" : p.verdict === "undecided" ? "undecided" : "not";
}

const end = ({ p }: Row) => (p.due ? (parse(p.due) ?? Infinity) : Infinity);

export function Duties({ incident, list, done }: { incident: Incident; list: Obligation[]; done: () => void }) {
  const rows = list.flatMap((o) => o.reports.map((p) => ({ o, p })));
  return (
    <Card id="duties" title={t("duty.title")} caption={t("duty.caption")}>
      <Wanted incident={incident} rows={rows} />
      {GROUPS.map((g) => {
        const these = rows.filter((r) => groupOf(r) === g).sort((a, b) => end(a) - end(b));
        const body = these.length ? <ul class="plain duties">{these.map((r) => <One key={`${r.o.key}/${r.p.name}`} incident={incident} row={r} done={done} />)}</ul> : <p class="empty">{t("duty.none_here")}</p>;
        if (g === "to_do") return <section key={g} class="card-body"><h3>{t(`duty.group.${g}`)}</h3>{body}</section>;
        return these.length > 0 && <details key={g} class="card-body" open={g === "undecided" && !rows.some((r) => groupOf(r) === "to_do")}><summary>{t(`duty.group.${g}`)} {these.length}</summary>{body}</details>;
      })}
    </Card>
  );
}
