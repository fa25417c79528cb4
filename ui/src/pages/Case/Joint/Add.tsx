// Sharing a case: with an organisation of the register, or with one person by name; a supplier gets one lane.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Person } from "../../../api/types";
import { t, word } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Outcome } from "../../../widgets/Outcome";
import { laneName, mayDo } from "../../../widgets/task";

const ROLES = ["handler", "supplier", "approver", "publisher", "auditor", "commander"];
const Until = ({ value, onInput }: { value: string; onInput: (v: string) => void }) =>
  <label class="field"><span>{t("joint.until")}</span><input type="text" maxLength={100} value={value} placeholder={t("joint.until_hint")} onInput={(e) => onInput(e.currentTarget.value)} /></label>;

function useOnce<R>(load: (signal?: AbortSignal) => Promise<R>, open: boolean): R | null {
  const [data, set] = useState<R | null>(null);
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    load(abort.signal).then(set, () => {});
    return () => abort.abort();
  }, [open]);
  return data;
}

export function AddOrganisation({ id, done }: { id: number; done: () => void }) {
  const [open, show] = useState(false);
  const [x, set] = useState({ organisation: "", until: "" });
  const people = useOnce(api.people, open);
  const write = useWrite(done);
  if (!mayDo()) return null;
  if (!open) return <Button smaller onPress={() => show(true)}>{t("joint.add_org")}</Button>;
  const save = () => { if (x.organisation) void write.run(() => api.addParty(id, { organisation: Number(x.organisation), ...(x.until.trim() ? { until: x.until.trim() } : {}) })).then((ok) => ok && show(false)); };
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(); }}>
      <label class="field"><span>{t("joint.org")}</span>
        <select value={x.organisation} onChange={(e) => set({ ...x, organisation: e.currentTarget.value })}>
          <option value="">{t("joint.choose")}</option>
          {(people?.organisations ?? []).map((o) => <option key={o.id} value={String(o.id)}>{`${"　".repeat(o.depth)}${o.name}`}</option>)}
        </select></label>
      <Until value={x.until} onInput={(until) => set({ ...x, until })} />
      <Outcome state={write.state} />
      <div class="buttons"><Button smaller submit busy={write.state.step === "busy"}>{t("joint.add_org_do")}</Button><Button smaller onPress={() => show(false)}>{t("button.leave")}</Button></div>
    </form>
  );
}

export function AddPerson({ incident, done }: { incident: Incident; done: () => void }) {
  const [open, show] = useState(false);
  const [x, set] = useState({ person: "", role: "handler", lane: "outsourcer", until: "" });
  const persons = useOnce(api.persons, open);
  const write = useWrite(done);
  if (!mayDo()) return null;
  if (!open) return <Button smaller onPress={() => show(true)}>{t("joint.add_person")}</Button>;
  const lanes = incident.lanes.filter((l) => l.code !== "attacker" && l.code !== "system");
  const save = () => {
    if (x.person) void write.run(() => api.addGrant(incident.id, { person: Number(x.person), role: x.role, ...(x.role === "supplier" ? { lane: x.lane } : {}), ...(x.until.trim() ? { until: x.until.trim() } : {}) })).then((ok) => ok && show(false));
  };
  const put = (k: keyof typeof x) => (v: string) => set((old) => ({ ...old, [k]: v }));
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(); }}>
      <label class="field"><span>{t("joint.person")}</span>
        <select value={x.person} onChange={(e) => put("person")(e.currentTarget.value)}>
          <option value="">{t("joint.choose")}</option>
          {(persons?.persons ?? []).filter((p: Person) => p.active).map((p: Person) => <option key={p.id} value={String(p.id)}>{word("person", p.name)}</option>)}
        </select></label>
      <label class="field"><span>{t("joint.role")}</span><select value={x.role} onChange={(e) => put("role")(e.currentTarget.value)}>{ROLES.map((r) => <option value={r}>{word("role", r)}</option>)}</select></label>
      {x.role === "supplier" && <label class="field"><span>{t("joint.lane")}</span><select value={x.lane} onChange={(e) => put("lane")(e.currentTarget.value)}>{lanes.map((l) => <option value={l.code}>{laneName(l.code, l.name)}</option>)}</select></label>}
      <Until value={x.until} onInput={put("until")} />
      <Outcome state={write.state} />
      <div class="buttons"><Button smaller submit busy={write.state.step === "busy"}>{t("joint.add_person_do")}</Button><Button smaller onPress={() => show(false)}>{t("button.leave")}</Button></div>
    </form>
  );
}
