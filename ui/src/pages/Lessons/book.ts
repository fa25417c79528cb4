// The case book as one HTML file without anything from outside: for who has no Kizuki, and for the shelf.
import type { PackDraft } from "../../api/types";
import { blocks, pieces } from "../../lib/story";

export interface Chapter { id: string; title: string; from: string; story: string; lessons: string[]; measures: string[] }

/** A case of one's own, once whose case it was has agreed: a book goes to anybody. */
export function ownChapter(d: Pick<PackDraft, "pack" | "approved" | "files">, lang: "ja" | "en", from: string): Chapter[] {
  const story = d.files.find((f) => f.path === `story.${lang}.md`)?.after;
  return d.approved === null || story === undefined ? [] : [{ id: d.pack, title: /^# (.*)$/m.exec(story)?.[1] ?? d.pack, from, story, lessons: [], measures: [] }];
}

const html = (s: string): string => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const line = (s: string): string => pieces(s).map((p) => (p.as ? `<${p.as}>${html(p.text)}</${p.as}>` : html(p.text))).join("");

function story(text: string): string {
  return blocks(text).map((b) => {
    if (b.kind === "h") return b.level === 1 ? "" : `<h${b.level + 1}>${html(b.text)}</h${b.level + 1}>`;
    if (b.kind === "p") return `<p>${line(b.text)}</p>`;
    return `<${b.kind}>${b.items.map((i) => `<li>${line(i)}</li>`).join("")}</${b.kind}>`;
  }).join("\n");
}

const list = (head: string, items: string[]): string => (items.length ? `<h3>${html(head)}</h3><ul>${items.map((i) => `<li>${html(i)}</li>`).join("")}</ul>` : "");

export function bookHtml(lang: string, title: string, words: { contents: string; lessons: string; measures: string }, chapters: Chapter[]): string {
  return `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${html(title)}</title>
<style>body{font:16px/1.8 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#111;background:#fff}h2{border-top:2px solid #111;padding-top:.6em;margin-top:2.5em}
.from{color:#555}nav ol{padding-left:1.4em}@page{size:A4;margin:20mm 18mm}@media print{body{margin:0;max-width:none;font-size:10.5pt}article{break-before:page}h2{border:0}h2,h3,h4{break-after:avoid}}</style></head><body>
<h1>${html(title)}</h1><nav><h2>${html(words.contents)}</h2><ol>${chapters.map((c) => `<li><a href="#${html(c.id)}">${html(c.title)}</a></li>`).join("")}</ol></nav>
${chapters.map((c) => `<article id="${html(c.id)}"><h2>${html(c.title)}</h2><p class="from">${html(c.from)}</p>${story(c.story)}${list(words.lessons, c.lessons)}${list(words.measures, c.measures)}</article>`).join("\n")}
</body></html>
`;
}
