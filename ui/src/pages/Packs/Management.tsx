// One page for those who decide: plain words, Japanese first and English beside, to be printed. What was measured and what people declared are
// never added up.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Followups, Readiness } from "../../api/types";
import { fill, type Catalogue, type Param } from "../../lib/template";
import { date, parse, type Lang } from "../../lib/time";
import { useResource } from "../../state/resource";
import { now } from "../../state/clock";
import { catalogueOf, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Loaded } from "../../widgets/Loaded";
import { CELLS, day, gapsOf, sums, unseenOf, type Gap, type Row } from "./ready";

type Say = (l: Lang, key: string, params?: Record<string, Param>) => string;
const TOP = 3; /* what fits on one sheet in both languages */

/** Both languages at once: this page alone has them side by side. */
function useBoth(): Say | null {
  const [both, set] = useState<Record<Lang, Record<string, string>> | null>(null);
  useEffect(() => { void Promise.all([catalogueOf("ja"), catalogueOf("en")]).then(([ja, en]) => set({ ja, en })); }, []);
  return both && ((l, key, params) => fill({ lang: l, texts: both[l], now: () => now.peek() } satisfies Catalogue, key, params));
}

interface Part { key: string; params?: (l: Lang) => Record<string, Param>; mark?: boolean }

const title = (l: Lang, r: Row) => r.titles[l] ?? r.titles.ja ?? r.id;


/** Newest against the oldest day within a quarter. */
function change(d: Readiness): { day: string; ok: number; must: number } | null {
  const last = d.trend.at(-1), first = d.trend.slice(-90)[0];
  if (!last || !first || first === last || !first.day) return null;
  const sum = (x: Readiness["trend"][number], s: string) => CELLS.reduce((n, c) => n + (x.counts[c]?.[s] ?? 0), 0);
  return { day: first.day, ok: sum(last, "ok") - sum(first, "ok"), must: sum(last, "must") - sum(first, "must") };
}

const WORD = (both: Say, l: Lang, of: string): string => ["ready.log.", "ready.of."].map((k) => both(l, k + of)).find((s) => s !== "" && !s.includes(of)) ?? of;
function remedy(both: Say, l: Lang, g: Gap): string {
  const step = g.item.step?.[l];
  return step?.includes("{of}") ? step.replace("{of}", WORD(both, l, g.item.of ?? "")) : (g.item.remedy?.[l] ?? g.item.words[l]);
}

function partsOf(d: Readiness, f: Followups, both: Say): { head: string; parts: Part[] }[] {
  const rows = d.packs, unseen = unseenOf(rows), blind = [...new Set(unseen.flatMap((x) => x.rows))], gaps = gapsOf(rows), diff = change(d);
  const open = f.followups.filter((x) => x.state === "open" || x.state === "said"), late = open.filter((x) => x.late).length;
  const lessons = rows.reduce((n, r) => ({ all: n.all + r.lessons.all, owned: n.owned + r.lessons.owned, shown: n.shown + r.lessons.shown }), { all: 0, owned: 0, shown: 0 });
  return [
    { head: "manage.now", parts: CELLS.map((c) => { const n = sums(rows, c); return { key: `manage.cell.${c}`, params: () => ({ all: n.all, ok: n.ok, declared: n.declared, rest: n.all - n.ok - n.declared }) }; }) },
    ...(blind.length ? [{ head: "manage.blind", parts: unseen.slice(0, 2).map((x) => ({ key: x.rows.length > 2 ? "manage.blind_line" : "manage.blind_few", mark: true, params: (l: Lang) => ({ lessons: x.rows.slice(0, 2).map((r) => (l === "ja" ? `「${title(l, r)}」` : `“${title(l, r)}”`)).join(l === "ja" ? "" : ", "), n: x.rows.length, log: both(l, `ready.log.${x.log}`) }) })) }] : []),
    { head: "manage.next", parts: gaps.length ? gaps.slice(0, TOP).map((g) => ({ key: g.item.todo ? "manage.gap_owned" : "manage.gap", mark: true, params: (l: Lang) => ({ what: remedy(both, l, g), n: g.rows.length, who: g.item.todo?.person ?? "", time: g.item.todo ? day(g.item.todo.due) : "" }) })) : [{ key: "manage.no_gap" }] },
    { head: "manage.who", parts: [{ key: "manage.lessons", params: () => ({ ...lessons, none: lessons.all - lessons.owned }) }, { key: late ? "manage.late" : "manage.open", params: () => ({ n: open.length, late }), mark: late > 0 }] },
    { head: "manage.trend", parts: [diff ? { key: "manage.change", params: (l: Lang) => ({ time: date(parse(diff.day) ?? 0, l), ok: (diff.ok > 0 ? "+" : "") + String(diff.ok), must: (diff.must > 0 ? "+" : "") + String(diff.must) }) } : { key: "manage.no_change" }] },
    { head: "manage.how", parts: [{ key: "manage.how_1" }, { key: "manage.how_2" }] },
  ];
}

function Paper({ d, f, both }: { d: Readiness; f: Followups; both: Say }) {
  const at = (l: Lang) => (d.measured_at ? date(parse(d.measured_at) ?? 0, l) : "");
  return (
    <article class="card manage paper">
      {(["ja", "en"] as const).map((l) => <header key={l} lang={l} class="manage-head">{l === "ja" ? <h1>{both(l, "manage.title")}</h1> : <p class="manage-title">{both(l, "manage.title")}</p>}<p>{d.measured_at ? both(l, "manage.lead", { n: d.packs.length, time: at(l) }) : both(l, "manage.never", { n: d.packs.length })}</p></header>)}
      {d.measured_at && partsOf(d, f, both).map((s) => (
        <section key={s.head} class="manage-part" aria-label={both("ja", s.head)}>
          {(["ja", "en"] as const).map((l) => (
            <div key={l} lang={l}>{l === "ja" ? <h2>{both(l, s.head)}</h2> : <p class="manage-sub">{both(l, s.head)}</p>}<ul>{s.parts.map((p, i) => <li key={i} class={p.mark ? "manage-mark" : ""}>{both(l, p.key, p.params?.(l))}</li>)}</ul></div>))}
        </section>))}
    </article>);
}

export function Management() {
  const all = useResource(api.readiness, ["readiness"], []);
  const follow = useResource(api.followups(), ["readiness"], []);
  const both = useBoth();
  return (
    <>
      <div class="page-head no-print"><span class="small ink2">{t("manage.for")}</span><span class="grow" /><Button onPress={() => window.print()}>{t("ready.print")}</Button><Button href="#/packs">{t("ready.to_matrix")}</Button></div>
      <Loaded of={all}>{(d) => <Loaded of={follow}>{(f) => both && <Paper d={d} f={f} both={both} />}</Loaded>}</Loaded>
    </>);
}
