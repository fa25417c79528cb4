// The little Markdown that stories use: headings, paragraphs, lists. Text stays text: no HTML is ever made
// from it.
export type Block =
  | { kind: "h"; level: number; text: string } | { kind: "p"; text: string }
  | { kind: "ul" | "ol"; items: string[] };

export function blocks(markdown: string): Block[] {
  const out: Block[] = [];
  let open = false; /* whether the next line may continue the last block */
  for (const raw of markdown.split("\n")) {
    const line = raw.trim();
    const last = open ? out.at(-1) : undefined;
    const h = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = /^(?:([-*])|\d+[.)])\s+(.*)$/.exec(line);
    const kind = item?.[1] ? "ul" : "ol";
    if (h) out.push({ kind: "h", level: h[1]?.length ?? 1, text: h[2] ?? "" });
    else if (item && last?.kind === kind) last.items.push(item[2] ?? "");
    else if (item) out.push({ kind, items: [item[2] ?? ""] });
    else if (line && last?.kind === "p") last.text = join(last.text, line);
    else if (line && (last?.kind === "ul" || last?.kind === "ol")) last.items.push(join(last.items.pop() ?? "", line));
    else if (line) out.push({ kind: "p", text: line });
    open = line !== "" && !h;
  }
  return out;
}

/** A line in pieces: between two pairs of stars it is strong, between two back quotes as it is typed. What has no end stays as it is. */
export interface Piece { as: "" | "b" | "code"; text: string }
export function pieces(line: string): Piece[] {
  return line.split(/(\*\*[^*\s](?:[^*]*[^*\s])?\*\*|`[^`]+`)/).filter(Boolean).map((s): Piece =>
    /^\*\*[^*]+\*\*$/.test(s) ? { as: "b", text: s.slice(2, -2) } : /^`[^`]+`$/.test(s) ? { as: "code", text: s.slice(1, -1) } : { as: "", text: s });
}

/** Japanese lines join without a space. */
const join = (a: string, b: string): string => a + (/[\x21-\x7e]$/.test(a) || /^[\x21-\x7e]/.test(b) ? " " : "") + b;
