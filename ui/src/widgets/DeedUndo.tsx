// The way back of one lasting act. A frozen account is let in again after its owner was identified, or because it was a mistake.
import { api } from "../api/client";
import type { Deed } from "../api/types";
import { t } from "../state/text";
import { useWrite } from "../state/write";
import { Confirm } from "./Confirm";
import { deedUndoVerb } from "./deed";
import { Outcome } from "./Outcome";

export function DeedUndo({ deed, reload }: { deed: Deed; reload: () => void }) {
  const write = useWrite(reload);
  if (!deed.may.undo) return <Outcome state={write.state} />;
  const mistake = deed.care && !deed.identified_at;
  const label = mistake ? t("deed.undo_mistake", { target: deed.target }) : deedUndoVerb(deed);
  return (
    <span class="undo">
      <Outcome state={write.state} />
      <Confirm smaller busy={write.state.step === "busy"} label={label} question={t("deed.question", { verb: label })} effect={t(mistake ? "deed.undo_mistake_effect" : "deed.undo_effect")}
        onConfirm={() => void write.run(() => api.deedDo(deed.id, "undo", { version: deed.version, ...(mistake ? { mistake: true } : {}) }))} />
    </span>
  );
}
