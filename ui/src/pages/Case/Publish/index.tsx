// 公表: what was said to everybody, the draft that is being made out of the facts, and what was promised.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Promised, Publications } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Remaining, Time } from "../../../widgets/Time";
import { Answers } from "./Answers";
import { Contacted } from "./Contacted";
import { Draft } from "./Draft";
import { mayWrite } from "./may";
import { Outgoing } from "./Outgoing";
import { Version } from "./Version";

function Begin({ incident, all, done }: { incident: Incident; all: Publications; done: () => void }) {
  const out = all.publications.some((p) => p.published !== null);
  const texts = all.statements.filter((s) => s.use === "publication");
  const [f, set] = useState<{ statement: string; stage: "first" | "follow" | "final" }>({ statement: texts[0]?.key ?? "", stage: out ? "follow" : "first" });
  const write = useWrite(done);
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.beginPublication(incident.id, f)); }}>
      <div class="form-row even">
        {texts.length > 1 && <label class="field"><span>{t("announce.which")}</span><select value={f.statement} onChange={(e) => set({ ...f, statement: e.currentTarget.value })}>{texts.map((s) => <option value={s.key}>{titleOf(s)}</option>)}</select></label>}
        <label class="field"><span>{t("announce.stage")}</span><select value={f.stage} onChange={(e) => set({ ...f, stage: e.currentTarget.value as typeof f.stage })}>{(["first", "follow", "final"] as const).map((s) => <option value={s}>{t(`announce.stage.${s}`)}</option>)}</select></label>
      </div>
      <Outcome state={write.state} />
      <div class="buttons"><Button solid submit busy={write.state.step === "busy"}>{t("announce.begin")}</Button></div>
    </form>
  );
}

function Promises({ list }: { list: Promised[] }) {
  const open = list.filter((p) => p.state === "open" && p.of === "publication");
  return <>{open.map((p) => (
    <p key={p.id}>{p.late ? <Mark kind="must">{t("announce.late")}</Mark> : <Mark kind="soon">{t("announce.promised")}</Mark>} {p.what} <Time at={p.due} /> {!p.late && <Remaining until={p.due} />}</p>))}</>;
}

/** From opening the case to what went out first. */
function took(incident: Incident, all: Publications): number | null {
  const first = all.publications.flatMap((p) => (p.published ? [Date.parse(p.published)] : [])).sort((a, b) => a - b)[0];
  return first === undefined ? null : Math.max(0, Math.round((first - Date.parse(incident.opened)) / 60_000));
}

export function Publish({ incident, reload }: { incident: Incident; reload: () => void }) {
  const all = useResource(api.publications(incident.id), ["incident", "registers"], [incident.id], incident.id);
  const done = () => { all.reload(); reload(); };
  return (
    <Loaded of={all}>{(x) => {
      const open = x.publications.find((p) => p.state === "draft" || p.state === "asked");
      const out = x.publications.filter((p) => p !== open);
      const n = took(incident, x);
      return (
        <div class="grid">
          <div class="w8"><Card id="publish" title={t("announce.title")} caption={t("announce.caption")}>
            {open ? <Draft key={`${open.id}-${open.version}`} incident={incident} p={open} done={done} /> : mayWrite() && incident.state === "open" ? <Begin incident={incident} all={x} done={done} /> : <p class="empty">{t("announce.none")}</p>}
          </Card><div class="below"><Answers incident={incident} /></div><div class="below"><Outgoing incident={incident} texts={x.statements} /></div><div class="below"><Contacted incident={incident} /></div></div>
          <div class="w4"><Card id="published" title={t("announce.versions")}>
            <div class="card-body">
              <Promises list={x.promises} />
              {n !== null && <p>{t("announce.first_took", { n })}</p>}
              {out.length === 0 && <p class="ink2">{t("announce.none")}</p>}
              {out.some((p) => p.published) && <><p><a class="button" href={api.publicationFiles(incident.id)} download={`${incident.number}.zip`}>{t("announce.files")}</a></p><p class="small ink2">{t("announce.files_hint")}</p></>}
            </div>
            {out.map((p) => <Version key={p.id} incident={incident} p={p} open={open !== undefined} done={done} />)}
          </Card></div>
        </div>
      );
    }}</Loaded>
  );
}
