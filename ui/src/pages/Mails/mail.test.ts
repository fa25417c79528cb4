import { describe, expect, it } from "vitest";
import type { MailReport } from "../../api/types";
import { matched } from "./match";
import { answersElsewhere, judgedMark, type Mail, suspect } from "./mail";

const mail = (x: Partial<Mail>): Mail => ({ from: "", from_address: "a@b.jp", reply_to: "", return_path: "", to: "", subject: "", date: "", message_id: "", text: "", received: [], auth: [], links: [], files: [], odd: 0, inner: [], ...x });

describe("a reported mail", () => {
  it("is the one within, where one was forwarded whole", () => {
    const inner = mail({ subject: "x" });
    const of = (m: Mail) => suspect({ report: { mail: m } } as unknown as MailReport);
    expect(of(mail({ inner: [inner] }))).toEqual({ mail: inner, forwarded: true });
    expect(of(inner)).toEqual({ mail: inner, forwarded: false });
  });
  it("says when answers go elsewhere", () => {
    expect(answersElsewhere(mail({}))).toBe(false);
    expect(answersElsewhere(mail({ reply_to: "X <A@B.jp>" }))).toBe(false);
    expect(answersElsewhere(mail({ reply_to: "c@evil.example" }))).toBe(true);
  });
  it("calls nothing good that did not pass", () => {
    expect(["pass", "fail", "softfail", "none", "", "neutral"].map(judgedMark)).toEqual(["ok", "must", "must", "unknown", "unknown", "unknown"]);
  });
});

type Seen = { distinct: number; at_least: boolean; values: { value: string; n: number; record: number; first_at: string; last_at: string }[] };
const AT = "2026-11-20T01:00:00.000Z";
const seen = (...v: string[]): Seen => ({ distinct: v.length, at_least: false, values: v.map((value) => ({ value, n: 1, record: 0, first_at: AT, last_at: AT })) });
const part = (name: string, found: number, x: Partial<Record<"hosts" | "accounts" | "clients" | "recipients" | "mails", Seen>> = {}) =>
  ({ name, found, first_at: found ? AT : null, last_at: found ? AT : null, hosts: seen(), accounts: seen(), clients: seen(), recipients: seen(), mails: seen(), ...x });
const asked = (...names: string[]) => names.map((name) => ({ name, value: `v-${name}`, query: "q" }));

describe("what the logs say of a mail", () => {
  it("joins whom it went to from both steps, each once", () => {
    const one = { parts: [part("same", 2, { recipients: seen("a@x") })] }, two = { parts: [part("same", 3, { recipients: seen("a@x", "b@x") })] };
    const [row] = matched(asked("same"), one, two);
    expect([row?.said, row?.who, row?.params.people]).toEqual(["mails.match.same", ["a@x", "b@x"], { n: 2, more: false }]);
    expect(matched(asked("same"), one, null)[0]?.params.people).toEqual({ n: 1, more: false });
  });
  it("says at least where it cannot count", () => {
    const many = { ...seen("a@x"), distinct: 1000, at_least: true };
    expect(matched(asked("sender"), { parts: [part("sender", 9)] }, { parts: [part("sender", 9, { recipients: many })] })[0]?.params.people).toEqual({ n: 1000, more: true });
    const some = { ...seen("a@x"), distinct: 60 }, others = { ...seen("b@x"), distinct: 70 };
    expect(matched(asked("sender"), { parts: [part("sender", 9, { recipients: some })] }, { parts: [part("sender", 9, { recipients: others })] })[0]?.params.people).toEqual({ n: 70, more: true });
  });
  it("never makes persons of log lines", () => {
    expect(matched(asked("same"), { parts: [part("same", 4)] }, null)[0]?.said).toBe("mails.match.events");
    expect(matched(asked("link.0"), { parts: [part("link.0", 4, { hosts: seen("fw") })] }, null)[0]).toMatchObject({ said: "mails.match.events", who: ["fw"] });
    expect(matched(asked("link.0"), { parts: [part("link.0", 4, { clients: seen("10.0.0.1"), accounts: seen("hana") })] }, null)[0]).toMatchObject({ said: "mails.match.link", who: ["hana", "10.0.0.1"] });
  });
  it("says nothing of what was not answered", () => {
    expect(matched(asked("same", "files"), null, null).map((r) => [r.said, r.found, r.first])).toEqual([["mails.match.none", 0, null], ["mails.match.none", 0, null]]);
    expect(matched(asked("way"), { parts: [part("way", 0)] }, null)[0]?.said).toBe("mails.match.none");
  });
});
