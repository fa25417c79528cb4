// What may be done with a result: put on a case with its positions, or kept as a hunt.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Search } from "../../api/types";
import { useResource } from "../../state/resource";
import { now } from "../../state/clock";
import { say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Export } from "../../widgets/Export";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";

const RECORDS = 20;

function note(s: Search): string {
  const first = s.events.slice(0, RECORDS).map((e) => e.n);
  const more = s.found - first.length;
  return (s.copy ? `${t("search.where.copy", { name: s.copy })}: ` : "") + t("search.note", { query: s.query, n: s.found, first: s.first_at, last: s.last_at, records: first.join(", "), more: more > 0 ? t("search.note_more", { n: more }) : "" });
}

/** Puts a sentence on an open case's timeline. */
export function AttachNote({ text, at }: { text: () => string; at?: string }) {
  const cases = useResource(api.incidents({ state: "open", limit: 50 }), [], []);
  const [id, pick] = useState("");
  const write = useWrite();
  const rows = cases.data?.incidents ?? [];
  if (rows.length === 0) return null;
  return (
    <form class="buttons" onSubmit={(e) => { e.preventDefault(); if (id) void write.run(() => api.addNote(id, { text: text(), at, lane: "ciso_csirt" })); }}>
      <label class="field"><span class="hidden">{t("search.attach_to")}</span>
        <select value={id} onChange={(e) => { pick(e.currentTarget.value); write.clear(); }}>
          <option value="">{t("search.attach_to")}</option>
          {rows.map((c) => <option value={String(c.id)}>{`${c.number} ${say(c.title)}`}</option>)}
        </select></label>
      {id && <Button submit busy={write.state.step === "busy"}>{t("search.attach")}</Button>}
      {write.state.step === "done" && <Mark kind="ok">{t("search.attached")}</Mark>}
      <Outcome state={write.state} />
    </form>
  );
}

/** 2026-11-23-0231: a name people sort by. */
const stamp = (ms: number): string => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 16).replace("T", "-").replace(":", "");

export function Keep({ s, bounds, past }: { s: Search; bounds: { from?: string; to?: string; copy?: string }; past: string | null }) {
  const [about, set] = useState("");
  const write = useWrite();
  if (s.state === "running") return null;
  return (
    <div class="search-keep">
      <div class="buttons">
        <Button href={`#/rules/write?search=${s.search}`}>{t("search.make_rule")}</Button>
        {past && <Button href={past}>{t("search.past")}</Button>}
        <span class="grow" />
        <a class="button" href={api.csvOf(s.search)} download={`kizuki-${stamp(now.peek())}.csv`}>{t("search.csv")}</a>
        {s.found > s.rows && <span class="small ink2">{t("search.csv_rows", { n: s.rows })}</span>}
      </div>
      <AttachNote text={() => note(s)} at={s.first_at ?? undefined} />
      <form class="buttons" onSubmit={(e) => { e.preventDefault(); if (about.trim()) void write.run(() => api.keepHunt(s.search, about.trim())); }}>
        <label class="field grow"><span>{t("search.hunt_label")}</span><input type="text" value={about} maxLength={2000} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} placeholder={t("search.hunt_example")} /></label>
        {about.trim() && <Button submit busy={write.state.step === "busy"}>{t("search.hunt")}</Button>}
        {write.state.step === "done" && <Mark kind="ok">{t("search.hunt_kept")}</Mark>}
        <Outcome state={write.state} />
      </form>
      {s.found > 0 && <Export begin={(why) => api.exportFound({ query: s.query, ...bounds, why })} />}
    </div>
  );
}
