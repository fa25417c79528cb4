// The newest events, each opened in its place: its fields and the line as it arrived, as text and nothing else.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Search } from "../../api/types";
import { visible } from "../../lib/visible";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { Clock, Offset } from "../../widgets/Clock";
import { RawLine } from "../../widgets/LineList";
import { Loaded } from "../../widgets/Loaded";
import { type Column, Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

type Row = Search["events"][number];
const said = (v: unknown): string => visible(Array.isArray(v) ? v.join(", ") : String(v)).map((p) => p.s).join("");

/** One stored event, whole. */
export function Opened({ n, copy }: { n: number; copy?: string }) {
  const one = useResource(api.storedEvent(n, copy), [], [n, copy]);
  return (
    <Loaded of={one}>{(d) => {
      const all = d.event as Record<string, unknown>;
      const fields = Object.entries(all).filter(([k]) => k !== "event.original" && k !== "kizuki.position");
      return (
        <div class="search-event">
          <dl class="try-fields">
            <dt>{t("search.source")}</dt><dd>{d.source || t("word.unknown")}</dd>
            {fields.map(([k, v]) => [<dt>{k}</dt>, <dd>{said(v)}</dd>])}
            <dt>spool</dt><dd>{t("evidence.position", { n })}</dd>
          </dl>
          <div><h3>{t("search.original")}</h3><RawLine text={String(all["event.original"] ?? "")} /></div>
        </div>
      );
    }}</Loaded>
  );
}

export function Events({ s, copy }: { s: Search; copy?: string }) {
  const [open, set] = useState<number | null>(null);
  const of = (key: string) => (r: Row) => (r.fields[key] === undefined ? "" : said(r.fields[key]));
  const columns: Column<Row>[] = [
    { head: t("search.when"), title: true, cell: (r) => (
      <button type="button" aria-expanded={open === r.n} title={t("search.open")} onClick={() => set(open === r.n ? null : r.n)}>
        <span aria-hidden="true">{open === r.n ? "▾" : "▸"}</span> <Time at={r.at} seconds /></button>) },
    { head: t("line.clock.offset"), num: true, cell: (r) => <Offset offset_ms={r.offset_ms} /> },
    { head: t("search.source"), cell: (r) => r.source || t("word.unknown") },
    { head: t("search.field.event.outcome"), cell: of("event.outcome") },
    { head: t("search.field.source.ip"), cell: of("source.ip"), class: "mono" },
    { head: t("search.field.user.name"), cell: of("user.name") },
    { head: t("search.field.message"), cell: (r) => of("message")(r) || of("url.path")(r) || of("event.action")(r) },
  ];
  return (
    <Card title={t("search.table.events")} caption={s.found > s.events.length ? t("search.newest", { n: s.events.length }) : undefined}>
      <Table label={t("search.table.events")} columns={columns} rows={s.events} id={(r) => r.n} below={(r) => (open === r.n ? <><Clock {...r} /><Opened n={r.n} copy={copy} /></> : null)} />
    </Card>
  );
}
