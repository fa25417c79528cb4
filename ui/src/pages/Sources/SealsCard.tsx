// 封印と保管: how far what arrived is sealed, who has a copy, when it was verified, how long it stays, whether it can be traced.
import type { ComponentChildren } from "preact";
import type { Seals } from "../../api/types";
import { number } from "../../lib/template";
import { t } from "../../state/text";
import { Card, Facts } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Time } from "../../widgets/Time";

type Row = [ComponentChildren, ComponentChildren];

function sealed({ keep }: Seals): ComponentChildren {
  if (!keep) return <span class="ink3">{t("seals.away")}</span>;
  if (keep.state === "stopped") return <Mark kind="must">{t("seals.stopped", { why: keep.why })}</Mark>;
  if (!keep.sealed_at) return <span class="ink2">{t("seals.sealed_none")}</span>;
  return <><Time at={keep.sealed_at} /> <span class="ink2">{t("seals.sealed_to", { n: keep.sealed_to })}</span></>;
}

function verified({ verified: v }: Seals): ComponentChildren {
  if (!v) return <span class="ink2">{t("seals.verified_never")}</span>;
  return (
    <><Time at={v.at} /> {v.faults > 0 ? <Mark kind="must">{t("seals.verified_bad", { n: v.faults })}</Mark> : <Mark kind="ok">{t("seals.verified_ok")}</Mark>}
      {!v.elsewhere && <span class="small ink2"> {t("seals.verified_here")}</span>}</>);
}

/** Whether we could answer who was behind a connection; a failure is as red as a silent source. */
function traced({ traced: r }: Seals): ComponentChildren {
  if (!r) return <span class="ink2">{t("seals.traced_none")}</span>;
  const logs = r.missing.map((m) => t(`trace_log.${m}`)).join(t("word.comma"));
  return (
    <><Time at={r.at} /> {r.outcome === "success" ? <Mark kind="ok">{t("seals.traced_ok")}</Mark>
      : r.outcome === "failure" ? <Mark kind="must">{logs ? t("seals.traced_bad", { logs }) : t("seals.traced_bad_all")}</Mark>
        : r.outcome === "failed" ? <Mark kind="must">{t("seals.traced_failed", { why: r.why })}</Mark>
          : <Mark kind="soon">{t("seals.traced_nothing")}</Mark>}
      {r.address && <span class="small ink2"> {r.address}</span>}</>);
}

function vaults(s: Seals): ComponentChildren {
  const rows = s.lend?.vaults ?? [];
  const to = s.keep?.sealed_to ?? 0;
  if (rows.length === 0) return <span class="ink2">{t("seals.vaults_none")}</span>;
  return rows.map((v) => (
    <p><b>{v.name}</b> <Time at={v.asked_at} /> {v.has >= to ? <span class="ink2">{t("seals.level")}</span> : <Mark kind="soon">{t("seals.behind", { n: to - v.has })}</Mark>}</p>));
}

type Removing = Pick<NonNullable<Seals["keep"]>["retention"], "state" | "removed_at" | "held_segments" | "held_incident">;

/** Why something whose time is over is still there, and when something went last. */
const Removed = ({ of: k, held }: { of: Removing; held: string }) => (
  <>
    {k.state === "held" && <p class="ink2">{t(held, { n: k.held_segments, incident: number(k.held_incident) })}</p>}
    {k.state === "blind" && <p><Mark kind="soon">{t("seals.blind")}</Mark></p>}
    {k.removed_at && <p class="small ink2">{t("seals.removed")} <Time at={k.removed_at} /></p>}
  </>);

const Kept = ({ of: r }: { of: { keep_days: number | null; required_days: number | null; why: string | null } }) => (
  <>{r.keep_days === null ? t("seals.keeping_off") : t("seals.keeping_days", { n: r.keep_days })}
    {r.required_days !== null && <span class="ink2"> {t("seals.required", { n: r.required_days, why: r.why })}</span>}</>);

/** A copy goes by this vault's own settings. */
function CopyKept({ s, name }: { s: Seals; name: string }) {
  const r = s.retention.copies.find((c) => c.name === name);
  const k = s.keep?.copies?.find((c) => c.name === name);
  if (!r) return null;
  return <div class="small"><p>{t("seals.keeping")}: <Kept of={r} /></p>{k && <Removed of={k} held="seals.held_there" />}</div>;
}

function pulled(s: Seals): ComponentChildren {
  return s.pulled.flatMap((p) => (p ? [
    <p><b>{p.name}</b> <span class="ink2">{p.address}</span> <Mark kind={p.state === "fine" ? "ok" : p.state === "stale" ? "soon" : "must"}>{t(`seals.state.${p.state}`)}</Mark>
      {" "}<Time at={p.contact_at} /> <span class="ink2">{t("seals.sealed_to", { n: p.has?.records ?? 0 })}</span>
      {(p.offered?.records ?? 0) > (p.has?.records ?? 0) && <> <Mark kind="soon">{t("seals.behind", { n: (p.offered?.records ?? 0) - (p.has?.records ?? 0) })}</Mark></>}</p>, <CopyKept s={s} name={p.name} />] : []));
}

function keeping({ keep, retention: r }: Seals): ComponentChildren {
  const k = keep?.retention;
  return (
    <>
      <p><Kept of={r} /></p>
      {k && <Removed of={k} held="seals.held" />}
    </>);
}

export function SealsCard({ seals }: { seals: Seals }) {
  const rows: Row[] = [[t("seals.sealed"), sealed(seals)], [t("seals.verified"), verified(seals)], [t("seals.vaults"), vaults(seals)], [t("seals.traced"), traced(seals)]];
  if (seals.pulled.length > 0) rows.push([t("seals.pulled"), pulled(seals)]);
  rows.push([t("seals.keeping"), keeping(seals)]);
  return <Card id="seals" title={t("seals.title")}><div class="card-body"><Facts rows={rows} /></div></Card>;
}
