/** A line of YAML cut for display: indent and dash, key with its colon, the rest. Never parsed, only shown. */
export function cut(line: string): { lead: string; key: string; rest: string } {
  const m = /^(\s*(?:- )*)([A-Za-z0-9_.|*?@-]+:)(?=\s|$)(.*)$/.exec(line);
  return m ? { lead: m[1] ?? "", key: m[2] ?? "", rest: m[3] ?? "" } : { lead: "", key: "", rest: line };
}

/** Where a shipped rule lies within the product; the folder it was installed to is nobody's business. */
export const shortPath = (file: string | null): string | null => file && file.replace(/^.*\/(?=(?:content|packs)\/)/, "");

/** A folded text (`key: >-`) out of a rule's file, for display: its lines joined, Japanese ones without a space. */
export function folded(text: string | null | undefined, key: string): string | null {
  const lines = (text ?? "").split("\n");
  const at = lines.findIndex((l) => new RegExp(`^\\s*${key}:`).test(l));
  const head = lines[at] ?? "";
  const plain = head.replace(/^\s*[^:]+:\s*/, "");
  if (at < 0 || (plain && !/^>-?$/.test(plain))) return plain || null;
  const indent = head.search(/\S/);
  const body: string[] = [];
  for (const l of lines.slice(at + 1)) {
    if (!l.trim() || l.search(/\S/) <= indent) break;
    body.push(l.trim());
  }
  return body.reduce((a, b) => a + (a && /[\x21-\x7e]$/.test(a) && /^[\x21-\x7e]/.test(b) ? " " : "") + b, "") || null;
}
