// What every card of this page has: a row with its state and times, and the next step at its true time.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Means, MeansRow } from "../../../api/types";
import { me } from "../../../state/session";
import { say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Mark, type MarkKind } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";

export interface Of { incident: Incident; d: Means; done: () => void }
export const yen = (n: number): string => `${n.toLocaleString("ja-JP")} ${t("remedy.yen")}`;
export const may = (): boolean => ["administrator", "commander", "handler"].includes(me.value?.person.role ?? "");

const MARKS: Record<string, MarkKind> = { within: "ok", asked: "must", approved: "ok", refused: "declared", settled: "ok", instructed: "run", switched: "soon", back_asked: "run", back: "ok", answered: "ok", none: "failed", allowed: "soon" };
/** What may be said next of a row. */
const NEXT: Record<string, Record<string, readonly string[]>> = {
  spend: { within: ["settled"], approved: ["settled"] }, switch: { instructed: ["switched"], switched: ["back_asked"], back_asked: ["back"] }, vendor: { asked: ["answered", "none"] }, ransom: {},
};

export function Step({ x, done }: { x: MeansRow; done: () => void }) {
  const [f, set] = useState({ at: "", words: "" });
  const write = useWrite(() => { set({ at: "", words: "" }); done(); });
  const next = NEXT[x.kind]?.[x.state] ?? [];
  if (!may() || next.length === 0) return null;
  const put = (k: keyof typeof f) => (e: { currentTarget: { value: string } }) => { set({ ...f, [k]: e.currentTarget.value }); write.clear(); };
  const sum = f.words.replace(/[^0-9]/g, "");
  const go = (to: string) => () => void write.run(() => api.stepMeans(x.id, { version: x.version, to, at: f.at.trim() || null, words: f.words.trim(), ...(to === "settled" && sum ? { yen: Number(sum) } : {}) }));
  return (
    <div class="form">
      <div class="form-row">
        <label class="field"><span>{t("remedy.at")}</span><input type="text" value={f.at} onInput={put("at")} placeholder={t("remedy.now")} /></label>
        <label class="field"><span>{t(x.kind === "spend" ? "remedy.sum" : "remedy.words")}</span><input type="text" maxLength={300} value={f.words} onInput={put("words")} /></label>
      </div>
      <Outcome state={write.state} />
      <div class="buttons">{next.map((to) => <Button key={to} smaller busy={write.state.step === "busy"} onPress={go(to)}>{t(`remedy.to.${to}`)}</Button>)}</div>
    </div>
  );
}

export function Row({ incident, x, done, children }: { incident: Incident; x: MeansRow; done: () => void; children?: ComponentChildren }) {
  return (
    <article class="card-body">
      <p><Mark kind={MARKS[x.state] ?? "unknown"}>{t(`means.state.${x.state}`)}</Mark> <b>{x.name}</b> {x.kind === "spend" && <b>{yen(x.yen)}</b>} <span class="small ink2"><Time at={x.asked} /> {say(x.by)}</span></p>
      {x.done && <p class="small">{t("remedy.done")} <Time at={x.done} /> {x.back && <>{t("remedy.back")} <Time at={x.back} /></>}</p>}
      {x.why && <p class="small">{x.why}</p>}
      {children}
      <p class="small">
        {x.decision !== null && x.state === "asked" && <Button smaller href={`#/cases/${incident.id}/actions`}>{t("remedy.decide")}</Button>}
        {x.campaign !== null && <Button smaller href={`#/campaigns/${x.campaign}`}>{t("remedy.campaign")}</Button>} {x.back_campaign !== null && <Button smaller href={`#/campaigns/${x.back_campaign}`}>{t("remedy.back_campaign")}</Button>}
      </p>
      <Step key={x.version} x={x} done={done} />
    </article>
  );
}
