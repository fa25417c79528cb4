// 凍結した口座, for the call desk: found by name while the owner is on the phone; told, bounced, identified (how, by
// whom), let in again. Nobody is let in whom nobody identified, unless freezing was a mistake.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Deed, Deeds } from "../../api/types";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { caseLink, deedMark, known } from "../../widgets/deed";
import { DeedUndo } from "../../widgets/DeedUndo";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

function Care({ deed, reload }: { deed: Deed; reload: () => void }) {
  const [f, set] = useState({ told: "", identified: "" });
  const write = useWrite(() => { set({ told: "", identified: "" }); reload(); });
  const busy = write.state.step === "busy", version = deed.version;
  const put = (x: { told?: string; identified?: string; bounced?: boolean }) => () => void write.run(() => api.deedCare(deed.id, { version, ...x }));
  return (
    <div class="care">
      <Outcome state={write.state} />
      <div class="form-row">
        <div>
          <label class="field"><span>{t("frozen.told_how")}</span><input type="text" maxLength={200} value={f.told} onInput={(e) => set({ ...f, told: e.currentTarget.value })} /></label>
          <div class="buttons">
            {f.told.trim() && <Button smaller busy={busy} onPress={put({ told: f.told.trim(), bounced: false })}>{t("frozen.told_save")}</Button>}
            {f.told.trim() && <Button smaller busy={busy} onPress={put({ told: f.told.trim(), bounced: true })}>{t("frozen.bounced_save")}</Button>}
          </div>
        </div>
        <div>
          <label class="field"><span>{t("frozen.identified_how")}</span><input type="text" maxLength={200} value={f.identified} onInput={(e) => set({ ...f, identified: e.currentTarget.value })} /></label>
          <div class="buttons">{f.identified.trim() && <Button smaller busy={busy} onPress={put({ identified: f.identified.trim() })}>{t("frozen.identified_save")}</Button>}</div>
        </div>
      </div>
      {deed.may.undo && <div class="buttons"><DeedUndo deed={deed} reload={reload} /></div>}
    </div>
  );
}

const Told = ({ d }: { d: Deed }) => (!d.told_at ? <Mark kind="todo">{t("word.not_yet")}</Mark> : (
  <>{d.bounced ? <Mark kind="failed">{t("frozen.bounced")}</Mark> : <Mark kind="ok">{t("frozen.told")}</Mark>} <div class="small">{d.told_how} <Time at={d.told_at} /> {say(d.told_by)}</div></>));
const Identified = ({ d }: { d: Deed }) => (!d.identified_at ? <Mark kind="todo">{t("word.not_yet")}</Mark> : (
  <><Mark kind="ok">{t("frozen.identified")}</Mark> <div class="small">{d.identified_how} <Time at={d.identified_at} /> {say(d.identified_by)}</div></>));

export function Frozen({ data, called, reload }: { data: Deeds; called: (id: number) => string; reload: () => void }) {
  const [q, find] = useState(""), [open, toggle] = useState<number | null>(null);
  const all = data.deeds.filter((d) => d.care && d.in_force_from !== null), rows = all.filter((d) => d.target.toLowerCase().includes(q.trim().toLowerCase()));
  return (
    <Card id="frozen" title={t("frozen.title")} caption={t("frozen.caption", data.care)}>
      {all.length === 0 ? <p class="empty">{t("frozen.none")}</p> : (
        <>
          <div class="card-body"><label class="field frozen-find"><span>{t("frozen.find")}</span><input type="search" value={q} onInput={(e) => find(e.currentTarget.value)} /></label></div>
          {rows.length === 0 ? <p class="empty">{t("frozen.not_found", { q, n: all.length })}</p> : (
            <Table label={t("frozen.title")} rows={rows} id={(d) => d.id} below={(d) => (open === d.id ? <Care key={d.id} deed={d} reload={reload} /> : null)} columns={[
              { head: t("account.name"), title: true, cell: (d) => <b class="mono">{d.target}</b> },
              { head: t("in_force.state"), class: "card-wide", cell: (d) => <><Mark kind={deedMark(d)}>{t(d.state === "undone" ? "frozen.reopened" : `deed.state.${known(d)}`)}</Mark> {d.ended && <span class="small"><Time at={d.ended} /></span>}</> },
              { head: t("frozen.since"), cell: (d) => <><Time at={d.in_force_from} /> <a class="small nowrap" href={caseLink(d.incident_id)}>{called(d.incident_id)}</a></> },
              { head: t("frozen.told_head"), class: "card-wide", cell: (d) => <Told d={d} /> },
              { head: t("frozen.identified_head"), class: "card-wide", cell: (d) => <Identified d={d} /> },
              { head: t("frozen.record_head"), class: "card-wide", cell: (d) => d.may.care && <Button smaller onPress={() => toggle(open === d.id ? null : d.id)}>{t(open === d.id ? "frozen.close" : "frozen.record")}</Button> },
            ]} />)}
        </>)}
    </Card>
  );
}
