// ログ源: what arrives and what does not, those that need somebody first; and how to send more.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Seals, Source } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { sourceMark } from "../../widgets/source";
import { Segments } from "../../widgets/Tabs";
import { How } from "./How";
import { Late } from "./Late";
import { Register, RegisterRed } from "./register";
import { SealsCard } from "./SealsCard";
import { SourceTable } from "./SourceTable";

const GROUPS: Record<string, (s: Source) => boolean> = {
  all: () => true, must: (s) => s.state === "silent", soon: (s) => sourceMark(s.state) === "soon", unknown: (s) => s.state === "unknown",
};

function List({ rows, total, group, open, seals }: { rows: Source[]; total: number; group: string; open: string | null; seals: Seals | null }) {
  const [q, find] = useState("");
  const wanted = q.trim().toLowerCase();
  const shown = rows.filter(GROUPS[group] ?? (() => true)).filter((s) => !wanted || [s.name, s.path, s.service, s.host, s.kind].some((v) => v?.toLowerCase().includes(wanted)));
  const tabs = Object.keys(GROUPS).map((g) => ({ id: g, href: `#/sources?state=${g}`, label: t(`sources.${g}`), count: rows.filter(GROUPS[g] ?? (() => true)).length }));
  return (
    <>
      <div class="page-head">
        <h1>{t("nav.sources")}</h1>
        <Segments tabs={tabs} on={group} label={t("sources.filter")} />
        <div class="find"><input type="search" data-find value={q} onInput={(e) => find(e.currentTarget.value)} placeholder={t("sources.find")} aria-label={t("sources.find")} /></div>
        <span class="grow" />
        <Button href="#/sources/register">{t("register.to")}</Button>
        <Button href="#/sources/late">{t("late.to")}</Button>
        <Button href="#/sources/how">{t("sources.how")}</Button>
      </div>
      <RegisterRed />
      <Card>
        {rows.length === 0 && <div class="empty"><p>{t("sources.none")}</p><p><a href="#/sources/how">{t("sources.how")}</a></p></div>}
        {rows.length > 0 && shown.length === 0 && <Empty>{t("sources.none_found")}</Empty>}
        {shown.length > 0 && <SourceTable rows={shown} open={open} retention={seals?.retention ?? null} />}
        {shown.length > 0 && <p class="empty small">{t("sources.shown", { n: shown.length, total })}</p>}
      </Card>
      {seals && <div class="below"><SealsCard seals={seals} /></div>}
    </>
  );
}

export function Sources({ args, query }: { args: string[]; query: URLSearchParams }) {
  const how = args[0] === "how";
  const list = useResource(api.sources, ["sources"], []);
  const seals = useResource(api.seals, ["sources"], []);
  if (how) return <How log={query.get("log")} />;
  if (args[0] === "late") return <Late />;
  if (args[0] === "register") return <Register args={args.slice(1)} />;
  return <Loaded of={list}>{(d) => <List rows={d.sources} total={d.total} group={query.get("state") ?? "all"} open={args[0] ?? query.get("open")} seals={seals.data ?? null} />}</Loaded>;
}
