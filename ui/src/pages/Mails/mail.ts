// A reported mail as `kizuki mail` takes it apart. Everything in it was written by somebody hostile.
import type { MailReport } from "../../api/types";

export interface Link { url: string; shown: string; host: string; differs: boolean }
export interface Attached { name: string; type: string; looks: string | null; bytes: number; sha256: string; misnamed: boolean }
export interface Judged { by: string; spf: string; dkim: string; dmarc: string }
export interface Mail {
  from: string; from_address: string; reply_to: string; return_path: string; to: string; subject: string; date: string; message_id: string;
  text: string; received: string[]; auth: Judged[]; links: Link[]; files: Attached[]; odd: number; inner: Mail[];
}

/** The mail that is meant: the one that was forwarded whole, else the report itself. */
export function suspect(r: MailReport): { mail: Mail; forwarded: boolean } {
  const whole = (r.report as unknown as { mail: Mail }).mail;
  return { mail: whole.inner[0] ?? whole, forwarded: whole.inner.length > 0 };
}

/** Whether answers would go to somebody else than it seems to come from. */
export const answersElsewhere = (m: Mail): boolean => m.reply_to !== "" && !m.reply_to.toLowerCase().includes(m.from_address.toLowerCase());

/** Good news only when it passed; silence is none. */
export const judgedMark = (word: string): "ok" | "must" | "unknown" =>
  word === "pass" ? "ok" : /^(fail|softfail|permerror|policy)$/.test(word) ? "must" : "unknown";
