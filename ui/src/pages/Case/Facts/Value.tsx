// A fact's value as people read it, and its state: shape, word and colour.
import type { Fact } from "../../../api/types";
import { meant, whole } from "../../../lib/written";
import { parse } from "../../../lib/time";
import { lang, t } from "../../../state/text";
import { Mark } from "../../../widgets/Mark";

const KIND = { confirmed: "ok", unconfirmed: "soon", withheld: "declared", unknown: "unknown" } as const;

export const FactState = ({ state }: { state: Fact["state"] }) => <Mark kind={KIND[state]}>{t(`fact.state.${state}`)}</Mark>;

function text(fact: Fact, of: { value: string; at: string | null; precision_s: number | null }): string {
  const ms = of.at ? parse(of.at) : null;
  if (ms !== null) {
    const { unit, about } = meant(of.precision_s);
    const shown = whole(ms, unit, lang.value);
    return about ? t("time.about", { at: shown }) : shown;
  }
  if (fact.choices.length > 0) {
    const title = (v: string) => { const c = fact.choices.find((x) => x.value === v); return c?.titles[lang.value] ?? c?.titles.ja ?? c?.titles.en ?? v; };
    return of.value.split("\n").map(title).join(lang.value === "ja" ? "、" : ", ");
  }
  if (fact.kind === "number") return `${Number(of.value).toLocaleString("ja-JP")}${lang.value === "ja" ? "" : " "}${fact.unit[lang.value] ?? ""}`;
  return of.value;
}

export const FactValue = ({ fact, of }: { fact: Fact; of: { value: string; at: string | null; precision_s: number | null } }) => <span class="fact-value">{text(fact, of)}</span>;
