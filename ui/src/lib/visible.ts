// A line from outside, for reading: control characters, and those that reorder or hide text, are spelled out.
// Tabs stay. Whether "\\x1b" was one byte or four letters is told by `escaped`.
export interface Piece { escaped: boolean; s: string }

const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029\ufffd]+/u;

const spell = (c: string): string => {
  const n = c.codePointAt(0) ?? 0;
  return n < 0x100 ? `\\x${n.toString(16).padStart(2, "0")}` : `\\u{${n.toString(16)}}`;
};

export function visible(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const s of text.split(new RegExp(`(${HIDDEN.source})`, "u"))) {
    const escaped = HIDDEN.test(s) && !/^\t+$/.test(s);
    if (s) pieces.push({ escaped, s: escaped ? [...s].map((c) => (c === "\ufffd" ? c : spell(c))).join("") : s });
  }
  return pieces;
}
