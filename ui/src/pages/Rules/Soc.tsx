// Canaries through somebody else's watch: what was sent, by when they have to call, and the call typed in.
import { useState } from "preact/hooks";
import type { RuleOrder, RuleState, SocRun } from "../../api/types";
import { duration, parse } from "../../lib/time";
import { href } from "../../state/route";
import { me } from "../../state/session";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark, type MarkKind } from "../../widgets/Mark";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { watchFaults } from "./forms";

type Watch = NonNullable<RuleState["soc"]>["watches"][number];

const MARKS: Record<SocRun["state"], MarkKind> = { waiting: "run", answered: "ok", late: "must", none: "must" };

function Answer({ run, order, busy }: { run: SocRun; order: (o: RuleOrder) => void; busy: boolean }) {
  const [v, set] = useState({ by: "", note: "" });
  if (run.answered) return <>{t("soc.took", { span: duration(((parse(run.answered) ?? 0) - (parse(run.sent) ?? 0)) / 1000, lang.value) })} {run.by}</>;
  return (
    <form class="form-row" onSubmit={(e) => { e.preventDefault(); if (v.by.trim()) order({ op: "soc_answer", name: run.token, owner: v.by.trim(), reason: v.note.trim() }); }}>
      <input type="text" aria-label={t("soc.by")} placeholder={t("soc.by")} maxLength={200} value={v.by} onInput={(e) => set({ ...v, by: e.currentTarget.value })} />
      <input type="text" aria-label={t("soc.note")} placeholder={t("soc.note")} maxLength={500} value={v.note} onInput={(e) => set({ ...v, note: e.currentTarget.value })} />
      <Button smaller submit busy={busy}>{t("soc.answer")}</Button>
    </form>
  );
}

const WITHIN = ["15m", "30m", "1h", "4h"] as const;

/** Who watches: a name, where its sensors read, how soon it has to call, its telephone. */
function Name({ watches, order, busy }: { watches: Watch[]; order: (o: RuleOrder) => void; busy: boolean }) {
  const fresh = { name: "", by: "udp", at: "", within: "30m", phone: "" };
  const [open, show] = useState(false);
  const [v, put] = useState(fresh);
  const set = (x: Partial<typeof v>) => put({ ...v, ...x });
  const faults = watchFaults(v);
  if (!open) return <div class="card-body"><Button smaller onPress={() => show(true)}>{t("soc.name_open")}</Button></div>;
  return (
    <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (faults.length > 0) return; order({ op: "soc", name: v.name.trim(), to: `${v.by}:${v.at.trim()}`, for: v.within, phone: v.phone.trim() }); put(fresh); show(false); }}>
      <div class="form-row">
        <label class="field"><span>{t("soc.name")}</span><input type="text" maxLength={64} placeholder="night-watch" value={v.name} onInput={(e) => set({ name: e.currentTarget.value })} /></label>
        <label class="field"><span>{t("soc.phone")}</span><input type="tel" maxLength={100} value={v.phone} onInput={(e) => set({ phone: e.currentTarget.value })} /></label>
      </div>
      <div class="form-row">
        <label class="field"><span>{t("soc.by_way")}</span><select value={v.by} onChange={(e) => set({ by: e.currentTarget.value })}><option value="udp">syslog (UDP)</option><option value="tcp">syslog (TCP)</option></select></label>
        <label class="field"><span>{t("soc.at")}</span><input type="text" maxLength={260} placeholder="192.0.2.20:514" value={v.at} onInput={(e) => set({ at: e.currentTarget.value })} /></label>
        <label class="field"><span>{t("soc.within")}</span><select value={v.within} onChange={(e) => set({ within: e.currentTarget.value })}>{WITHIN.map((x) => <option value={x}>{t(`soc.within.${x}`)}</option>)}</select></label>
      </div>
      <p class="small ink2">{t(watches.some((w) => w.name === v.name.trim()) ? "soc.name_again" : "soc.name_how")}</p>
      <div class="buttons">
        <Button submit solid={faults.length === 0} busy={busy}>{t("soc.name_do")}</Button>
        <Button onPress={() => show(false)}>{t("button.leave")}</Button>
        {faults.length > 0 && <span class="small ink2" role="note">{faults.map((f) => t(`soc.fault.${f}`)).join(" ")}</span>}
      </div>
    </form>
  );
}

export function Soc({ state, order, busy, names }: { state: RuleState; order: (o: RuleOrder) => void; busy: boolean; names: Record<string, string> }) {
  const runs = state.soc?.runs ?? [];
  const watches = state.soc?.watches ?? [];
  const phone = (name: string) => watches.find((w) => w.name === name)?.phone ?? "";
  return (
    <div class="stack">
      <Card id="watches" title={t("soc.watches")} caption={t("soc.watches_caption")}>
        {watches.length === 0 ? <Empty>{t("soc.none_named")}</Empty> : (
          <Table label={t("soc.watches")} id={(w) => w.name} rows={watches} columns={[
            { head: t("soc.name"), title: true, cell: (w) => <b>{w.name}</b> },
            { head: t("soc.at"), cell: (w) => <span class="mono">{w.to}</span> },
            { head: t("soc.within"), cell: (w) => t("soc.watch_n", { span: duration(w.within_s, lang.value) }) },
            { head: t("soc.phone"), cell: (w) => w.phone },
            { head: t("soc.send"), class: "grow-cell", cell: (w) => <code class="small">{t("soc.command", { name: w.name })}</code> },
            { head: "", class: "card-wide", cell: (w) => !me.value?.demo && <Confirm smaller label={t("soc.drop")} question={t("soc.drop_ask", { name: w.name })} effect={<p>{t("soc.drop_effect")}</p>} busy={busy} onConfirm={() => order({ op: "soc_drop", name: w.name })} /> },
          ]} />)}
        {!me.value?.demo && <Name watches={watches} order={order} busy={busy} />}
      </Card>
      <Card id="soc" title={t("soc.title")} caption={t("soc.caption")}>
        {runs.length === 0 ? <Empty>{t("soc.none")}</Empty> : (
          <Table label={t("soc.title")} id={(r) => r.token} rows={runs} columns={[
            { head: t("cases.state"), cell: (r) => <Mark kind={MARKS[r.state]}>{t(`soc.state.${r.state}`)}</Mark> },
            { head: t("soc.watch"), title: true, cell: (r) => <>{r.soc} <span class="small ink2">{phone(r.soc)}</span></> },
            { head: t("soc.token"), cell: (r) => <span class="mono">{r.token}</span> },
            { head: t("rules.title"), class: "grow-cell", cell: (r) => <a href={href("rules", r.rule)}>{names[r.rule] ?? r.title}</a> },
            { head: t("soc.sent"), num: true, cell: (r) => <Time at={r.sent} /> },
            { head: t("soc.due"), num: true, cell: (r) => <Time at={r.due} /> },
            { head: t("soc.call"), class: "card-wide", cell: (r) => <Answer run={r} order={order} busy={busy} /> },
          ]} />)}
      </Card>
    </div>
  );
}
