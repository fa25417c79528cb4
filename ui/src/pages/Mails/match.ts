// What the logs say of a reported mail, as one row for each question: a number in words, and who it was.
import type { HuntResult, MailReport } from "../../api/types";

type Part = NonNullable<HuntResult["parts"]>[number];
type Seen = Part["hosts"];
export interface Count { n: number; more: boolean }
export interface Row {
  name: string; value: string; said: string; params: Record<string, Count>; who: string[]; first: string | null; found: number;
}

const count = (s: Seen): Count => ({ n: s.distinct, more: s.at_least });
const values = (s: Seen): string[] => s.values.map((v) => v.value);
const earliest = (parts: (Part | undefined)[]): string | null => parts.map((p) => p?.first_at).filter((x): x is string => !!x).sort()[0] ?? null;

/** Whom a mail went to: some logs say it in one line, others only by its number (the second step). */
function recipients(one: Part | undefined, two: Part | undefined): { who: string[]; n: Count } {
  const seen = [one, two].filter((p): p is Part => !!p).map((p) => p.recipients);
  const who = [...new Set(seen.flatMap(values))];
  const most = Math.max(who.length, ...seen.map((s) => s.distinct));
  return { who, n: { n: most, more: seen.some((s) => s.at_least) || (most > who.length && seen.filter((s) => s.distinct > 0).length > 1) } };
}

/** Rows in the order asked. `said` is the text's key; a question nobody's log answers says so. */
export function matched(asked: MailReport["hunts"][number]["asked"], one: HuntResult | null, two: HuntResult | null): Row[] {
  return asked.map(({ name, value }) => {
    const part = (r: HuntResult | null) => r?.parts?.find((p) => p.name === name);
    const p = part(one), more = part(two), kind = name.replace(/\..*/, "");
    const found = p?.found ?? 0;
    const row = { name, value, found, first: earliest([p, more]), who: [] as string[], params: {} as Record<string, Count> };
    if (!p || !found) return { ...row, said: "mails.match.none" };
    const events = { n: found, more: false };
    if (kind === "same" || kind === "sender") {
      const to = recipients(p, more);
      return { ...row, who: to.who, params: { people: to.n, events }, said: to.n.n ? `mails.match.${kind}` : "mails.match.events" };
    }
    if (kind === "link" && p.clients.distinct) return { ...row, who: [...values(p.accounts), ...values(p.clients)], params: { machines: count(p.clients), accounts: count(p.accounts), events }, said: "mails.match.link" };
    if (kind === "files") return { ...row, who: values(p.hosts), params: { machines: count(p.hosts), events }, said: "mails.match.files" };
    return { ...row, who: kind === "link" ? values(p.hosts) : [], params: { events }, said: "mails.match.events" };
  });
}
