// 教訓にする: the closed case as a lesson. Beside each file what it becomes without names; every pseudonym can be changed; what remains; who agreed.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, PackDraft } from "../../../api/types";
import { diff, type Piece } from "../../../lib/diff";
import { useResource } from "../../../state/resource";
import { me } from "../../../state/session";
import { say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Terms } from "../../../widgets/Terms";
import { Time } from "../../../widgets/Time";
import { mayChange } from "./may";
import { Rows } from "./Rows";

const pieces = (list: Piece[]) => list.map((p) => (p.same ? p.text : <mark>{p.text}</mark>));

function OwnStory({ draft, path, text, done }: { draft: PackDraft; path: string; text: string; done: () => void }) {
  const [own, set] = useState(text);
  const write = useWrite(done);
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.changePackDraft(draft.id, { version: draft.version, files: { [path]: own } })); }}>
      <label class="field"><span>{t("draft.own_story")}</span><textarea rows={16} value={own} lang={path.includes(".ja.") ? "ja" : "en"} onInput={(e) => set(e.currentTarget.value)} /></label>
      <p class="small ink2">{t("draft.own_hint")}</p><Outcome state={write.state} />
      <div class="buttons"><Button smaller submit busy={write.state.step === "busy"}>{t("draft.save")}</Button></div>
    </form>
  );
}

function Beside({ draft, done }: { draft: PackDraft; done: () => void }) {
  const [path, pick] = useState(draft.files[0]?.path ?? "");
  const [edit, open] = useState(false);
  const file = draft.files.find((f) => f.path === path) ?? draft.files[0];
  if (!file) return null;
  return (
    <Card id="beside" title={t("draft.beside")} caption={t("draft.beside_hint")}>
      <div class="card-body">
        <label class="field"><span>{t("draft.file")}</span><select value={file.path} onChange={(e) => { pick(e.currentTarget.value); open(false); }}>{draft.files.map((f) => <option value={f.path}>{f.path}</option>)}</select></label>
        <div class="beside" role="table" aria-label={file.path}>
          <div class="beside-row" role="row"><b role="columnheader">{t("draft.before")}</b><b role="columnheader">{t("draft.after")}</b></div>
          {diff(file.before, file.after).map((l, i) => (l.before.length + l.after.length === 0 ? null : (
            <div key={i} class={`beside-row${l.same ? "" : " differs"}`} role="row"><span role="cell">{pieces(l.before)}</span><span role="cell">{pieces(l.after)}</span></div>)))}
        </div>
        {file.path.startsWith("story.") && mayChange() && <div class="buttons"><Button smaller onPress={() => open(!edit)}>{t("draft.own_story")}</Button></div>}
        {edit && <OwnStory key={`${file.path}-${draft.version}`} draft={draft} path={file.path} text={file.own ? file.before : file.after} done={done} />}
      </div>
    </Card>
  );
}

function Rest({ draft }: { draft: PackDraft }) {
  return (
    <Card id="rest" title={t("draft.rest")}>
      <div class="card-body">
        {draft.rest_n === 0 ? <p><Mark kind="ok">{t("draft.rest_none")}</Mark></p> : <><p><Mark kind="must">{t("draft.rest_n", { n: draft.rest_n })}</Mark></p><ul>{draft.rest.map((r, i) => <li key={i} class="small">{t(`anon.${r.kind}`)} <b>{r.text}</b> <span class="ink2">{t("draft.at", { file: r.file, line: r.line })}</span></li>)}</ul></>}
        {draft.gaps.length > 0 && <><h3>{t("draft.gaps")}</h3><ul>{draft.gaps.map((g) => <li key={g} class="small">{t(`draft.gap.${g}`)}</li>)}</ul><p class="small ink2">{t("draft.gaps_hint")}</p></>}
      </div>
    </Card>
  );
}

function Approve({ draft, done }: { draft: PackDraft; done: () => void }) {
  const [f, set] = useState({ provider: "", who: "", how: "" });
  const write = useWrite(done);
  const ready = f.provider.trim() && f.who.trim() && f.how.trim();
  const field = (k: keyof typeof f) => <label class="field"><span>{t(`draft.${k}`)}</span><input type="text" maxLength={300} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (ready) void write.run(() => api.approvePackDraft(draft.id, { version: draft.version, ...f })); }}>
      {field("provider")}{field("who")}{field("how")}<p class="small ink2"><Terms text={t("draft.approve_hint")} /></p><Outcome state={write.state} />
      <div class="buttons"><Button solid submit busy={write.state.step === "busy"}>{t("draft.approve")}</Button></div>
    </form>
  );
}

function Leaving({ incident, draft, done }: { incident: Incident; draft: PackDraft; done: () => void }) {
  const role = me.value?.person.role;
  return (
    <Card id="leaving" title={t("draft.leaving")}>
      <div class="card-body">
        {draft.approved ? (
          <><p><Mark kind="ok">{t("draft.approved")}</Mark> <Time at={draft.approved} /> {draft.approved_by && say(draft.approved_by.by)}</p>
            <p class="small">{t("draft.agreed", { provider: draft.provider, who: draft.agreed_by, how: draft.agreed_how })}</p>
            <p><a class="button" href={api.packDraftFile(incident.id)} download={`${draft.pack}.zip`}>{t("draft.take")}</a></p></>
        ) : draft.rest_n > 0 ? <p>{t("draft.not_yet_rest")}</p> : role === "administrator" || role === "approver" ? <Approve draft={draft} done={done} /> : <p>{t("draft.not_yet")}</p>}
        {draft.left && <p class="small ink2">{t("draft.left")} <Time at={draft.left} /></p>}
      </div>
    </Card>
  );
}

export function Lesson({ incident }: { incident: Incident }) {
  const drafts = useResource(api.packDraft(incident.id), ["incident"], [incident.id], incident.id);
  const write = useWrite(drafts.reload);
  return (
    <Loaded of={drafts}>{(d) => {
      const draft = d.pack_drafts[0];
      if (!draft) return (
        <Card id="lesson" title={t("draft.title")} caption={t("draft.caption")}>
          <div class="card-body">
            <p><Terms text={t(incident.state === "closed" ? "draft.none" : "draft.when_closed")} /></p><Outcome state={write.state} />
            {incident.state === "closed" && mayChange() && <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={() => void write.run(() => api.makePackDraft(incident.id))}>{t("draft.make")}</Button></div>}
          </div>
        </Card>);
      return (
        <div class="grid">
          <div class="col w8"><Beside draft={draft} done={drafts.reload} /></div>
          <div class="col w4"><Rest draft={draft} /><Leaving incident={incident} draft={draft} done={drafts.reload} /><Rows key={draft.version} draft={draft} done={drafts.reload} /></div>
        </div>);
    }}</Loaded>
  );
}
