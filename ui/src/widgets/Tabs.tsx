// Tabs and segmented filters are links: they have an address, go back with the browser, print as nothing.
import type { ComponentChildren } from "preact";
import { number } from "../lib/template";

export interface Tab { id: string; href: string; label: ComponentChildren; count?: number | null }

export function Tabs({ tabs, on, label, plain = false }: { tabs: Tab[]; on: string; label: string; plain?: boolean }) {
  return (
    <nav class={`tabs${plain ? " plain" : ""}`} aria-label={label}>
      {tabs.map((x) => (
        <a key={x.id} href={x.href} aria-current={x.id === on ? "true" : undefined}>
          {x.label}{x.count !== undefined && x.count !== null && <small>{number(x.count)}</small>}
        </a>))}
    </nav>
  );
}

export function Segments({ tabs, on, label }: { tabs: Tab[]; on: string; label: string }) {
  return (
    <nav class="segments" aria-label={label}>
      {tabs.map((x) => (
        <a key={x.id} href={x.href} aria-current={x.id === on ? "true" : undefined}>
          {x.label}{x.count !== undefined && x.count !== null && ` ${number(x.count)}`}
        </a>))}
    </nav>
  );
}
