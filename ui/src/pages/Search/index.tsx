// 検索: one line and a period; how far it is, when and what was found, one event opened; kept as a hunt, put on a case.
import { useState } from "preact/hooks";
import type { Search as Found } from "../../api/types";
import { go } from "../../state/route";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { ServerWords } from "../../widgets/Outcome";
import { Bars } from "./Bars";
import { Events } from "./Events";
import { Facets } from "./Facets";
import { HuntPage } from "./HuntPage";
import { Hunts } from "./Hunts";
import { Indicators } from "./Indicators";
import { Keep } from "./Keep";
import { Trace } from "./Trace";
import { Where } from "./Where";
import { addressOf, RANGES, type Searching, useSearch, type Wanted, wantedOf } from "./useSearch";

function Box({ wanted }: { wanted: Wanted }) {
  const [w, set] = useState(wanted);
  const change = (part: Partial<Wanted>) => set({ ...w, ...part });
  return (
    <form class="search-box" role="search" onSubmit={(e) => { e.preventDefault(); if (w.q.trim()) go(addressOf(w)); }}>
      <input type="search" data-find class="mono" value={w.q} maxLength={16384} onInput={(e) => change({ q: e.currentTarget.value })} aria-label={t("search.box")} placeholder={t("search.box")} spellcheck={false} />
      <label class="field"><span class="hidden">{t("search.range")}</span>
        <select value={w.range} onChange={(e) => change({ range: e.currentTarget.value })}>{RANGES.map((r) => <option value={r}>{t(`search.range.${r}`)}</option>)}</select></label>
      <Where label={<span class="hidden">{t("search.where")}</span>} copy={w.copy ?? ""} change={(copy) => change({ copy })} />
      {w.range === "custom" && <input type="text" value={w.from} onInput={(e) => change({ from: e.currentTarget.value })} aria-label={t("search.from")} placeholder="2026-11-22 02:00" />}
      {w.range === "custom" && <input type="text" value={w.to} onInput={(e) => change({ to: e.currentTarget.value })} aria-label={t("search.to")} placeholder="2026-11-22 03:00" />}
      <Button submit solid>{t("search.find")}</Button>
    </form>
  );
}

function Progress({ s, stop }: { s: Found; stop: () => void }) {
  const p = s.progress;
  const percent = p.bytes ? Math.floor((100 * p.bytes_done) / p.bytes) : 100;
  if (s.state !== "running") return null;
  return (
    <Card class="search-progress"><div class="card-body">
      <Mark kind="run">{t("search.running")}</Mark>
      <progress max={100} value={percent} aria-label={t("search.running")} />
      <span>{t("search.left", { done: percent, n: s.found })}</span>
      {p.left_s !== null && <span class="small ink2">{t("search.left_s", { s: p.left_s })}</span>}
      <Button smaller onPress={stop}>{t("search.stop")}</Button>
    </div></Card>
  );
}

function Ended({ s }: { s: Found }) {
  const p = s.progress;
  return (
    <p class="small ink2" role="status">
      {s.state === "done" && t("search.done", { took: p.took_s, segments: p.segments, passed: p.segments_passed })}
      {s.state === "stopped" && (s.looked_back_to ? t("search.stopped", { to: s.looked_back_to }) : t("search.stopped_early"))}
      {s.state === "running" && s.looked_back_to && t("search.so_far", { to: s.looked_back_to })}
      {s.state === "failed" && <Mark kind="failed">{t("search.failed", { why: s.why })}</Mark>}
      {p.lost > 0 && <> <Mark kind="must">{t("search.lost", { n: p.lost })}</Mark></>}
    </p>
  );
}

function Result({ s, wanted }: { s: Found; wanted: Wanted }) {
  const narrow = (field: string, value: string) => go(addressOf({ ...wanted, q: `${wanted.q} ${field}:"${value.replace(/["\\]/g, "\\$&")}"` }));
  if (s.found === 0) return <Card><div class="card-body"><Ended s={s} /></div>{s.state !== "running" && <Empty>{t("search.empty")}</Empty>}</Card>;
  return (
    <div class="search-result">
      <Facets s={s} narrow={narrow} />
      <div>
        <Card><div class="card-body">
          <p><b class="big">{t("search.found", { n: s.found })}</b> <span class="small ink2">{t("search.first", { first: s.first_at, last: s.last_at })}</span></p>
          <Ended s={s} />
          <Bars s={s} />
          <Keep s={s} bounds={{ from: s.from ?? undefined, to: s.to ?? undefined, copy: wanted.copy || undefined }} past={wanted.range === "all" ? null : addressOf({ ...wanted, range: "all" })} />
        </div></Card>
        <Events s={s} copy={wanted.copy || undefined} />
      </div>
    </div>
  );
}

function Page({ wanted }: { wanted: Wanted }) {
  const { search, failure, stop }: Searching = useSearch(wanted);
  return (
    <>
      <Box wanted={wanted} />
      {failure && <div class="refusal" role="alert"><Mark kind="must">{t("failure.title")}</Mark><ServerWords failure={failure} /></div>}
      {search && <Progress s={search} stop={stop} />}
      {search && <Result s={search} wanted={wanted} />}
      {!wanted.q && <Hunts />}
    </>
  );
}

export function Search({ args, query }: { args: string[]; query: URLSearchParams }) {
  const wanted = wantedOf(query);
  const tab = args[0] === "trace" || args[0] === "indicators" ? args[0] : "lines";
  const hunt = args[0] === "hunt" ? args[1] : undefined;
  const one = (id: string, href: string) => <a href={href} aria-current={id === tab ? "page" : undefined}>{t(`search.tab.${id}`)}</a>;
  return (
    <>
      <div class="page-head"><h1>{t("nav.search")}</h1></div>
      <nav class="tabs plain" aria-label={t("nav.search")}>{one("lines", "#/search")}{one("trace", "#/search/trace")}{one("indicators", "#/search/indicators")}</nav>
      {tab === "trace" ? <Trace query={query} /> : tab === "indicators" ? <Indicators /> : hunt ? <HuntPage id={hunt} /> : <Page key={addressOf(wanted)} wanted={wanted} />}
    </>
  );
}
