// 窓口: for who answers the telephone: what is said now, the approved answers, a press a caller; what has no answer goes to who publishes.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Desk as Now } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t, titleOf } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";

type Case = Now["cases"][number];
type Said = { name: string; head: { ja: string | null; en: string | null }; ja: string; en: string };

function Text({ x, l }: { x: Case; l: "ja" | "en" }) {
  const parts = x.says.parts as unknown as Said[];
  return <>{parts.filter((p) => p[l]).map((p) => <div key={p.name}>{(p.head[l] ?? p.head.ja) && <h3>{p.head[l] ?? p.head.ja}</h3>}<p class="publish-text" lang={l}>{p[l]}</p></div>)}</>;
}

function Given({ x, a, l, done }: { x: Case; a: Case["answers"][number]; l: "ja" | "en"; done: () => void }) {
  const write = useWrite(done);
  return (
    <li>
      <h3>{a.question[l] || a.question.ja}</h3>
      <p class="publish-text">{a.answer[l] || a.answer.ja}</p>
      <div class="buttons"><Button busy={write.state.step === "busy"} onPress={() => void write.run(() => api.countCaller({ publication: x.publication, answer: a.id, kind: a.kind }))}>{t("caller.given")}</Button><span class="small ink2">{t("caller.asked", { n: a.asked_n })} <Time at={a.since} /></span></div>
      <Outcome state={write.state} />
    </li>
  );
}

function PassOn({ x, done }: { x: Case; done: () => void }) {
  const kinds = useResource(api.reportKinds, [], []);
  const [f, set] = useState({ kind: "", question: "", sent: false });
  const write = useWrite(() => { set({ ...f, question: "", sent: true }); done(); });
  const kind = f.kind || kinds.data?.kinds[0]?.id || "";
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (f.question.trim()) void write.run(() => api.countCaller({ publication: x.publication, kind, question: f.question.trim() })); }}>
      <h3>{t("caller.no_answer")}</h3>
      <div class="form-row even"><label class="field"><span>{t("caller.question")}</span><input type="text" maxLength={400} value={f.question} onInput={(e) => set({ ...f, question: e.currentTarget.value, sent: false })} /></label>
        <label class="field"><span>{t("caller.kind")}</span><select value={kind} onChange={(e) => set({ ...f, kind: e.currentTarget.value })}>{kinds.data?.kinds.map((k) => <option value={k.id}>{titleOf({ titles: k.title })}</option>)}</select></label></div>
      <Outcome state={write.state} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("caller.pass_on")}</Button>{f.sent && <Mark kind="ok">{t("caller.passed_on")}</Mark>}</div>
    </form>
  );
}

function One({ x, done }: { x: Case; done: () => void }) {
  const [find, look] = useState("");
  const l = lang.value === "en" && x.en ? "en" : "ja";
  const has = (s: string | null | undefined) => (s ?? "").toLowerCase().includes(find.trim().toLowerCase());
  const fits = x.answers.filter((a) => !find.trim() || has(a.question.ja) || has(a.question.en) || has(a.answer.ja) || has(a.answer.en));
  return (
    <div class="grid">
      <div class="w8"><Card id={`desk-${x.publication}`} title={x.says.subject[l] ?? x.says.subject.ja ?? ""} caption={t("caller.answers_caption")}>
        <div class="card-body"><label class="field"><span>{t("caller.find")}</span><input type="search" value={find} onInput={(e) => look(e.currentTarget.value)} /></label></div>
        {x.answers.length === 0 && <p class="empty">{t("caller.none")}</p>}
        <ul class="rows">{fits.map((a) => <Given key={a.id} x={x} a={a} l={l} done={done} />)}</ul>
        <div class="card-body"><PassOn x={x} done={done} /></div>
      </Card></div>
      <div class="w4"><Card id={`said-${x.publication}`} title={t("caller.said")}><div class="card-body">
        <p class="small ink2"><Time at={x.published} /></p>{x.next && <p>{t("caller.next")} <Time at={x.next} /></p>}<Text x={x} l={l} />
      </div></Card></div>
    </div>
  );
}

export function Desk() {
  const all = useResource(api.desk, ["desk", "incident"], []);
  return (
    <>
      <h1>{t("caller.desk")}</h1>
      <p class="ink2">{t("caller.desk_caption")}</p>
      <Loaded of={all}>{(x) => <>{x.cases.length === 0 && <Card id="desk" title={t("caller.desk")}><p class="empty">{t("caller.nothing")}</p></Card>}{x.cases.map((c) => <One key={c.publication} x={c} done={all.reload} />)}</>}</Loaded>
    </>
  );
}
