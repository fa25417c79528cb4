// The words of the glossary on the page that is open, for its help.
import rows from "glossary:rows";
import { parts } from "../lib/terms";
import { lang, t } from "../state/text";
import { Button } from "./Button";

export function PageTerms() {
  const l = lang.value, text = document.querySelector("main")?.textContent ?? "";
  const terms = parts(text, rows, l).flatMap((p) => (p.term ? [p.term] : [])).slice(0, 12);
  if (terms.length === 0) return <></>;
  return (
    <div>
      <h3>{t("lessons.words_here")}</h3>
      <dl class="facts">{terms.map((x) => [<dt>{x[l]}</dt>, <dd>{l === "ja" ? x.means_ja : x.means_en}</dd>])}</dl>
      <p><Button href="#/lessons/glossary">{t("lessons.glossary")}</Button></p>
    </div>
  );
}
