// A draft: each part as it would read, from which facts, which one is missing; and what went before it. Asked about, it is frozen.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Publication } from "../../../api/types";
import { lang, t, titleOf } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Confirm } from "../../../widgets/Confirm";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";
import { Time } from "../../../widgets/Time";
import { WhenField } from "../../../widgets/WhenField";
import { mayWrite } from "./may";

export type Part = NonNullable<Publication["says"]>["parts"][number];
const MARK = { gap: "soon", left_out: "declared", own: "run", untranslated: "soon" } as const;

export const headOf = (p: Part, l: "ja" | "en") => p.head[l] ?? p.head.ja ?? p.head.en ?? "";

function OwnWords({ p, part, done }: { p: Publication; part: Part; done: () => void }) {
  const own = p.own[part.name];
  const [f, set] = useState({ ja: own?.ja || (part.state === "left_out" ? "" : part.ja), en: own?.en ?? "" });
  const write = useWrite(done);
  const save = () => void write.run(() => api.changePublication(p.id, { version: p.version, own: { [part.name]: { ja: f.ja.trim(), en: f.en.trim() } } }));
  const area = (l: "ja" | "en") => <label class="field"><span>{t(`announce.own_${l}`)}</span><textarea rows={3} maxLength={2600} lang={l} value={f[l]} onInput={(e) => set({ ...f, [l]: e.currentTarget.value })} /></label>;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(); }}>
      {area("ja")}{area("en")}<p class="small ink2">{t("announce.own_hint")}</p><Outcome state={write.state} />
      <div class="buttons"><Button smaller submit busy={write.state.step === "busy"}>{t("announce.save")}</Button></div>
    </form>
  );
}

function PartRow({ incident, p, part, l, done }: { incident: Incident; p: Publication; part: Part; l: "ja" | "en"; done: () => void }) {
  const [open, show] = useState(false);
  const state = l === "ja" ? part.state : part.state_en;
  const text = l === "ja" ? part.ja : part.en;
  if (state === "left_out" && !part.wants) return null;
  return (
    <li class={`publish-part ${state}`}>
      {headOf(part, l) && <h3>{headOf(part, l)}</h3>}
      {text && <p class="publish-text" lang={l}>{text}</p>}
      <p class="small">
        {state !== "text" && <Mark kind={MARK[state]}>{t(`announce.said.${state}`)}</Mark>}{" "}
        {part.wants && state !== "own" && <>{t("announce.wants")}: <a href={`#/cases/${incident.id}/facts?fact=${part.wants.name}`}>{titleOf(part.wants)}</a> {t(part.wants.state ? `fact.state.${part.wants.state}` : "announce.wants_none")}</>}{" "}
        {p.state === "draft" && state !== "left_out" && mayWrite() && <Button smaller onPress={() => show(!open)}>{t("announce.edit")}</Button>}
      </p>
      {open && <OwnWords p={p} part={part} done={done} />}
    </li>
  );
}

export function Languages({ l, pick }: { l: "ja" | "en"; pick: (l: "ja" | "en") => void }) {
  return <div class="buttons" role="group">{(["ja", "en"] as const).map((x) => <button key={x} type="button" class="button smaller" aria-pressed={l === x} onClick={() => pick(x)}>{l === x ? "✓ " : ""}{t(`announce.lang.${x}`)}</button>)}</div>;
}

function Settings({ p, done }: { p: Publication; done: () => void }) {
  const [next, set] = useState("");
  const write = useWrite(done);
  const put = (x: { next?: string; en?: boolean }) => void write.run(() => api.changePublication(p.id, { version: p.version, ...x }));
  return (
    <div class="form">
      {p.stage !== "final" && <>
        <p>{t("announce.next")}: {p.next ? <b><Time at={p.next} /></b> : <Mark kind="must">{t("announce.wants_none")}</Mark>}</p>
        <WhenField ahead label={t("announce.next")} value={next} onInput={set} />
        {next.trim() && <div class="buttons"><Button smaller busy={write.state.step === "busy"} onPress={() => put({ next: next.trim() })}>{t("announce.next_set")}</Button></div>}
      </>}
      <label class="pick"><input type="checkbox" checked={p.en} onChange={(e) => put({ en: e.currentTarget.checked })} /><span>{t("announce.en")}</span></label>
      <Outcome state={write.state} />
    </div>
  );
}

function Ask({ p, done }: { p: Publication; done: () => void }) {
  const [f, set] = useState({ risk_do: "", risk_go_on: "" });
  const write = useWrite(done);
  const busy = write.state.step === "busy";
  const field = (k: keyof typeof f) => <label class="field"><span>{t(`decision.${k}`)}</span><input type="text" maxLength={300} value={f[k]} onInput={(e) => set({ ...f, [k]: e.currentTarget.value })} /></label>;
  return (
    <div class="form">
      <div class="form-row even">{field("risk_do")}{field("risk_go_on")}</div>
      <Outcome state={write.state} />
      <div class="buttons">
        <Confirm solid busy={busy} label={t("announce.ask")} question={t("announce.ask_question")} effect={t("announce.ask_effect")} onConfirm={() => void write.run(() => api.askPublication(p.id, { version: p.version, ...f }))} />
        <Confirm busy={busy} label={t("announce.drop")} question={t("announce.drop_question")} effect="" onConfirm={() => void write.run(() => api.endPublication(p.id, { version: p.version, why: "" }))} />
      </div>
    </div>
  );
}

export function Draft({ incident, p, done }: { incident: Incident; p: Publication; done: () => void }) {
  const [l, pick] = useState<"ja" | "en">(lang.value);
  const subject = p.says?.subject[l] ?? p.says?.subject.ja ?? "";
  return (
    <div class="card-body publish-draft">
      <p><Mark kind={p.state === "asked" ? "must" : "todo"}>{t(`announce.state.${p.state}`)}</Mark> {t("announce.number", { n: p.number })} {t(`announce.stage.${p.stage}`)}</p>
      {p.why && p.state === "draft" && <p><Mark kind="soon">{t("announce.why_back", { why: p.why })}</Mark></p>}
      {p.state === "asked" && <p>{t("announce.waits")} <a class="button" href={`#/cases/${incident.id}/actions`}>{t("announce.decide")}</a></p>}
      {p.stale && <p><Mark kind="must">{t("announce.stale")}</Mark></p>}
      <Languages l={l} pick={pick} />
      <h2 class="publish-subject" lang={l}>{subject}</h2>
      <ul class="plain publish-parts">{p.says?.parts.filter((x, i, all) => x.state !== "left_out" || all.findIndex((o) => o.state === "left_out" && o.wants?.name === x.wants?.name) === i).map((x) => <PartRow key={x.name} incident={incident} p={p} part={x} l={l} done={done} />)}</ul>
      {p.state === "draft" && mayWrite() && <><Settings p={p} done={done} /><Ask p={p} done={done} /></>}
    </div>
  );
}
