// Times as people wrote them: shown as exactly as they were meant and not more. The width of the span says how (the
// API's Precision): nothing, 60, 3600 and 86400 are units that were written; any other width means "about then".
import { clock, date, type Lang, short, wall } from "./time";

export interface Meant { unit: "second" | "minute" | "hour" | "day"; about: boolean }
const DAY_S = 86_400;

export function meant(width: number | null): Meant {
  const s = width ?? 0;
  if (s === 0) return { unit: "second", about: false };
  const about = s !== 60 && s !== 3600 && s !== DAY_S;
  return { unit: s < 60 ? "second" : s < 3600 ? "minute" : s < DAY_S ? (s === 3600 || s >= 7200 ? "hour" : "minute") : "day", about };
}

/** From where to where it may have been: from the moment on where a unit was written, around it where about. */
export function span(at: number, width: number | null): [number, number] {
  const ms = (width ?? 0) * 1000;
  return meant(width).about ? [at - ms / 2, at + ms / 2] : [at, at + ms];
}

const hourOf = (ms: number, lang: Lang) => (lang === "ja" ? `${wall(ms).h}時` : `${clock(ms)}`);

/** 18:00, 11/22 18時, 11/22: without "about", which is the catalogue's word. */
export function brief(ms: number, unit: Meant["unit"], now: number, lang: Lang): string {
  const day = short(ms, now, lang).slice(0, -clock(ms).length);
  if (unit === "day") return day.trim() || date(ms, lang);
  return unit === "hour" ? `${day}${hourOf(ms, lang)}` : short(ms, now, lang, unit === "second");
}

/** The whole of it, for a person to check: 2026年11月22日(日) 18:00. */
export function whole(ms: number, unit: Meant["unit"], lang: Lang): string {
  const day = lang === "ja" ? `${wall(ms).y}年${date(ms, lang)}` : `${date(ms, lang)} ${wall(ms).y}`;
  return unit === "day" ? day : `${day} ${unit === "hour" ? hourOf(ms, lang) : clock(ms, unit === "second")}`;
}

/** Days before today, by the calendar; negative: to come. */
export function daysAgo(ms: number, now: number): number {
  const midnight = (at: number) => Date.parse(wall(at).day);
  return Math.round((midnight(now) - midnight(ms)) / (DAY_S * 1000));
}
