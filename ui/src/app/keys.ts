// Keyboard: g n, g c, g f, g s, g r, g p go to a page; / finds a case; ? helps. Never while somebody types.
import { signal } from "@preact/signals";
import { go, href } from "../state/route";

export const helpOpen = signal(false);
export const JUMPS: Record<string, string> = { n: "now", c: "cases", f: "search", s: "sources", r: "rules", p: "packs", e: "settings" };
const CHORD_MS = 1500;

export function typing(target: EventTarget | null): boolean {
  const el = target as Partial<HTMLElement> | null;
  return !!el && (el.isContentEditable === true || /^(input|textarea|select)$/i.test(el.tagName ?? ""));
}

/** Pure part, for the tests: what a key means after the one before it. */
export function meaning(key: string, before: string | null): { jump?: string; find?: true; help?: true; wait?: true } {
  if (before === "g") return JUMPS[key] ? { jump: JUMPS[key] } : {};
  if (key === "g") return { wait: true };
  if (key === "/") return { find: true };
  if (key === "?") return { help: true };
  return {};
}

function find(): void {
  const boxes = [...document.querySelectorAll<HTMLInputElement>("input[data-find]")];
  const seen = boxes.find((b) => b.offsetParent !== null);
  if (seen) seen.focus();
  else {
    go(href("cases"));
    setTimeout(() => document.querySelector<HTMLInputElement>("main input[data-find]")?.focus(), 300);
  }
}

export function startKeys(): void {
  let before: string | null = null;
  let at = 0;
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (typing(e.target)) {
      if (e.key === "Escape") (e.target as HTMLElement).blur();
      return;
    }
    const m = meaning(e.key, Date.now() - at < CHORD_MS ? before : null);
    before = m.wait ? e.key : null;
    at = Date.now();
    if (m.jump) go(href(m.jump));
    else if (m.find) { e.preventDefault(); find(); }
    else if (m.help) helpOpen.value = true;
  });
}
