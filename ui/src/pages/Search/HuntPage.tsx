// One hunt over what is kept: which indicators, hosts and accounts, and when each was seen first.
import { useEffect } from "preact/hooks";
import { api } from "../../api/client";
import type { HuntResult } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { HuntName, Progress } from "../../widgets/Hunt";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const ASK_MS = 1500;

/** While it runs nothing found says nothing. */
function Seen({ r, of, running }: { r: HuntResult; of: "indicators" | "hosts" | "accounts"; running: boolean }) {
  const rows = r[of]?.values ?? [];
  if (running && rows.length === 0) return null;
  return (
    <Card title={t(`ioc.of.${of}`)}>
      {rows.length === 0 ? <Empty>{t("ioc.of_none")}</Empty> : (
        <Table label={t(`ioc.of.${of}`)} rows={rows} id={(v) => v.value} columns={[
          { head: t("ioc.value"), cell: (v) => v.value, class: "mono", title: true },
          { head: t("ioc.first"), cell: (v) => <Time at={v.first_at} /> },
          { head: t("ioc.last"), cell: (v) => <Time at={v.last_at} /> },
          { head: t("search.table.events"), cell: (v) => t("search.found", { n: v.n }), num: true },
        ]} />)}
    </Card>
  );
}

export function HuntPage({ id }: { id: string }) {
  const one = useResource(api.hunt(id), [], [id]);
  const running = one.data?.hunt.state === "running";
  useEffect(() => {
    const timer = running ? setInterval(one.reload, ASK_MS) : undefined;
    return () => clearInterval(timer);
  }, [running]);
  return (
    <Loaded of={one}>{({ hunt, result }) => (
      <div class="stack">
        <h2><HuntName h={hunt} /></h2>
        <Card><div class="card-body">
          <p><b class="big">{t("search.found", { n: hunt.found })}</b> {hunt.first_at && <span class="small ink2">{t("search.first", { first: hunt.first_at, last: hunt.last_at })}</span>}</p>
          {running && <><Mark kind="run">{t("search.running")}</Mark><Progress of={result} /></>}
          {hunt.state === "failed" && <Mark kind="failed">{t("search.failed", { why: result.why ?? "" })}</Mark>}
          {result.kept_since && <p class="small ink2">{t("ioc.kept_since", { at: result.kept_since })}</p>}
        </div></Card>
        {hunt.kind === "indicators" && <Seen r={result} of="indicators" running={running} />}
        <Seen r={result} of="hosts" running={running} />
        <Seen r={result} of="accounts" running={running} />
      </div>)}</Loaded>
  );
}
