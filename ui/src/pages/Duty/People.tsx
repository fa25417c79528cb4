// 連絡網: who there is, by organisation: title, role here, how to reach them in order, on which rosters they stand. Printed, it is the call tree.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { DutyDays, People as Data } from "../../api/types";
import { useResource } from "../../state/resource";
import { t, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { type Column, Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

type Person = Data["people"][number];
type Organisation = Data["organisations"][number];
const DAYS = 42; /* who stands on a roster within six weeks */

function Way({ way }: { way: Person["ways"][number] }) {
  const href = way.kind === "mail" ? `mailto:${way.to}` : way.kind === "chat" ? null : `tel:${way.to.replace(/[^+0-9]/g, "")}`;
  return <span class="nowrap"><span class="small ink2">{t(`people_page.way.${way.kind}`)}</span> {href ? <a href={href}>{way.to}</a> : way.to} </span>;
}

const rostersOf = (days: DutyDays | null, name: string): string[] => (days?.groups ?? []).filter((g) => g.slots.some((s) => s.name === name)).map((g) => g.name);

function OfOne({ title, people, days, of }: { title: string; people: Person[]; days: DutyDays | null; of: Organisation | null }) {
  const columns: Column<Person>[] = [
    { head: t("people_page.name"), title: true, cell: (p) => <><b>{p.name}</b>{p.title && <span class="small ink2"> {p.title}</span>}</> },
    { head: t("people_page.ways"), class: "card-wide", cell: (p) => (p.ways.length === 0 ? <Mark kind="soon">{t("people_page.no_way")}</Mark> : p.ways.map((w) => <Way key={w.kind + w.to} way={w} />)) },
    { head: t("people_page.rosters"), cell: (p) => rostersOf(days, p.name).join(t("word.comma")) || "—" },
    { head: t("people_page.role"), cell: (p) => (p.role ? word("role", p.role) : t("people_page.no_role")) },
    { head: t("people_page.seen"), wide: true, cell: (p) => (p.seen ? <Time at={p.seen} /> : "—") },
  ];
  return (
    <Card id={`people-${of?.id ?? 0}`} title={title} caption={of && of.call ? t("people_page.call", { number: of.call }) : undefined}>
      {people.length === 0 ? <Empty>{t("people_page.nobody")}</Empty> : <Table label={title} columns={columns} rows={people} id={(p) => p.id} />}
    </Card>
  );
}

/** A tree as a path: 本社 > 情報システム課. */
function pathOf(all: Organisation[], o: Organisation): string {
  const above = all.find((x) => x.id === o.parent);
  return above ? `${pathOf(all.filter((x) => x.id !== o.id), above)} > ${o.name}` : o.name;
}

export function PeopleList() {
  const list = useResource(api.people, ["registers"], []);
  const days = useResource(api.dutyDays(DAYS), ["registers"], []);
  const [q, find] = useState("");
  return (
    <Loaded of={list}>{(d) => {
      const wanted = q.trim().toLowerCase();
      const shown = d.people.filter((p) => !wanted || [p.name, p.kana, p.title, ...p.ways.map((w) => w.to)].some((x) => x.toLowerCase().includes(wanted)));
      const loose = shown.filter((p) => p.organisation === null);
      return (
        <div class="stack">
          <div class="register-tools no-print">
            <div class="find"><input type="search" data-find value={q} onInput={(e) => find(e.currentTarget.value)} placeholder={t("people_page.find")} aria-label={t("people_page.find")} /></div>
            <span class="grow" /><Button smaller onPress={() => print()}>{t("people_page.print")}</Button>
          </div>
          {d.people.length === 0 && <Card><div class="empty"><p>{t("people_page.none")}</p><p><a href="#/sources/register/people/import">{t("duty.import")}</a></p></div></Card>}
          {d.organisations.map((o) => [o, shown.filter((p) => p.organisation === o.id)] as const).filter(([, people]) => people.length > 0).map(([o, people]) => <OfOne key={o.id} title={pathOf(d.organisations, o)} people={people} days={days.data} of={o} />)}
          {loose.length > 0 && <OfOne title={t("people_page.loose")} people={loose} days={days.data} of={null} />}
        </div>);
    }}</Loaded>
  );
}
