import { describe, expect, it } from "vitest";
import type { MailReport } from "../../api/types";
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
