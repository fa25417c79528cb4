// Buttons. There is no bare "disabled": a busy one says so, an impossible one is not shown.
import type { ComponentChildren } from "preact";
import { t } from "../state/text";

interface Props {
  solid?: boolean; smaller?: boolean; busy?: boolean; submit?: boolean; href?: string; class?: string;
  /** A link to another server's pages: these here stay open. */
  apart?: boolean;
  onPress?: () => void; children: ComponentChildren;
}

export function Button({ solid, smaller, busy, submit, href, apart, class: extra = "", onPress, children }: Props) {
  const look = `button${solid ? " solid" : ""}${smaller ? " smaller" : ""} ${extra}`;
  if (href) return <a class={look} href={href} {...(apart ? { target: "_blank", rel: "noopener" } : {})}>{children}</a>;
  return (
    <button type={submit ? "submit" : "button"} class={look} aria-disabled={busy ? "true" : undefined} onClick={() => !busy && onPress?.()}>
      {busy ? t("button.busy") : children}
    </button>
  );
}
