// A text whose words of the glossary can be pressed: what it means stands below, in plain language. Under a finger words in running text are too small:
// there one button lists them. Fetched with the pages that come later.
import rows from "glossary:rows";
import { useMemo, useState } from "preact/hooks";
import { parts, type Part, type Term, unmark } from "../lib/terms";
import { lang, t } from "../state/text";

const fingers = (): boolean => matchMedia("(pointer: coarse)").matches;
const termsOf = (list: Part[]): Term[] => [...new Set(list.flatMap((p) => (p.term ? [p.term] : [])))];

function Meaning({ term, close }: { term: Term; close?: () => void }) {
  const l = lang.value;
  return (
    <span class="meaning" role="note"><b>{term[l]}</b> <span class="ink2">{l === "ja" ? term.en : term.ja}</span><br />{l === "ja" ? term.means_ja : term.means_en} {close && <button type="button" class="button smaller" onClick={close}>{t("lessons.close")}</button>}</span>
  );
}

/** All words of a text behind one button. */
export function TermsOf({ text }: { text: string }) {
  const [open, show] = useState(false);
  const list = termsOf(parts(text, rows, lang.value));
  if (!fingers() || list.length === 0) return null;
  return <>{" "}<button type="button" class="button smaller" aria-expanded={open ? "true" : "false"} onClick={() => show(!open)}>{t("lessons.words_n", { n: list.length })}</button>{open && list.map((x) => <Meaning key={x.code} term={x} />)}</>;
}

/** `seen`: of a longer text, whose words are explained where they come first. */
export function Terms({ text, seen }: { text: string; seen?: Set<string> }) {
  const [open, show] = useState<Term | null>(null);
  const l = lang.value;
  const list = useMemo(() => parts(text, rows, l, seen), [text, l]); /* once: `seen` remembers */
  if (fingers()) return <>{unmark(text)}{!seen && <TermsOf text={text} />}</>;
  return (
    <>{list.map((p, i) => (p.term
      ? <button key={i} type="button" class="term" aria-expanded={open === p.term ? "true" : "false"} onClick={() => show(open === p.term ? null : p.term)}>{p.text}</button> : p.text))}
      {open && <Meaning term={open} close={() => show(null)} />}</>
  );
}
