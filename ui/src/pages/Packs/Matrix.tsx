// The lessons by noticed, handled, prevented, practised, told: on the desk one table, on a phone one lesson at a time.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Proofs } from "./Proofs";
import { byName, byNeed, CELLS, group, lineOf, MARK, STATES, sums, titleOf, type Cell, type Row } from "./ready";

const NARROW = "(max-width: 639px)";
export function useNarrow(): boolean {
  const [is, set] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const m = matchMedia(NARROW), heard = () => set(m.matches);
    m.addEventListener("change", heard);
    return () => m.removeEventListener("change", heard);
  }, []);
  return is;
}

function Line({ row, cell, measured }: { row: Row; cell: Cell; measured: boolean }) {
  const l = lineOf(row, cell, measured);
  const text = <>{l.words}{l.date && <span class="ready-date"> {l.date}</span>}</>;
  return l.mark === null ? <span class="ready-none">{text}</span> : <Mark kind={l.mark}><span class={l.bold ? "ready-step" : ""}>{text}</span></Mark>;
}

export function Legend() {
  return <ul class="ready-legend">{STATES.filter((s) => s !== "none").map((s) => <li key={s}><Mark kind={MARK[s]}>{t(`ready.state.${s}`)}</Mark></li>)}</ul>;
}

function Head({ rows, cell }: { rows: Row[]; cell: Cell }) {
  const n = sums(rows, cell);
  return <><b>{t(`ready.cell.${cell}`)}</b><br /><span class="ready-sum">{t("ready.sum", n)}{n.declared > 0 && ` ${t("ready.sum_declared", { n: n.declared })}`}</span></>;
}

interface Props { rows: Row[]; measured: boolean; reload: () => void }

function Wide({ rows, measured, reload }: Props) {
  const [open, setOpen] = useState<{ id: string; cell: Cell } | null>(null);
  return (
    <div class="scroll" tabIndex={-1}>
      <table class="ready-table" aria-label={t("ready.title", { n: rows.length })}>
        <thead><tr><th scope="col"><span class="unseen">{t("packs.id")}</span></th><th scope="col"><b>{t("packs.title")}</b><br /><span class="ready-sum">{t("ready.first")}</span></th>
          {CELLS.map((c) => <th key={c} scope="col"><Head rows={rows} cell={c} /></th>)}</tr></thead>
        <tbody>{rows.map((r, i) => [
          <tr key={r.id} class={`${measured && i > 0 && group(rows[i - 1]!) !== group(r) ? "ready-group" : ""} ${open?.id === r.id ? "opened" : ""}`}>
            <td class="ready-id">{r.short}</td><th scope="row"><a class="name" href={`#/packs/${encodeURIComponent(r.id)}`}>{titleOf(r)}</a></th>
            {CELLS.map((c) => (
              <td key={c}>{r.cells[c].state === "none" ? <Line row={r} cell={c} measured={measured} /> : (
                <button type="button" class="ready-cell" aria-expanded={open?.id === r.id && open.cell === c}
                  onClick={() => setOpen(open?.id === r.id && open.cell === c ? null : { id: r.id, cell: c })}><span class="unseen">{t("ready.open", { lesson: titleOf(r), cell: t(`ready.cell.${c}`) })} </span><Line row={r} cell={c} measured={measured} /></button>)}</td>))}
          </tr>,
          open?.id === r.id && (
            <tr key={`${r.id}+`} class="sunk"><td colSpan={7}>
              <div class="ready-open"><h3>{titleOf(r)}　{t(`ready.cell.${open.cell}`)}</h3><Button smaller onPress={() => setOpen(null)}>{t("ready.close")}</Button></div>
              <Proofs pack={r.id} items={r.cells[open.cell].items} reload={reload} /></td></tr>),
        ])}</tbody>
      </table>
    </div>);
}

/** One at a time: nobody scrolls through a hundred and thirty-five cells. */
function Narrow({ rows, measured, reload }: Props) {
  const [id, setId] = useState(rows[0]?.id ?? ""), [open, setOpen] = useState<Cell | null>(null);
  const at = Math.max(0, rows.findIndex((r) => r.id === id)), row = rows[at];
  const go = (to: string) => { setId(to); setOpen(null); };
  if (!row) return null;
  return (
    <div class="ready-one">
      <label class="field"><span>{t("ready.pick", { n: rows.length })}</span>
        <select value={row.id} onChange={(e) => go(e.currentTarget.value)}>{rows.map((r) => <option key={r.id} value={r.id}>{r.short} {titleOf(r)}</option>)}</select></label>
      <p><a class="name bold" href={`#/packs/${encodeURIComponent(row.id)}`}>{row.short}　{titleOf(row)}</a></p>
      <ul class="rows">{CELLS.map((c) => (
        <li key={c}>
          <button type="button" class="ready-cell" aria-expanded={open === c} onClick={() => setOpen(open === c ? null : c)}><span class="ready-cell-name">{t(`ready.cell.${c}`)}</span><Line row={row} cell={c} measured={measured} /></button>
          {open === c && <Proofs pack={row.id} items={row.cells[c].items} reload={reload} />}
        </li>))}</ul>
      <div class="buttons">{at > 0 && <Button onPress={() => go(rows[at - 1]!.id)}>{t("ready.before")}</Button>}{at + 1 < rows.length && <Button onPress={() => go(rows[at + 1]!.id)}>{t("ready.after")}</Button>}</div>
    </div>);
}

export function Matrix({ rows, measured, reload }: Props) {
  const narrow = useNarrow(), sorted = [...rows].sort(measured ? byNeed : byName);
  return <Card class="ready-matrix">{narrow ? <Narrow rows={sorted} measured={measured} reload={reload} /> : <Wide rows={sorted} measured={measured} reload={reload} />}</Card>;
}
