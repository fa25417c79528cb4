// Cases that became part of this one, each still readable, and the way back to two.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident } from "../../../api/types";
import { say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Confirm } from "../../../widgets/Confirm";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { mayDo } from "../../../widgets/task";
import { Time } from "../../../widgets/Time";

function Back({ id, version, number, reload }: { id: number; version: number; number: string; reload: () => void }) {
  const [became, say_became] = useState<{ back: number; elsewhere: number; since: number } | null>(null);
  const write = useWrite(reload);
  if (became) return <p role="status"><Mark kind="ok">{t("merged.done", became)}</Mark></p>;
  return (
    <>
      <Outcome state={write.state} />
      {mayDo() && <Confirm smaller label={t("merged.back", { number })} question={t("merged.question", { number })} effect={<p>{t("merged.effect")}</p>} busy={write.state.step === "busy"}
        onConfirm={() => void write.run(async () => say_became(await api.unmerge(id, version)))} />}
    </>
  );
}

export function Merged({ incident, reload }: { incident: Incident; reload: () => void }) {
  return (
    <section class="card card-body merged-cases" aria-label={t("merged.title")}>
      {incident.merged_into !== null && <div><p><a href={`#/cases/${incident.merged_into}`}>{t("case.merged")}</a></p><Back id={incident.id} version={incident.version} number={incident.number} reload={reload} /></div>}
      {incident.took.length > 0 && <>
        <h2 class="parted-title">{t("merged.title")}</h2>
        <ul>{incident.took.map((x) => (
          <li key={x.id}>
            <a href={`#/cases/${x.id}`}><span class="id">{x.number}</span> {say(x.title)}</a> <span class="small ink2"><Time at={x.at} /> {say(x.by)}{x.facts_stayed > 0 && ` ${t("merged.facts", { n: x.facts_stayed })}`}</span>
            <Back id={x.id} version={x.version} number={x.number} reload={reload} />
          </li>))}</ul>
      </>}
    </section>
  );
}
