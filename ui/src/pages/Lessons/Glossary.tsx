// 用語集: the words the pages use, for somebody who has never heard them.
import rows from "glossary:rows";
import { useState } from "preact/hooks";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";

export function Glossary({ term }: { term: string | null }) {
  const [q, set] = useState(term ?? "");
  const l = lang.value, want = q.trim().normalize("NFKC").toLowerCase();
  const found = rows.filter((r) => !want || r.code === want || [r.ja, r.en, r.means_ja, r.means_en].some((x) => x.normalize("NFKC").toLowerCase().includes(want)))
    .sort((a, b) => a[l].localeCompare(b[l], l));
  return (
    <>
      <div class="page-head"><h1>{t("lessons.glossary")}</h1><span class="small ink2">{t("lessons.glossary_lead")}</span><span class="grow" /><Button href="#/packs">{t("packs.to_list")}</Button></div>
      <form class="form-row find" role="search" onSubmit={(e) => e.preventDefault()}><label class="field"><span>{t("lessons.find_word")}</span><input type="search" value={q} maxLength={100} onInput={(e) => set(e.currentTarget.value)} /></label></form>
      <Card>{found.length === 0 ? <Empty>{t("lessons.none_found", { q })}</Empty> : (
        <dl class="glossary">{found.map((r) => <div key={r.code}><dt><b>{r[l]}</b> <span class="small ink2">{l === "ja" ? r.en : r.ja}</span></dt><dd>{l === "ja" ? r.means_ja : r.means_en}</dd></div>)}</dl>)}
      </Card>
    </>
  );
}
