// Whom an act would touch, before somebody decides: counted in the logs, and written in the registers before the night. What is not known is said.
import type { ComponentChildren } from "preact";
import type { Deed } from "../../../api/types";
import { lang, t } from "../../../state/text";
import { Mark } from "../../../widgets/Mark";

type Reach = NonNullable<Deed["radius"]>;
const join = (list: string[]) => list.join(t("word.comma"));

function Measured({ x, incident }: { x: Reach["measured"]; incident: number }) {
  if (!x) return <p class="small ink2">{t("radius.not_counted")}</p>;
  if (x.state === "running") return <p><Mark kind="run">{t("radius.running")}</Mark></p>;
  if (x.state !== "done") return <p><Mark kind="soon">{t("radius.failed")}</Mark></p>;
  return (
    <>
      <p><b>{t("radius.counted", { title: x[`title_${lang.value}`], unit: x[`unit_${lang.value}`], n: x.number, at_least: x.at_least })}</b></p>
      <p class="small">{x.partners.length > 0 ? t("radius.partners", { n: x.partners.length, names: join(x.partners) }) : t("radius.no_partner")}{x.shared.length > 0 && ` · ${t("radius.shared", { names: join(x.shared) })}`} <a href={`#/cases/${incident}/reach`}>{t("radius.see")}</a></p>
    </>
  );
}

const Line = ({ children }: { children: ComponentChildren }) => <li class="small">{children}</li>;

function Service({ s }: { s: Reach["services"][number] }) {
  return (
    <li><b>{t("radius.stops", { name: s.name })}</b>{s.known && s.importance && <span class="small"> {t(`importance.${s.importance}`)}</span>}
      <ul class="plain">
        {s.stops.length > 0 && <Line>{t("radius.with", { names: join(s.stops) })}</Line>}
        {s.instead.length === 0 ? <Line>{t("radius.no_instead")}</Line> : s.instead.map((a) => <Line key={a.name}>{t("radius.instead", { what: a.name })} {a.minutes && t("sides.takes", { n: a.minutes })} {a.exercised ? t("sides.exercised", { day: a.exercised }) : t("sides.never_exercised")}</Line>)}
      </ul></li>
  );
}

function Unit({ u }: { u: Reach["units"][number] }) {
  return (
    <li><b>{u.name}</b>
      <ul class="plain">
        {u.instead && <Line>{t("radius.instead", { what: u.instead })}</Line>}
        {u.reopen && <Line>{t("radius.reopen", { what: u.reopen })}</Line>}
        {u.responsible && <Line>{t("radius.responsible", { name: u.responsible })}</Line>}
      </ul></li>
  );
}

export function Radius({ deed }: { deed: Deed }) {
  const x = deed.radius;
  if (!x) return <></>;
  return (
    <>
      <Measured x={x.measured} incident={deed.incident_id} />
      {x.services.length + x.units.length > 0 && <ul class="plain">{x.units.map((u) => <Unit key={u.name} u={u} />)}{x.services.map((s) => <Service key={s.name} s={s} />)}</ul>}
    </>
  );
}
