// One report as a slip: what was reported by whom, its parts, and the case it belongs to.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { MailReport } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";
import { MatchedCard } from "./Matched";
import { suspect } from "./mail";
import { AuthCard, FilesCard, HeadersCard, Inert, LinksCard, TextCard, WayCard } from "./Parts";

function CaseCard({ r, reload }: { r: MailReport; reload: () => void }) {
  const cases = useResource(api.incidents({ state: "open", limit: 50 }), ["incident"], []);
  const [id, pick] = useState("");
  const write = useWrite(reload);
  const busy = write.state.step === "busy";
  const rows = cases.data?.incidents ?? [];
  const attach = (incident?: number) => void write.run(() => api.mailToCase(r.id, { version: r.version, incident }));
  if (r.incident) return <Card id="case" title={t("mails.case")}><p class="card-body"><Mark kind="run">{t("mails.on_case", { number: r.incident.number })}</Mark> <a href={`#/cases/${r.incident.id}`}>{t("mails.to_case")}</a></p></Card>;
  return (
    <Card id="case" title={t("mails.case")}>
      <div class="card-body form">
        <p><Mark kind="must">{t("mails.state_open")}</Mark></p>
        {rows.length > 0 && (
          <form class="form" onSubmit={(e) => { e.preventDefault(); if (id) attach(Number(id)); }}>
            <label class="field"><span>{t("mails.which")}</span>
              <select value={id} onChange={(e) => { pick(e.currentTarget.value); write.clear(); }}>
                <option value="">{t("mails.choose")}</option>
                {rows.map((c) => <option value={String(c.id)}>{`${c.number} ${say(c.title)}`}</option>)}
              </select></label>
            {id && <div class="buttons"><Button submit solid busy={busy}>{t("mails.attach")}</Button></div>}
          </form>)}
        <div class="buttons"><Confirm busy={busy} label={t("mails.open")} question={t("mails.open_question")} effect={<p>{t("mails.open_effect")}</p>} onConfirm={() => attach()} /></div>
        <Outcome state={write.state} />
      </div>
    </Card>
  );
}

function Reporters({ r, forwarded }: { r: MailReport; forwarded: boolean }) {
  const rows = [{ reporter: r.reporter, at: r.at }, ...r.others];
  return (
    <Card id="reporters" title={t("mails.reporters", { n: rows.length })}>
      <ul class="rows">{rows.map((x) => <li><Inert text={x.reporter} /> <span class="small ink2"><Time at={x.at} /></span></li>)}</ul>
      {!forwarded && <p class="empty small">{t("mails.not_whole")}</p>}
    </Card>
  );
}

export function Slip({ id }: { id: string }) {
  const report = useResource(api.mailReport(id), ["mail_report", "incident"], [id]);
  return (
    <Loaded of={report}>{(r) => {
      const { mail, forwarded } = suspect(r);
      return (
        <>
          <div class="page-head"><h1><Inert text={mail.subject} /></h1><span class="id ink2">R-{r.id}</span><span class="grow" /><Button href="#/mails">{t("mails.title")}</Button></div>
          <p class="page-lead ink2">{t("mails.lead")}</p>
          <div class="grid">
            <div class="col w8">
              <MatchedCard r={r} />
              <HeadersCard mail={mail} />
              <LinksCard links={mail.links} />
              <FilesCard files={mail.files} />
              <AuthCard auth={mail.auth} />
              <WayCard received={mail.received} />
              <TextCard text={mail.text} />
            </div>
            <div class="col w4">{me.value?.person.role !== "auditor" && <CaseCard r={r} reload={report.reload} />}<Reporters r={r} forwarded={forwarded} /></div>
          </div>
        </>);
    }}</Loaded>
  );
}
