// What went out: as it was decided about, what changed against the one before, and taking it back or correcting it.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Publication } from "../../../api/types";
import { lang, say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Confirm } from "../../../widgets/Confirm";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { headOf, Languages } from "./Draft";
import { mayWrite } from "./may";

function Changes({ p, l }: { p: Publication; l: "ja" | "en" }) {
  if (p.since === null || p.changes.length === 0) return null;
  const now = (name: string) => p.says?.parts.find((x) => x.name === name)?.[l] ?? "";
  return (
    <details>
      <summary>{t("announce.since", { n: p.since })}</summary>
      <ul class="plain small">{p.changes.map((c) => (
        <li key={c.part}>
          <b>{t(`announce.change.${c.is}`)}</b>{" "}
          {c.before && <del>{c.before[l]}</del>} {c.is !== "gone" && <ins>{now(c.part)}</ins>}
        </li>))}</ul>
    </details>
  );
}

function Back({ p, open, incident, done }: { p: Publication; open: boolean; incident: Incident; done: () => void }) {
  const [f, set] = useState({ show: false, why: "" });
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  if (!f.show) return (
    <div class="buttons no-print">
      {!open && p.state === "published" && <Button smaller busy={busy} onPress={() => void write.run(() => api.beginPublication(incident.id, { statement: p.statement, stage: p.stage, corrects: p.id }))}>{t("announce.correct")}</Button>}
      <Button smaller onPress={() => set({ ...f, show: true })}>{t("announce.withdraw")}</Button><Outcome state={write.state} />
    </div>);
  return (
    <div class="form">
      <label class="field"><span>{t("announce.withdraw_why")}</span><input type="text" maxLength={300} value={f.why} onInput={(e) => set({ ...f, why: e.currentTarget.value })} /></label>
      <Outcome state={write.state} />
      <div class="buttons">{f.why.trim() && <Confirm smaller busy={busy} label={t("announce.withdraw")} question={t("announce.withdraw")} effect={t("announce.withdraw_why")} onConfirm={() => void write.run(() => api.endPublication(p.id, { version: p.version, why: f.why.trim() }))} />}<Button smaller onPress={() => set({ show: false, why: "" })}>{t("button.leave")}</Button></div>
    </div>
  );
}

const MARK = { published: "ok", corrected: "declared", withdrawn: "declared", draft: "todo", asked: "must" } as const;

export function Version({ incident, p, open, done }: { incident: Incident; p: Publication; open: boolean; done: () => void }) {
  const [l, pick] = useState<"ja" | "en">(lang.value === "en" && p.en ? "en" : "ja");
  return (
    <article class="card-body publish-version">
      <p><Mark kind={MARK[p.state]}>{t(`announce.state.${p.state}`)}</Mark> <b>{t("announce.number", { n: p.number })}</b> <Time at={p.published} /> {p.published_by && <span class="ink2">{say(p.published_by)}</span>}</p>
      {p.state === "withdrawn" && <p class="small">{p.why}</p>}
      <details>
        <summary>{p.says?.subject[l] ?? p.says?.subject.ja}</summary>
        {p.en && <Languages l={l} pick={pick} />}
        {p.says?.parts.filter((x) => x[l]).map((x) => <div key={x.name}>{headOf(x, l) && <h3>{headOf(x, l)}</h3>}<p class="publish-text" lang={l}>{x[l]}</p></div>)}
        <p class="small ink2 mono">{p.digest.slice(0, 16)}</p>
      </details>
      <Changes p={p} l={l} />
      {mayWrite() && (p.state === "published" || p.state === "corrected") && <Back p={p} open={open} incident={incident} done={done} />}
    </article>
  );
}
