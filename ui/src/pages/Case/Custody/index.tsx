// 保全したもの: one record for each thing: by whom and how it was taken, its hash, its clock, where it lies, and every hand it went through.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Attachments, CaseRow, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty, Facts } from "../../../widgets/Card";
import { Files } from "../../../widgets/Files";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { Guide } from "./Guide";

const FIELDS = ["taken_by", "taken_at", "how", "place", "clock", "sha256", "sealed"] as const;
type Field = (typeof FIELDS)[number];
const HASH_BYTES = 512 * 1024 * 1024; /* read whole by the browser; larger ones are hashed with a program and typed */

const KEPT_BYTES = 32 * 1024 * 1024; /* the room keeps these as they are; of larger ones only the sum */

/** Made here, before anything is sent: the room sums what arrives once more. */
async function hashOf(file: File): Promise<string> {
  const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(sum)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function Hand({ row, done }: { row: CaseRow; done: () => void }) {
  const last = row.doc.past.filter((p) => p.to).at(-1);
  const [f, set] = useState({ from: last?.to ?? row.doc.fields.taken_by ?? "", to: "", note: "", sealed: false, at: "" });
  const write = useWrite(done);
  const go = (state: string) => () => void write.run(() => api.changeCaseRow(row.id, { version: row.version, state, from: f.from, to: f.to, note: f.note, sealed: f.sealed, ...(f.at ? { at: f.at } : {}) }));
  const text = (k: "from" | "to" | "note" | "at") => <label class="field"><span>{t(`custody.${k}`)}</span><input type="text" maxLength={300} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>;
  return (
    <div class="form no-print">
      <div class="form-row even">{text("from")}{text("to")}</div>
      <div class="form-row even">{text("at")}{text("note")}</div>
      <label class="pick"><input type="checkbox" checked={f.sealed} onChange={(e) => set({ ...f, sealed: e.currentTarget.checked })} /><span>{t("custody.was_sealed")}</span></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={go("handed")}>{t("custody.hand")}</Button><Button smaller busy={write.state.step === "busy"} onPress={go("returned")}>{t("custody.return")}</Button></div>
    </div>
  );
}

function Item({ row, files, done }: { row: CaseRow; files: Attachments | null; done: () => void }) {
  const f = row.doc.fields;
  return (
    <article class="card-body">
      <p><b>{row.name}</b> <Mark kind={row.state === "held" ? "ok" : row.state === "handed" ? "run" : "todo"}>{t(`row_state.${row.state}`)}</Mark>{!f.sha256 && !f.sealed && <> <Mark kind="soon">{t("custody.no_proof")}</Mark></>}</p>
      <Facts rows={[...(f.device ? [[t("custody.device"), t(`custody_guide.${f.device}`)] as [string, string]] : []), ...FIELDS.filter((k) => f[k]).map((k): [string, preact.ComponentChild] => [t(`custody.${k}`), <span class={k === "sha256" ? "mono small inert" : "inert"}>{f[k]}</span>])]} />
      <ol class="small custody-past">{row.doc.past.map((p) => <li><Time at={p.at} /> {t(`row_state.${p.state}`)}{p.to && <> {t("custody.moved", { from: p.from, to: p.to })}{p.sealed && ` ${t("custody.with_seal")}`}</>} {p.note} <span class="ink2">({p.by})</span></li>)}</ol>
      <Files of="rows" id={row.id} all={files} label={t("custody_file.add")} done={done} />
      {me.value?.person.role !== "auditor" && row.state !== "destroyed" && <Hand key={row.version} row={row} done={done} />}
    </article>
  );
}

function Take({ incident, device, done }: { incident: Incident; device: string; done: () => void }) {
  const empty: Record<Field | "name", string> = { name: "", taken_by: me.value?.person.name ?? "", taken_at: "", how: "", place: "", clock: "", sha256: "", sealed: "" };
  const [f, set] = useState(empty);
  const [hashed, say] = useState("");
  const [chosen, keep] = useState<File | null>(null);
  const write = useWrite(() => { set(empty); say(""); keep(null); done(); });
  const text = (k: Field | "name") => <label class="field"><span>{t(`custody.${k}`)}</span><input type="text" maxLength={1000} required={k === "name" || k === "taken_by" || k === "how"} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>;
  const pick = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > HASH_BYTES) { say(t("custody.too_large")); return; }
    const sha256 = await hashOf(file);
    set((x) => ({ ...x, sha256, name: x.name || file.name }));
    keep(file.size <= KEPT_BYTES ? file : null);
    say(`${t("custody.hash_made", { name: file.name, bytes: file.size })} ${t(file.size <= KEPT_BYTES ? "custody_file.will_be_kept" : "custody_file.hash_only")}`);
  };
  const save = () => void write.run(async () => {
    const { rows } = await api.addCaseRow(incident.id, { kind: "item", name: f.name, fields: { device, ...Object.fromEntries(FIELDS.filter((k) => f[k].trim()).map((k) => [k, k === "sha256" ? f[k].trim().toLowerCase() : f[k].trim()])) } });
    if (chosen) await api.attach("rows", Math.max(...rows.map((r) => r.id)), chosen);
  });
  return (
    <form class="form card-body no-print" onSubmit={(e) => { e.preventDefault(); save(); }}>
      {text("name")}
      <div class="form-row even">{text("taken_by")}{text("taken_at")}</div>
      {text("how")}
      <div class="form-row even">{text("place")}{text("clock")}</div>
      <label class="field"><span>{t("custody.file")}</span><input type="file" onChange={(e) => void pick(e.currentTarget.files?.[0])} /></label>
      {hashed && <p class="small" role="status">{hashed}</p>}
      {text("sha256")}{text("sealed")}
      <Outcome state={write.state} />
      <div class="buttons"><Button solid submit busy={write.state.step === "busy"}>{t("custody.save")}</Button></div>
    </form>
  );
}

export function Custody({ incident }: { incident: Incident }) {
  const [device, choose] = useState("pc");
  const list = useResource(api.caseRows(incident.id, "item"), ["incident"], [incident.id], incident.id);
  const files = useResource(api.files(incident.id), ["incident"], [incident.id], incident.id);
  const done = () => { list.reload(); files.reload(); };
  return (
    <div class="stack">
      <Guide device={device} choose={choose} />
      {me.value?.person.role !== "auditor" && <Card id="custody-take" title={t("custody.take")} caption={t("custody.take_caption")}><Take incident={incident} device={device} done={done} /></Card>}
      <Card id="custody" title={t("custody.title")} caption={t("custody.caption")} side={<span class="no-print"><Button smaller onPress={() => window.print()}>{t("custody.print")}</Button></span>}>
        <Loaded of={list}>{(d) => d.rows.length === 0 ? <Empty>{t("custody.none")}</Empty> : <>{d.rows.map((r) => <Item key={r.id} row={r} files={files.data} done={done} />)}</>}</Loaded>
      </Card>
    </div>
  );
}
