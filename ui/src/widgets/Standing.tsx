// What stands on what: bases below, what they carry above. What is down is filled and marked; the order says the rest in words.
import { t } from "../state/text";

export interface Standing { name: string; stands_on: string[]; down: boolean }

const W = 168, H = 44, GAP_X = 16, GAP_Y = 40;

/** What stops with it: those that stand on it, and those that stand on them; itself first. */
export function stopsWith(systems: { name: string; stands_on: string[] }[], name: string): string[] {
  const found = [name];
  for (let i = 0; i < found.length; i++)
    for (const s of systems) if (s.stands_on.includes(found[i] ?? "") && !found.includes(s.name)) found.push(s.name);
  return found;
}

/** The row of each: 0 stands on nothing. A loop ends the walk. */
export function rowsOf(systems: Standing[]): Map<string, number> {
  const by = new Map(systems.map((s) => [s.name, s]));
  const row = new Map<string, number>();
  const of = (name: string, seen: string[]): number => {
    const known = row.get(name);
    if (known !== undefined || seen.includes(name)) return known ?? 0;
    const on = (by.get(name)?.stands_on ?? []).filter((n) => by.has(n));
    const r = on.length === 0 ? 0 : 1 + Math.max(...on.map((n) => of(n, [...seen, name])));
    row.set(name, r);
    return r;
  };
  for (const s of systems) of(s.name, []);
  return row;
}

export function StandingPicture({ of: systems }: { of: Standing[] }) {
  const joined = new Set(systems.flatMap((s) => [...s.stands_on, ...(s.stands_on.length > 0 || s.down ? [s.name] : [])]));
  const shown = systems.filter((s) => joined.has(s.name)).slice(0, 60);
  const row = rowsOf(shown);
  const height = Math.max(0, ...row.values());
  const place = new Map<string, { x: number; y: number }>();
  const used: number[] = [];
  for (const s of shown) {
    const r = row.get(s.name) ?? 0;
    const n = used[r] ?? 0;
    used[r] = n + 1;
    place.set(s.name, { x: n * (W + GAP_X), y: (height - r) * (H + GAP_Y) });
  }
  const width = Math.max(1, ...used.map((n) => n ?? 0)) * (W + GAP_X) - GAP_X;
  if (shown.length === 0) return <p class="empty">{t("recovery.no_picture")}</p>;
  return (
    <div class="card-body scroll-x" tabIndex={0} role="region" aria-label={t("recovery.picture")}>
      <svg role="img" aria-label={t("recovery.picture_words", { n: shown.length, down: shown.filter((s) => s.down).length })} width={width + 2} height={(height + 1) * (H + GAP_Y) - GAP_Y + 2} viewBox={`-1 -1 ${width + 2} ${(height + 1) * (H + GAP_Y) - GAP_Y + 2}`}>
        {shown.flatMap((s) => s.stands_on.filter((b) => place.has(b)).map((b) => {
          const from = place.get(s.name) ?? { x: 0, y: 0 }, to = place.get(b) ?? { x: 0, y: 0 };
          return <line key={`${s.name} ${b}`} x1={from.x + W / 2} y1={from.y + H} x2={to.x + W / 2} y2={to.y} stroke="currentColor" stroke-width="1.5" />;
        }))}
        {shown.map((s) => {
          const p = place.get(s.name) ?? { x: 0, y: 0 };
          return (
            <g key={s.name} class={s.down ? "system-down" : "system-up"}>
              <rect x={p.x} y={p.y} width={W} height={H} rx="4" />
              <text x={p.x + W / 2} y={p.y + H / 2 + 5} text-anchor="middle" font-size="14">{s.down ? "▲ " : ""}{s.name.length > 11 ? `${s.name.slice(0, 10)}…` : s.name}</text>
              <title>{s.name}</title>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
