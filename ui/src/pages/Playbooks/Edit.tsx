// A playbook made in a form: steps one below the other, branches, order, going back; what is wrong is said at the step it is about.
// The room judges it, as it judges a file; the picture beside shows what it would be.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client";
import type { PlaybookTried } from "../../api/types";
import { go } from "../../state/route";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { PlanMap } from "../../widgets/PlanMap";
import { addBelow, branches, change, EMPTY, type Form, type FormStep, KINDS, LANES, move, remove, source, stepOfLine, turn } from "./form";

const WAIT_MS = 400;
const WITHIN = ["", "1m", "3m", "5m", "10m", "15m", "30m", "1h", "2h", "4h", "1d"];
const ACTIONS = ["block_source", "freeze_account", "close_site", "isolate_host", "cut_traffic", "raise_level"];
const UNTIL = ["", "12h", "1d", "3d", "7d", "14d"];
const AUTHORITY = ["", "block", "stop", "publish", "freeze", "isolate", "reopen", "level", "raise"];

interface Part { f: Form; i: number; s: FormStep; set: (f: Form) => void }

function Choose({ label, value, options, words, set }: { label: string; value: string; options: string[]; words: (v: string) => string; set: (v: string) => void }) {
  const all = options.includes(value) ? options : [...options, value];
  return <label class="field"><span>{label}</span><select value={value} onChange={(e) => set(e.currentTarget.value)}>{all.map((o) => <option key={o} value={o}>{words(o)}</option>)}</select></label>;
}

const nameOf = (f: Form, id: string): string => {
  const i = f.steps.findIndex((s) => s.id === id);
  const s = f.steps[i];
  return id === "" ? t("edit.below") : id === "end" ? t("edit.end") : s ? t("edit.step_n", { n: i + 1, words: s.ja || s.en || s.name || t("word.empty") }) : id;
};

/** Answers with where each leads. */
function Answers({ f, i, s, set }: Part) {
  const cases = Object.entries(s.cases ?? {});
  const put = (rows: [string, string][]) => set(change(f, i, { cases: Object.fromEntries(rows) }));
  const to = ["end", ...f.steps.filter((x) => x.id !== s.id).map((x) => x.id)];
  return (
    <fieldset class="field edit-answers">
      <legend>{t("edit.answers")}</legend>
      {cases.map(([answer, way], k) => (
        <div key={k} class="form-row">
          <label class="field"><span>{t("edit.answer")}</span><input type="text" maxLength={80} value={answer} onChange={(e) => put(cases.map((c, n) => (n === k ? [e.currentTarget.value.trim() || answer, way] : c)))} /></label>
          <Choose label={t("edit.leads_to")} value={way} options={to} words={(v) => (v === "end" ? t("playbooks.goes_on") : nameOf(f, v))} set={(v) => put(cases.map((c, n) => (n === k ? [answer, v] : c)))} />
        </div>))}
      <div class="buttons"><Button smaller onPress={() => put([...cases, [t("edit.other_answer", { n: cases.length + 1 }), "end"]])}>{t("edit.add_answer")}</Button>
        {cases.length > 2 && <Button smaller onPress={() => put(cases.slice(0, -1))}>{t("edit.drop_answer")}</Button>}</div>
    </fieldset>
  );
}

function Beside({ f, i, s, set }: Part) {
  const on = s.steps ?? [];
  return (
    <fieldset class="field edit-answers">
      <legend>{t("edit.beside")}</legend>
      {f.steps.filter((x) => x.id !== s.id).map((x) => (
        <label key={x.id} class="check"><input type="checkbox" checked={on.includes(x.id)} onChange={(e) => set(change(f, i, { steps: e.currentTarget.checked ? [...on, x.id] : on.filter((v) => v !== x.id) }))} /> {nameOf(f, x.id)}</label>))}
    </fieldset>
  );
}

/** To which level, for which services, until when; the levels are those of this office. */
function RaiseFields({ f, i, s, set }: Part) {
  const all = useResource(api.levels, ["alert_level"], []);
  const put = (x: Partial<FormStep>) => set(change(f, i, x));
  return (
    <Loaded of={all}>{(d) => (
      <>
        <div class="form-row">
          <Choose label={t("edit.level")} value={s.level ?? ""} options={["", ...d.levels.map((l) => l.level)]} words={(v) => d.levels.find((l) => l.level === v)?.title[lang.value] ?? (v || t("word.not_set"))} set={(level) => put({ level })} />
          <Choose label={t("edit.level_until")} value={s.until ?? ""} options={UNTIL} words={(w) => (w ? t("edit.until_words", { w }) : t("edit.level_lasts"))} set={(until) => put({ until })} />
        </div>
        <label class="field"><span>{t("edit.level_services")}</span><textarea rows={2} maxLength={4000} value={(s.services ?? []).join("\n")}
          onChange={(e) => { const services = e.currentTarget.value.split("\n").map((x) => x.trim()).filter(Boolean); put({ services: services.length > 0 ? services : undefined }); }} /></label>
      </>)}
    </Loaded>
  );
}

function Fields(p: Part) {
  const { f, i, s, set } = p;
  const put = (x: Partial<FormStep>) => set(change(f, i, x));
  const ways = [...(branches(s) ? [] : [""]), "end", ...f.steps.filter((x) => x.id !== s.id).map((x) => x.id)];
  const doing = s.kind !== "together" && s.kind !== "repeat";
  return (
    <>
      <div class="form-row">
        <Choose label={t("edit.kind")} value={s.kind} options={KINDS} words={(k) => t(`run.kind.${k}`)} set={(k) => set(turn(f, i, k))} />
        {s.kind !== "together" && <Choose label={t("note.lane")} value={s.lane ?? ""} options={["", ...LANES]} words={(l) => (l ? t(`lane.name.${l}`) : t("word.not_set"))} set={(lane) => put({ lane })} />}
        {doing && <Choose label={t("edit.within")} value={s.within ?? ""} options={WITHIN} words={(w) => (w ? t("edit.within_words", { w }) : t("edit.by_level"))} set={(within) => put({ within })} />}
      </div>
      <label class="field"><span>{t("edit.ja")}</span><input type="text" maxLength={300} value={s.ja ?? ""} onInput={(e) => put({ ja: e.currentTarget.value })} /></label>
      <label class="field"><span>{t("edit.en")}</span><input type="text" maxLength={300} value={s.en ?? ""} onInput={(e) => put({ en: e.currentTarget.value })} /></label>
      {s.kind === "action" && <Choose label={t("edit.action")} value={s.action ?? ""} options={["", ...ACTIONS]} words={(a) => (a ? t(`edit.action.${a}`) : t("word.not_set"))} set={(action) => put({ action, level: undefined, services: undefined, until: undefined })} />}
      {s.action === "raise_level" && <RaiseFields {...p} />}
      {s.kind === "wait" && <Choose label={t("edit.wait")} value={s.wait ?? ""} options={WITHIN} words={(w) => (w ? t("edit.wait_words", { w }) : t("edit.until_said"))} set={(wait) => put({ wait })} />}
      {s.kind === "repeat" && <label class="field"><span>{t("edit.condition")}</span><input type="text" maxLength={300} value={s.condition ?? ""} onInput={(e) => put({ condition: e.currentTarget.value })} /></label>}
      {s.cases !== undefined && <Answers {...p} />}
      {s.kind === "together" && <Beside {...p} />}
      <div class="form-row">
        {doing && <Choose label={t("edit.authority")} value={s.authority ?? ""} options={AUTHORITY} words={(a) => (a ? t(`authority.${a}`) : t("edit.nobody"))} set={(authority) => put({ authority })} />}
        <Choose label={t(branches(s) ? "edit.then_all" : "edit.then")} value={s.next ?? ""} options={ways} words={(v) => nameOf(f, v)} set={(next) => put({ next })} />
      </div>
    </>
  );
}

function StepCard(p: Part & { fault: string | null }) {
  const { f, i, s, set, fault } = p;
  const [open, show] = useState(!s.ja && !s.en);
  return (
    <li class={`edit-step${fault ? " edit-bad" : ""}`}>
      <div class="edit-head"><b>{i + 1}. {s.ja || s.en || s.name || t("edit.no_words")}</b> <span class="small ink2">{t(`run.kind.${s.kind}`)}</span></div>
      {fault && <p role="alert"><Mark kind="must">{t("playbooks.fault")}</Mark> {fault}</p>}
      {open && <div class="form"><Fields {...p} /></div>}
      <div class="buttons">
        <Button smaller onPress={() => show(!open)}>{t(open ? "edit.close" : "edit.open")}</Button>
        {i > 0 && <Button smaller onPress={() => set(move(f, i, -1))}>{t("edit.up")}</Button>}
        {i + 1 < f.steps.length && <Button smaller onPress={() => set(move(f, i, 1))}>{t("edit.down")}</Button>}
        <Button smaller onPress={() => set(addBelow(f, i))}>{t("edit.add")}</Button>
        {f.steps.length > 1 && <Button smaller onPress={() => set(remove(f, i))}>{t("edit.remove")}</Button>}
      </div>
    </li>
  );
}

/** The room's judgement of what stands there now, a moment after the last letter. */
function useJudged(f: Form): PlaybookTried | null {
  const [judged, set] = useState<PlaybookTried | null>(null);
  const text = source(f);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(() => { api.tryPlaybook("ours", text).then((x) => { if (!gone) set(x); }, () => { if (!gone) set(null); }); }, WAIT_MS);
    return () => { gone = true; clearTimeout(timer); };
  }, [text]);
  return judged;
}

const idOf = (title: string): string => title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);

function Editor({ first }: { first: Form }) {
  const [past, setPast] = useState<Form[]>([]);
  const [f, setForm] = useState(first);
  const own = first.id === "";
  const [made] = useState(() => `own-${Date.now().toString(36)}`);
  const named: Form = own ? { ...f, id: idOf(f.title?.en ?? "") || made } : f;
  const judged = useJudged(named);
  const write = useWrite();
  const set = (x: Form) => { setPast((p) => [...p.slice(-99), f]); setForm(x); };
  const back = () => { const last = past[past.length - 1]; if (last) { setPast(past.slice(0, -1)); setForm(last); } };
  const fault = judged?.fault ?? null;
  const at = fault ? stepOfLine(fault.line) : -1;
  const save = () => void write.run(async () => go(`#/playbooks/${(await api.savePlaybook("ours", source(named))).id}`));
  return (
    <div class="grid run-grid">
      <div class="col w7">
        <Card id="edit" title={t(own ? "edit.new" : "edit.title")}>
          <div class="card-body form">
            <div class="form-row">
              <label class="field"><span>{t("edit.title_ja")}</span><input type="text" maxLength={120} value={f.title?.ja ?? ""} onInput={(e) => set({ ...f, title: { ...f.title, ja: e.currentTarget.value } })} /></label>
              <label class="field"><span>{t("edit.title_en")}</span><input type="text" maxLength={120} value={f.title?.en ?? ""} onInput={(e) => set({ ...f, title: { ...f.title, en: e.currentTarget.value } })} /></label>
            </div>
            <ol class="edit-steps">{f.steps.map((s, i) => <StepCard key={s.id} f={f} i={i} s={s} set={set} fault={at === i ? (fault?.text ?? null) : null} />)}</ol>
            {fault && (at < 0 || at >= f.steps.length) && <p role="alert"><Mark kind="must">{t("playbooks.fault")}</Mark> {fault.text}</p>}
            <Outcome state={write.state} />
            <div class="buttons">
              {judged && !fault && <Button solid busy={write.state.step === "busy"} onPress={save}>{t("edit.save")}</Button>}
              {past.length > 0 && <Button onPress={back}>{t("edit.back")}</Button>}
              {fault && <span class="small ink2">{t("edit.not_yet")}</span>}
            </div>
          </div>
        </Card>
      </div>
      <div class="col w5"><Card id="run-map" title={t("run.map")}><div class="card-body">{judged?.plan ? <PlanMap plan={judged.plan} /> : <p class="ink2">{t("edit.no_map")}</p>}</div></Card></div>
    </div>
  );
}

function Loading({ id }: { id: string }) {
  const one = useResource(api.playbook(id), [], [id]);
  return <Loaded of={one}>{(p) => <Editor first={p.form as unknown as Form} />}</Loaded>;
}

export function Edit({ id }: { id: string | null }) {
  return (
    <>
      <div class="page-head"><h1>{t(id === null ? "edit.new" : "edit.title")}</h1><span class="grow" /><Button href="#/playbooks">{t("playbooks.to_list")}</Button></div>
      {id === null ? <Editor first={EMPTY} /> : <Loading id={id} />}
    </>
  );
}
