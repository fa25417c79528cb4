// 規則を加える: an archive somebody keeps, or a rule one has written. Both are judged against the rules in use and the
// stored logs, and then wait until somebody switches them on.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { RuleAdded, RuleOrder, RuleState } from "../../api/types";
import { type Resource, useResource } from "../../state/resource";
import { me } from "../../state/session";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Loaded } from "../../widgets/Loaded";
import { Outcome } from "../../widgets/Outcome";
import { Draft } from "./Draft";
import { badName, nameOf, ZIP_BYTES_MAX } from "./forms";
import { canStart, TrialState, type Trying, useTrial } from "./trial";

const EXAMPLE = `title: 深夜の管理者ログイン
id: 00000000-0000-0000-0000-000000000000
logsource: {product: linux, service: sshd}
detection:
    login: {event.outcome: success, user.name: admin}
    condition: login
level: medium
`;

/** The text, or the example where there is none yet, with an id of its own. */
function withId(text: string): string {
  const base = text.trim() ? text : EXAMPLE;
  const line = `id: ${crypto.randomUUID()}`;
  return /^id:/m.test(base) ? base.replace(/^id:.*$/m, line) : base.replace(/^(title:.*\n)?/, (m) => `${m}${line}\n`);
}

/** What came of it, and the button that switches it on. */
function Outcomes({ trying, state, back }: { trying: Trying; state: Resource<RuleState>; back: string }) {
  const write = useWrite(state.reload);
  const order = (o: RuleOrder) => void write.run(() => api.ruleOrder(o));
  const result = trying.mine?.state === "done" ? trying.mine.result as RuleAdded | null : null;
  const set = result?.waits ? state.data?.sets?.find((s) => s.name === result.name && s.state === "draft") : undefined;
  return (
    <>
      <TrialState of={trying} />
      <Outcome state={write.state} />
      {result && !result.waits && <p class="confirm" role="status"><Mark kind="ok">{t("add.same", { name: result.name })}</Mark></p>}
      {set && <Draft set={set} first={!state.data?.sets?.some((s) => s.name === set.name && s.state !== "draft")} order={order} busy={write.state.step === "busy"} />}
      {result?.waits && !set && write.state.step === "done" && <p class="confirm" role="status"><Mark kind="ok">{t("add.settled")}</Mark> <a href={back}>{t("sets.page")}</a></p>}
    </>
  );
}

function Zip({ trying }: { trying: Trying }) {
  const [file, choose] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [licence, setLicence] = useState("");
  const large = file !== null && file.size > ZIP_BYTES_MAX;
  const wrong = file === null ? t("add.file_missing") : large ? t("add.file_large", { mb: Math.ceil(file.size / 1048576) }) : badName(name) ? t("add.name_wrong") : null;
  const busy = trying.write.state.step === "busy";
  const send = () => { if (file && !wrong) void trying.start(() => api.sendSet(file, name, licence.trim())); };
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); send(); }}>
      <label class="field"><span>{t("add.file")}</span>
        <input type="file" accept=".zip,application/zip" onChange={(e) => { const f = e.currentTarget.files?.[0] ?? null; choose(f); trying.forget(); if (f) setName(nameOf(f.name)); }} /></label>
      <div class="form-row">
        <label class="field"><span>{t("add.name")}</span><input type="text" maxLength={64} value={name} onInput={(e) => { setName(e.currentTarget.value.trim()); trying.forget(); }} /></label>
        <label class="field"><span>{t("add.licence")}</span><input type="text" maxLength={200} value={licence} onInput={(e) => setLicence(e.currentTarget.value)} /></label>
      </div>
      <p class="small ink2">{t("add.licence_hint")}</p>
      {canStart(trying) && (
        <div class="buttons">
          <Button submit solid={!wrong} busy={busy}>{t(busy ? "add.sending" : "add.send")}</Button>
          {wrong && <span class="small ink2" role="note">{wrong}</span>}
        </div>)}
    </form>
  );
}

function Text({ trying, own, begin = "" }: { trying: Trying; own: string[]; begin?: string }) {
  const [text, set] = useState(begin);
  const [name, setName] = useState(own[0] ?? "own");
  const wrong = !text.trim() ? t("write.missing") : badName(name) ? t("add.name_wrong") : /^id:/m.test(text) ? null : t("write.no_id");
  const run = () => { if (!wrong) void trying.start(() => api.writeRule(name, text.endsWith("\n") ? text : `${text}\n`)); };
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); run(); }}>
      <label class="field"><span>{t("write.text")}</span>
        <textarea class="mono" rows={14} maxLength={100000} spellcheck={false} value={text} placeholder={EXAMPLE} onInput={(e) => { set(e.currentTarget.value); trying.forget(); }} /></label>
      <p class="small ink2">{t("write.id_hint")} <Button smaller onPress={() => { set(withId); trying.forget(); }}>{t("write.id_new")}</Button></p>
      <label class="field short-field"><span>{t("write.name")}</span><input type="text" maxLength={64} value={name} onInput={(e) => { setName(e.currentTarget.value.trim()); trying.forget(); }} /></label>
      {canStart(trying) && (
        <div class="buttons">
          <Button submit solid={!wrong} busy={trying.write.state.step === "busy"}>{t("write.try")}</Button>
          {wrong && <span class="small ink2" role="note">{wrong}</span>}
        </div>)}
    </form>
  );
}

/** A search on its way to being a rule: the searcher says it in Sigma's words. */
function FromSearch({ trying, own, search }: { trying: Trying; own: string[]; search: string }) {
  const draft = useResource(api.searchRule(search), [], [search]);
  return (
    <>
      <p class="card-body">{t("write.from_search")}</p>
      <Loaded of={draft}>{(d) => <Text trying={trying} own={own} begin={withId(d.text)} />}</Loaded>
    </>
  );
}

export function AddRules({ what, search }: { what: "add" | "write"; search?: string | null }) {
  const state = useResource(api.ruleState, ["rule_state"], []);
  const trying = useTrial(state.reload);
  const own = (state.data?.sets ?? []).filter((s) => s.own && s.state !== "draft").map((s) => s.name);
  return (
    <>
      <div class="page-head"><h1>{t(`${what}.title`)}</h1><span class="grow" /><Button href="#/rules/sets">{t("sets.to_list")}</Button></div>
      <div class="stack">
        <Card id={`${what}-form`} title={t(`${what}.step`)} caption={t(`${what}.caption`)}>
          {me.value?.demo && <p class="card-body ink2">{t("rules.demo")}</p>}
          {what === "add" ? <Zip trying={trying} /> : search ? <FromSearch key={own[0] ?? ""} trying={trying} own={own} search={search} /> : <Text key={own[0] ?? ""} trying={trying} own={own} />}
        </Card>
        <Outcomes trying={trying} state={state} back="#/rules/sets" />
      </div>
    </>
  );
}
