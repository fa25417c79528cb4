import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Seals, Source } from "../../api/types";
import { duration } from "../../lib/time";
import { number } from "../../lib/template";
import { useResource } from "../../state/resource";
import { now } from "../../state/clock";
import { lang, say, t, word } from "../../state/text";
import { Facts } from "../../widgets/Card";
import { LineList } from "../../widgets/LineList";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Num } from "../../widgets/Num";
import { bySourceNeed, sourceMark } from "../../widgets/source";
import { Sparkline } from "../../widgets/Sparkline";
import { type Column, Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const unknown = () => <span class="ink3">{t("word.unknown")}</span>;
const red = (on: boolean, x: preact.ComponentChildren) => (on ? <b class="must">{x}</b> : x);
const amber = (on: boolean, x: preact.ComponentChildren) => (on ? <b class="soon">{x}</b> : x);

/** Never rounds something to nothing: 3 of a million is "under 0.1%", not 0%. */
const percent = (n: number, of: number) => (n > 0 && n / of < 0.001 ? t("word.tiny_percent") : `${number(of === 0 ? 0 : (100 * n) / of)}%`);
const unparsed = (s: Source) => (s.unparsed === null || s.lines === null ? unknown()
  : amber(s.state === "unparsed", percent(s.unparsed, s.lines)));
const apart = (ms: number) => (Math.abs(ms) < 1000 ? t("sources.skew_small", { n: `${ms < 0 ? "−" : ""}${number(Math.abs(ms) / 1000)}` }) : `${ms > 0 ? "+" : "−"}${duration(ms / 1000, lang.value)}`);
/** Of several machines the worst, as the state judges it. */
const skew = (s: Source) => {
  const ms = s.state_text.key === "source.skewed" ? Number(s.state_text.params.ms) : s.clocks[0]?.skew_ms ?? s.skew_ms;
  return ms === null ? unknown() : amber(s.state === "skewed", apart(ms));
};

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** How long it is kept here, and for what does not come any more: when the source itself removes it. */
function kept(s: Source, r: Seals["retention"] | null) {
  const k = r?.sources.find((x) => x.name === s.name) ?? r;
  if (!k) return unknown();
  const left = k.own_days !== null && s.state === "silent" && s.last_seen ? Math.floor((Date.parse(s.last_seen) + k.own_days * DAY_MS - now.value) / DAY_MS) : null;
  return (
    <>{k.keep_days === null ? <span class="ink3">{t("sources.kept_off")}</span> : t("seals.keeping_days", { n: k.keep_days })}
      {k.required_days !== null && <span class="small ink2"> {t("sources.kept_required", { n: k.required_days })}</span>}
      {left !== null && <> {left < 0 ? red(true, t("sources.own_gone")) : amber(left < SOON_DAYS, t("sources.own_left", { n: left }))}</>}</>);
}

function columns(retention: Seals["retention"] | null): Column<Source>[] {
  return [
    { head: t("cases.state"), cell: (s) => <Mark kind={sourceMark(s.state)}>{t(`source.state.${s.state}`)}</Mark> },
    { head: t("sources.name"), title: true, class: "name-cell", cell: (s) => <a class="name" href={`#/sources/${s.id}`}>{s.name}</a> },
    { head: t("sources.kind"), cell: (s) => <span class="ink2">{word("source.kind", s.kind)}</span> },
    { head: t("sources.service"), class: "nowrap-wide", cell: (s) => s.service ?? s.host ?? <span class="ink3">{t("word.not_set")}</span> },
    { head: t("sources.arrival"), class: "card-wide", cell: (s) => <Sparkline values={s.slots} label={t("sources.arrival_label", { n: (s.slots ?? []).reduce((a, b) => a + b, 0) })} /> },
    { head: t("sources.last"), num: true, cell: (s) => red(s.state === "silent", <Time at={s.last_seen} seconds />) },
    { head: t("sources.interval"), num: true, cell: (s) => (s.interval_s === null ? <span class="ink3">{t("sources.learning")}</span> : duration(s.interval_s, lang.value)) },
    { head: t("sources.lines"), num: true, cell: (s) => <Num value={s.lines} /> },
    { head: t("sources.lost"), num: true, cell: (s) => (s.lost === null ? unknown() : amber(s.state === "losing", <Num value={s.lost} />)) },
    { head: t("sources.unparsed"), num: true, cell: unparsed },
    { head: t("sources.skew"), num: true, cell: skew },
    { head: t("sources.kept"), cell: (s) => kept(s, retention) },
  ];
}

/** Raw lines may hold personal data: asked for by a person, not by opening the page. */
function Unread({ s }: { s: Source }) {
  const [open, set] = useState(false);
  if (s.unparsed === null) return <p class="small">{unknown()}</p>;
  if (s.unparsed === 0) return <p class="small ink2">{t("sources.unread_none")}</p>;
  return (
    <details class="rest unread" onToggle={(e) => set(e.currentTarget.open)}>
      <summary>{t("sources.unread_see")}</summary>
      {open && <UnreadLines id={s.id} />}
    </details>
  );
}

function UnreadLines({ id }: { id: number }) {
  const list = useResource(api.unread(id), [], [id]);
  return (
    <Loaded of={list}>{({ lines, total }) => (lines.length > 0 && lines.every((l) => l.at === null && l.source === null) ? <p class="small ink2">{t("sources.unread_away")}</p> : (
      <>
        <p class="small ink2">{t("sources.unread_of", { n: lines.length, total })}</p>
        <LineList lines={lines} />
        <p class="small"><a href="#/rules/try">{t("sources.try")}</a></p>
      </>))}
    </Loaded>
  );
}

/** The limit the room judges a clock by (docs/INTAKE.md). */
const CLOCK_BAD_MS = 120_000;
const clockColumns = (): Column<Source["clocks"][number]>[] => [
  { head: t("sources.host"), title: true, cell: (c) => <span class="mono">{c.host}</span> },
  { head: t("sources.skew"), num: true, cell: (c) => amber(Math.abs(c.skew_ms) > CLOCK_BAD_MS, apart(c.skew_ms)) },
  { head: t("sources.clock_at"), num: true, cell: (c) => <Time at={c.at} seconds /> },
];

function Clocks({ s }: { s: Source }) {
  if (s.clocks.length === 0) return <p class="small ink2">{t("sources.clocks_none")}</p>;
  return (
    <details class="rest" open={s.state === "skewed"}>
      <summary>{t("sources.clocks_see", { n: s.clocks.length })}</summary>
      <Table label={t("sources.clocks")} columns={clockColumns()} rows={s.clocks} id={(c) => c.host} />
      {s.clocks_forgotten > 0 && <p class="small ink2">{t("sources.clocks_forgotten", { n: s.clocks.length, left: s.clocks_forgotten })}</p>}
    </details>
  );
}

function Detail({ s }: { s: Source }) {
  return (
    <div class="source-detail">
      <div>
        <h3>{t("sources.happens")}</h3>
        <p>{say(s.state_text)}</p>
        <Facts rows={[
          [t("sources.path"), <span class="mono">{s.path ?? t("word.none")}</span>], [t("sources.host"), s.host ?? t("word.unknown")],
          [t("sources.first"), <><Time at={s.first_seen} />{s.backfill && ` ${t("sources.backfill")}`}</>], [t("sources.told"), <Time at={s.reported_at} seconds />],
          [t("sources.bytes"), s.bytes === null ? t("word.unknown") : t(s.bytes < 1e6 ? "sources.bytes_k" : "sources.bytes_n", { n: number(s.bytes / (s.bytes < 1e6 ? 1e3 : 1e6)) })],
          [t("sources.encoding"), s.encoding ? t(s.encoding_pinned ? "sources.encoding_pinned" : "sources.encoding_learnt", { name: s.encoding }) : t("sources.encoding_each")],
          [t("sources.broken"), <Num value={s.broken_text} />], [t("sources.oversize"), <Num value={s.oversize} />],
        ]} />
      </div>
      <div>
        <h3>{t("sources.unread")}</h3>
        <Unread s={s} />
        <h3>{t("sources.clocks")}</h3>
        <Clocks s={s} />
      </div>
    </div>
  );
}

export function SourceTable({ rows, open, retention }: { rows: Source[]; open: string | null; retention: Seals["retention"] | null }) {
  const sorted = [...rows].sort(bySourceNeed);
  const opened = open ?? String(sorted.find((s) => !["right", "unknown"].includes(s.state))?.id ?? "");
  return <Table label={t("nav.sources")} columns={columns(retention)} rows={sorted} id={(s) => s.id} below={(s) => (String(s.id) === opened ? <Detail s={s} /> : null)} />;
}
