// Who is being called for a case, who answered and what; beginning a call of each kind.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Callout, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { later } from "../../widgets/later";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";

const KeyPerson = later("case-call", () => import("./Call").then((m) => m.KeyPerson));

/** Of a key person the answer is kept in their words; of the others that they come. */
function Answer({ c, person, done }: { c: Callout; person: string; done: () => void }) {
  const [said, set] = useState("");
  const write = useWrite(done);
  const send = () => write.run(() => api.answered(c.id, { person, answer: said.trim() }));
  const busy = write.state.step === "busy";
  if (c.purpose !== "key") return <><Button smaller busy={busy} onPress={() => void send()}>{t("callout.answer")}</Button><Outcome state={write.state} /></>;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void send(); }}>
      <label class="field"><span>{t("callout.said", { person })}</span><input required type="text" maxLength={1300} value={said} onInput={(e) => set(e.currentTarget.value)} /></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button smaller submit busy={busy}>{t("callout.keep")}</Button></div>
    </form>
  );
}

function Called({ c, done }: { c: Callout; done: () => void }) {
  const write = useWrite(done);
  const live = c.state === "calling" || c.state === "nobody";
  return (
    <li>
      <Mark kind={c.state === "reached" ? "ok" : c.state === "nobody" ? "must" : c.state === "calling" ? "run" : "todo"}>{t(`callout.state.${c.state}`)}</Mark>{" "}
      {t(`callout.purpose.${c.purpose}`)} {c.people > 1 && <b>{t("callout.share", { reached: c.reached, people: c.people })}</b>} {c.next && <span class="small">{t("callout.next")} <Time at={c.next} /></span>}
      {c.question && <p class="small">{t("callout.asked")} {c.question}</p>}
      <ul class="plain">
        {c.calls.slice(0, 20).map((x) => (
          <li key={`${x.person}${x.level}`}>
            {x.person} {x.address && <span class="small nowrap">{x.address}</span>} <span class="small ink2"><Time at={x.at} /></span>{" "}
            {x.answered ? <Mark kind="ok">{x.answer || t("callout.answered")}</Mark> : live && <Answer c={c} person={x.person} done={done} />}
          </li>))}
      </ul>
      {live && <Button smaller onPress={() => void write.run(() => api.endCallout(c.id))}>{t("callout.end")}</Button>}
      <Outcome state={write.state} />
    </li>
  );
}

export function Calls({ incident }: { incident: Incident }) {
  const list = useResource(api.callouts(incident.id), ["incident"], [incident.id], incident.id);
  const write = useWrite(list.reload);
  const [key, setKey] = useState(false);
  const start = (purpose: "take" | "decide") => () => void write.run(() => api.callOut(incident.id, { purpose, text: incident.number, ...(purpose === "decide" ? { kind: "stop" } : {}) }));
  return (
    <Card id="callouts" title={t("callout.title")} caption={t("callout.caption")}>
      <div class="buttons card-body"><Button smaller onPress={start("take")}>{t("callout.take")}</Button><Button smaller onPress={start("decide")}>{t("callout.decide")}</Button>{!key && <Button smaller onPress={() => setKey(true)}>{t("callout.key")}</Button>}<Button smaller href={`#/campaigns/new?kind=acknowledge&case=${incident.id}`}>{t("callout.all")}</Button></div>
      {key && <div class="card-body"><KeyPerson incident={incident} leave={() => setKey(false)} done={list.reload} /></div>}
      <Outcome state={write.state} />
      {(list.data?.callouts.length ?? 0) === 0 && <p class="empty">{t("callout.none")}</p>}
      <ul class="rows">{list.data?.callouts.map((c) => <Called key={c.id} c={c} done={list.reload} />)}</ul>
    </Card>
  );
}
