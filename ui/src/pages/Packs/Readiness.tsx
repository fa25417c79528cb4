// 備え: lessons by noticed, handled, prevented, practised, told. What has a next step comes first; a cell opens with its proof. What the machine
// measured and what a person declared stand apart, with marks of their own.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Readiness as All, ReadinessItem } from "../../api/types";
import { useResource } from "../../state/resource";
import { me } from "../../state/session";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark, type MarkKind } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const CELLS = ["noticed", "handled", "prevented", "practised", "told"] as const;
type Cell = (typeof CELLS)[number];
type Row = All["packs"][number];
const STATES = ["must", "soon", "todo", "declared", "ok", "none"] as const;
const KINDS = ["replay", "measured", "attested", "missing", "unmeasured"] as const;
const MARK: Record<ReadinessItem["state"], MarkKind> = { must: "must", soon: "soon", todo: "unknown", declared: "declared", ok: "proved", none: "unknown" };
const PAGES: Record<string, string> = { contracts: "settings/contracts", people: "settings/people", systems: "settings/systems", alternatives: "settings/alternatives" };
const title = (r: Row): string => (lang.value === "ja" ? r.titles.ja : r.titles.en) ?? r.titles.ja ?? r.id;
const rank = (r: Row): number => Math.min(...CELLS.map((c) => STATES.indexOf(r.cells[c].state)));
const blind = (r: Row): ReadinessItem | undefined => r.cells.noticed.items.find((i) => i.measure === "logs_arrive" && i.answer === "no");

function worst(items: ReadinessItem[], state: ReadinessItem["state"]): ReadinessItem | undefined {
  return items.find((i) => i.state === state);
}

/** One cell: its state, and of what is bad the next step in words; of what is good the date. */
function CellMark({ row, cell }: { row: Row; cell: Cell }) {
  const { state, items } = row.cells[cell];
  const first = worst(items, state);
  if (state === "none") return <span class="ink3">{t("ready.state.none")}</span>;
  const words = state === "must" ? (first?.remedy?.[lang.value] ?? first?.words[lang.value]) : t(`ready.state.${state}`);
  return <Mark kind={MARK[state]}>{state === "must" ? <b>{words}</b> : words} {state === "ok" && first?.at && <Time at={first.at} />}{state === "declared" && first?.until && <span class="small ink2">{t("ready.until", { time: first.until.slice(0, 10) })}</span>}</Mark>;
}

function Attest({ pack, item, done }: { pack: string; item: ReadinessItem; done: () => void }) {
  const [evidence, setEvidence] = useState(""), [until, setUntil] = useState(""), [open, setOpen] = useState(false);
  const write = useWrite();
  const put = (answer: boolean) => void write.run(async () => { await api.attest(pack, { control: item.id, answer, evidence, until }); setOpen(false); done(); });
  if (!open) return <Button onPress={() => setOpen(true)}>{t("ready.attest")}</Button>;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); put(true); }}>
      <label class="field"><span>{t("ready.evidence")}</span><textarea rows={2} required maxLength={2000} value={evidence} onInput={(e) => setEvidence(e.currentTarget.value)} /></label>
      <label class="field"><span>{t("ready.end")}</span><input type="text" required placeholder={t("ready.end_hint")} value={until} onInput={(e) => setUntil(e.currentTarget.value)} /></label>
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("ready.attest_yes")}</Button><Button onPress={() => put(false)}>{t("ready.attest_no")}</Button></div>
      <Outcome state={write.state} />
    </form>);
}

function Proof({ pack, item: i, reload }: { pack: string; item: ReadinessItem; reload: () => void }) {
  const may = me.value?.person.roles.some((x) => ["administrator", "handler", "commander", "approver"].includes(x));
  return (
    <li class="task">
      <Mark kind={MARK[i.state]} />
      <div class="grow">
        <b>{i.words[lang.value]}</b>{i.measure === "logs_arrive" && <b> {t(`ready.log.${i.of ?? "login"}`)}</b>}
        {i.kind === "measured" && <p class="small ink2">{t(`ready.answer.${i.answer ?? "unknown"}`)} {(i.total ?? 0) > 0 && t("ready.of", { good: i.good ?? 0, total: i.total ?? 0 })} {i.at && <Time at={i.at} />}</p>}
        {i.kind === "measured" && i.answer === "no" && (i.lacks?.length ?? 0) > 0 && <p class="small">{t("ready.lacks", { names: i.lacks!.join(t("word.comma")) })}</p>}
        {i.state === "must" && i.remedy && <p class="small"><a href={`#/${PAGES[i.page ?? ""] ?? i.page}`}>{i.remedy[lang.value]}</a></p>}
        {i.kind === "attested" && (i.at ? <p class="small ink2">{t(`ready.answer.${i.answer ?? "unknown"}`)} {i.evidence} {i.by && say(i.by)} {i.over ? <b>{t("ready.over")}</b> : i.until && t("ready.until", { time: i.until.slice(0, 10) })}</p> : <p class="small ink2">{t("ready.not_attested")}</p>)}
        {i.kind === "attested" && may && <Attest pack={pack} item={i} done={reload} />}
        {i.kind === "replay" && (i.over ? <p class="small">{t("ready.replay_old")}</p> : i.at ? <details><summary class="small">{t(`ready.answer.${i.answer ?? "unknown"}`)} <Time at={i.at} /></summary><pre class="small">{i.says}</pre></details> : <p class="small ink2">{t("ready.replay_how", { id: pack })}</p>)}
      </div>
    </li>);
}

/** Measured and declared are lists of their own. */
function Proofs({ row, cell, reload }: { row: Row; cell: Cell; reload: () => void }) {
  return (
    <>{KINDS.map((k) => {
      const items = row.cells[cell].items.filter((i) => i.kind === k);
      return items.length > 0 && <section key={k} aria-label={t(`ready.kind.${k}`)}><h4>{t(`ready.kind.${k}`)}</h4><ul class="rows">{items.map((i) => <Proof pack={row.id} item={i} reload={reload} />)}</ul></section>;
    })}</>);
}

function Blind({ rows }: { rows: Row[] }) {
  const list = rows.filter(blind);
  if (!list.length) return null;
  return (
    <Card id="blind" title={t("ready.blind", { n: list.length })}>
      <ul class="rows">{list.map((r) => (
        <li class="task"><Mark kind="must" /><div class="grow">{t("ready.blind_line", { lesson: title(r), log: t(`ready.log.${blind(r)!.of ?? "login"}`) })}</div><a href="#/sources">{t("ready.how_to_send")}</a></li>))}
      </ul>
    </Card>);
}

function Sums({ rows, cell }: { rows: Row[]; cell: Cell }) {
  const of = rows.map((r) => r.cells[cell].state).filter((s) => s !== "none");
  const declared = of.filter((s) => s === "declared").length;
  return <><span>{t(`ready.cell.${cell}`)}</span><br /><span class="small ink2">{t("ready.sum", { ok: of.filter((s) => s === "ok").length, all: of.length })} {declared > 0 && t("ready.sum_declared", { n: declared })}</span></>;
}

function Trend({ d }: { d: All }) {
  const sum = (c: All["trend"][number], s: string) => CELLS.reduce((n, k) => n + (c.counts[k]?.[s] ?? 0), 0);
  return (
    <Card id="trend" title={t("ready.trend")}>
      <ul class="rows">{d.trend.slice(-12).map((x) => <li class="small">{t("ready.trend_line", { time: (x.day ?? "").slice(0, 10), ok: sum(x, "ok"), declared: sum(x, "declared"), must: sum(x, "must") })}</li>)}</ul>
    </Card>);
}

function Matrix({ d, reload }: { d: All; reload: () => void }) {
  const [open, setOpen] = useState<{ id: string; cell: Cell } | null>(null);
  const rows = [...d.packs].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
  return (
    <>
      <Blind rows={rows} />
      <Card class="ready-matrix">
        <p class="lead small">{STATES.map((s) => s !== "none" && <><Mark kind={MARK[s]}>{t(`ready.state.${s}`)}</Mark>　</>)}</p>
        <ul class="ready-sums">{CELLS.map((c) => <li><Sums rows={rows} cell={c} /></li>)}</ul>
        <Table label={t("ready.title", { n: rows.length })} rows={rows} id={(r) => r.id}
          below={(r) => (open?.id === r.id ? <><Button onPress={() => setOpen(null)}>{t("ready.close")}</Button><h3>{title(r)}: {t(`ready.cell.${open.cell}`)}</h3><Proofs row={r} cell={open.cell} reload={reload} /></> : null)}
          columns={[
            { head: t("packs.title"), title: true, class: "grow-cell", cell: (r) => <a class="name" href={`#/packs/${encodeURIComponent(r.id)}`}>{title(r)}</a> },
            ...CELLS.map((c) => ({ head: t(`ready.cell.${c}`), cell: (r: Row) => (
              <button type="button" class="as-link ready-cell" title={t("ready.open", { lesson: title(r), cell: t(`ready.cell.${c}`) })} aria-expanded={open?.id === r.id && open.cell === c} onClick={() => setOpen({ id: r.id, cell: c })}><CellMark row={r} cell={c} /></button>) })),
          ]} />
      </Card>
      {d.trend.length > 0 && <Trend d={d} />}
    </>);
}

export function Readiness() {
  const all = useResource(api.readiness, ["readiness"], []);
  const write = useWrite();
  return (
    <Loaded of={all}>{(d) => (
      <>
        <div class="page-head"><h1>{t("ready.title", { n: d.packs.length })}</h1>
          <span class="small ink2">{d.measured_at ? <Time at={d.measured_at} /> : t("ready.never")}</span><span class="grow" />
          <span class="buttons no-print">
            <Button busy={write.state.step === "busy"} onPress={() => void write.run(async () => { await api.measureReadiness(); all.reload(); })}>{t("ready.measure")}</Button>
            <Button onPress={() => window.print()}>{t("ready.print")}</Button>
            <Button href="#/packs/library">{t("ready.to_library")}</Button>
            <Button href="#/playbooks">{t("nav.playbooks")}</Button>
          </span>
        </div>
        <Outcome state={write.state} />
        <Matrix d={d} reload={all.reload} />
      </>)}
    </Loaded>);
}

/** The cells of one lesson, all of them open. */
export function PackReadiness({ id }: { id: string }) {
  const all = useResource(api.readiness, ["readiness"], []);
  return (
    <Card id="controls" title={t("packs.controls")}>
      <Loaded of={all}>{(d) => {
        const row = d.packs.find((p) => p.id === id);
        return <div class="card-body">{row && CELLS.map((c) => <section key={c}><h3>{t(`ready.cell.${c}`)} <CellMark row={row} cell={c} /></h3><Proofs row={row} cell={c} reload={all.reload} /></section>)}</div>;
      }}</Loaded>
    </Card>);
}
