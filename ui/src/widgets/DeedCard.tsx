// A lasting act: what will be done, to how much, what the rehearsal said, what was kept as evidence, who may, when it
// ends; then the one button, the look at its effect, and the way back row by row for as long as it lasts.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Deed, Driver } from "../api/types";
import { lang, say, t } from "../state/text";
import { useWrite } from "../state/write";
import { Facts } from "./Card";
import { Confirm } from "./Confirm";
import { DECIDES, deedMark, deedReach, deedTitle, deedVerb, known, PARAM, unproven } from "./deed";
import { DeedUndo } from "./DeedUndo";
import { Mark } from "./Mark";
import { Outcome } from "./Outcome";
import { Remaining } from "./Time";
import { later } from "./later";
import { MayDecide } from "./MayDecide";

const SHOWN = 20;
const Radius = later("case-radius", () => import("../pages/Case/Radius").then((m) => m.Radius));

function Doer({ name, driver }: { name: string; driver: Driver | undefined }) {
  if (!driver) return <><b>{name}</b> <Mark kind="failed">{t("deed.driver_none")}</Mark></>;
  return (
    <>
      {driver[`title_${lang.value}`] || name} <span class="small ink2 nowrap">{name}</span>{" "}
      {!driver.connected && <div><Mark kind="soon">{t("deed.driver_away")}</Mark></div>}
      {driver.connected && unproven(driver) && <div><Mark kind="soon">{t("deed.unproven")}</Mark></div>}
      {driver.tried && <div class="small ink2">{t("deed.tried", { tried: driver.tried })}</div>}
    </>
  );
}

function rehearsal(d: Deed, driver: Driver | undefined): string {
  if (known(d) === "rehearsed") return t("deed.rehearsed", { at: d.decided_at });
  return t(driver?.dry_run ? "deed.rehearsal_first" : "deed.rehearsal_before");
}

function Authority({ d, kind }: { d: Deed; kind: string }) {
  if (d.state !== "proposed") return <>{d.decided_at && d.decided_by ? t("action.decided", { by: say(d.decided_by), at: d.decided_at }) : t("word.unknown")}</>;
  return <>{d.decided_at && !d.decided_by && <div><Mark kind="run">{t("deed.first_of_two", { at: d.decided_at })}</Mark></div>}<MayDecide incident={d.incident_id} kind={kind} may={d.may.approve} /></>;
}

function Ends({ d }: { d: Deed }) {
  if (d.state === "in_force" && d.until) return <>{t("action.ends_at", { at: d.until })}<Remaining until={d.until} /></>;
  if (d.ended) return <>{t("deed.ended_at", { at: d.ended })}</>;
  return <>{t("deed.ends_after", { s: d.minutes * 60 })}</>;
}

/** What only some acts say. */
function more(d: Deed): [string, string][] {
  const param = PARAM[d.kind], value = param ? d.params[param] : "";
  return [
    ...(value ? [[t(`deed.param.${param}`), value] as [string, string]] : []),
    ...(d.gate ? [[t("deed.kept"), d.kept || t("deed.kept_none")] as [string, string]] : []),
  ];
}

/** The driver's own sentence is English, as its template says it. */
const Why = ({ d }: { d: Deed }) => (d.why && d.why !== "dry_run" && d.why !== "no_answer" ? <span class="small" lang="en">{d.why}</span> : null);

function Rows({ rows, reload }: { rows: Deed[]; reload: () => void }) {
  const differ = rows.some((d) => d.state !== rows[0]?.state || known(d) !== known(rows[0]));
  return (
    <ul class="plain targets small">
      {rows.slice(0, SHOWN).map((d) => (
        <li key={d.id}>
          <b class="mono">{d.target}</b>{differ ? <Mark kind={deedMark(d)}>{t(`deed.state.${known(d)}`)}</Mark> : <span />}<Why d={d} /><DeedUndo deed={d} reload={reload} />
        </li>))}
      {rows.length > SHOWN && <li><a href={`#/in-force${rows[0]?.care ? "/accounts" : ""}`}>{t("deed.more", { n: rows.length - SHOWN })}</a></li>}
      {rows[0]?.care && rows.some((d) => d.in_force_from) && <li><a href="#/in-force/accounts">{t("deed.to_frozen")}</a></li>}
    </ul>
  );
}

/** Those of the batch that are as far as its first are decided together. */
function Decide({ rows, driver, first, reload }: { rows: Deed[]; driver: Driver | undefined; first: boolean; reload: () => void }) {
  const [kept, keep] = useState(rows[0]?.kept_before ?? ""), [reason, because] = useState("");
  const write = useWrite(reload);
  const d = rows[0];
  if (!d || (!d.may.approve && !d.may.reject)) return <Outcome state={write.state} />;
  const busy = write.state.step === "busy", n = rows.length, version = d.version;
  const verb = deedVerb(d.kind, rows), dry = driver?.dry_run ?? false;
  const label = dry ? t("deed.rehearse", { verb }) : d.state === "proposed" ? verb : t("deed.again", { verb });
  const told = !d.gate || kept.trim() !== "";
  const approve = () => void write.run(() => api.deedDo(d.id, "approve", { version, ...(kept.trim() ? { kept: kept.trim() } : {}) }));
  const reject = () => void write.run(() => api.deedDo(d.id, "reject", { version, ...(reason.trim() ? { reason: reason.trim() } : {}) }));
  return (
    <>
      <Outcome state={write.state} />
      {d.may.approve && d.gate && <label class="field"><span>{t("deed.kept_ask")}</span><input type="text" maxLength={1000} value={kept} onInput={(e) => keep(e.currentTarget.value)} /></label>}
      <div class="buttons action-buttons">
        {d.may.approve && told && <Confirm solid={first} busy={busy} label={label} question={t("deed.question", { verb: label })} effect={t(dry ? "deed.effect_dry_run" : "deed.effect", { s: d.minutes * 60 })} onConfirm={approve} />}
        {d.may.approve && !told && <span class="small ink2">{t("deed.kept_wanted")}</span>}
        {d.may.reject && <Confirm busy={busy} label={t("deed.reject", { n })} question={t("deed.reject_question", { n })} onConfirm={reject}
          effect={<label class="field"><span>{t("deed.reject_reason")}</span><input type="text" maxLength={1000} value={reason} onInput={(e) => because(e.currentTarget.value)} /></label>} />}
      </div>
    </>
  );
}

export function DeedCard({ rows, driver, first, reload }: { rows: Deed[]; driver: Driver | undefined; first: boolean; reload: () => void }) {
  const d = rows[0];
  if (!d) return null;
  const same = rows.filter((x) => x.state === d.state), reached = rows.find((x) => x.radius);
  return (
    <article class="card action-card">
      <p class="action-state">
        <Mark kind={deedMark(d)}>{t(`deed.state.${known(d)}`)}</Mark>
        {same.length < rows.length && <span class="small">{t("deed.part", { n: same.length, total: rows.length })}</span>}
        {driver?.dry_run && <span class="tag">{t("band.dry_run")}</span>}
        <span class="grow" /><span class="small ink2">{t("deed.number", { id: d.id })}</span>
      </p>
      <h2>{deedTitle(d.kind, rows, d.minutes)}</h2>
      <Facts big rows={[
        ...(d.reason ? [[t("action.why"), d.reason] as [string, string]] : []),
        ...(d.step ? [[t("deed.step"), <a href={`#/runs/${d.step.run}?task=${d.step.task}`}>{d.step[lang.value]}</a>] as [string, ComponentChildren]] : []),
        [t("action.reach"), <>{deedReach(d.kind, rows)}{reached && <Radius deed={reached} />}</>] as [string, ComponentChildren],
        ...(d.state === "proposed" ? [[t("action.rehearsal"), rehearsal(d, driver)] as [string, string]] : []),
        ...more(d),
        [t("action.authority"), <Authority d={d} kind={DECIDES[d.kind] ?? "block"} />],
        ...(d.state === "rejected" || d.state === "refused" ? [] : [[t("action.end"), <Ends d={d} />] as [string, ComponentChildren]]),
        [t("deed.driver"), <Doer name={d.driver} driver={driver} />],
      ]} />
      {(d.state === "unsure" || d.state === "sent" || known(d) === "unanswered" || known(d) === "unseen") && <p class="note">{t(`deed.note.${known(d)}`)}</p>}
      <Rows rows={rows} reload={reload} />
      <Decide rows={same} driver={driver} first={first} reload={reload} />
    </article>
  );
}
