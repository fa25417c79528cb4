// Playbook and controls, shown as the data they are. Their shape is the pack's; what is missing is left out.
import { duration, spanSeconds } from "../../lib/time";
import { lang, t, word } from "../../state/text";
import { Mark } from "../../widgets/Mark";

type Row = Record<string, unknown>;
export const rowsOf = (data: unknown, key: string): Row[] => {
  const list = Array.isArray(data) ? data : (data as Row | null)?.[key];
  return Array.isArray(list) ? (list.filter((x) => typeof x === "object" && x !== null) as Row[]) : [];
};
export const str = (v: unknown): string | null => (typeof v === "string" ? v : null);
export const say = (r: Row): string => str(r[lang.value]) ?? str((r.title as Row | undefined)?.[lang.value]) ?? str((r.question as Row | undefined)?.[lang.value]) ?? str(r.id) ?? t("word.unknown");

export function Playbook({ data }: { data: unknown }) {
  return (
    <>
      <p class="lead small ink2">{t("packs.playbook_use")}</p>
      <ol class="rows">{rowsOf(data, "steps").map((s) => (
        <li class="task">
          <Mark kind="todo" />
          <div>
            <b>{say(s)}</b>
            <p class="small ink2">{[(str(s.lane) ?? str(s.who)) && word("lane.name", str(s.lane) ?? str(s.who)), str(s.authority) && t("packs.authority", { name: word("authority", str(s.authority)) })].filter(Boolean).join(t("word.comma"))}</p>
          </div>
          <span class="small ink2 nowrap">{str(s.within) ? t("packs.within", { time: duration(spanSeconds(str(s.within)!), lang.value) }) : ""}</span>
        </li>))}
      </ol>
    </>
  );
}
