// 連絡: what was sent for the case, by which way, and whether it was taken. What did not arrive stands first.
import { api } from "../../api/client";
import type { Incident, Message } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Loaded } from "../../widgets/Loaded";
import { Mark, type MarkKind } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { type Column, Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

/** In the order shown: what a person has to do something about, what the machine is at, what arrived. */
const STATES: [Message["state"], MarkKind][] = [
  ["refused", "must"], ["bounced", "must"], ["failed", "must"], ["unknown", "unknown"], ["waiting", "soon"], ["sending", "run"], ["sent", "todo"], ["acknowledged", "ok"],
];
const place = (m: Message): number => STATES.findIndex(([s]) => s === m.state);
const stuck = (m: Message): boolean => place(m) < 5 && (m.state !== "waiting" || m.tries > 0);

/** The server's own sentence is the only thing that says what to mend. */
function Trouble({ m, reload }: { m: Message; reload: () => void }) {
  const write = useWrite(reload);
  const busy = write.state.step === "busy";
  const again = () => void write.run(() => api.sendAgain(m.id));
  return (
    <div class="form">
      <p>{t(`contact.about.${m.state}`)} {m.said && <span class="mono inert small">{m.said}</span>}</p>
      {me.value?.person.role !== "auditor" && <div class="buttons">
        {m.state === "unknown"
          ? <Confirm smaller busy={busy} label={t("contact.again")} question={t("contact.again_question")} effect={<p>{t("contact.again_effect")}</p>} onConfirm={again} />
          : <Button smaller busy={busy} onPress={again}>{t("contact.again")}</Button>}
      </div>}
      <Outcome state={write.state} />
    </div>
  );
}

function Acknowledged({ m }: { m: Message }) {
  if (m.acknowledged_at) return <><Time at={m.acknowledged_at} /> <span class="small ink2">{t(`contact.how.${m.acknowledged_how || "link"}`)}</span></>;
  return <span class="ink2">{m.asks ? t("contact.not_yet") : t("contact.not_asked")}</span>;
}

export function Contacts({ incident }: { incident: Incident }) {
  const list = useResource(api.messagesOf(incident.id), ["message"], [incident.id], incident.id);
  const columns: Column<Message>[] = [
    { head: t("contact.to"), title: true, class: "grow-cell", cell: (m) => <><b>{m.who || m.address}</b>{m.who && m.who !== m.address && <span class="small ink2 inert"> {m.address}</span>}{m.drill && <> <span class="tag">{t("contact.drill")}</span></>}</> },
    { head: t("contact.subject"), class: "card-wide", cell: (m) => <span class="inert">{m.subject || m.text.slice(0, 80)}</span> },
    { head: t("contact.way"), cell: (m) => m.way },
    { head: t("contact.state"), cell: (m) => <Mark kind={STATES[place(m)]?.[1] ?? "unknown"}>{t(`contact.state.${m.state}`)}</Mark> },
    { head: t("contact.tries"), num: true, cell: (m) => m.tries },
    { head: t("contact.at"), num: true, cell: (m) => <Time at={m.sent_at ?? m.at} /> },
    { head: t("contact.acknowledged"), cell: (m) => <Acknowledged m={m} /> },
    { head: t("contact.by"), wide: true, cell: (m) => say(m.by) },
  ];
  return (
    <Loaded of={list}>{(d) => {
      const rows = [...d.messages].sort((a, b) => place(a) - place(b) || b.id - a.id);
      const bad = rows.filter(stuck).length;
      return (
        <div class="below"><Card id="contacts" title={t("case.tab.contacts")} caption={rows.length > 0 ? t("contact.caption", { n: rows.length, bad }) : undefined}>
          {d.problem && <p class="card-body" role="alert"><Mark kind="must">{t("contact.problem")}</Mark> <span class="mono inert small">{d.problem}</span></p>}
          {!d.door && <p class="card-body"><Mark kind="soon">{t("contact.no_door")}</Mark></p>}
          {rows.length === 0 ? <Empty>{t("contact.none")}</Empty> : <Table label={t("case.tab.contacts")} columns={columns} rows={rows} id={(m) => m.id} below={(m) => (stuck(m) ? <Trouble m={m} reload={list.reload} /> : null)} />}
        </Card></div>);
    }}</Loaded>
  );
}
