// いま効いている処置: every block and every lasting act in force, in all cases, the one that ends first on top, each
// with its way back; beside it the frozen accounts as the call desk needs them.
import type { ComponentChildren } from "preact";
import { api } from "../../api/client";
import type { Action, Deed } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { actionMark, actionTitle, proven } from "../../widgets/action";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { caseLink, deedMark, deedTitle, inForce, known } from "../../widgets/deed";
import { DeedUndo } from "../../widgets/DeedUndo";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Tabs } from "../../widgets/Tabs";
import { Remaining, Time } from "../../widgets/Time";
import { Frozen } from "./Frozen";
import { Lists } from "./Lists";
import { Watch } from "./Watch";

type Called = (id: number) => string;
interface Row { key: string; incident: number; what: string; targets: string; mark: ComponentChildren; from: string | null; until: string | null; undo: ComponentChildren }

function ActionUndo({ action, reload }: { action: Action; reload: () => void }) {
  const write = useWrite(reload);
  return (
    <>
      <Outcome state={write.state} />
      {action.may.undo && <Confirm smaller busy={write.state.step === "busy"} label={t("action.undo")} question={t("action.undo_question")} effect={t("action.undo_effect")} onConfirm={() => void write.run(() => api.act(action.id, "undo", { version: action.version }))} />}
    </>
  );
}

const ofAction = (a: Action, reload: () => void): Row => ({
  key: `a${a.id}`, incident: a.incident_id, what: actionTitle(a), targets: a.addresses.slice(0, 3).map((x) => x.address).join(t("word.comma")) + (a.addresses.length > 3 ? t("in_force.more", { n: a.addresses.length - 3 }) : ""),
  mark: <Mark kind={proven(a) ? "proved" : actionMark(a)}>{t(proven(a) ? "action.proven" : `action.state.${a.state}`)}</Mark>, from: a.in_force_from, until: a.until, undo: <ActionUndo action={a} reload={reload} />,
});
const ofDeed = (d: Deed, reload: () => void): Row => ({
  key: `d${d.id}`, incident: d.incident_id, what: deedTitle(d.kind, [d], d.minutes), targets: d.target,
  mark: <Mark kind={deedMark(d)}>{t(`deed.state.${known(d)}`)}</Mark>, from: d.in_force_from, until: d.until, undo: <DeedUndo deed={d} reload={reload} />,
});

function Standing({ actions, deeds, at, called, reload }: { actions: Action[]; deeds: Deed[]; at: number | null; called: Called; reload: () => void }) {
  const rows = [...actions.map((a) => ofAction(a, reload)), ...deeds.filter(inForce).map((d) => ofDeed(d, reload))].sort((a, b) => (a.until ?? "9").localeCompare(b.until ?? "9"));
  const waiting = new Set(deeds.filter((d) => d.state === "proposed").map((d) => d.incident_id));
  return (
    <Card id="in-force" title={t("in_force.title")} caption={t("in_force.caption", { n: rows.length, at })}>
      {rows.length === 0 ? <p class="empty">{t("in_force.none", { at })}</p> : (
        <Table label={t("in_force.title")} rows={rows} id={(r) => r.key} columns={[
          { head: t("in_force.what"), title: true, cell: (r) => <><b>{r.what}</b> <a class="small nowrap" href={caseLink(r.incident)}>{called(r.incident)}</a></> },
          { head: t("in_force.targets"), cell: (r) => <span class="mono">{r.targets}</span> },
          { head: t("in_force.state"), class: "card-wide", cell: (r) => r.mark },
          { head: t("in_force.from"), cell: (r) => (r.from ? <Time at={r.from} /> : t("word.not_yet")) },
          { head: t("in_force.until"), class: "card-wide", cell: (r) => (r.until ? <><Time at={r.until} /> <Remaining until={r.until} /></> : t("word.not_yet")) },
          { head: t("in_force.back"), class: "card-wide", cell: (r) => r.undo },
        ]} />)}
      {waiting.size > 0 && <p class="empty small">{t("in_force.waiting")} {[...waiting].map((id) => <><a class="nowrap" href={caseLink(id)}>{called(id)}</a> </>)}</p>}
    </Card>
  );
}

export function InForce({ args }: { args: string[] }) {
  const actions = useResource(api.actionsInForce, ["action", "incident", "now"], []);
  const deeds = useResource(api.deeds, ["incident", "now"], []);
  const lists = useResource(api.lists, ["action", "now"], []);
  const cases = useResource(api.incidents({ state: "all", limit: 200 }), ["incident"], []).data?.incidents ?? [];
  const called: Called = (id) => cases.find((i) => i.id === id)?.number ?? t("in_force.case", { id });
  const reload = () => { actions.reload(); deeds.reload(); };
  const watches = useResource(api.tightenings(), ["tightening", "rule_state"], []);
  const on = ["accounts", "watch", "lists"].find((x) => x === args[0]) ?? "all";
  const frozen = deeds.data?.care.frozen;
  return (
    <>
      <div class="page-head"><h1>{t("nav.in-force")}</h1></div>
      <Tabs plain on={on} label={t("nav.in-force")} tabs={[{ id: "all", href: "#/in-force", label: t("in_force.title") }, { id: "accounts", href: "#/in-force/accounts", label: t("frozen.title"), count: frozen }, { id: "watch", href: "#/in-force/watch", label: t("watch.title"), count: watches.data?.tightenings.filter((x) => x.state === "in_force").length }, { id: "lists", href: "#/in-force/lists", label: t("lists.title"), count: lists.data?.consumers.filter((c) => c.late).length }]} />
      {on === "all" && <Loaded of={actions}>{(a) => <Loaded of={deeds}>{(d) => <Standing actions={a.actions} deeds={d.deeds} at={deeds.at} called={called} reload={reload} />}</Loaded>}</Loaded>}
      {on === "accounts" && <Loaded of={deeds}>{(d) => <Frozen data={d} called={called} reload={reload} />}</Loaded>}
      {on === "watch" && <Loaded of={watches}>{(w) => <Watch data={w} reload={watches.reload} />}</Loaded>}
      {on === "lists" && <Loaded of={lists}>{(x) => <Lists data={x} reload={lists.reload} />}</Loaded>}
    </>
  );
}
