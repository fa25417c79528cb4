// 想定問答: what callers ask, what the desk answers, what has no answer yet, and how many called.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Answer, Answers as All, Incident } from "../../../api/types";
import { useResource } from "../../../state/resource";
import { lang, say, t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Confirm } from "../../../widgets/Confirm";
import { Loaded } from "../../../widgets/Loaded";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { mayWrite } from "./may";

type Kinds = { kinds: { id: string; title: { ja: string; en: string } }[] };
const MARK = { asked: "must", draft: "todo", current: "ok" } as const;
const kindOf = (kinds: Kinds | null | undefined, id: string) => { const k = kinds?.kinds.find((x) => x.id === id); return k ? titleOf({ titles: k.title }) : id; };

function Write({ incident, of, kinds, done }: { incident: Incident; of: Answer | null; kinds: Kinds; done: () => void }) {
  const [f, set] = useState({ kind: of?.kind ?? kinds.kinds[0]?.id ?? "", question: of?.question.ja ?? "", question_en: of?.question.en ?? "", answer: of?.answer.ja ?? "", answer_en: of?.answer.en ?? "" });
  const write = useWrite(done);
  const put = (k: keyof typeof f) => (e: { currentTarget: { value: string } }) => set({ ...f, [k]: e.currentTarget.value });
  const save = () => void write.run(() => api.putAnswer(incident.id, { ...f, ...(of ? { replaces: of.id } : {}) }));
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (f.question.trim() && f.answer.trim()) save(); }}>
      <label class="field"><span>{t("caller.kind")}</span><select value={f.kind} onChange={put("kind")}>{kinds.kinds.map((k) => <option value={k.id}>{titleOf({ titles: k.title })}</option>)}</select></label>
      <div class="form-row even"><label class="field"><span>{t("caller.question")}</span><input type="text" maxLength={400} value={f.question} onInput={put("question")} /></label>
        <label class="field"><span>{t("caller.in_english", { what: t("caller.question") })}</span><input type="text" maxLength={400} lang="en" value={f.question_en} onInput={put("question_en")} /></label></div>
      <div class="form-row even"><label class="field"><span>{t("caller.answer")}</span><textarea rows={3} maxLength={1300} value={f.answer} onInput={put("answer")} /></label>
        <label class="field"><span>{t("caller.in_english", { what: t("caller.answer") })}</span><textarea rows={3} maxLength={3900} lang="en" value={f.answer_en} onInput={put("answer_en")} /></label></div>
      <p class="small ink2">{t("caller.hint")}</p><Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("caller.save")}</Button></div>
    </form>
  );
}

function Row({ incident, x, kinds, done }: { incident: Incident; x: Answer; kinds: Kinds; done: () => void }) {
  const [open, show] = useState(false);
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  return (
    <li>
      <p><Mark kind={MARK[x.state]}>{t(`caller.state.${x.state}`)}</Mark> <b>{x.question[lang.value] || x.question.ja}</b> <span class="tag">{kindOf(kinds, x.kind)}</span>{x.asked_n > 0 && <span class="small ink2"> {t("caller.asked", { n: x.asked_n })}</span>}</p>
      {x.answer.ja && <p class="publish-text">{x.answer[lang.value] || x.answer.ja}</p>}
      {x.since && x.state === "current" && <p class="small ink2"><Time at={x.since} /> {x.approved_by && say(x.approved_by)}</p>}
      {mayWrite() && <div class="buttons no-print">
        <Button smaller onPress={() => show(!open)}>{t(x.state === "asked" ? "caller.reply" : "caller.change")}</Button>
        {x.state === "draft" && <Confirm smaller busy={busy} label={t("caller.approve")} question={t("caller.approve_question")} effect={t("caller.approve_effect")} onConfirm={() => void write.run(() => api.approveAnswer(x.id, x.version))} />}
        <Button smaller busy={busy} onPress={() => void write.run(() => api.endAnswer(x.id, x.version))}>{t("caller.end")}</Button>
      </div>}
      <Outcome state={write.state} />
      {open && <Write incident={incident} of={x} kinds={kinds} done={() => { show(false); done(); }} />}
    </li>
  );
}

export function Answers({ incident }: { incident: Incident }) {
  const all = useResource<All>(api.answers(incident.id), ["incident"], [incident.id], incident.id);
  const kinds = useResource(api.reportKinds, [], []);
  const [open, show] = useState(false);
  const done = () => { show(false); all.reload(); };
  return (
    <Card id="answers" title={t("caller.title")} caption={t("caller.caption")} side={<a class="button smaller" href="#/desk">{t("caller.open_desk")}</a>}>
      <Loaded of={all}>{(x) => (
        <>
          {x.callers.length > 0 && <p class="card-body">{t("caller.counted")}: {x.callers.map((c) => `${kindOf(kinds.data, c.kind)} ${t("caller.n", { n: c.n })}`).join(lang.value === "ja" ? "、" : ", ")}</p>}
          {x.answers.length === 0 && <p class="empty">{t("caller.none")}</p>}
          <ul class="rows">{kinds.data && x.answers.map((a) => <Row key={`${a.id}-${a.version}`} incident={incident} x={a} kinds={kinds.data as Kinds} done={done} />)}</ul>
          {mayWrite() && kinds.data && (open ? <Write incident={incident} of={null} kinds={kinds.data} done={done} /> : <div class="card-body"><Button onPress={() => show(true)}>{t("caller.add")}</Button></div>)}
        </>)}</Loaded>
    </Card>
  );
}
