// A line for the timeline: what, in which lane, and when, as people write it; now unless said otherwise.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { LaneCode } from "../../api/types";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Outcome } from "../../widgets/Outcome";
import { WhenField } from "../../widgets/WhenField";

const LANES: LaneCode[] = ["ciso_csirt", "it_ops", "business", "public_relations", "executive", "external"];

export function NoteForm({ id, done, leave }: { id: number; done: () => void; leave: () => void }) {
  const [text, setText] = useState("");
  const [lane, setLane] = useState<LaneCode>("ciso_csirt");
  const [when, setWhen] = useState("");
  const write = useWrite();
  const save = async () => {
    if (!text.trim()) return;
    const at = when.trim();
    if (await write.run(() => api.addNote(id, { text: text.trim(), lane, ...(at ? { at } : {}) }))) done();
  };
  return (
    <form class="form note-form" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <label class="field"><span>{t("note.text")}</span><textarea rows={3} maxLength={4000} value={text} onInput={(e) => setText(e.currentTarget.value)} placeholder={t("note.placeholder")} /></label>
      <div class="form-row">
        <label class="field"><span>{t("note.lane")}</span>
          <select value={lane} onChange={(e) => setLane(e.currentTarget.value as LaneCode)}>{LANES.map((l) => <option value={l}>{t(`lane.name.${l}`)}</option>)}</select></label>
        <WhenField value={when} onInput={setWhen} />
      </div>
      <Outcome state={write.state} />
      <div class="buttons">
        <Button submit busy={write.state.step === "busy"}>{t("note.save")}</Button>
        <Button onPress={leave}>{t("button.leave")}</Button>
        {!text.trim() && <span class="small ink2">{t("note.missing")}</span>}
      </div>
    </form>
  );
}
