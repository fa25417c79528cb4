// 口座: accounts probably stolen, from where, and what was looked at afterwards. 疑い until a person confirmed it.
import { api } from "../../api/client";
import type { Account, Incident } from "../../api/types";
import { number } from "../../lib/template";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { type Column, Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

function called(incident: Incident, service: string | null): string {
  const known = incident.scope.services.find((s) => s.name === service);
  return known?.titles?.[lang.value] ?? known?.title ?? service ?? t("word.unknown");
}

function Pages({ account }: { account: Account }) {
  if (account.pages.length === 0) return <>{t("account.only_login")}</>;
  const told = [...account.pages].sort((a, b) => (a.kind === null ? 1 : 0) - (b.kind === null ? 1 : 0));
  return <>{told.map((p) => <div class={p.kind === null ? "ink2" : undefined}>{t("account.page", { kind: p.kinds?.[lang.value] ?? p.kind ?? t("account.kind_unknown"), path: p.path, n: p.n })}</div>)}</>;
}

export function Accounts({ incident }: { incident: Incident }) {
  const list = useResource(api.accounts(incident.id), ["incident"], [incident.id], incident.id);
  const columns: Column<Account>[] = [
    { head: t("account.name"), title: true, cell: (a) => <b class="mono">{a.name}</b> },
    { head: t("scope.service"), cell: (a) => called(incident, a.service) },
    { head: t("account.source"), cell: (a) => <span class="mono id">{a.source ?? t("word.unknown")}</span> },
    { head: t("account.success"), num: true, cell: (a) => <Time at={a.success_at} seconds /> },
    { head: t("account.tried"), num: true, cell: (a) => (a.tried === null ? t("word.unknown") : a.tried === 0 ? t("account.tried_none") : number(a.tried)) },
    { head: t("account.pages"), class: "card-wide", cell: (a) => <Pages account={a} /> },
  ];
  return (
    <Loaded of={list}>{(d) => (
      <Card>
        <p class="empty small">{t("account.caption", { n: d.accounts.length, at: incident.scope.counted_at })}</p>
        {d.accounts.length === 0 ? <Empty>{t("account.none")}</Empty> : <Table label={t("case.tab.accounts")} columns={columns} rows={d.accounts} id={(a) => a.id} />}
      </Card>)}
    </Loaded>
  );
}
