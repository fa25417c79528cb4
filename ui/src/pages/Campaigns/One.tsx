// One campaign: how far it is, who has not, an answer on behalf, what follows for those who have not.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Campaign, CampaignKind, CampaignTarget } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { CampaignMark, CampaignShare, campaignTitle } from "../../widgets/campaign";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { caseLink } from "../../widgets/deed";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

function OnBehalf({ target, kind, reload }: { target: CampaignTarget; kind: CampaignKind; reload: () => void }) {
  const [value, setValue] = useState(kind.answers[0]?.value ?? ""), [words, setWords] = useState(""), [done, setDone] = useState("");
  const write = useWrite(reload);
  const send = () => void write.run(() => api.answerCampaign(target.id, { version: target.version, value, words, ...(done ? { done: Number(done) } : {}) }));
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); send(); }}>
      <label class="field"><span>{t("campaign.answer")}</span>
        <select value={value} onChange={(e) => setValue(e.currentTarget.value)}>{kind.answers.map((a) => <option value={a.value}>{a.title[lang.value]}</option>)}</select></label>
      {kind.answers.find((a) => a.value === value)?.words && <label class="field"><span>{t("campaign.words")}</span><input type="text" maxLength={500} value={words} onInput={(e) => setWords(e.currentTarget.value)} /></label>}
      {kind.counts && target.n > 1 && <label class="field"><span>{t("campaign.done_n", { n: target.n })}</span><input type="text" inputMode="numeric" value={done} onInput={(e) => setDone(e.currentTarget.value)} /></label>}
      <Outcome state={write.state} />
      <Button submit smaller busy={write.state.step === "busy"}>{t("campaign.record")}</Button>
    </form>
  );
}

const reached = (x: CampaignTarget): string => (x.way === "none" || !x.person ? t("campaign.unreached") : x.way === "phone" ? t("campaign.by_phone", { number: x.address }) : `${t(`campaign.way.${x.way || "none"}`)} ${x.address}`);

function Answer({ x, kind }: { x: CampaignTarget; kind: CampaignKind | undefined }) {
  const said = kind?.answers.find((a) => a.value === x.value)?.title[lang.value] ?? x.value;
  if (x.state === "done") return <Mark kind="ok">{said}</Mark>;
  return <>{x.state === "forced" ? <Mark kind="declared">{t("campaign.forced")}</Mark> : <Mark kind="soon">{said || t("campaign.open")}</Mark>}</>;
}

function Targets({ c, kind, reload }: { c: Campaign; kind: CampaignKind | undefined; reload: () => void }) {
  const [opened, open] = useState<number | null>(null);
  return (
    <Card title={t("campaign.who")} caption={t("campaign.share_said", { done: c.done, n: c.n, percent: Math.floor((100 * c.done) / Math.max(1, c.n)) })}>
      <Table label={t("campaign.who")} rows={c.targets} id={(x) => x.id} below={(x) => (opened === x.id && kind ? <OnBehalf target={x} kind={kind} reload={() => { open(null); reload(); }} /> : null)} columns={[
        { head: t("campaign.target"), title: true, cell: (x) => <><b>{x.name}</b>{x.what && <div class="small">{x.what}</div>}</> },
        { head: t("campaign.person"), cell: (x) => <>{x.person || t("word.unknown")} <span class="small ink2">{reached(x)}</span></> },
        { head: t("campaign.state"), class: "card-wide", cell: (x) => <><Answer x={x} kind={kind} />{x.n > 1 && <span class="small"> {t("campaign.of", { done: x.done, n: x.n })}</span>}{x.words && <div class="small">{x.words}</div>}</> },
        { head: t("campaign.answered"), cell: (x) => (x.answered ? <><Time at={x.answered} /> <span class="small ink2">{x.how === "link" ? t("campaign.by_link") : x.answered_by ? say(x.answered_by) : ""}</span></> : t("word.not_yet")) },
        { head: t("campaign.behalf"), class: "card-wide", cell: (x) => c.state === "running" && x.state !== "done" && <Button smaller onPress={() => open(opened === x.id ? null : x.id)}>{t("campaign.behalf_do")}</Button> },
      ]} />
    </Card>
  );
}

function Force({ c, kind, reload }: { c: Campaign; kind: CampaignKind; reload: () => void }) {
  const drivers = useResource(api.drivers, ["now"], []);
  const write = useWrite(reload);
  const fits = drivers.data?.drivers.filter((d) => d.connected) ?? [];
  const left = c.targets.filter((x) => x.state === "open").length;
  if (!kind.force || left === 0) return null;
  const act = kind.force.deed !== undefined;
  const go = (driver: string) => void write.run(() => api.forceCampaign(c.id, { driver, minutes: 24 * 60 }));
  return (
    <>
      <Outcome state={write.state} />
      {act && fits.length === 0 && <p class="small">{t("campaign.no_driver")}</p>}
      {(act ? fits.map((d) => d.name) : [""]).map((d) => (
        <Confirm busy={write.state.step === "busy"} label={`${kind.force?.title[lang.value] ?? ""}${t("campaign.force_n", { n: left })}`} question={t("campaign.force_question", { n: left })} effect={t(act ? "campaign.force_act" : "campaign.force_instruct", { driver: d })} onConfirm={() => go(d)} />
      ))}
    </>
  );
}

export function One({ id, kinds }: { id: string; kinds: CampaignKind[] }) {
  const one = useResource(api.campaign(id), ["campaign", "message"], [id]);
  const write = useWrite(one.reload);
  return (
    <Loaded of={one}>{(c) => {
      const kind = kinds.find((x) => x.campaign === c.kind);
      return (
        <>
          <div class="page-head"><h1>{campaignTitle(c, kinds)}</h1></div>
          <Card>
            <p><CampaignMark c={c} /> <CampaignShare c={c} /></p>
            <p>{t("campaign.due")} <Time at={c.due} />{c.next && <> {t("campaign.next")} <Time at={c.next} /></>} {c.incident && <a href={caseLink(c.incident)}>{t("in_force.case", { id: c.incident })}</a>}</p>
            {c.text && <p>{c.text}</p>}
            {c.origin && <p class="small ink2">{t("campaign.origin", { origin: c.origin })}</p>}
            <Outcome state={write.state} />
            {c.state === "running" && <div class="buttons">
              {kind && <Force c={c} kind={kind} reload={one.reload} />}
              <Confirm busy={write.state.step === "busy"} label={t("campaign.end")} question={t("campaign.end_question")} effect={t("campaign.end_effect", { n: c.targets_n - c.targets_done })} onConfirm={() => void write.run(() => api.endCampaign(c.id, c.version))} />
            </div>}
          </Card>
          <Targets c={c} kind={kind} reload={one.reload} />
        </>
      );
    }}</Loaded>
  );
}
