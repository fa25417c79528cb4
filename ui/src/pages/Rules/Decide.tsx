// An exception, or holding repeats back, for one rule: written, tried on the stored logs, and only then kept.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Rule, RuleDecision, RulePreview } from "../../api/types";
import { now } from "../../state/clock";
import { useResource } from "../../state/resource";
import { go, href } from "../../state/route";
import { me } from "../../state/session";
import { t, titleOf } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { span } from "./Alive";
import { dayInJapan, exceptionFaults, suppressFaults, type Where } from "./forms";
import { canStart, TrialState, type Trying, useTrial } from "./trial";

type Names = Record<string, string>;

type What = "except" | "stop" | "suppress";

function Found({ preview, names, op }: { preview: RulePreview; names: Names; op: What }) {
  if (preview.from === null) return <p>{t("preview.no_logs")}</p>;
  const hidden = preview.rules.flatMap((r) => r.hidden);
  const findings = preview.rules.reduce((n, r) => n + r.before - r.after, 0);
  return (
    <>
      <p><b>{t(`preview.n.${op}`, { events: preview.hidden_events, findings })}</b><br />
        <span class="small ink2">{t("preview.looked", { n: preview.events })} <Time at={preview.from} /> – <Time at={preview.to} />{t("sets.took", { span: span(preview.took_ms) })}</span></p>
      {preview.rules.length > 0
        ? <Table label={t(`preview.title.${op}`)} id={(r) => r.id} rows={preview.rules} columns={[
          { head: t("rules.title"), title: true, class: "grow-cell", cell: (r) => names[r.id] ?? r.title },
          { head: t("preview.before"), num: true, cell: (r) => t("preview.count", { n: r.before }) },
          { head: t("preview.after"), num: true, cell: (r) => t("preview.count", { n: r.after }) },
        ]} />
        : <p>{t("preview.no_findings")}</p>}
      {hidden.length > 0 && <><h3 class="small">{t("preview.first")}</h3><ul class="mono small plain-list">{hidden.slice(0, 6).map((h) => <li>{h}</li>)}</ul></>}
    </>
  );
}

/** What was found, and the button that keeps the decision as it was tried. */
function Keep({ trying, decision, names, rule, what = decision.op }: { trying: Trying; decision: RuleDecision; names: Names; rule: Rule; what?: What }) {
  const write = useWrite();
  const done = trying.mine?.state === "done";
  const keep = () => void write.run(() => api.ruleOrder(decision)).then((ok) => { if (ok) go(href("rules", rule.id)); });
  return (
    <>
      <TrialState of={trying} />
      {done && (
        <Card id="preview" title={t(`preview.title.${what}`)} caption={t("preview.caption")}>
          <div class="card-body stack-small wide-items">
            <Found preview={trying.mine?.result as RulePreview} names={names} op={what} />
            <Outcome state={write.state} />
            {me.value?.demo ? <p class="ink2">{t("rules.demo")}</p>
              : <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={keep}>{t(`${what}.add`)}</Button></div>}
          </div>
        </Card>)}
    </>
  );
}

function TryButton({ faults, trying, label }: { faults: string[]; trying: Trying; label: string }) {
  if (!canStart(trying)) return null;
  return (
    <div class="buttons">
      <Button submit solid={faults.length === 0} busy={trying.write.state.step === "busy"}>{label}</Button>
      {faults.length > 0 && <span class="small ink2" role="note">{faults.map((f) => t(`decide.${f}`)).join(" ")}</span>}
    </div>
  );
}

function Person({ v, set }: { v: { owner: string; reason: string }; set: (x: Partial<{ owner: string; reason: string }>) => void }) {
  return (
    <div class="form-row">
      <label class="field"><span>{t("except.owner")}</span><input type="text" maxLength={160} value={v.owner} onInput={(e) => set({ owner: e.currentTarget.value })} /></label>
      <label class="field"><span>{t("except.reason")}</span><input type="text" maxLength={160} value={v.reason} onInput={(e) => set({ reason: e.currentTarget.value })} /></label>
    </div>
  );
}

/** The fields a rule groups by: of a correlation, an exception looks at nothing else. */
const groupFields = (r: Rule): string[] => {
  const list = /^\s+group-by:\s*(?:\[(.*)\]|\n((?:\s+- .*\n?)+))/m.exec(r.text ?? "");
  return (list?.[1]?.split(",") ?? list?.[2]?.split("\n") ?? []).map((x) => x.replace(/^\s*-\s*|["'\s]/g, "")).filter(Boolean);
};

function Except({ rule, names }: { rule: Rule; names: Names }) {
  const fields = groupFields(rule);
  const [v, put] = useState({ where: [{ field: fields[0] ?? "source.ip", value: "" }], until: "", owner: "", reason: "" });
  const trying = useTrial();
  const set = (x: Partial<typeof v>) => { put({ ...v, ...x }); trying.forget(); };
  const row = (i: number, x: Partial<Where>) => set({ where: v.where.map((w, k) => (k === i ? { ...w, ...x } : w)) });
  const where = v.where.map((w) => ({ field: w.field.trim(), value: w.value.trim() })).filter((w) => w.field || w.value);
  const today = dayInJapan(now.peek());
  const faults = exceptionFaults(v, today);
  const decision: RuleDecision = { op: "except", rule: rule.id, where, until: v.until, owner: v.owner.trim(), reason: v.reason.trim() };
  return (
    <div class="stack">
      <Card id="except-form" title={t("except.step")} caption={t("except.caption")}>
        <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (faults.length === 0) void trying.start(() => api.tryDecision(decision)); }}>
          {v.where.map((w, i) => (
            <div class="form-row" role="group" aria-label={t("except.condition", { n: i + 1 })}>
              <label class="field"><span>{t("except.field")}</span><input type="text" list="except-fields" maxLength={160} value={w.field} onInput={(e) => row(i, { field: e.currentTarget.value })} /></label>
              <label class="field"><span>{t("except.value")}</span><input type="text" maxLength={160} value={w.value} onInput={(e) => row(i, { value: e.currentTarget.value })} /></label>
            </div>))}
          <datalist id="except-fields">{(fields.length > 0 ? fields : ["source.ip", "user.name", "host.name", "service.name", "process.executable"]).map((f) => <option value={f} />)}</datalist>
          <p class="small ink2">{fields.length > 0 ? t("except.group_hint", { fields: fields.join(", ") }) : t("except.field_hint")} {v.where.length < 8 && <Button smaller onPress={() => set({ where: [...v.where, { field: "", value: "" }] })}>{t("except.more")}</Button>}</p>
          <label class="field short-field"><span>{t("except.until")}</span><input type="date" min={today} value={v.until} onInput={(e) => set({ until: e.currentTarget.value })} /></label>
          <Person v={v} set={set} />
          <TryButton faults={faults} trying={trying} label={t("except.try")} />
        </form>
      </Card>
      <Keep trying={trying} decision={decision} names={names} rule={rule} />
    </div>
  );
}

function Stop({ rule, names }: { rule: Rule; names: Names }) {
  const [v, put] = useState({ until: "", owner: "", reason: "" });
  const trying = useTrial();
  const set = (x: Partial<typeof v>) => { put({ ...v, ...x }); trying.forget(); };
  const today = dayInJapan(now.peek());
  const faults = exceptionFaults({ ...v, where: "whole" }, today);
  const decision: RuleDecision = { op: "except", rule: rule.id, whole: true, until: v.until, owner: v.owner.trim(), reason: v.reason.trim() };
  return (
    <div class="stack">
      <Card id="stop-form" title={t("stop.step")} caption={t("stop.caption")}>
        <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (faults.length === 0) void trying.start(() => api.tryDecision(decision)); }}>
          <label class="field short-field"><span>{t("except.until")}</span><input type="date" min={today} value={v.until} onInput={(e) => set({ until: e.currentTarget.value })} /></label>
          <Person v={v} set={set} />
          <TryButton faults={faults} trying={trying} label={t("stop.try")} />
        </form>
      </Card>
      <Keep trying={trying} decision={decision} names={names} rule={rule} what="stop" />
    </div>
  );
}

const SPANS = ["1h", "6h", "24h", "7d"];

function Suppress({ rule, names }: { rule: Rule; names: Names }) {
  const [v, put] = useState({ span: "24h", owner: "", reason: "" });
  const trying = useTrial();
  const set = (x: Partial<typeof v>) => { put({ ...v, ...x }); trying.forget(); };
  const faults = suppressFaults(v);
  const decision: RuleDecision = { op: "suppress", rule: rule.id, for: v.span, owner: v.owner.trim(), reason: v.reason.trim() };
  return (
    <div class="stack">
      <Card id="suppress-form" title={t("suppress.step")} caption={t("suppress.caption")}>
        <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (faults.length === 0) void trying.start(() => api.tryDecision(decision)); }}>
          <label class="field short-field"><span>{t("suppress.for")}</span>
            <select value={v.span} onChange={(e) => set({ span: e.currentTarget.value })}>{SPANS.map((s) => <option value={s}>{t(`suppress.for.${s}`)}</option>)}</select></label>
          <Person v={v} set={set} />
          <TryButton faults={faults} trying={trying} label={t("suppress.try")} />
        </form>
      </Card>
      <Keep trying={trying} decision={decision} names={names} rule={rule} />
    </div>
  );
}

export function Decide({ id, what }: { id: string; what: What }) {
  const rule = useResource(api.rule(id), ["rules"], [id]);
  const rules = useResource(api.rules, [], []);
  const names: Names = Object.fromEntries((rules.data?.rules ?? []).map((r) => [r.id, titleOf(r)]));
  return (
    <Loaded of={rule}>{(r) => (
      <>
        <header class="case-head">
          <div class="case-head-text"><p class="small ink2">{t("nav.rules")}　{titleOf(r)}</p><h1>{t(`${what}.title_one`)}</h1></div>
          <Button href={href("rules", r.id)}>{t("rules.to_rule")}</Button>
        </header>
        {what === "except" ? <Except rule={r} names={names} /> : what === "stop" ? <Stop rule={r} names={names} /> : <Suppress rule={r} names={names} />}
      </>)}
    </Loaded>
  );
}
