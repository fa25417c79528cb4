// A file somebody chose, as text: UTF-8, or what Japanese programs still write.
const ENCODINGS = ["utf-8", "shift_jis", "euc-jp"];

export function decodeText(bytes: ArrayBuffer): string {
  const head = new Uint8Array(bytes.slice(0, 2));
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return new TextDecoder(head[0] === 0xff ? "utf-16le" : "utf-16be").decode(bytes);
  for (const e of ENCODINGS) {
    try { return new TextDecoder(e, { fatal: true }).decode(bytes); } catch { /* the next */ }
  }
  return new TextDecoder().decode(bytes);
}

export const readText = async (file: File): Promise<string> => decodeText(await file.arrayBuffer());
