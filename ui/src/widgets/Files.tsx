// Files kept for a thing in custody or a report that was sent: each with its size and the sum it had when it arrived, and one more can be added.
import { api } from "../api/client";
import type { Attachments } from "../api/types";
import { say, t } from "../state/text";
import { useWrite } from "../state/write";
import { Outcome } from "./Outcome";
import { mayDo } from "./task";
import { Time } from "./Time";

const MOST_BYTES = 32 * 1024 * 1024; /* the room takes no larger ones */
const OF = { rows: "item", submissions: "submission" } as const;

export function Files({ of, id, all, label, done }: { of: keyof typeof OF; id: number; all: Attachments | null; label: string; done: () => void }) {
  const write = useWrite(done);
  const files = (all?.files ?? []).filter((f) => f.of === OF[of] && f.of_id === id);
  return (
    <div class="files">
      {files.length > 0 && <ul class="plain small">{files.map((f) => (
        <li key={f.id}><a href={api.fileOf(f.id)} download={f.name}>{f.name}</a> {t("custody_file.size", { bytes: f.bytes })} <Time at={f.at} /> {say(f.by)}<div class="mono inert ink2">{t("custody_file.sum")} {f.digest}</div></li>))}
      </ul>}
      {mayDo() && <label class="field no-print"><span>{label}</span><input type="file" disabled={write.state.step === "busy"} onChange={(e) => {
        const input = e.currentTarget, file = input.files?.[0];
        if (file && file.size <= MOST_BYTES) void write.run(() => api.attach(of, id, file)).then(() => { input.value = ""; });
        else if (file) input.setCustomValidity(t("custody_file.too_large"));
        input.reportValidity();
      }} /></label>}
      <Outcome state={write.state} />
    </div>
  );
}
