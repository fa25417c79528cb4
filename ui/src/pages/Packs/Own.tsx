// Who does something about a gap or a lesson, until when; and what came of it. One form for both.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Followup } from "../../api/types";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Outcome } from "../../widgets/Outcome";
import { WhenField } from "../../widgets/WhenField";

export interface About { pack: string; lesson?: string; question?: string; words: string; how?: string; by?: string }
export interface Carrier { value: string; words: string }

function usePeople(): string[] {
  const [people, set] = useState<string[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    api.people(abort.signal).then((x) => set(x.people.map((p) => p.name)), () => {});
    return () => abort.abort();
  }, []);
  return people;
}

/** carriers: what could carry a lesson; none: a gap is carried by its question. */
export function Own({ about, was, carriers = [], done, leave }: { about: About; was?: Followup; carriers?: Carrier[]; done: () => void; leave: () => void }) {
  const people = usePeople();
  const [words, setWords] = useState(was?.words ?? about.words);
  const [person, setPerson] = useState(was?.person ?? "");
  const [due, setDue] = useState(was?.due?.slice(0, 10) ?? "");
  const [how, setHow] = useState(was?.how ?? about.how ?? "");
  const [by, setBy] = useState(was?.by ?? about.by ?? "");
  const write = useWrite(done);
  const save = () => void write.run(async () => {
    const x = { words, person, due, ...(how ? { how } : {}), ...(by ? { by } : {}) };
    if (was) await api.changeFollowup(was.id, { version: was.version, ...x });
    else await api.follow({ pack: about.pack, ...(about.lesson ? { lesson: about.lesson } : { question: about.question ?? "" }), ...x });
  }).then((ok) => ok && leave());
  return (
    <form class="form own" onSubmit={(e) => { e.preventDefault(); save(); }}>
      <label class="field"><span>{t("ready.own.words")}</span><input type="text" required maxLength={100} value={words} onInput={(e) => setWords(e.currentTarget.value)} /></label>
      <label class="field"><span>{t("ready.own.person")}</span><input type="text" required maxLength={100} list="own-people" autoComplete="off" value={person} onInput={(e) => setPerson(e.currentTarget.value)} />
        <datalist id="own-people">{people.map((p) => <option key={p} value={p} />)}</datalist></label>
      <WhenField ahead label={t("ready.own.due")} value={due} onInput={setDue} />
      {carriers.length > 0 && (
        <label class="field"><span>{t("ready.own.by")}</span>
          <select value={by} onChange={(e) => setBy(e.currentTarget.value)}>
            <option value="">{t("ready.own.by_none")}</option>
            {carriers.map((c) => <option key={c.value} value={c.value}>{c.words}</option>)}
          </select></label>)}
      <label class="field"><span>{t("ready.own.how")}</span><input type="text" maxLength={300} value={how} onInput={(e) => setHow(e.currentTarget.value)} /></label>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t(was ? "ready.own.change" : "ready.own.save")}</Button><Button onPress={leave}>{t("button.leave")}</Button></div>
      <p class="small ink2">{t("ready.own.then")}</p>
    </form>);
}

/** It is done: what shows it; of what people attest, until when. Then it is measured. */
export function Done({ of, done, leave }: { of: Followup; done: () => void; leave: () => void }) {
  const [evidence, setEvidence] = useState("");
  const [until, setUntil] = useState("");
  const write = useWrite(done);
  const attested = of.question.startsWith("attested:");
  const send = () => void write.run(() => api.followupDone(of.id, { version: of.version, evidence, ...(attested ? { until } : {}) })).then((ok) => ok && leave());
  return (
    <form class="form own" onSubmit={(e) => { e.preventDefault(); send(); }}>
      <label class="field"><span>{t("ready.evidence")}</span><textarea rows={2} required maxLength={1000} value={evidence} onInput={(e) => setEvidence(e.currentTarget.value)} /></label>
      {attested && <WhenField ahead label={t("ready.end")} value={until} onInput={setUntil} />}
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("ready.own.done")}</Button><Button onPress={leave}>{t("button.leave")}</Button></div>
      <p class="small ink2">{t(of.question ? "ready.own.done_then" : "ready.own.done_said")}</p>
    </form>);
}

/** What is known of one: owner, date, whether it was checked and what came of it. */
export function Standing({ of }: { of: Followup }) {
  const date = (iso: string | null) => (iso ?? "").slice(0, 10);
  return (
    <>
      <span class={of.late ? "must-word" : ""}>{of.person} {t("ready.until", { time: date(of.due) })}{of.late && <b> {t("ready.own.late")}</b>}</span>
      {of.state === "closed" && <span class="small ink2"> {t(of.declared ? "ready.own.closed_said" : "ready.own.closed", { time: date(of.checked_at) })} {of.said}</span>}
      {of.state === "closed" && of.now === "no" && <b class="must-word"> {t("ready.own.again_no")}</b>}
      {of.state === "open" && of.checked_at && <span class="small must-word"> {t(`ready.own.result_${of.result || "unknown"}`, { time: date(of.checked_at) })}</span>}
      {of.state === "said" && <span class="small ink2"> {t("ready.own.said")}</span>}
      {of.state === "dropped" && <span class="small ink2"> {t("ready.own.dropped", { why: of.said })}</span>}
    </>);
}
