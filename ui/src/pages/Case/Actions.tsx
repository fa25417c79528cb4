// 行動: one card for each action, the one that waits for a decision first.
import { api } from "../../api/client";
import type { Action, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { ActionCard } from "./ActionCard";

const RANK: Record<Action["state"], number> = { proposed: 0, approved: 1, sent: 1, in_force: 2, refused: 3, expired: 3, dry_run: 4, undone: 5, ended: 5, rejected: 6 };

export function Actions({ incident, reload }: { incident: Incident; reload: () => void }) {
  const list = useResource(api.actions(incident.id), ["action", "incident"], [incident.id], incident.id);
  const done = () => { list.reload(); reload(); };
  return (
    <Loaded of={list}>{(d) => {
      const rows = [...d.actions].sort((a, b) => RANK[a.state] - RANK[b.state] || (a.due ?? "9").localeCompare(b.due ?? "9") || b.id - a.id);
      if (rows.length === 0) return <Card><Empty>{t("action.none")}</Empty></Card>;
      return <div class="grid">{rows.map((a, i) => <div key={a.id} class={rows.length === 1 ? "w8" : "w6 stretch"}><ActionCard action={a} first={i === 0 && a.may.approve && !(a.state === "dry_run" && me.value?.dry_run)} reload={done} /></div>)}</div>;
    }}</Loaded>
  );
}
