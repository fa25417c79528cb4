// 使い方: what the page at hand is for, the words on it, the keys. One button on every page and "?".
import { useEffect, useRef } from "preact/hooks";
import { t } from "../state/text";
import { Button } from "../widgets/Button";
import { later } from "../widgets/later";
import { helpOpen, JUMPS } from "./keys";

const PageTerms = later("page-terms", () => import("../widgets/PageTerms").then((m) => m.PageTerms));

/** The words of each page that need a sentence. */
const WORDS: Record<string, string[]> = {
  now: ["must", "finding", "rehearsal"], cases: ["finding", "level", "stolen"], case: ["ledger", "lanes", "stolen", "rehearsal", "tlp"],
  sources: ["unparsed", "skew"], rules: ["level", "part"], packs: ["tlp"], settings: ["rehearsal"],
};

function Words({ page }: { page: string }) {
  const words = WORDS[page] ?? [];
  if (words.length === 0) return null;
  return (
    <div>
      <h3>{t("help.words")}</h3>
      <dl class="facts">{words.map((w) => [<dt>{t(`help.word.${w}`)}</dt>, <dd>{t(`help.word.${w}.text`)}</dd>])}</dl>
    </div>
  );
}

function Keys() {
  return (
    <div class="help-keys">
      <h3>{t("help.title")}</h3>
      <dl class="facts">
        {Object.entries(JUMPS).map(([k, page]) => [<dt><kbd>g</kbd> <kbd>{k}</kbd></dt>, <dd>{t("help.go", { page: t(`nav.${page}`) })}</dd>])}
        <dt><kbd>/</kbd></dt><dd>{t("find.cases")}</dd>
        <dt><kbd>?</kbd></dt><dd>{t("help.this")}</dd>
        <dt><kbd>Esc</kbd></dt><dd>{t("help.escape")}</dd>
      </dl>
    </div>
  );
}

export function Help({ page }: { page: string }) {
  const box = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open && !box.current?.open) box.current?.showModal();
    if (!open && box.current?.open) box.current.close();
  }, [open]);
  return (
    <dialog ref={box} aria-labelledby="help-title" onClose={() => { helpOpen.value = false; }}>
      <h2 id="help-title">{t(`help.${page}.title`)}</h2>
      <p>{t(`help.${page}`)}</p>
      <Words page={page} />
      {open && <PageTerms />}
      <Keys />
      <p class="small ink2">{t("help.later")}</p>
      <div class="buttons"><Button onPress={() => { helpOpen.value = false; }}>{t("help.close")}</Button></div>
    </dialog>
  );
}
