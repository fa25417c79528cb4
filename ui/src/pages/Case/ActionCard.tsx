// What will be done in words, whom it reaches, what the rehearsal said, who may, when it ends; then the
// button, the check of its effect, and the way back for as long as it lasts.
import type { Action } from "../../api/types";
import { parse } from "../../lib/time";
import { now } from "../../state/clock";
import { say, t } from "../../state/text";
import { Facts } from "../../widgets/Card";
import { actionMark, actionTitle, proven } from "../../widgets/action";
import { Mark } from "../../widgets/Mark";
import { Num } from "../../widgets/Num";
import { Remaining, Time } from "../../widgets/Time";
import { ActionButtons } from "./ActionButtons";
import { Addresses } from "./Addresses";
import { MayDecide } from "../../widgets/MayDecide";

function radius(a: Action): string {
  const counted = a.addresses.filter((x) => x.good_accounts_7d !== null);
  const good = counted.reduce((n, x) => n + (x.good_accounts_7d ?? 0), 0);
  const p = { n: a.addresses.length, good, unknown: a.addresses.length - counted.length, partners: a.addresses.filter((x) => x.partner).length, shared: a.addresses.filter((x) => x.shared).length };
  return t(counted.length === 0 ? "action.radius_unknown" : "action.radius", p);
}

function rehearsal(a: Action): string {
  if (a.state === "dry_run") return t("action.rehearsed", { at: a.in_force_from ?? a.decided_at });
  return t("action.rehearsal_none");
}

function authority(a: Action): string {
  if (a.decided_at) return t("action.decided", { by: say(a.decided_by), at: a.decided_at });
  return t(a.may.approve ? "action.you_may" : "action.you_may_not");
}

const ending = (a: Action) => (a.until ? t(a.state === "in_force" ? "action.ends_at" : "action.ended_at", { at: a.until }) : t("action.ends_after", { minutes: a.minutes }));

function Running({ action }: { action: Action }) {
  const from = parse(action.in_force_from), to = parse(action.until);
  if (from === null || to === null) return null;
  const share = Math.min(1, Math.max(0, (now.value - from) / (to - from)));
  return (
    <div class="running small">
      <span>{t("action.from", { at: action.in_force_from })}</span><span>{t("action.ends_at", { at: action.until })}<Remaining until={action.until ?? ""} /></span>
      <svg class="running-bar" width="100%" height="8" role="img" aria-label={t("action.elapsed", { percent: Math.round(share * 100) })}>
        <rect width="100%" height="8" rx="4" fill="var(--line)" /><rect width={`${share * 100}%`} height="8" rx="4" fill="var(--g3)" />
      </svg>
    </div>
  );
}

function Effect({ action }: { action: Action }) {
  const e = action.effect;
  if (e === null) return <p class="note">{t(action.state === "in_force" ? "action.effect_waiting" : "action.effect_none")}</p>;
  return (
    <dl class="effect small">
      <div><dt>{t("action.tries_after")}</dt><dd><b><Num value={e.tries_after} /></b>{t("scope.times")}</dd></div>
      <div><dt>{t("action.packets")}</dt><dd><b><Num value={e.packets_dropped} /></b></dd></div>
      <div><dt>{t("action.checked")}</dt><dd><Time at={e.checked_at} seconds /></dd></div>
    </dl>
  );
}

export function ActionCard({ action, first, reload }: { action: Action; first: boolean; reload: () => void }) {
  const live = action.state === "in_force";
  return (
    <article class="card action-card">
      <p class="action-state">
        <Mark kind={proven(action) ? "proved" : actionMark(action)}>{t(proven(action) ? "action.proven" : `action.state.${action.state}`)}</Mark>
        {action.dry_run && action.state !== "dry_run" && <span class="tag">{t("band.dry_run")}</span>}
        <span class="grow" />
        <span class="small ink2">{t("timeline.action", { id: action.id })}</span>
      </p>
      <h2>{actionTitle(action)}</h2>
      <Facts big rows={[
        [t("action.why"), say(action.reason)], [t("action.reach"), radius(action)],
        ...(action.state === "proposed" || action.state === "dry_run" ? [[t("action.rehearsal"), rehearsal(action)] as [string, string]] : []),
        [t("action.authority"), action.state === "proposed" ? <MayDecide incident={action.incident_id} kind="block" may={action.may.approve} /> : authority(action)],
        ...(action.state === "dry_run" || action.state === "rejected" ? [] : [[t("action.end"), ending(action)] as [string, string]]),
        ...(action.why_proposed && action.state === "proposed" ? [[t("action.held"), say(action.why_proposed)] as [string, string]] : []),
      ]} />
      <Addresses action={action} />
      {(live || action.effect) && <Effect action={action} />}
      {live && <Running action={action} />}
      <ActionButtons action={action} first={first} reload={reload} />
    </article>
  );
}
