// 事例集: every lesson that is here and every closed case of our own that was made anonymous, on paper or as one HTML file.
import { useEffect, useState } from "preact/hooks";
import { ApiFailure, api } from "../../api/client";
import type { Pack, PackDraft } from "../../api/types";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Terms } from "../../widgets/Terms";
import { Story } from "../../widgets/Story";
import { bookHtml, type Chapter, ownChapter } from "./book";

type Row = Record<string, unknown>;
const PAGE = 200;
const inLang = (v: unknown, l: "ja" | "en"): string => (typeof v === "string" ? v : typeof v === "object" && v !== null ? String((v as Row)[l] ?? (v as Row).ja ?? "") : "");
const list = (v: unknown, l: "ja" | "en"): string[] => (Array.isArray(v) ? v.map((x) => inLang(x, l)).filter(Boolean) : []);

function chapterOf(p: Pack, l: "ja" | "en"): Chapter {
  return { id: p.id, title: p.titles[l] ?? p.titles.ja ?? p.id, from: inLang(p.pack.source, l), story: p.story[l] ?? p.story.ja ?? "", lessons: list(p.pack.lessons, l), measures: list(p.pack.measures, l) };
}

/** Closed cases that were made a lesson: only what whose case it was has agreed to, as where it leaves by a file. One after the other, however many there are. */
async function own(l: "ja" | "en", signal: AbortSignal): Promise<Chapter[]> {
  const drafts: PackDraft[] = [];
  for (let before: number | undefined, more = true; more; ) {
    const closed = (await api.incidents({ state: "closed", limit: PAGE, ...(before && { before }) })(signal)).incidents;
    for (const i of closed) drafts.push(...(await api.packDraft(i.id)(signal)).pack_drafts);
    before = closed.at(-1)?.id;
    more = closed.length === PAGE;
  }
  return drafts.flatMap((d) => ownChapter(d, l, t("lessons.own_case")));
}

async function read(l: "ja" | "en", signal: AbortSignal): Promise<Chapter[]> {
  const packs = (await api.packs(signal)).packs;
  const all = await Promise.all(packs.map((p) => api.pack(p.id)(signal)));
  const mine = await own(l, signal).catch((e) => {
    if (e instanceof ApiFailure && e.status === 403) return []; // who may not read drafts has a book without them
    throw e;
  });
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
