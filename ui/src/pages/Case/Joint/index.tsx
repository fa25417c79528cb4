// 共有: a room several organisations share for one case: how each is doing, the text all of them use, who sees the case and why, until when.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, Sharing } from "../../../api/types";
import { parse } from "../../../lib/time";
import { now } from "../../../state/clock";
import { useResource } from "../../../state/resource";
import { say, t, word } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card, Empty } from "../../../widgets/Card";
import { Confirm } from "../../../widgets/Confirm";
import { Conflict } from "../../../widgets/Conflict";
import { Loaded } from "../../../widgets/Loaded";
import { Outcome } from "../../../widgets/Outcome";
import { type Column, Table } from "../../../widgets/Table";
import { laneName, mayDo } from "../../../widgets/task";
import { Time } from "../../../widgets/Time";
import { AddOrganisation, AddPerson } from "./Add";
import { PartyForm } from "./PartyForm";

type Grant = Sharing["grants"][number];
type SeenBy = Sharing["seen_by"][number];

export const Until = ({ at }: { at: string | null }) =>
  at === null ? <>{t("joint.open_end")}</> : <>{(parse(at) ?? 0) < now.value && <b>{t("joint.over")} </b>}<Time at={at} /></>;

function End({ label, question, effect, run, reload }: { label: string; question: string; effect: string; run: () => Promise<unknown>; reload: () => void }) {
  const write = useWrite(reload);
  return <><Confirm smaller label={label} question={question} effect={effect} busy={write.state.step === "busy"} onConfirm={() => void write.run(run)} /><Outcome state={write.state} /></>;
}

function Parties({ incident, of, reload }: { incident: Incident; of: Sharing; reload: () => void }) {
  const [editing, edit] = useState<number | null>(null);
  return (
    <Card id="joint-parties" title={t("joint.parties")}>
      <p class="card-body small ink2">{t("joint.parties_text")}</p>
      {of.parties.length === 0 && <Empty>{t("joint.parties_none")}</Empty>}
      <ul class="rows">{of.parties.map((p) => (
        <li key={p.id} class="joint-party">
          <div>
            <b>{p.name}</b> <span>{t(`joint.state.${p.state ?? "none"}`)}</span>
            {p.words && <p>{p.words}</p>}
            <p class="small ink2">
              {t("joint.recovery")}: {p.recovery === null ? t("word.not_yet") : <Time at={p.recovery} />}　{t("joint.until")}: <Until at={p.until} />　{t("joint.text_by", { by: say(p.by), at: p.updated })}
            </p>
            {editing === p.id && <PartyForm party={p} done={reload} leave={() => edit(null)} />}
          </div>
          {mayDo() && editing !== p.id && (
            <div class="buttons">
              <Button smaller onPress={() => edit(p.id)}>{t("joint.edit")}</Button>
              <End label={t("joint.end")} question={t("joint.end_question", { name: p.name })} effect={t("joint.end_effect")} run={() => api.endParty(p.id)} reload={reload} />
            </div>)}
        </li>))}
      </ul>
      <div class="card-body"><AddOrganisation id={incident.id} done={reload} /></div>
    </Card>
  );
}

function Text({ incident, of, reload }: { incident: Incident; of: Sharing; reload: () => void }) {
  const [draft, set] = useState<string | null>(null);
  const [seen, see] = useState(0);
  const write = useWrite(reload);
  const save = (version: number) => void write.run(() => api.putJoint(incident.id, { version, words: (draft ?? "").trim() })).then((ok) => ok && set(null));
  const s = write.state;
  const begin = () => { see(of.joint?.version ?? 0); set(of.joint?.words ?? ""); };
  return (
    <Card id="joint-text" title={t("joint.text")} caption={t("joint.text_caption")}>
      <div class="card-body form">
        {s.step === "conflict" && draft !== null
          ? <Conflict failure={s.failure} yours={{ words: draft }} theirs={{ words: of.joint?.words ?? "" }} busy={false} onMine={() => save(of.joint?.version ?? 0)} onTheirs={() => { set(null); write.clear(); }} />
          : draft === null
            ? (
              <>
                {of.joint ? <p class="joint-text">{of.joint.words}</p> : <p class="ink2">{t("joint.text_none")}</p>}
                {of.joint && <p class="small ink2">{t("joint.text_by", { by: say(of.joint.by), at: of.joint.updated })}</p>}
                {mayDo() && <div class="buttons"><Button smaller onPress={begin}>{t("joint.text_edit")}</Button></div>}
              </>)
            : (
              <form class="form" onSubmit={(e) => { e.preventDefault(); save(seen); }}>
                <label class="field"><span>{t("joint.text")}</span><textarea rows={5} maxLength={4000} value={draft} onInput={(e) => set(e.currentTarget.value)} /></label>
                <div class="buttons"><Button submit busy={s.step === "busy"}>{t("joint.text_save")}</Button><Button onPress={() => set(null)}>{t("button.leave")}</Button></div>
              </form>)}
        <Outcome state={s} />
      </div>
    </Card>
  );
}

function Named({ incident, of, reload }: { incident: Incident; of: Sharing; reload: () => void }) {
  const columns: Column<Grant>[] = [
    { head: t("joint.person"), title: true, cell: (g) => <b>{word("person", g.name)}</b> },
    { head: t("joint.role"), cell: (g) => word("role", g.role) },
    { head: t("joint.lane"), cell: (g) => (g.lane ? laneName(g.lane, g.lane_name) : "") },
    { head: t("joint.until"), cell: (g) => <Until at={g.until} /> },
    ...(mayDo() ? [{ head: t("joint.end_person"), cell: (g: Grant) => <End label={t("joint.end_person")} question={t("joint.end_person_question", { name: g.name })} effect={t("joint.end_person_effect")} run={() => api.endGrant(g.id)} reload={reload} /> }] : []),
  ];
  return (
    <Card id="joint-people" title={t("joint.people")}>
      {of.grants.length === 0 ? <Empty>{t("joint.people_none")}</Empty> : <Table label={t("joint.people")} columns={columns} rows={of.grants} id={(g) => g.id} />}
      <div class="card-body"><AddPerson incident={incident} done={reload} /></div>
    </Card>
  );
}

function SeenBy({ incident, of }: { incident: Incident; of: Sharing }) {
  const lane = (code: string) => laneName(code, incident.lanes.find((l) => l.code === code)?.name);
  const columns: Column<SeenBy>[] = [
    { head: t("joint.person"), title: true, cell: (p) => word("person", p.name) },
    { head: t("joint.reason"), cell: (p) => <>{t(`joint.why.${p.why}`)}{p.lane && ` ${t("joint.lane_only", { lane: lane(p.lane) })}`}</> },
  ];
  return (
    <Card id="joint-seen" title={t("joint.title")} caption={t("joint.caption", { n: of.seen_by.length })}>
      <Table label={t("joint.title")} columns={columns} rows={of.seen_by} id={(p) => p.person} />
    </Card>
  );
}

export function Joint({ incident }: { incident: Incident }) {
  const data = useResource(api.sharing(incident.id), ["incident"], [incident.id], incident.id);
  return (
    <Loaded of={data}>{(of) => (
      <div class="grid">
        <div class="col w8"><Parties incident={incident} of={of} reload={data.reload} /><Text incident={incident} of={of} reload={data.reload} /><Named incident={incident} of={of} reload={data.reload} /></div>
        <div class="col w4"><SeenBy incident={incident} of={of} /></div>
      </div>)}
    </Loaded>
  );
}
