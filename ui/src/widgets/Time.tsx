// A moment: short on the screen, the whole of it on hover and in print.
import { absolute, clock, date, holidayName, isOff, parse, roughly, short } from "../lib/time";
import { now } from "../state/clock";
import { lang, t } from "../state/text";

interface Props { at: string | number | null | undefined; seconds?: boolean; imprecise?: boolean }

export function Time({ at, seconds = false, imprecise = false }: Props) {
  const ms = typeof at === "number" ? at : parse(at);
  if (ms === null) return <span class="ink3">{t("word.unknown")}</span>;
  const abs = absolute(ms, lang.value);
  const shown = short(ms, now.peek(), lang.value, seconds);
  return (
    <time dateTime={new Date(ms).toISOString()} title={`${abs}, ${t("time.ago", { s: roughly((now.peek() - ms) / 1000, lang.value) })}`} data-abs={abs}>
      <span class="shown">{imprecise ? t("time.about", { at: shown }) : shown}</span>
    </time>
  );
}

export function OffMark({ at }: { at: number }) {
  if (!isOff(at)) return null;
  const name = holidayName(at, lang.value) ?? t("time.weekend");
  return <span class="off" title={name}>{t("time.off")}</span>;
}

/** The header's clock: 11月23日(月・祝) 休 02:31, by the server's time. */
export function HeaderClock({ brief = false }: { brief?: boolean }) {
  const ms = now.value;
  if (brief) return <b class="nowrap">{clock(ms)}</b>;
  return <span><span class="shown">{date(ms, lang.value)}</span> <OffMark at={ms} /> <b>{clock(ms)}</b></span>;
}

/** Counts down or up against the server's clock, by the minute. */
export function Remaining({ until }: { until: string }) {
  const ms = parse(until);
  if (ms === null) return null;
  const s = Math.floor((ms - now.value) / 1000);
  const minutes = Math.abs(s) < 60 ? s : Math.trunc(s / 60) * 60;
  return <span class={s < 0 ? "must bold" : undefined}>{t(s >= 0 ? "time.left" : "time.over", { s: roughly(minutes, lang.value) })}</span>;
}
