// A hunt over what is kept: its name, and how far it is.
import type { Hunt, HuntResult } from "../api/types";
import { t } from "../state/text";

export const HuntName = ({ h }: { h: Hunt }) => <span class="inert">{h.copy && <b>{`${t("search.where.copy", { name: h.copy })}: `}</b>}{h.kind === "indicators" ? t("ioc.hunt", { name: h.name }) : h.kind === "mail" ? t("mails.hunt", { name: h.name }) : h.hypothesis}</span>;

/** By the bytes that have to be read and have been. */
export function Progress({ of }: { of: HuntResult }) {
  const p = of.progress as { bytes: number; bytes_done: number } | undefined;
  const percent = p ? (p.bytes ? Math.floor((100 * p.bytes_done) / p.bytes) : 100) : 0;
  return <><div><progress max={100} value={percent} aria-label={t("search.running")} /></div><div>{t("ioc.percent", { n: percent })}</div></>;
}
