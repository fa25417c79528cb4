// 1行を試す: paste a line, see how it is read, and which rules it meets, and why.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Rule } from "../../api/types";
import { type Explained, explained, type ExplainedRule } from "../../lib/explain";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";

const SHOWN = 8;

function Verdict({ rule }: { rule: ExplainedRule }) {
  return (
    <li>
      <p><Mark kind={rule.matched ? "declared" : "unknown"}>{t(rule.matched ? "try.matched" : "try.not_matched")}</Mark> <a href={`#/rules/${encodeURIComponent(rule.id)}`}>{rule.title}</a></p>
      {rule.why.map((w) => <p class="mono ink2">{w}</p>)}
    </li>
  );
}

function Result({ result, rule }: { result: Explained; rule?: Rule }) {
  const mine = rule && result.rules.find((r) => r.id === rule.id || r.title === rule.title);
  const others = result.rules.filter((r) => r !== mine);
  return (
    <div class="try" role="status">
      <Facts rows={[
        [t("try.decoder"), result.unparsed ? <Mark kind="soon">{t("try.unparsed")}</Mark> : t("try.decoder_fields", { decoder: result.decoder ?? null, n: result.fields.length })],
        ...(rule ? [[t("try.this_rule"), mine ? t(mine.matched ? "try.matched" : "try.not_matched") : t("try.not_considered")] as [string, string]] : []),
      ]} />
      <dl class="try-fields">{result.fields.map(([k, v]) => [<dt>{k}</dt>, <dd>{v}</dd>])}</dl>
      <ul class="try-rules">
        {mine && <Verdict rule={mine} />}
        {others.slice(0, SHOWN).map((r) => <Verdict rule={r} />)}
        {result.rules.length === 0 && <li>{t("try.no_rule")}</li>}
      </ul>
      {others.length > SHOWN && <details><summary>{t("try.more", { n: others.length - SHOWN })}</summary><ul class="try-rules">{others.slice(SHOWN).map((r) => <Verdict rule={r} />)}</ul></details>}
    </div>
  );
}

export function TryLine({ rule }: { rule?: Rule }) {
  const [line, set] = useState("");
  const [result, show] = useState<Explained | null>(null);
  const write = useWrite();
  const run = () => {
    if (line.trim()) void write.run(async () => show(explained(await api.tryLine(line.replace(/\r?\n$/, "")))));
  };
  return (
    <Card id="try" title={t("try.title")} caption={t("try.caption")}>
      <form class="card-body try" onSubmit={(e) => { e.preventDefault(); run(); }}>
        <label class="field"><span class="hidden">{t("try.line")}</span>
          <textarea rows={3} maxLength={65536} value={line} onInput={(e) => set(e.currentTarget.value)} placeholder={t("try.placeholder")} spellcheck={false} /></label>
        <div class="buttons">
          <Button submit busy={write.state.step === "busy"}>{t("try.button")}</Button>
          {!line.trim() && <span class="small ink2">{t("try.missing")}</span>}
        </div>
        <Outcome state={write.state} />
        {result && <Result result={result} rule={rule} />}
      </form>
    </Card>
  );
}
