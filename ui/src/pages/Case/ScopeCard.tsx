// 影響範囲: counted numbers with the time they were counted, per service, and what was looked at.
import type { Incident } from "../../api/types";
import { lang, say, t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { CountOf } from "../../widgets/CountOf";
import { Num } from "../../widgets/Num";
import { Time } from "../../widgets/Time";

export function ScopeCard({ incident }: { incident: Incident }) {
  const s = incident.scope;
  const stolen = s.accounts_stolen.n > 0;
  return (
    <Card id="scope" title={t("scope.title")} caption={t("scope.counted", { at: s.counted_at })} side={<><a class="small" href={`#/cases/${incident.id}/accounts`}>{t("scope.accounts")}</a> <a class="small" href={`#/cases/${incident.id}/reach`}>{t("reach.ask")}</a></>}>
      <dl class="scope-big">
        <div><dd><CountOf big count={s.accounts_tried} unit={t("scope.unit_account")} /></dd><dt>{t("scope.tried")}</dt></div>
        <div class={stolen && incident.state === "open" ? "must" : undefined}><dd><CountOf big count={s.accounts_stolen} unit={t("scope.unit_account")} /></dd><dt>{t("scope.stolen")}</dt></div>
        <div><dd><CountOf big count={s.sources} unit={t("scope.unit_source")} /></dd><dt>{t("scope.sources")}</dt></div>
      </dl>
      <table class="scope-table">
        <caption class="hidden">{t("scope.services")}</caption>
        <thead class="hidden"><tr><th scope="col">{t("scope.service")}</th><th scope="col">{t("scope.tries")}</th><th scope="col">{t("scope.success")}</th></tr></thead>
        <tbody>
          {s.services.map((v) => (
            <tr key={v.name}>
              <th scope="row">{v.titles?.[lang.value] ?? v.title ?? v.name}</th>
              <td class="num">{v.tries === null ? (v.watch_since === null ? t("word.unknown") : <>{t("scope.watched")} <Time at={v.watch_since} /></>) : <CountOf count={v.tries} unit={t("scope.times")} />}</td>
              <td class={`num${v.success > 0 ? " bold" : ""}`}>{t("scope.success")} <Num value={v.success} /></td>
            </tr>))}
          <tr>
            <th scope="row">{t("scope.seen")}</th>
            <td colSpan={2} class="right">{s.seen_pages.length === 0 ? t("scope.seen_none") : s.seen_pages.map((p) => <div>{t("scope.seen_row", { kind: say(p.kind_text), n: p.accounts })}</div>)}</td>
          </tr>
        </tbody>
      </table>
    </Card>
  );
}
