// 安全宣言: the conditions of closing. What is counted cannot be confirmed away; an exception has a reason and stays.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Safety as SafetyOf } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark, type MarkKind } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";

const STATE: Record<string, MarkKind> = { met: "ok", confirmed: "declared", excepted: "soon", open: "must" };

/** Where what is left is done. */
const WAY: Record<string, string> = { watch: "watch", campaigns: "watch", duties: "reports", publication: "publish" };

function Condition({ incident, of, c, done }: { incident: Incident; of: SafetyOf; c: SafetyOf["conditions"][number]; done: () => void }) {
  const [why, set] = useState<string | null>(null);
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  const said = of.rows.find((r) => r.id === c.row);
  const say = (state: string, reason: string) => () => void write.run(() => said
    ? api.changeCaseRow(said.id, { version: said.version, state, fields: { why: reason } })
    : api.addCaseRow(incident.id, { kind: "safety", key: c.id, name: titleOf(c), state, fields: reason ? { why: reason } : {} }));
  return (
    <li>
      <p><Mark kind={STATE[c.state] ?? "unknown"}>{t(`safety.state.${c.state}`)}</Mark> {titleOf(c)}{c.n > 0 && <b> {t("safety.left", { n: c.n })}</b>}</p>
      {said?.doc.fields.why && c.state === "excepted" && <p class="small ink2">{t("safety.why")}: {said.doc.fields.why}</p>}
      {c.state === "open" && me.value?.person.role !== "auditor" && (why === null
        ? <div class="buttons">{c.by_person && <Button smaller busy={busy} onPress={say("confirmed", "")}>{t("safety.confirm")}</Button>}{WAY[c.id] && <Button smaller href={`#/cases/${incident.id}/${WAY[c.id]}`}>{t(`safety.to.${c.id}`)}</Button>}<Button smaller onPress={() => set("")}>{t("safety.except")}</Button></div>
        : <div class="form"><label class="field"><span>{t("safety.why")}</span><input type="text" maxLength={1000} value={why} onInput={(e) => set(e.currentTarget.value)} /></label>
            <div class="buttons">{why.trim() && <Button smaller busy={busy} onPress={say("excepted", why.trim())}>{t("safety.except_save")}</Button>}<Button smaller onPress={() => set(null)}>{t("button.leave")}</Button></div></div>)}
      <Outcome state={write.state} />
    </li>
  );
}

export function Safety({ incident, reload }: { incident: Incident; reload: () => void }) {
  const of = useResource(api.safety(incident.id), ["incident"], [incident.id], incident.id);
  const write = useWrite(() => { of.reload(); reload(); });
  const put = () => void write.run(() => api.putDecision(incident.id, { kind: "reopen", risk_do: t("safety.risk_do"), risk_go_on: t("safety.risk_go_on") }));
  return (
    <Card id="safety" title={t("safety.title")}>
      <Loaded of={of}>{(d) => (
        <div class="card-body">
          <p>{t(!d.wanted ? "safety.not_wanted" : d.ready && d.approved ? "safety.all" : d.ready ? "safety.ready" : "safety.open")}</p>
          <ul class="plain safety">{d.conditions.map((c) => <Condition key={c.id} incident={incident} of={d} c={c} done={of.reload} />)}
            <li><p><Mark kind={d.approved ? "ok" : "must"}>{t(d.approved ? "safety.approved" : "safety.not_approved")}</Mark> {t("safety.approval")}</p>
              {!d.approved && me.value?.person.role !== "auditor" && <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={put}>{t("safety.put")}</Button><Button smaller href={`#/cases/${incident.id}/actions`}>{t("safety.decide")}</Button></div>}
              <Outcome state={write.state} /></li></ul>
        </div>)}
      </Loaded>
    </Card>
  );
}
