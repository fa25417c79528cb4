// Times as the pages show them: Japan's clock, weekday, holidays. Pure functions of milliseconds; the clock
// itself lives in state/clock.ts. Japan keeps UTC+9 without daylight saving, so plain arithmetic is exact.
import holidays from "@content/calendar/holidays-jp.json";

export type Lang = "ja" | "en";
const JST_MS = 9 * 3_600_000;
const DAY_MS = 86_400_000;
const WEEKDAYS: Record<Lang, string[]> = {
  ja: ["日", "月", "火", "水", "木", "金", "土"],
  en: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
};
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const days: Record<string, string> = holidays.days;
const names: Record<string, Record<Lang, string>> = holidays.names;

export interface Wall {
  y: number; mo: number; d: number; h: number; mi: number; s: number; ms: number; wd: number; day: string;
}

export function wall(ms: number): Wall {
  const t = new Date(ms + JST_MS);
  return {
    y: t.getUTCFullYear(), mo: t.getUTCMonth() + 1, d: t.getUTCDate(), h: t.getUTCHours(),
    mi: t.getUTCMinutes(), s: t.getUTCSeconds(), ms: t.getUTCMilliseconds(), wd: t.getUTCDay(),
    day: t.toISOString().slice(0, 10),
  };
}

const two = (n: number) => String(n).padStart(2, "0");

/** Name of the national holiday, or null. Outside the data's years nothing is known: also null. */
export function holidayName(ms: number, lang: Lang): string | null {
  const code = days[wall(ms).day];
  return code ? (names[code]?.[lang] ?? null) : null;
}

/** Days on which offices are closed: Saturday, Sunday, national holiday. */
export function isOff(ms: number): boolean {
  const w = wall(ms);
  return w.wd === 0 || w.wd === 6 || days[w.day] !== undefined;
}

export function clock(ms: number, seconds = false): string {
  const w = wall(ms);
  return `${two(w.h)}:${two(w.mi)}${seconds ? `:${two(w.s)}` : ""}`;
}

/** 02:31 on the same day as `now`; 11/22 23:41 otherwise (22 Nov 23:41), the year when it differs. */
export function short(ms: number, now: number, lang: Lang, seconds = false): string {
  const w = wall(ms);
  const n = wall(now);
  if (w.day === n.day) return clock(ms, seconds);
  const year = w.y === n.y ? "" : lang === "ja" ? `${w.y}/` : ` ${w.y}`;
  return lang === "ja"
    ? `${year}${two(w.mo)}/${two(w.d)} ${clock(ms, seconds)}`
    : `${w.d} ${MONTHS[w.mo - 1]}${year} ${clock(ms, seconds)}`;
}

/** 11月23日(月・祝) / Mon 23 Nov. */
export function date(ms: number, lang: Lang): string {
  const w = wall(ms);
  const wd = WEEKDAYS[lang][w.wd];
  if (lang === "en") return `${wd} ${w.d} ${MONTHS[w.mo - 1]}`;
  return `${w.mo}月${w.d}日(${wd}${days[w.day] ? "・祝" : ""})`;
}

/** The whole of it, for hover and print: 2026年11月23日(月・祝・休) 02:31:02. */
export function absolute(ms: number, lang: Lang): string {
  const w = wall(ms);
  if (lang === "en") {
    const name = holidayName(ms, lang);
    return `${WEEKDAYS.en[w.wd]} ${w.d} ${MONTHS[w.mo - 1]} ${w.y}${name ? ` (${name})` : ""} ${clock(ms, true)} JST`;
  }
  const marks = `${days[w.day] ? "・祝" : ""}${isOff(ms) ? "・休" : ""}`;
  return `${w.y}年${w.mo}月${w.d}日(${WEEKDAYS.ja[w.wd]}${marks}) ${clock(ms, true)}`;
}

/** 32秒, 5分16秒, 2時間50分, 3日 / 32 s, 5 min 16 s, 2 h 50 min, 3 d. Two units at most. */
export function duration(seconds: number, lang: Lang): string {
  const units = lang === "ja" ? ["日", "時間", "分", "秒"] : [" d", " h", " min", " s"];
  const whole = Math.floor(Math.abs(seconds));
  if (whole === 0) return lang === "ja" ? "1秒未満" : "under 1 s";
  const parts = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const from = parts.findIndex((p) => p > 0);
  return [from, from + 1]
    .filter((i) => i < 4 && (parts[i] ?? 0) > 0)
    .map((i) => `${parts[i]}${units[i]}`)
    .join(lang === "ja" ? "" : " ");
}

/** For countdowns and "ago": minutes are enough from one minute on. */
export function roughly(seconds: number, lang: Lang): string {
  const s = Math.abs(seconds);
  return duration(s < 60 ? s : s < DAY_MS / 1000 ? Math.floor(s / 60) * 60 : Math.floor(s / 3600) * 3600, lang);
}

/** How much of the time between two moments has passed, 0 to 1; unknown moments: nothing. */
export function share(at: number, from: string | null, to: string | null): number {
  const a = parse(from), b = parse(to);
  return a === null || b === null || b <= a ? 0 : Math.min(1, Math.max(0, (at - a) / (b - a)));
}

export const parse = (iso: string | null | undefined): number | null => {
  if (!iso) return null;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
};

/** Seconds of a span as rules and playbooks write it ("90s", "5m", "2h", "1d"); 0 when it is none. */
export function spanSeconds(span: string): number {
  const m = /^(\d+)(ms|s|m|h|d|w)$/.exec(span);
  const unit: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
  return m ? Number(m[1]) * (unit[m[2]!] ?? 0) : 0;
}
