// Tables on wide screens, cards on phones: one definition of columns serves both.
import type { ComponentChildren } from "preact";

export interface Column<T> {
  head: string; cell: (row: T) => ComponentChildren; num?: boolean; wide?: boolean; title?: boolean; class?: string;
}
interface Props<T> {
  label: string; columns: Column<T>[]; rows: T[]; id: (row: T) => string | number;
  /** Shown across the whole width below a row. */
  below?: (row: T) => ComponentChildren | null;
}

export function Table<T>({ label, columns, rows, id, below }: Props<T>) {
  const cls = (c: Column<T>) => [c.num ? "num" : "", c.wide ? "only-wide" : "", c.title ? "card-title" : "", c.class ?? ""].join(" ").trim() || undefined;
  return (
    <div class="scroll" tabIndex={-1}>
      <table class="cards" aria-label={label}>
        <thead><tr>{columns.map((c) => <th scope="col" class={cls(c)}>{c.head}</th>)}</tr></thead>
        <tbody>
          {rows.map((r) => {
            const more = below?.(r);
            return [
              <tr key={id(r)} class={more ? "opened" : undefined}>{columns.map((c) => <td class={cls(c)} data-label={c.head}>{c.cell(r)}</td>)}</tr>,
              more && <tr key={`${id(r)}+`} class="sunk"><td colSpan={columns.length}>{more}</td></tr>,
            ];
          })}
        </tbody>
      </table>
    </div>
  );
}
