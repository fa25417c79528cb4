// Whether I may decide this now: by the table of authority where somebody wrote one; else by the role, and that is said.
import { api } from "../api/client";
import { useResource } from "../state/resource";
import { t } from "../state/text";

export function MayDecide({ incident, kind, may }: { incident: number; kind: string; may: boolean }) {
  const a = useResource(api.incidentAuthority(incident, kind), ["registers", "incident"], [incident, kind], incident).data;
  const role = t(may ? "action.you_may" : "action.you_may_not");
  if (!a) return <>{role}</>;
  if (a.verdict === "no_table") return <>{role} <a class="small" href="#/duty/authority">{t("authority.not_written", { kind: t(`decide.${kind}`) })}</a></>;
  if (a.verdict === "alone") return <><b>{t("action.you_may")}</b></>;
  const list = a.verdict === "ask" ? a.ask : a.decide;
  return <>{t(`verdict.${a.verdict}`)} {a.policy && <span class="tag">{a.policy}</span>} {list.map((p, i) => <span key={p.name}>{i > 0 && "、"}{p.name}{p.phone && <> <a class="nowrap" href={`tel:${p.phone}`}>{p.phone}</a></>}</span>)}</>;
}
