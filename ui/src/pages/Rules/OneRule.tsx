// One rule: what it is in words, what it found, its text with line numbers, and a line to try on it.
import { api } from "../../api/client";
import type { Canary, Rule, RuleOrder, RuleState } from "../../api/types";
import { cut, folded, shortPath } from "../../lib/yaml";
import { useResource } from "../../state/resource";
import { lang, t, titleOf, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty, Facts } from "../../widgets/Card";
import { Level } from "../../widgets/Level";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Num } from "../../widgets/Num";
import { Outcome } from "../../widgets/Outcome";
import { Sparkline } from "../../widgets/Sparkline";
import { Time } from "../../widgets/Time";
import { span } from "./Alive";
import { CanaryMark, canaryOf, isRed, isStopped } from "./canary";
import { Exceptions, Repeats } from "./Exceptions";
import { TryLine } from "./TryLine";

const total = (r: Rule) => r.hits_30d.reduce((a, b) => a + b, 0);
function source(r: Rule): string {
  const parts = r.logsource === null ? [] : typeof r.logsource === "string" ? [r.logsource]
    : Object.entries(r.logsource).filter(([, v]) => v).map(([k, v]) => `${k}: ${String(v)}`);
  return parts.join(", ") || t(r.type === "correlation" ? "rules.logsource_counted" : "word.none");
}

function Delay({ state, rule }: { state: RuleState | null; rule: string }) {
  const rows = (state?.delays ?? []).filter((d) => d.rule === rule);
  if (rows.length === 0) return <b class="ink2">{t("delay.none")}</b>;
  return <>{rows.map((d) => <div key={d.source} title={t("delay.label", { n: d.n })}><b>{t("delay.value", { p50: span(d.p50_ms), p99: span(d.p99_ms) })}</b> <span class="small ink2">{d.source || t("delay.several")}</span></div>)}</>;
}

function Alive({ state, rule, order, busy }: { state: RuleState | null; rule: string; order: (o: RuleOrder) => void; busy: boolean }) {
  const canary = canaryOf(state, rule);
  return (
    <>
      <b><CanaryMark canary={canary} /></b>
      {canary?.at && <span class="small ink2"> <Time at={canary.at} /></span>}
      {canary && canary.state !== "waiting" && <><br /><Button smaller busy={busy} onPress={() => order({ op: "canary", rule })}>{t("canary.now")}</Button></>}
    </>
  );
}

function Strip({ rule, state, order, busy }: { rule: Rule; state: RuleState | null; order: (o: RuleOrder) => void; busy: boolean }) {
  return (
    <dl class="card rule-facts">
      <div><dt>{t("rules.hits_30d")}</dt><dd><b><Num value={total(rule)} /></b> {t("rules.unit")}<br /><Sparkline values={rule.hits_30d} width={120} label={t("rules.hits_label", { n: total(rule) })} /></dd></div>
      <div><dt>{t("rules.last_hit")}</dt><dd><b>{rule.last_hit ? <Time at={rule.last_hit} /> : t("word.none")}</b></dd></div>
      <div><dt>{t("rules.propose")}</dt><dd><b>{rule.propose ? word("rules.propose", rule.propose) : t("word.none")}</b></dd></div>
      <div><dt>{t("rules.canary")}</dt><dd><Alive state={state} rule={rule.id} order={order} busy={busy} /></dd></div>
      <div><dt>{t("delay.title")}</dt><dd><Delay state={state} rule={rule.id} /></dd></div>
    </dl>
  );
}

function Text({ rule }: { rule: Rule }) {
  if (!rule.text) return <Empty>{t("rules.no_text")}</Empty>;
  return (
    <ol class="rule-text">{rule.text.trimEnd().split("\n").map((l) => {
      const { lead, key, rest } = cut(l);
      return <li><span>{lead}{key && <span class="key">{key}</span>}{rest}</span></li>;
    })}</ol>
  );
}

/** The set a rule came with: its folder is DATA/rules/NAME/files. */
const setOf = (r: Rule) => /\/rules\/([\w-]+)\/files\//.exec(r.file ?? "")?.[1] ?? null;
const place = (r: Rule) => (setOf(r) ? `${setOf(r)}: ${(r.file ?? "").split("/files/")[1]}` : shortPath(r.file));
const author = (r: Rule) => /^author:\s*['"]?(.+?)['"]?\s*$/m.exec(r.text ?? "")?.[1] ?? null;

function About({ rule, state }: { rule: Rule; state: RuleState | null }) {
  const set = state?.sets?.find((s) => s.name === setOf(rule) && s.state !== "draft");
  const wrong = lang.value === "ja" && rule.falsepositives_ja.length > 0 ? rule.falsepositives_ja : rule.falsepositives;
  const words = (lang.value === "ja" ? folded(rule.text, "text_ja") : null) ?? rule.description;
  return (
    <Card id="rule-about" title={t("rules.about")}>
      <div class="card-body stack-small">
        {words && <p>{words}</p>}
        <Facts rows={[
          [t("rules.kind"), rule.kind ? word("kind", rule.kind) : t("word.none")],
          [t("rules.logsource"), <span class="mono">{source(rule)}</span>], [t("rules.name"), <span class="mono">{rule.name ?? t("word.none")}</span>],
          [t("rules.filename"), <span class="mono">{place(rule) ?? t("word.unknown")}{rule.line ? `:${rule.line}` : ""}</span>],
          ...(author(rule) ? [[t("rules.author"), author(rule)] as [string, string]] : []),
          ...(set ? [[t("rules.licence"), set.own ? t("sets.own") : set.licence || t("sets.licence_none")] as [string, string]] : []),
          [t("rules.tags"), rule.tags.length ? <span class="mono">{rule.tags.join(", ")}</span> : t("word.none")],
          [t("rules.falsepositives"), wrong.length > 1 ? <ul class="plain-list">{wrong.map((x) => <li>{x}</li>)}</ul> : wrong[0] ?? t("rules.falsepositives_none")],
        ]} />
      </div>
    </Card>
  );
}

/** What a red canary means, and what to do. */
function Trouble({ canary }: { canary: Canary | null }) {
  if (!canary || !isRed(canary)) return null;
  return <div class="refusal" role="note"><Mark kind="must">{t(`canary.${canary.state}`)}</Mark><p>{t(`canary.do.${canary.state}`)}</p></div>;
}

export function OneRule({ id }: { id: string }) {
  const rule = useResource(api.rule(id), ["rules", "stats"], [id]);
  const state = useResource(api.ruleState, ["rule_state"], [id]);
  const write = useWrite(state.reload);
  const order = (o: RuleOrder) => void write.run(() => api.ruleOrder(o));
  const busy = write.state.step === "busy";
  return (
    <Loaded of={rule}>{(r) => (
      <>
        <header class="case-head">
          <div class="case-head-text">
            <p class="small ink2">{t("nav.rules")}　<span class="mono">{r.id}</span></p>
            <h1>{titleOf(r)}</h1>
            <p class="case-facts small">{r.level && <Level level={r.level} />}{r.kind && <span>{word("kind", r.kind)}</span>}{isStopped(state.data, r.id) && <Mark kind="soon">{t("stop.on")}</Mark>}</p>
          </div>
          <Button href="#/rules">{t("rules.to_list")}</Button>
        </header>
        <div class="stack">
          <Strip rule={r} state={state.data} order={order} busy={busy} />
          <Outcome state={write.state} />
          <Trouble canary={canaryOf(state.data, r.id)} />
          <div class="grid">
            <Card class="w6" id="rule-text" title={t("rules.text")} caption="Sigma 2.1"><Text rule={r} /></Card>
            <div class="w6 rule-side"><About rule={r} state={state.data} /><TryLine rule={r} /></div>
          </div>
          {state.data && <Exceptions state={state.data} order={order} busy={busy} rule={r.id} names={{}} />}
          {state.data && <Repeats state={state.data} order={order} busy={busy} rule={r.id} names={{}} />}
        </div>
      </>)}
    </Loaded>
  );
}
