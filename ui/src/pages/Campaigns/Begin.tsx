// Beginning one: what is asked, of whom (pasted, people, or systems of the register with the same condition), until when. Whom it would ask is
// shown before anything is sent.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { CampaignKind, CampaignNew, CampaignTry } from "../../api/types";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";

const FROMS = ["list", "people", "register"] as const;
type From = (typeof FROMS)[number];

function targets(from: From, text: string): Pick<CampaignNew, "list" | "people" | "register" | "where"> {
  if (from === "list") return { list: text };
  return from === "people" ? { people: text.trim() } : { register: "systems", where: text };
}

interface Props { kinds: CampaignKind[]; incident: string | null; first: string | null }

export function Begin({ kinds, incident, first }: Props) {
  const [kind, setKind] = useState((kinds.find((x) => x.campaign === first) ?? kinds[0])?.campaign ?? "");
  const [from, setFrom] = useState<From>(kinds.find((x) => x.campaign === first)?.of === "person" ? "people" : "list");
  const [list, setList] = useState("");
  const [text, setText] = useState("");
  const [due, setDue] = useState("");
  const [found, setFound] = useState<CampaignTry | null>(null);
  const look = useWrite(), write = useWrite();
  const k = kinds.find((x) => x.campaign === kind);
  const body = (): CampaignNew => ({ kind, text, origin: from === "list" ? t("campaign.from.list") : `${from}: ${list.trim()}`, ...targets(from, list), ...(due ? { due } : {}), ...(incident ? { incident: Number(incident) } : {}) });
  const start = () => write.run(async () => { const c = await api.startCampaign(body()); location.hash = `#/campaigns/${c.id}`; });
  const nobody = found?.targets.filter((x) => !x.person).length ?? 0;
  return (
    <>
      <div class="page-head"><h1>{t("campaign.new")}</h1></div>
      <Card>
        <form class="form" onSubmit={(e) => { e.preventDefault(); void look.run(async () => setFound(await api.tryCampaign(targets(from, list)))); }}>
          <label class="field"><span>{t("campaign.what")}</span>
            <select value={kind} onChange={(e) => setKind(e.currentTarget.value)}>{kinds.map((x) => <option value={x.campaign}>{x.title[lang.value]}</option>)}</select></label>
          {k && <p class="small ink2">{k.ask[lang.value]}</p>}
          <label class="field"><span>{t("campaign.from")}</span>
            <select value={from} onChange={(e) => { setFrom(e.currentTarget.value as From); setFound(null); }}>{FROMS.map((x) => <option value={x}>{t(`campaign.from.${x}`)}</option>)}</select></label>
          <label class="field"><span>{t(`campaign.list_hint.${from}`)}</span>
            <textarea rows={from === "list" ? 6 : 2} value={list} onInput={(e) => { setList(e.currentTarget.value); setFound(null); }} /></label>
          <label class="field"><span>{t("campaign.text")}</span><textarea rows={3} maxLength={2000} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
          <label class="field"><span>{t("campaign.due")}</span><input type="text" value={due} placeholder={t("campaign.when_hint")} onInput={(e) => setDue(e.currentTarget.value)} /></label>
          <div class="buttons"><Button submit busy={look.state.step === "busy"}>{t("campaign.look")}</Button></div>
        </form>
        <Outcome state={look.state} />
      </Card>
      {found && (
        <Card title={t("campaign.would", { n: found.targets.length })} caption={nobody ? t("campaign.nobody", { n: nobody }) : undefined}>
          <Table label={t("campaign.would", { n: found.targets.length })} rows={found.targets.slice(0, 200)} id={(x) => x.name} columns={[
            { head: t("campaign.target"), title: true, cell: (x) => x.name },
            { head: t("campaign.person"), cell: (x) => x.person || t("word.unknown") },
            { head: t("campaign.n"), num: true, cell: (x) => x.n },
          ]} />
          <Outcome state={write.state} />
          {found.targets.length > 0 && <div class="buttons"><Confirm solid busy={write.state.step === "busy"} label={t("campaign.start", { n: found.targets.length })} question={t("campaign.start_question", { n: found.targets.length })} effect={t("campaign.start_effect")} onConfirm={() => void start()} /></div>}
        </Card>
      )}
    </>
  );
}
