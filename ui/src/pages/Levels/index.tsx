// 警報段階: what one is on guard against, for which services, until when; and what each level means.
import { api } from "../../api/client";
import type { Levels as All } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Table } from "../../widgets/Table";
import { Row } from "../../widgets/alert/Row";
import { Would } from "../../widgets/alert/Would";

const span = (s: number): string => (s % 3600 === 0 ? t("guard.hours", { n: s / 3600 }) : t("guard.minutes", { n: Math.round(s / 60) }));

function Meaning({ d }: { d: All }) {
  return (
    <Card id="meaning" title={t("guard.meaning")}>
      {d.levels.map((l) => (
        <section class="card-body" key={l.level} aria-label={l.title[lang.value]}>
          <h3>{l.title[lang.value]}</h3>
          <p>{l.means[lang.value]} <span class="small ink2">{l.factor > 100 && t("guard.tighten", { n: l.factor / 100 })} {t("guard.lasts", { days: l.lasts_s / 86400 })}</span></p>
          <Table label={l.title[lang.value]} rows={l.do} id={(x) => x.what.ja} columns={[
            { head: t("guard.what"), title: true, cell: (x) => x.what[lang.value] },
            { head: t("guard.who"), cell: (x) => x.who },
            { head: t("guard.within"), cell: (x) => span(x.within_s) },
          ]} />
        </section>))}
    </Card>
  );
}

export function Levels() {
  const all = useResource(api.levels, ["alert_level"], []);
  return (
    <>
      <div class="page-head"><h1>{t("nav.levels")}</h1></div>
      <p class="ink2">{t("guard.lead")}</p>
      <Loaded of={all}>{(d) => (
        <div class="grid">
          <div class="col w8"><Card id="rows" title={t("guard.list")}>{d.rows.length === 0 ? <Empty>{t("guard.none")}</Empty> : d.rows.map((x) => <Row key={x.id} x={x} reload={all.reload} more={<Would x={x} />} />)}</Card></div>
          <div class="col w4"><Meaning d={d} /></div>
        </div>)}
      </Loaded>
    </>
  );
}
