// いつ: one line as people write times. What it would mean stands below while it is typed, with everything that was
// assumed; the room reads it, here and when it is saved, so that both mean the same.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { WrittenTime } from "../api/types";
import { parse, short } from "../lib/time";
import { daysAgo, meant, whole } from "../lib/written";
import { now } from "../state/clock";
import { lang, say, t } from "../state/text";
import { Button } from "./Button";
import { Mark } from "./Mark";

const WAIT_MS = 150; /* between two letters */
const CHIPS = [0, -5, -30, -60], AHEAD = [60, 180, 1440]; /* minutes from now: what was, what is promised */
const PLAIN = ["year_assumed", "date_assumed", "next_day"] as const;
const DOUBT = ["weekday_differs", "era_over", "ahead"] as const;

/** undefined: being asked; null: the room cannot be asked. */
function useMeaning(text: string): WrittenTime | null | undefined {
  const [known, set] = useState<{ text: string; is: WrittenTime | null }>({ text: "", is: null });
  useEffect(() => {
    if (!text) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api.writtenTime(text)(abort.signal).then((is) => set({ text, is }), () => { if (!abort.signal.aborted) set({ text, is: null }); });
    }, WAIT_MS);
    return () => { clearTimeout(timer); abort.abort(); };
  }, [text]);
  return known.text === text ? known.is : undefined;
}

function dayOf(ms: number): string | null {
  const n = daysAgo(ms, now.peek());
  if (n === 0 || n === 1 || n === -1) return t(`note.day.${n === 0 ? "today" : n === 1 ? "yesterday" : "tomorrow"}`);
  return n > 1 && n < 7 ? t("note.day.ago", { n }) : null;
}

function Meaning({ of, ahead }: { of: NonNullable<WrittenTime["meaning"]>; ahead: boolean | undefined }) {
  const ms = parse(of.at) ?? 0;
  const { unit, about } = meant(of.precision_s);
  const shown = whole(ms, unit, lang.value);
  const said = (code: string) => (of.said as string[]).includes(code);
  const notes = PLAIN.filter(said).map((c) => t(`note.said.${c}`, { year: whole(ms, "day", lang.value).match(/\d{4}/)?.[0] ?? "" }));
  if (said("zone_assumed") && of.zone !== "+09:00") notes.push(t("note.said.zone", { zone: of.zone }));
  return (
    <>
      <b>{t("note.reads", { at: about ? t("time.about", { at: shown }) : shown, day: dayOf(ms) })}</b>
      {notes.map((n) => <span class="ink2"> {n}</span>)}
      {DOUBT.filter((c) => said(c) && !(ahead && c === "ahead")).map((c) => <div><Mark kind="soon">{t(`note.said.${c}`)}</Mark></div>)}
    </>
  );
}

let fields = 0; /* two may stand on one page */

const chipOf = (m: number): string => (m === 0 ? t("note.chip.now") : m > 0 ? t("note.chip.ahead", { n: m / 60 }) : m === -60 ? t("note.chip.hour") : t("note.chip.minutes", { n: -m }));

/** ahead: a time that is to come. */
export function WhenField({ value, onInput, label, ahead }: { value: string; onInput: (text: string) => void; label?: string; ahead?: boolean }) {
  const [reads] = useState(() => `when-reads-${++fields}`);
  const text = value.trim();
  const is = useMeaning(text);
  const chip = (minutes: number) => () => onInput(short(now.peek() + minutes * 60_000, now.peek(), lang.value));
  return (
    <div class="when">
      <label class="field"><span>{label ?? t("note.when")}</span>
        <input type="text" maxLength={100} autocomplete="off" enterkeyhint="done" aria-describedby={reads} value={value} onInput={(e) => onInput(e.currentTarget.value)} /></label>
      <div class="buttons when-chips">{(ahead ? AHEAD : CHIPS).map((m) => <Button smaller key={m} onPress={chip(m)}>{chipOf(m)}</Button>)}
      </div>
      <p id={reads} class="small when-reads" aria-live="polite">
        {!text ? <span class="ink2">{t("note.when_hint")}</span>
          : is === undefined ? <span class="ink2">…</span>
          : is === null ? <span class="ink2">{t("note.when_offline")}</span>
          : is.meaning ? <Meaning of={is.meaning} ahead={ahead} /> : <Mark kind="soon">{say(is.refused)}</Mark>}
      </p>
    </div>
  );
}
