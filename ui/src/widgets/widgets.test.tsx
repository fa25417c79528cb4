import { render } from "preact-render-to-string";
import { beforeAll, describe, expect, it } from "vitest";
import type { Finding, LaneItem, LedgerRow } from "../api/types";
import { linear } from "../lib/svg";
import { Forecast } from "./Ahead";
import { FindingTable } from "./FindingTable";
import { setServerTime } from "../state/clock";
import { loadLang, t } from "../state/text";
import { fitted, place, range } from "./lanes";
import { Ledger } from "./Ledger";
import { Num } from "./Num";
import { bySourceNeed } from "./source";
import { Sparkline } from "./Sparkline";

beforeAll(async () => {
  globalThis.document = { documentElement: {} } as Document;
  setServerTime(Date.parse("2026-11-22T17:31:02Z"), 1);
  await loadLang("ja");
});
const plain = (html: string) => html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ").trim();

describe("no value is invented", () => {
  it("shows unknown numbers and sparklines as unknown", () => {
    expect(plain(render(<Num value={null} />))).toBe("不明");
    expect(plain(render(<Num value={0} />))).toBe("0");
    expect(plain(render(<Num value={31} atLeast />))).toBe("31以上");
    expect(plain(render(<Sparkline values={null} label="x" />))).toBe("不明");
  });
  it("shows steps of the ledger that are still to come as not yet, a missing first trace as unknown", () => {
    const row = (code: LedgerRow["code"], at: string | null, goal_s: number | null = null, gap_s: number | null = null): LedgerRow => ({ code, at, by: null, text: { key: `ledger.${code}`, params: {} }, goal_s, gap_s });
    const html = plain(render(<Ledger rows={[row("first_trace", null), row("decision", "2026-11-22T17:11:20Z", 300, 316), row("recovered", null)]} />));
    expect(html).toContain("最初の痕跡 不明");
    expect(html).toContain("5分16秒 目標5分を16秒超えた");
    expect(html).toContain("復旧 まだ");
  });
});

describe("the ledger", () => {
  it("names the rule that noticed first, with the way to it", () => {
    const by = { key: "by.rule", params: { rule: "List", rule_ja: "リスト型攻撃", rule_en: "List", rule_id: "r/1" } };
    const html = render(<Ledger rows={[{ code: "rule", at: "2026-11-22T17:03:40Z", by, text: { key: "ledger.rule", params: {} }, goal_s: 60, gap_s: 5 }]} />);
    expect(html).toContain('<a href="#/rules/r%2F1">リスト型攻撃</a>');
    expect(plain(html)).not.toContain("仕組み");
  });
});

describe("what a sentence counts", () => {
  it("says on which services", () => {
    const part = (service_ja: string, n: number) => ({ key: "event.finding_service", params: { service: "x", service_ja, n } });
    expect(t("event.finding_services", { rule: "別サービスへの試行", count: 258, services: [part("会員サイト", 257), part("請求照会", 1)] })).toBe("別サービスへの試行。気付いた時点で、あわせて258回（会員サイト 257回、請求照会 1回）。");
  });
  it("says of what time and of whom the grounds are", () => {
    expect(t("action.reason", { rule: "R", tries: 9665, accounts: 4828, at_least: false })).toBe("R。いままでに、これらのIPアドレスから9,665回の試行。この事案全体では4,828口座が試されています。");
    expect(t("action.reason", { rule: "R", tries: 0, accounts: 1000, at_least: true })).toBe("R。この事案全体では1,000口座以上が試されています。");
  });
});

describe("lanes", () => {
  const item = (at: string, kind: LaneItem["kind"], extra: Partial<LaneItem> = {}): LaneItem => ({ at, until: null, kind, planned: false, precision_s: null, side: null, actor: null, need: null, text: { plain: "x" }, ref: null, ...extra });
  const t0 = Date.parse("2026-11-22T17:00:00Z");
  const iso = (min: number) => new Date(t0 + min * 60_000).toISOString();
  it("reach from the first item to now while the case is lively", () => {
    const [from, to] = range([{ code: "system", name: null, items: [item(iso(0), "notice"), item(iso(10), "notice")] }], t0 + 20 * 60_000);
    expect(from).toBeLessThan(t0);
    expect(to).toBeGreaterThan(t0 + 20 * 60_000);
  });
  it("do not stretch a case nobody touched for hours", () => {
    const [, to] = range([{ code: "system", name: null, items: [item(iso(0), "notice")] }], t0 + 24 * 3_600_000);
    expect(to).toBeLessThan(t0 + 3_600_000);
  });
  it("drop labels rather than cover another mark", () => {
    const x = linear(t0, t0 + 60 * 60_000, 88, 800);
    const placed = place([item(iso(0), "notice"), item(iso(1), "notice"), item(iso(30), "notice")], () => ["とても長い説明の文がここにある"], x, 800);
    expect(placed.map((p) => p.labelX !== null)).toEqual([false, true, true]);
  });
  it("are not stretched over a day by what is known to the day only", () => {
    const [from] = range([{ code: "system", name: null, items: [item(iso(0), "notice"), item(iso(-600), "outside", { precision_s: 86_400 })] }], t0 + 60_000);
    expect(from).toBeGreaterThan(t0 - 3_600_000);
  });
  it("cut a name of a lane's own to the room there is", () => {
    expect(fitted("委託先")).toBe("委託先");
    expect(fitted("回線事業者とその親会社")).toBe("回線事業…");
  });
});

describe("sources", () => {
  it("come in the order of need", () => {
    const s = (state: Parameters<typeof bySourceNeed>[0]["state"]) => ({ state, name: state });
    expect([s("right"), s("unknown"), s("silent")].sort(bySourceNeed).map((x) => x.state)).toEqual(["silent", "unknown", "right"]);
  });
});

describe("what is foretold is said in a sentence", () => {
  const row = (kind: string, of: Record<string, number>): Finding => ({ id: "a", rule: { id: "r", title: "R" }, kind, level: "high", group: [], measures: Object.entries(of).map(([name, value]) => ({ name, value })), values: [], count: 1, first: "2026-11-22T17:00:00Z", last: "2026-11-22T17:30:00Z", evidence_n: 1 }) as unknown as Finding;
  it("gives the minutes and between which they lie, with a picture that says the same", () => {
    const html = render(<FindingTable rows={[row("exhaustion", { minutes: 37.2, minutes_least: 31.4, minutes_most: 45.3, now: 0.62, per_hour: 0.6, limit: 1 })]} />);
    const sentence = "このままでは約37分後（31〜45分後）に上限に達します。今は上限の62%です。";
    expect(plain(html)).toContain(sentence);
    expect(render(<Forecast of={{ minutes: 37.2, minutes_least: 31.4, minutes_most: 45.3, now: 0.62, per_hour: 0.6, limit: 1 }} label={sentence} />)).toContain(`aria-label="${sentence}"`);
  });
  it("says what was learnt and from how much", () => {
    const html = plain(render(<FindingTable rows={[row("precursor", { count: 12, usual: 3.4, times: 3.5, learnt: 10, basis: 2, weekday: 1, hour: -1 })]} />));
    expect(html).toContain("ふだんのこの日は3.4件（平日か休日かが同じ日、10回分から学習）のところ、12件ありました。");
  });
  it("draws nothing of figures it has not got", () => {
    expect(render(<Forecast of={{}} label="" />)).not.toContain("<svg");
  });
});
