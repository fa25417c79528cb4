// One alert level: for what, until when, what was handed out, and what may be done about it now.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { LevelRow } from "../../api/types";
import { me } from "../../state/session";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../Button";
import { Facts } from "../Card";
import { Confirm } from "../Confirm";
import { Mark } from "../Mark";
import { Outcome } from "../Outcome";
import { Remaining, Time } from "../Time";
import { RaiseLevel } from "./Raise";

export const levelTitle = (x: { title_ja: string; title_en: string }): string => (lang.value === "ja" ? x.title_ja : x.title_en);
const MARKS = { proposed: "must", asked: "must", in_force: "soon", lowered: "ok", declined: "declared" } as const;

const MAY_END = ["proposed", "asked", "in_force"];
const way = (x: LevelRow) => (x.state === "asked" ? "withdraw" : "lower");

function End({ x, reload }: { x: LevelRow; reload: () => void }) {
  const [why, set] = useState("");
  const write = useWrite(reload);
  const send = () => void write.run(() => api.endLevel(x.id, { version: x.version, why: why.trim() }));
  const busy = write.state.step === "busy";
  return (
    <div class="form">
      <label class="field"><span>{t("guard.why")}</span><input type="text" maxLength={300} value={why} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} /></label>
      <Outcome state={write.state} />
      <div class="buttons">
        {why.trim() && (x.state === "proposed" ? <Button busy={busy} onPress={send}>{t("guard.decline")}</Button>
          : <Confirm busy={busy} label={t(`guard.${way(x)}`)} question={t(`guard.${way(x)}_question`)} effect={t(`guard.${way(x)}_effect`)} onConfirm={send} />)}
        {!why.trim() && x.state === "in_force" && <span class="small ink2">{t("guard.wants_why")}</span>}
      </div>
    </div>
  );
}

export function Row({ x, reload, more }: { x: LevelRow; reload: () => void; more?: preact.ComponentChildren }) {
  const [open, toggle] = useState(false);
  const may = ["administrator", "commander", "handler", "approver"].includes(me.value?.person.role ?? "");
  return (
    <article class="card-body">
      <p><Mark kind={MARKS[x.state]}>{t(`guard.state.${x.state}`)}</Mark> <b>{levelTitle(x)}</b> {x.services.map((s) => <span class="tag">{s}</span>)} {x.until && x.state === "in_force" && <Remaining until={x.until} />}</p>
      <Facts rows={[
        [t("guard.of"), <>{t(`guard.origin.${x.origin}`)} {x.tip !== null && <a class="small" href={`#/reports/tips/${x.tip}`}>{x.tip_number}</a>} {x.step && <a class="small" href={`#/runs/${x.step.run}`}>{x.step[lang.value]}</a>} {x.incident && <a class="small" href={`#/cases/${x.incident.id}`}>{x.incident.number}</a>} <Time at={x.proposed} /></>],
        [t("guard.reason"), x.reason],
        ...(x.until ? [[t("guard.ends"), <Time at={x.until} />] as [string, preact.JSX.Element]] : []),
        ...(x.decided ? [[t("decision.by"), <>{say(x.decided_by)} <Time at={x.decided} /></>] as [string, preact.JSX.Element]] : []),
        ...(x.campaign !== null ? [[t("guard.done"), <a href={`#/campaigns/${x.campaign}`}>{t("guard.share", { n: x.targets_n, done: x.targets_done })}</a>] as [string, preact.JSX.Element]] : []),
        ...(x.why ? [[t("guard.why"), x.why] as [string, string]] : []),
      ]} />
      {more}
      {x.state === "asked" && x.incident && <div class="buttons"><Button href={`#/cases/${x.incident.id}/actions`}>{t("guard.decide")}</Button></div>}
      {may && MAY_END.includes(x.state) && !open && <div class="buttons">
        <Button onPress={() => toggle(true)}>{t(x.state === "proposed" ? "guard.raise" : `guard.${way(x)}`)}</Button>
      </div>}
      {open && x.state === "proposed" && <RaiseLevel tip id={x.tip ?? 0} services={x.services} reason={x.reason} row={x} done={reload} />}
      {open && MAY_END.includes(x.state) && <End x={x} reload={reload} />}
    </article>
  );
}
