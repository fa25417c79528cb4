// Telling one person who matters: what they have to know, which of it nobody knows yet, and one question that shows whether they understood.
// Everybody at once is a campaign.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Fact, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { lang, say, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Outcome } from "../../../widgets/Outcome";

const MISSING = 6; // more than a person takes in at night

const title = (f: Fact) => f.titles[lang.value] ?? f.titles.ja ?? "";

/** What they are told: the case, and what is still open. */
function words(incident: Incident, missing: Fact[]): string {
  const told = `${incident.number} ${say(incident.title)}`;
  return missing.length === 0 ? told : `${told}\n${t("key_call.missing", { list: missing.map(title).join(t("key_call.comma")) })}`;
}

interface Props { incident: Incident; leave: () => void; done: () => void }

export function KeyPerson({ incident, leave, done }: Props) {
  const facts = useResource(api.facts(incident.id), ["incident"], [incident.id], incident.id);
  const people = useResource(api.register("people"), ["registers"], []);
  const [person, setPerson] = useState("");
  const [second, setSecond] = useState("");
  const [text, setText] = useState<string | null>(null);
  const [question, setQuestion] = useState<string | null>(null);
  const write = useWrite(done);
  const missing = (facts.data?.facts ?? []).filter((f) => f.state === "unknown" && f.proposal === null).slice(0, MISSING);
  const told = text ?? words(incident, missing);
  const asked = question ?? t("key_call.understood");
  const send = () => write.run(async () => {
    await api.callOut(incident.id, { purpose: "key", people: [person, second].map((x) => x.trim()).filter((x) => x), text: told, question: asked });
    leave();
  });
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void send(); }}>
      <label class="field"><span>{t("key_call.person")}</span><input required type="text" list="key-people" maxLength={300} value={person} onInput={(e) => setPerson(e.currentTarget.value)} /></label>
      <label class="field"><span>{t("key_call.second")}</span><input type="text" list="key-people" maxLength={300} value={second} onInput={(e) => setSecond(e.currentTarget.value)} /></label>
      <datalist id="key-people">{people.data?.rows.map((p) => <option value={p.name} key={p.id} />)}</datalist>
      <label class="field"><span>{t("key_call.told")}</span><textarea required rows={4} maxLength={1300} value={told} onInput={(e) => setText(e.currentTarget.value)} /></label>
      <label class="field"><span>{t("key_call.question")}</span><textarea required rows={2} maxLength={300} value={asked} onInput={(e) => setQuestion(e.currentTarget.value)} /></label>
      {missing.length > 0 && (
        <div class="buttons">{missing.map((f) => <Button smaller key={f.name} onPress={() => setQuestion(t("key_call.ask_fact", { what: title(f) }))}>{t("key_call.ask_fact_short", { what: title(f) })}</Button>)}</div>)}
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("key_call.send")}</Button><Button onPress={leave}>{t("button.leave")}</Button></div>
    </form>
  );
}
