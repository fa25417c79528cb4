// The three times of a line: what the device says, when it came here, and how far apart they are.
import { number } from "../lib/template";
import { t } from "../state/text";
import { Time } from "./Time";

interface Props { device_at: string | null; arrived_at: string | null; offset_ms: number | null }

/** Seconds, to a tenth below ten: "+3.2", "−540". */
export function ahead(ms: number): string {
  const s = Math.abs(ms) / 1000;
  return `${ms < 0 ? "−" : "+"}${number(s < 10 ? Math.round(s * 10) / 10 : Math.round(s))}`;
}

export function Offset({ offset_ms }: { offset_ms: number | null }) {
  return offset_ms === null ? <span class="ink3" title={t("line.clock.unknown")}>—</span> : <span>{t("line.clock.s", { s: ahead(offset_ms) })}</span>;
}

export function Clock({ device_at, arrived_at, offset_ms }: Props) {
  return (
    <span class="small ink2 clock">
      <span>{t("line.clock.device")} {device_at === null ? t("line.clock.none") : <Time at={device_at} seconds />}</span>{" "}
      <span>{t("line.clock.arrived")} <Time at={arrived_at} seconds /></span>{" "}
      <span>{t("line.clock.offset")} <Offset offset_ms={offset_ms} /></span>
    </span>
  );
}
