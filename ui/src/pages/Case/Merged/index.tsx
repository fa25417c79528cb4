// Cases that became part of this one, each still readable, and the way back to two; and joining two that are about the same.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { go } from "../../../state/route";
import { say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Card } from "../../../widgets/Card";
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

/** Two that are about the same: this one becomes part of the other. */
export function Join({ incident }: { incident: Incident }) {
  const open = useResource(api.incidents({ state: "open", limit: 200 }), ["incident"], []);
  const [into, choose] = useState("");
  const write = useWrite();
  const others = (open.data?.incidents ?? []).filter((x) => x.id !== incident.id), other = others.find((x) => String(x.id) === into);
  if (incident.state !== "open" || !mayDo() || others.length === 0) return null;
  const join = () => void write.run(async () => {
    const there = await api.incident(into)(new AbortController().signal);
    await api.split(incident.id, { version: incident.version, into: there.id, into_version: there.version });
    go(`cases/${there.id}`);
  });
  return (
    <Card id="join" title={t("merged.join_title")}>
      <div class="form card-body">
        <label class="field"><span>{t("merged.join_which")}</span>
          <select value={into} onChange={(e) => choose(e.currentTarget.value)}><option value="">{t("merged.join_none")}</option>{others.map((x) => <option key={x.id} value={x.id}>{x.number} {say(x.title)}</option>)}</select></label>
        <Outcome state={write.state} />
        {other && <div class="buttons"><Confirm label={t("merged.join", { number: other.number })} question={t("merged.join_question", { from: incident.number, number: other.number })} effect={<p>{t("merged.join_effect", { from: incident.number })}</p>}
          busy={write.state.step === "busy"} onConfirm={join} /></div>}
      </div>
    </Card>
  );
}
