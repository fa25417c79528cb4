// 絞り込む: the commonest values of a few fields; pressing one adds it to the query.
import type { Search } from "../../api/types";
import { t } from "../../state/text";
import { Card } from "../../widgets/Card";
import { Num } from "../../widgets/Num";

interface Props { s: Search; narrow: (field: string, value: string) => void }

export function Facets({ s, narrow }: Props) {
  const shown = s.facets.filter((f) => f.values.length > 0);
  return (
    <Card title={t("search.facets")} class="facets" caption={s.counted < s.found ? t("search.counted", { n: s.counted }) : undefined}>
      {shown.map((f) => {
        const most = Math.max(1, ...f.values.map((v) => v.n));
        return (
          <section aria-label={t(`search.field.${f.field}`)}>
            <h3>{t(`search.field.${f.field}`)} <span class="mono small ink3">{f.field}</span></h3>
            <ul>
              {f.values.map((v) => (
                <li>
                  <button type="button" onClick={() => narrow(f.field, v.value)}>{v.value}</button><Num value={v.n} />
                  <svg viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true"><rect width={(100 * v.n) / most} height="2" fill="var(--press)" /></svg>
                </li>))}
              {f.others > 0 && <li class="small ink2">{t("search.others", { n: f.others })}</li>}
            </ul>
          </section>
        );
      })}
    </Card>
  );
}
