// 行動: one card for each block and each batch of lasting acts, what waits for a decision first; below, what can be proposed.
import type { ComponentChildren } from "preact";
import { api } from "../../api/client";
import type { Action, Deed, Driver, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t } from "../../state/text";
import { batches, deedRank } from "../../widgets/deed";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { later } from "../../widgets/later";
import { ActionCard } from "./ActionCard";
import { DeedCard } from "../../widgets/DeedCard";

const DeedPropose = later("case-propose", () => import("./DeedPropose").then((m) => m.DeedPropose));

const RANK: Record<Action["state"], number> = { proposed: 0, approved: 1, sent: 1, in_force: 2, refused: 3, expired: 3, dry_run: 4, undone: 5, ended: 5, rejected: 6 };
interface Item { key: string; rank: number; solid: boolean; card: (solid: boolean) => ComponentChildren }

function items(actions: Action[], deeds: Deed[], drivers: Driver[], done: () => void): Item[] {
  const rows = [...actions].sort((a, b) => RANK[a.state] - RANK[b.state] || (a.due ?? "9").localeCompare(b.due ?? "9") || b.id - a.id);
  return [
    ...rows.map((a) => ({ key: `a${a.id}`, rank: RANK[a.state], solid: a.may.approve && !(a.state === "dry_run" && me.value?.dry_run), card: (s: boolean) => <ActionCard action={a} first={s} reload={done} /> })),
    ...batches(deeds).flatMap((b) => (b[0] ? [{ key: `d${b[0].batch}`, rank: deedRank(b[0]), solid: b[0].may.approve && b[0].state === "proposed", card: (s: boolean) => <DeedCard rows={b} driver={drivers.find((v) => v.name === b[0]?.driver)} first={s} reload={done} /> }] : [])),
  ].sort((a, b) => a.rank - b.rank);
}

export function Actions({ incident, reload }: { incident: Incident; reload: () => void }) {
  const list = useResource(api.actions(incident.id), ["action", "incident"], [incident.id], incident.id);
  const deeds = useResource(api.incidentDeeds(incident.id), ["incident", "now"], [incident.id], incident.id);
  const drivers = useResource(api.drivers, ["incident", "now"], [incident.id], incident.id);
  const done = () => { list.reload(); deeds.reload(); reload(); };
  const known = drivers.data?.drivers ?? [];
  return (
    <>
      <Loaded of={list}>{(d) => {
        const all = items(d.actions, deeds.data?.deeds ?? [], known, done);
        if (all.length === 0) return <Card><Empty>{t("action.none")}</Empty></Card>;
        return <div class="grid">{all.map((x, i) => <div key={x.key} class={all.length === 1 ? "w8" : "w6 stretch"}>{x.card(i === 0 && x.solid)}</div>)}</div>;
      }}</Loaded>
      {drivers.data && <div class="below"><DeedPropose incident={incident} drivers={known} done={done} /></div>}
    </>
  );
}
