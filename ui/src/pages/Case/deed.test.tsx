import { render } from "preact-render-to-string";
import { beforeAll, describe, expect, it } from "vitest";
import type { Deed, Driver } from "../../api/types";
import { setServerTime } from "../../state/clock";
import { loadLang, t } from "../../state/text";
import { DeedCard } from "../../widgets/DeedCard";

beforeAll(async () => {
  globalThis.document = { documentElement: {} } as Document;
  setServerTime(Date.parse("2026-11-22T17:31:02Z"), 1);
  await loadLang("ja");
});
const may = { approve: true, reject: true, undo: false, care: false };
const deed = (x: Partial<Deed>): Deed => ({ id: 4, batch: "a", kind: "site_close", driver: "web", target: "www", state: "proposed", why: "", seen: null, gate: true, care: false, kept: "", params: {}, minutes: 60, reason: "", may, ...x }) as Deed;
const driver = (x: Partial<Driver>): Driver => ({ name: "web", connected: true, dry_run: false, title_ja: "サイト", title_en: "site", proven: "x", tried: "", kinds: ["site_close"], targets: ["www"], any_target: false, ...x }) as Driver;
const card = (d: Partial<Deed>, v: Partial<Driver> = {}) => render(<DeedCard rows={[deed(d)]} driver={driver(v)} first reload={() => {}} />);

describe("the card of a lasting act", () => {
  it("has no button to do it before somebody wrote what was kept as evidence", () => {
    expect(card({})).toContain(t("deed.kept_wanted"));
    expect(card({})).not.toContain("button solid");
    expect(card({ gate: false })).toContain("button solid");
  });
  it("says whether it is done in earnest, and that a driver is unproven", () => {
    expect(card({})).toContain(t("deed.rehearsal_before"));
    expect(card({}, { dry_run: true })).toContain(t("deed.rehearsal_first"));
    expect(card({})).not.toContain(t("deed.unproven"));
    expect(card({}, { proven: "" })).toContain(t("deed.unproven"));
  });
  it("says plainly what is not known", () => {
    expect(card({ state: "unsure", may: { ...may, approve: false, undo: true } })).toContain(t("deed.note.unsure"));
    expect(card({ why: "no_answer" })).toContain(t("deed.note.unanswered"));
  });
});
