// Words of the glossary in a text. A text may mark one as [[code|word]]; elsewhere they are found by how they are written, the longest first, each once.
export interface Term { code: string; ja: string; en: string; means_ja: string; means_en: string }
export interface Part { text: string; term: Term | null }

const letter = (c: string | undefined): boolean => c !== undefined && /[\p{Script=Latin}0-9]/u.test(c);

/** Latin words stand alone; Japanese ones stand anywhere. */
function at(text: string, word: string, from: number): number {
  const where = word.toLowerCase(), all = text.toLowerCase();
  for (let i = all.indexOf(where, from); i >= 0; i = all.indexOf(where, i + 1)) {
    const end = i + word.length;
    if (!(letter(word[0]) && letter(text[i - 1])) && !(letter(word.at(-1)) && letter(text[end]) && !/^s?(?![\p{Script=Latin}])/u.test(text.slice(end)))) return i;
  }
  return -1;
}

export function unmark(text: string): string {
  return text.replace(/\[\[[a-z_]+\|([^\]]*)\]\]/g, "$1");
}

function marked(text: string, terms: Term[]): Part[] {
  const out: Part[] = [];
  let from = 0;
  for (const m of text.matchAll(/\[\[([a-z_]+)\|([^\]]*)\]\]/g)) {
    if (m.index > from) out.push({ text: text.slice(from, m.index), term: null });
    out.push({ text: m[2] ?? "", term: terms.find((x) => x.code === m[1]) ?? null });
    from = m.index + m[0].length;
  }
  if (from < text.length) out.push({ text: text.slice(from), term: null });
  return out;
}

/** `seen` keeps which were shown already: a word is explained where it comes first. */
export function parts(text: string, terms: Term[], lang: "ja" | "en", seen: Set<string> = new Set()): Part[] {
  const words = [...terms].sort((a, b) => b[lang].length - a[lang].length);
  const cut = (p: Part): Part[] => {
    if (p.term || !p.text) return [p];
    for (const x of words) {
      const i = seen.has(x.code) ? -1 : at(p.text, x[lang], 0);
      if (i < 0) continue;
      seen.add(x.code);
      const end = i + x[lang].length;
      return [...cut({ text: p.text.slice(0, i), term: null }), { text: p.text.slice(i, end), term: x }, ...cut({ text: p.text.slice(end), term: null })];
    }
    return [p];
  };
  return marked(text, terms).flatMap((p) => { if (p.term) seen.add(p.term.code); return cut(p); }).filter((p) => p.text);
}
