// 復旧と終結: what is down and in which order it comes back, copies asked back, and the gate before the case is closed.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { CaseRow, Incident, Recovery as RecoveryOf } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark, type MarkKind } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { StandingPicture } from "../../../widgets/Standing";
import { Time } from "../../../widgets/Time";
import { Copies } from "./Copies";
import { Safety } from "./Safety";

const STAGE: Record<string, MarkKind> = { down: "must", started: "run", limited: "soon", back: "ok" };

function Stage({ row, done }: { row: CaseRow; done: () => void }) {
  const [expected, set] = useState(row.doc.fields.expected ?? "");
  const write = useWrite(done);
  const to = (state: string) => () => void write.run(() => api.changeCaseRow(row.id, { version: row.version, state, fields: { expected } }));
  if (me.value?.person.role === "auditor") return null;
  return (
    <div class="form">
      <label class="field"><span>{t("recovery.expected")}</span><input type="text" maxLength={100} value={expected} onInput={(e) => set(e.currentTarget.value)} /></label>
      <div class="buttons">{["started", "limited", "back", "down"].filter((s) => s !== row.state).map((s) => <Button smaller busy={write.state.step === "busy"} onPress={to(s)}>{t(`recovery.to.${s}`)}</Button>)}</div>
      <Outcome state={write.state} />
    </div>
  );
}

function Order({ of, done }: { of: RecoveryOf; done: () => void }) {
  const row = (name: string): CaseRow | undefined => of.rows.find((r) => r.name === name);
  if (of.rows.length === 0) return <Empty>{t("recovery.none")}</Empty>;
  return (
    <>
      {of.loops.map((l) => <p class="card-body" role="alert"><Mark kind="must">{t("recovery.loop", { names: l.join(" → ") })}</Mark></p>)}
      <ol class="recovery-order">
        {[...of.order, ...of.stuck, ...of.back].map((n) => {
          const r = row(n.name);
          return (
            <li key={n.name}>
              <p><b>{n.name}</b> {r && <Mark kind={STAGE[r.state] ?? "unknown"}>{t(`row_state.${r.state}`)}</Mark>} <span class="tag">{t("recovery.weight", { weight: t(`recovery.weight.${n.weight}`) })}</span></p>
              {n.waits_for.length > 0 && <p class="small">{t("recovery.waits", { names: n.waits_for.join("、") })}</p>}
              {n.carries > 0 && <p class="small ink2">{t("recovery.carries", { n: n.carries })}</p>}
              {!n.known && <p class="small">{t("recovery.unknown")}</p>}
              {r && <p class="small ink2">{r.doc.past.map((p) => <span class="nowrap">{t(`row_state.${p.state}`)} <Time at={p.at} />　</span>)}</p>}
              {r && <Stage key={r.version} row={r} done={done} />}
            </li>
          );
        })}
      </ol>
    </>
  );
}

function Down({ incident, of, done }: { incident: Incident; of: RecoveryOf; done: () => void }) {
  const free = of.systems.filter((s) => !of.rows.some((r) => r.name === s.name));
  const [name, set] = useState("");
  const write = useWrite(() => { set(""); done(); });
  if (me.value?.person.role === "auditor") return null;
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.addCaseRow(incident.id, { kind: "stage", key: name.trim(), name: name.trim() })); }}>
      <label class="field"><span>{t("recovery.which")}</span><input type="text" list="systems" required maxLength={200} value={name} onInput={(e) => set(e.currentTarget.value)} /></label>
      <datalist id="systems">{free.map((s) => <option value={s.name} />)}</datalist>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("recovery.add")}</Button></div>
    </form>
  );
}

export function Recovery({ incident, reload }: { incident: Incident; reload: () => void }) {
  const of = useResource(api.recovery(incident.id), ["incident", "registers"], [incident.id], incident.id);
  return (
    <div class="grid">
      <div class="w7 stack">
        <Loaded of={of}>{(d) => (
          <>
            <Card id="recovery" title={t("recovery.title")} caption={t("recovery.caption")}><Order of={d} done={of.reload} /><Down incident={incident} of={d} done={of.reload} /></Card>
            {d.systems.length > 0 && <Card id="picture" title={t("recovery.picture")} caption={t("recovery.picture_caption")}><StandingPicture of={d.systems} /></Card>}
          </>)}
        </Loaded>
        <Copies incident={incident} />
      </div>
      <div class="w5"><Safety incident={incident} reload={reload} /></div>
    </div>
  );
}
