// Lines as they came, with when and where from; what would change the page or hide itself is spelled out.
import type { EvidenceLine } from "../api/types";
import { visible } from "../lib/visible";
import { t } from "../state/text";
import { Clock } from "./Clock";
import { Time } from "./Time";

const place = (l: EvidenceLine): string =>
  l.position.file ? `${l.position.file}:${l.position.line ?? "?"}` : l.position.n === null ? t("word.unknown") : t("evidence.position", { n: l.position.n });

export function RawLine({ text }: { text: string }) {
  return <pre class="line">{visible(text).map(({ escaped, s }) => (escaped ? <span class="escaped">{s}</span> : s))}</pre>;
}

export function LineList({ lines }: { lines: EvidenceLine[] }) {
  return (
    <ol class="lines">{lines.map((l) => (
      <li>
        <span><Time at={l.at} seconds /></span>
        {l.arrived_at !== null && <Clock device_at={l.device_at} arrived_at={l.arrived_at} offset_ms={l.offset_ms} />}
        <span class="ink2">{l.source ?? t("word.unknown")} <span class="ink3">{place(l)}</span></span>
        {l.text === null ? <span class="gone ink2">{t("evidence.gone")}</span> : <RawLine text={l.text} />}
        {l.cut && <span class="gone small ink2">{t("line.cut")}</span>}
      </li>))}
    </ol>
  );
}
