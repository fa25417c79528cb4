// State marks: shape, word and colour together, so that none of the three has to carry it alone.
import type { ComponentChildren } from "preact";

export type MarkKind = "must" | "soon" | "run" | "ok" | "proved" | "declared" | "todo" | "unknown" | "failed";

function Shape({ kind }: { kind: MarkKind }) {
  const line = { fill: "none", stroke: "currentColor", "stroke-width": 1.6 } as const;
  switch (kind) {
    case "must":
      return <g><path d="M8 1.2 15.4 14.4H.6Z" fill="currentColor" /><path d="M8 5.6v4.2M8 11.4v1.6" stroke="var(--surface)" stroke-width="1.6" /></g>;
    case "soon":
      return <path d="M8 1.2 14.8 8 8 14.8 1.2 8Z" fill="var(--soon-fill)" stroke="var(--soon)" stroke-width="1.2" />;
    case "run":
      return <g><circle cx="8" cy="8" r="6.2" {...line} /><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4Z" fill="currentColor" /></g>;
    case "ok":
    case "proved":
      return <g {...line}><circle cx="8" cy="8" r="6.4" /><path d="m5 8.2 2.2 2.2L11.2 6" /></g>;
    case "declared":
      return <g><circle cx="8" cy="8" r="6.2" {...line} /><circle cx="8" cy="8" r="2.6" fill="currentColor" /></g>;
    case "todo":
      return <rect x="2" y="2" width="12" height="12" rx="1.5" {...line} />;
    case "unknown":
      return <circle cx="8" cy="8" r="6.2" {...line} stroke-dasharray="2.4 2.4" />;
    case "failed":
      return <g {...line}><circle cx="8" cy="8" r="6.2" /><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" /></g>;
  }
}

export function Mark({ kind, children }: { kind: MarkKind; children?: ComponentChildren }) {
  return (
    <span class={`mark mark-${kind}`}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><Shape kind={kind} /></svg>
      {children}
    </span>
  );
}
