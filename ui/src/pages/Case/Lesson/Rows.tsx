// What stood there and what stands there now; each can be changed, added, dropped.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { PackDraft, PackDraftRow } from "../../../api/types";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Outcome } from "../../../widgets/Outcome";
import { mayChange } from "./may";

const KINDS = ["organisation", "person", "service", "system", "host", "address", "account", "mail", "phone", "url", "date", "amount", "region", "number", "word"];

function Edit({ draft, row, done }: { draft: PackDraft; row: PackDraftRow | null; done: () => void }) {
  const [f, set] = useState<PackDraftRow>(row ? { kind: row.kind, from: row.from, ja: row.ja, en: row.en } : { kind: "word", from: "", ja: "", en: "" });
  const write = useWrite(done);
  const field = (k: "from" | "ja" | "en") => <label class="field"><span>{t(`draft.row.${k}`)}</span><input type="text" maxLength={130} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (f.from.trim() && f.ja.trim() && f.en.trim()) void write.run(() => api.changePackDraft(draft.id, { version: draft.version, rows: [f] })); }}>
      {!row && <label class="field"><span>{t("draft.row.kind")}</span><select value={f.kind} onChange={(e) => set({ ...f, kind: e.currentTarget.value })}>{KINDS.map((k) => <option value={k}>{t(`anon.${k}`)}</option>)}</select></label>}
      {!row && field("from")}{field("ja")}{field("en")}<Outcome state={write.state} />
      <div class="buttons">
        <Button smaller submit busy={write.state.step === "busy"}>{t("draft.save")}</Button>
        {row && <Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.changePackDraft(draft.id, { version: draft.version, drop: [row.from] }))}>{t("draft.drop")}</Button>}
      </div>
    </form>
  );
}

export function Rows({ draft, done }: { draft: PackDraft; done: () => void }) {
  const [open, show] = useState<string | null>(null);
  return (
    <Card id="rows" title={t("draft.rows")} caption={t("draft.rows_n", { n: draft.rows.length })}>
      <ul class="rows">{draft.rows.map((r) => (
        <li key={r.from} class="anon-row">
          <p><span class="small ink2">{t(`anon.${r.kind}`)}</span><br /><b class="anon-text">{r.from}</b> → <span class="anon-text">{r.ja}{r.en !== r.ja && ` / ${r.en}`}</span></p>
          {mayChange() && <Button smaller onPress={() => show(open === r.from ? null : r.from)}>{t("draft.edit")}</Button>}
          {open === r.from && <Edit draft={draft} row={r} done={done} />}
        </li>))}
      </ul>
      {mayChange() && <div class="card-body"><Button smaller onPress={() => show(open === "" ? null : "")}>{t("draft.add")}</Button>{open === "" && <Edit draft={draft} row={null} done={done} />}</div>}
    </Card>
  );
}
