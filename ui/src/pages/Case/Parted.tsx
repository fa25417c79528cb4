// Cases parted from this one.
import { useEffect, useRef } from "preact/hooks";
import { api } from "../../api/client";
import type { Incident } from "../../api/types";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Confirm } from "../../widgets/Confirm";
import { Outcome } from "../../widgets/Outcome";

/** Cases parted from this one, and the way back: the newer becomes part of the older again. */
export function Parted({ incident, reload }: { incident: Incident; reload: () => void }) {
  const write = useWrite(reload);
  const box = useRef<HTMLElement>(null), had = useRef(incident.parted.length);
  const n = incident.state === "open" ? incident.parted.length : 0;
  useEffect(() => { /* who has just parted two stands further down, at the list */
    if (n > had.current) box.current?.focus();
    had.current = n;
  }, [n]);
  if (n === 0) return null;
  return (
    <section class="card card-body parted" ref={box} tabIndex={-1}>
      <h2 class="parted-title">{t("split.parted")}</h2>
      <Outcome state={write.state} />
      <ul>{incident.parted.map((p) => {
        const newer = p.id > incident.id;
        const [from, into] = newer ? [p, incident] : [incident, p];
        return (
          <li key={p.id}>
            <a href={`#/cases/${p.id}`}><span class="id">{p.number}</span> {say(p.title)}</a>
            <Confirm label={t("split.join", { number: p.number })} question={t("split.join_question", { number: p.number })} effect={t("split.join_effect", { from: from.number, into: into.number })} busy={write.state.step === "busy"}
              onConfirm={() => void write.run(() => api.split(from.id, { version: from.version, into: into.id, into_version: into.version }))} />
          </li>);
      })}</ul>
    </section>
  );
}
