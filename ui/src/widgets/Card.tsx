import type { ComponentChildren } from "preact";

interface Props { id?: string; title?: ComponentChildren; caption?: ComponentChildren; side?: ComponentChildren; class?: string; children?: ComponentChildren }

/** A white surface with a heading. White on grey is the edge: no border, no shadow. */
export function Card({ id, title, caption, side, class: extra = "", children }: Props) {
  return (
    <section class={`card ${extra}`} aria-labelledby={title && id ? id : undefined}>
      {title && (
        <div class="card-head">
          <h2 id={id}>{title}</h2>
          {caption && <span class="small ink2">{caption}</span>}
          <span class="grow" />
          {side}
        </div>
      )}
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Facts({ rows, big = false }: { rows: [ComponentChildren, ComponentChildren][]; big?: boolean }) {
  return (
    <dl class={`facts${big ? " big" : ""}`}>
      {rows.map(([k, v]) => [<dt>{k}</dt>, <dd>{v}</dd>])}
    </dl>
  );
}
