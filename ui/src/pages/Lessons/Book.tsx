// 事例集: every lesson that is here and every closed case of our own that was made anonymous, on paper or as one HTML file.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Pack } from "../../api/types";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Terms } from "../../widgets/Terms";
import { Story } from "../../widgets/Story";
import { bookHtml, type Chapter } from "./book";

type Row = Record<string, unknown>;
const inLang = (v: unknown, l: "ja" | "en"): string => (typeof v === "string" ? v : typeof v === "object" && v !== null ? String((v as Row)[l] ?? (v as Row).ja ?? "") : "");
const list = (v: unknown, l: "ja" | "en"): string[] => (Array.isArray(v) ? v.map((x) => inLang(x, l)).filter(Boolean) : []);

function chapterOf(p: Pack, l: "ja" | "en"): Chapter {
  return { id: p.id, title: p.titles[l] ?? p.titles.ja ?? p.id, from: inLang(p.pack.source, l), story: p.story[l] ?? p.story.ja ?? "", lessons: list(p.pack.lessons, l), measures: list(p.pack.measures, l) };
}

/** Closed cases that were made a lesson; from those only what is left without names. */
async function own(l: "ja" | "en", signal: AbortSignal): Promise<Chapter[]> {
  const closed = (await api.incidents({ state: "closed" })(signal)).incidents;
  const drafts = await Promise.all(closed.map((i) => api.packDraft(i.id)(signal)));
  return drafts.flatMap((d) => d.pack_drafts).filter((d) => d.rest_n === 0).map((d) => {
    const story = d.files.find((f) => f.path === `story.${l}.md`)?.after ?? "";
    return { id: d.pack, title: /^# (.*)$/m.exec(story)?.[1] ?? d.pack, from: t("lessons.own_case"), story, lessons: [], measures: [] };
  });
}

async function read(l: "ja" | "en", signal: AbortSignal): Promise<Chapter[]> {
  const packs = (await api.packs(signal)).packs;
  const all = await Promise.all(packs.map((p) => api.pack(p.id)(signal)));
  const mine = await own(l, signal).catch(() => [] as Chapter[]);
  return [...all.map((p) => chapterOf(p, l)), ...mine];
}

function take(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/html;charset=utf-8" }));
  const a = Object.assign(document.createElement("a"), { href: url, download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function Book() {
  const [chapters, set] = useState<Chapter[] | null>(null);
  const [failed, fail] = useState(false);
  const l = lang.value;
  useEffect(() => {
    const stop = new AbortController();
    read(l, stop.signal).then(set, () => { if (!stop.signal.aborted) fail(true); });
    return () => stop.abort();
  }, [l]);
  const words = { contents: t("lessons.contents"), lessons: t("packs.lessons"), measures: t("lessons.measures") };
  const file = () => chapters && take("kizuki-cases.html", bookHtml(l, t("lessons.book"), words, chapters));
  return (
    <>
      <div class="page-head no-print"><h1>{t("lessons.book")}</h1><span class="small ink2"><Terms text={t("lessons.book_lead")} /></span><span class="grow" />{chapters && <><Button onPress={() => print()}>{t("lessons.pdf")}</Button><Button onPress={file}>{t("lessons.html")}</Button></>}<Button href="#/packs">{t("packs.to_list")}</Button></div>
      {failed && <p class="empty" role="alert">{t("failure.unreachable")}</p>}
      {!chapters && !failed && <p class="empty" role="status">{t("page.coming")}</p>}
      {chapters && (
        <div class="book">
          <nav class="card card-body" aria-label={words.contents}><h2>{words.contents}</h2><ol>{chapters.map((c) => <li key={c.id}>{c.title}</li>)}</ol></nav>
          {chapters.map((c) => (
            <article key={c.id} class="card card-body book-case">
              <h2>{c.title}</h2><p class="small ink2">{c.from}</p><Story text={c.story} />
              {c.lessons.length > 0 && <><h3>{words.lessons}</h3><ul>{c.lessons.map((x) => <li key={x}>{x}</li>)}</ul></>}
              {c.measures.length > 0 && <><h3>{words.measures}</h3><ul>{c.measures.map((x) => <li key={x}>{x}</li>)}</ul></>}
            </article>))}
        </div>)}
    </>
  );
}
