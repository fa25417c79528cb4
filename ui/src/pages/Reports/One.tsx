// One report: what was said, by whom, what was added; taken, joined to a case, or said why it is none.
import { api } from "../../api/client";
import type { PersonReport } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";
import { ToCase, WhyNot } from "./Handle";
import { StateOf } from "./index";
import { kindTitle } from "./kinds";
import { Notes } from "./Notes";

function Handle({ r, reload }: { r: PersonReport; reload: () => void }) {
  const write = useWrite(reload);
  if (r.incident || me.value?.person.role === "auditor") return null;
  const take = () => void write.run(() => api.changeReport(r.id, { version: r.version, to: "taken" }));
  return (
    <Card id="handle" title={t("reports.handle")}>
      <div class="card-body form">
        {r.state !== "taken" && <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={take}>{t(r.state === "new" ? "reports.take" : "reports.take_again")}</Button></div>}
        {r.state !== "closed" && <>
          <ToCase busy={write.state.step === "busy"} onJoin={(incident) => void write.run(() => api.reportToCase(r.id, { version: r.version, incident }))} />
          <WhyNot busy={write.state.step === "busy"} onClose={(why) => void write.run(() => api.changeReport(r.id, { version: r.version, to: "closed", why }))} />
        </>}
        <Outcome state={write.state} />
      </div>
    </Card>
  );
}

export function One({ id }: { id: string }) {
  const report = useResource(api.oneReport(id), ["person_report", "incident"], [id]);
  const kinds = useResource(api.reportKinds, [], []);
  return (
    <Loaded of={report}>{(r) => (
      <>
        <div class="page-head"><h1>{kindTitle(kinds.data?.kinds ?? [], r.kind)}</h1><span class="id ink2">{r.number}</span><span class="grow" /><Button href="#/reports">{t("reports.back")}</Button></div>
        <div class="grid">
          <div class="col w8">
            <Card id="said" title={t("reports.said")} side={<StateOf r={r} />}>
              <div class="card-body form">
                <p class="said">{r.text || <span class="ink3">{t("reports.no_words")}</span>}</p>
                {r.photo && <a href={`/api/v1/reports/${r.id}/photo?digest=${r.photo}`} target="_blank" rel="noopener"><img class="report-photo" src={`/api/v1/reports/${r.id}/photo?digest=${r.photo}`} alt={t("reports.photo")} /></a>}
                <Facts rows={[
                  [t("reports.at"), <Time at={r.at} />], [t("reports.service"), r.service || t("reports.no_service")],
                  [t("reports.channel"), t(`reports.channel.${r.channel}`)], ...(r.by ? [[t("reports.typed"), say(r.by)] as [string, string]] : []),
                  ...(r.caller ? [[t("reports.caller"), r.caller] as [string, string]] : []), [t("reports.contact"), r.contact || t("reports.anonymous")],
                  ...(r.taken ? [[t("reports.taken"), <><Time at={r.taken} /> {say(r.taken_by)}</>] as [string, preact.JSX.Element]] : []), ...(r.why ? [[t("reports.why"), r.why] as [string, string]] : []),
                ]} />
              </div>
            </Card>
            <Notes of={`reports/${r.id}`} notes={r.notes} />
          </div>
          <div class="col w4"><Handle r={r} reload={report.reload} /></div>
        </div>
      </>)}
    </Loaded>
  );
}
