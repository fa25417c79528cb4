// One candidate as a picture: each step a row, its time a bar, the time that was told a stripe through all of them; what no
// log says is red and says which log it is.
import { useState } from "preact/hooks";
import type { Trace } from "../../api/types";
import { clock } from "../../lib/time";
import { linear, ticks } from "../../lib/svg";
import { has, t } from "../../state/text";
import { Time } from "../../widgets/Time";
import { Opened } from "./Events";
import { type Candidate, type Hop, type Missing, picture, type Picture, type Row } from "./chain";

export const missingText = (m: Missing): string => t(`trace.missing.${m.log}.${m.why}`, { about: m.about, source: m.source, from: m.from, to: m.to });

function clockText(h: Hop): string {
  if (h.clock_from === "unknown") return t("trace.clock.unknown");
  if (h.clock_ms === 0) return t("trace.clock.right");
  return t(h.clock_ms > 0 ? "trace.clock.ahead" : "trace.clock.behind", { ms: Math.abs(h.clock_ms) });
}

const end = (ip: string | null | undefined, port: number | null | undefined): string => (ip ? `${ip}${port ? `:${port}` : ""}` : t("word.unknown"));

function What({ h }: { h: Hop }) {
  switch (h.kind) {
    case "translation": return <><span class="mono">{end(h.outer, h.outer_port)}</span> ← <b class="mono">{end(h.inner, h.inner_port)}</b></>;
    case "proxy": return <>{t("trace.hop.proxy_for")} <b class="mono">{h.inner}</b></>;
    case "machine": return <><b>{h.host ?? t("trace.no_name")}</b> <span class="mono">{h.mac}</span></>;
    default: return <><b>{h.user}</b>{h.at_host && <span class="ink2"> @ {h.at_host}</span>}</>;
  }
}

function Bar({ row, p }: { row: Row; p: Picture }) {
  const x = linear(p.from, p.to, 0, 600);
  const left = x(row.from), width = Math.max(3, x(row.to) - left);
  return (
    <svg viewBox="0 0 600 22" preserveAspectRatio="none" aria-hidden="true">
      <rect x={x(p.asked[0])} width={Math.max(3, x(p.asked[1]) - x(p.asked[0]))} y="0" height="22" fill="var(--force)" />
      {row.missing
        ? <rect x={left} width={width} y="5" height="12" fill="none" stroke="var(--must)" stroke-width="2" stroke-dasharray="6 4" vector-effect="non-scaling-stroke" />
        : <rect x={left} width={width} y="6" height="10" fill="var(--g3)" />}
    </svg>
  );
}

function Step({ row, p, copy }: { row: Row; p: Picture; copy: string }) {
  const [open, set] = useState(false);
  const h = row.hop;
  if (!h) return (
    <li class="chain-missing">
      <div><span class="small">{t(`trace.log.${row.missing?.log ?? ""}`)}</span><b class="must">{row.missing && missingText(row.missing)}</b></div>
      <Bar row={row} p={p} />
    </li>
  );
  return (
    <li>
      <div>
        <span class="small ink2">{t(`trace.hop.${h.kind}`)}</span>
        <span><What h={h} /></span>
        <span class="small ink2">
          <Time at={h.begins} seconds /> {t("trace.to")} {h.ends ? <Time at={h.ends} seconds /> : t("trace.open_end")}
          {h.off_s > 0 && <> {t("trace.off", { s: h.off_s })}</>}
        </span>
        <span class="small ink2">{h.source} <button type="button" class="as-link" aria-expanded={open} onClick={() => set(!open)}>{t("evidence.position", { n: h.n })}</button> {clockText(h)}</span>
      </div>
      <Bar row={row} p={p} />
      {open && <div class="chain-line"><Opened n={h.n} copy={copy || undefined} /></div>}
    </li>
  );
}

export function Chain({ trace, c, copy }: { trace: Trace; c: Candidate; copy: string }) {
  const p = picture(trace, c);
  const x = linear(p.from, p.to, 0, 100);
  return (
    <div class="chain">
      <ol>{p.rows.map((row) => <Step row={row} p={p} copy={copy} />)}</ol>
      <p class="chain-times" aria-hidden="true"><span />
        <span class="axis">{ticks(p.from, p.to, 4).filter((ms) => x(ms) > 8 && x(ms) < 92).map((ms) => <span style={{ left: `${x(ms)}%` }}>{clock(ms)}</span>)}</span></p>
      <p class="legend" aria-hidden="true">
        <span><i class="swatch-asked" />{t("trace.legend.asked")}</span><span><i class="swatch-step" />{t("trace.legend.step")}</span>
        {p.rows.some((r) => r.missing) && <span><i class="swatch-missing" />{t("trace.legend.missing")}</span>}
      </p>
      {c.doubts.length > 0 && <p class="small bold">{t("trace.doubts")}</p>}
      {c.doubts.length > 0 && <ul class="doubts small">{c.doubts.map((d) => <li>{has(`trace.doubt.${d}`) ? t(`trace.doubt.${d}`) : d}</li>)}</ul>}
    </div>
  );
}
