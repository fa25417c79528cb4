// 1行を試す: paste a line, see how it is read, and which rules it meets, and why.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Rule } from "../../api/types";
import { countedBy, type Explained, explained, type ExplainedRule } from "../../lib/explain";
import { useResource } from "../../state/resource";
import { t, titleOf } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";

type Names = Record<string, string>;

function Verdict({ rule, names }: { rule: ExplainedRule; names: Names }) {
  /* of a rule that matches, the alternatives that were not needed only confuse */
  const told = rule.matched ? rule.grounds.filter((g) => g.holds) : rule.grounds;
  return (
    <li>
      <p><Mark kind={rule.matched ? "declared" : "unknown"}>{t(rule.matched ? "try.matched" : "try.not_matched")}</Mark> <a href={`#/rules/${encodeURIComponent(rule.id)}`}>{names[rule.id] ?? rule.title}</a></p>
      <details><summary>{t("try.why")}</summary><ul class="mono">{told.map((g) => <li class={g.holds ? "ink2" : undefined}>{t(g.holds ? "try.holds" : "try.fails", { field: g.field, wants: g.wants, found: g.found ?? t("word.none") })}</li>)}</ul></details>
    </li>
  );
}

/** What the line means for the rule whose page this is: itself, or as one of the lines it counts. */
function verdict(rule: Rule, result: Explained, names: Names): string {
  const mine = result.rules.find((r) => r.id === rule.id);
  if (mine) return t(mine.matched ? "try.matched" : "try.not_matched");
  if (rule.type !== "correlation") return t("try.not_considered");
  const counted = countedBy(rule.text, result.rules);
  return counted ? t("try.counted", { rule: names[counted.id] ?? counted.title }) : t("try.not_counted");
}

function Result({ result, rule, names }: { result: Explained; rule?: Rule; names: Names }) {
  const first = result.rules.filter((r) => r.matched || r.id === rule?.id);
  const near = result.rules.filter((r) => !first.includes(r));
  return (
    <div class="try" role="status">
      <Facts rows={[
        [t("try.decoder"), result.unparsed ? <Mark kind="soon">{t("try.unparsed")}</Mark> : t("try.decoder_fields", { decoder: result.decoder, n: result.fields.length })],
        ...(rule ? [[t("try.this_rule"), <b>{verdict(rule, result, names)}</b>] as [string, never]] : []),
        [t("try.rules"), t("try.rules_n", { n: first.filter((r) => r.matched).length, considered: result.considered })],
      ]} />
      <dl class="try-fields">{result.fields.map(([k, v]) => [<dt>{k}</dt>, <dd>{v}</dd>])}</dl>
      <ul class="try-rules">
        {first.map((r) => <Verdict rule={r} names={names} />)}
        {first.length === 0 && <li>{t("try.no_rule")}</li>}
      </ul>
      {near.length > 0 && <details><summary>{t("try.near", { n: near.length })}</summary><ul class="try-rules">{near.map((r) => <Verdict rule={r} names={names} />)}</ul></details>}
    </div>
  );
}

export function TryLine({ rule, alone = false }: { rule?: Rule; alone?: boolean }) {
  const [line, set] = useState("");
  const [result, show] = useState<Explained | null>(null);
  const rules = useResource(api.rules, ["rules"], []);
  const names: Names = Object.fromEntries((rules.data?.rules ?? []).map((r) => [r.id, titleOf(r)]));
  const write = useWrite();
  const run = () => {
    if (line.trim()) void write.run(async () => show(explained(await api.tryLine(line.replace(/\r?\n$/, "")))));
  };
  return (
    <Card id="try" title={t(alone ? "try.paste" : "try.title")} caption={t("try.caption")}>
      <form class="card-body try" onSubmit={(e) => { e.preventDefault(); run(); }}>
        <label class="field"><span class="hidden">{t("try.line")}</span>
          <textarea rows={3} maxLength={65536} value={line} onInput={(e) => set(e.currentTarget.value)} placeholder={t("try.placeholder")} spellcheck={false} /></label>
        <div class="buttons">
          <Button submit solid={alone} busy={write.state.step === "busy"}>{t("try.button")}</Button>
          {!line.trim() && <span class="small ink2">{t("try.missing")}</span>}
        </div>
        <Outcome state={write.state} />
        {result && <Result result={result} rule={rule} names={names} />}
      </form>
    </Card>
  );
}
