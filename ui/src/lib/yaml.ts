/** A line of YAML cut for display: indent and dash, key with its colon, the rest. Never parsed, only shown. */
export function cut(line: string): { lead: string; key: string; rest: string } {
  const m = /^(\s*(?:- )*)([A-Za-z0-9_.|*?@-]+:)(?=\s|$)(.*)$/.exec(line);
  return m ? { lead: m[1] ?? "", key: m[2] ?? "", rest: m[3] ?? "" } : { lead: "", key: "", rest: line };
}

/** Where a shipped rule lies within the product; the folder it was installed to is nobody's business. */
export const shortPath = (file: string | null): string | null => file && file.replace(/^.*\/(?=(?:content|packs)\/)/, "");
