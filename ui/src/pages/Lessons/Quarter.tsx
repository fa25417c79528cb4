// 四半期教訓: what the closed cases of a quarter taught, by kind, without a name of anybody. Counted from the cases; on paper with the browser's print.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { QuarterCase } from "../../api/types";
import { duration } from "../../lib/time";
import { now } from "../../state/clock";
import { useResource } from "../../state/resource";
import { lang, t, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Terms } from "../../widgets/Terms";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { groups, quarterOf, type Group } from "./quarter";

const lines = (list: string[]) => (list.length ? <ul>{list.map((x) => <li key={x}>{x}</li>)}</ul> : <span class="ink2">{t("quarter.not_written")}</span>);
const span = (s: number | null) => (s === null ? t("word.unknown") : duration(s, lang.value));

function summary(g: Group): string[] {
  return [t("quarter.cases_n", { n: g.cases.length }), t("quarter.by_rule", { n: g.byRule }), ...(g.noticed === null ? [] : [t("quarter.noticed", { time: span(g.noticed) })]), ...(g.accounts ? [t("quarter.accounts", { n: g.accounts })] : [])];
}

function Sheet({ cases }: { cases: QuarterCase[] }) {
  if (cases.length === 0) return <Empty>{t("quarter.none")}</Empty>;
  return (
    <div class="table-wrap paper quarter-paper"><table class="paper-table quarter">
      <thead><tr>{["kind", "summary", "cause", "measures"].map((k) => <th key={k} scope="col">{t(`quarter.${k}`)}</th>)}</tr></thead>
      <tbody>{groups(cases).map((g) => (
        <tr key={g.kind}><th scope="row">{g.kind === "other" ? t("quarter.other") : word("kind", g.kind)}</th><td>{lines(summary(g))}</td><td>{lines(g.causes.map((c) => word("cause_type", c)))}{g.own > 0 && <p class="small ink2">{t("quarter.words_n", { n: g.own })}</p>}</td><td>{lines(g.measures.map((m) => t(`quarter.measure.${m}`)))}</td></tr>))}
      </tbody>
    </table></div>
  );
}

export function Quarter() {
  const [at, pick] = useState(() => quarterOf(now.peek()));
  const cases = useResource(api.quarter(at.year, at.quarter), ["incident"], [at.year, at.quarter]);
  const move = (n: number) => pick(({ year, quarter }) => { const k = year * 4 + quarter - 1 + n; return { year: Math.floor(k / 4), quarter: (k % 4) + 1 }; });
  return (
    <>
      <div class="page-head"><h1>{t("quarter.title", { year: String(at.year), n: at.quarter })}</h1><span class="small ink2"><Terms text={t("quarter.lead")} /></span><span class="grow" /><span class="no-print buttons"><Button onPress={() => move(-1)}>{t("quarter.before")}</Button><Button onPress={() => move(1)}>{t("quarter.after")}</Button><Button onPress={() => print()}>{t("lessons.pdf")}</Button><Button href="#/packs">{t("packs.to_list")}</Button></span></div>
      <Loaded of={cases}>{(d) => <Card><div class="card-body"><Sheet cases={d.cases} /><p class="small ink2">{t("quarter.anonymous")}</p></div></Card>}</Loaded>
    </>
  );
}
