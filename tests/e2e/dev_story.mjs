// The specification's story as API answers (see dev_api.mjs). Addresses from RFC 5737 and 3849, roles only.
const START = Date.parse("2026-11-22T17:31:02.000Z");
const at = (hms, day = 23) => {
  const [h, m, s] = hms.split(":").map(Number);
  return new Date(Date.UTC(2026, 10, day, h - 9, m, s ?? 0)).toISOString();
};
const text = (key, params = {}) => ({ key, params });
const count = (n, at_least = false) => ({ n, at_least });
const RULE = { rule: "login_list_attack", rule_ja: "リスト型のログイン攻撃", rule_en: "Account-list login attack" };
const common = { tlp: "AMBER", info_class: "attack", version: 3 };
const person = (name) => text("by.person", { name });

const title = text("title.list_attack", { service: "会員サイト", host: "idp-01", services: 2, stolen: 3, sources: 37 });
const head = {
  id: 112, number: "K-2026-0112", title, level: "high", ...common, state: "open", merged_into: null,
  commander: { id: 1, name: "セキュリティ当番" }, opened: at("02:03:40"), closed: null, first_trace: at("02:03:08"),
  last_activity: at("02:30:41"), kind: "list_attack", services: ["会員サイト", "請求照会"],
  counts: { findings: 6, sources: count(37), accounts_tried: count(4812), accounts_stolen: count(3) }, waiting: 2, drill: false,
};
const other = {
  ...head, id: 111, number: "K-2026-0111", title: text("title.slow", { service: "ssh", host: "bastion-02", services: 1, stolen: 0, sources: 1 }),
  level: "medium", state: "closed", closed: at("22:40:00", 22), opened: at("18:02:00", 22), first_trace: at("06:12:00", 22),
  last_activity: at("22:12:00", 22), kind: "slow", services: ["ssh"], commander: null, waiting: 0,
  counts: { findings: 2, sources: count(1), accounts_tried: count(1), accounts_stolen: count(0) }, version: 5,
};
const quiet = {
  ...other, id: 110, number: "K-2026-0110", title: { plain: "帳票サーバーの読めないログを調べた記録。長い題名は折り返して全部が読めるようにする" }, state: "closed", level: "low", kind: null,
};

const net = (i) => ["203.0.113.", "198.51.100.", "192.0.2."][i % 3] + (7 + i * 5);
const addresses = (state, n, extra = {}) => Array.from({ length: n }, (_, i) => ({
  address: i === 3 ? "2001:db8:12::/64" : net(i), net: i === 3 ? "2001:db8:12::/64" : net(i), tries: 612 - i * 15, accounts: 306 - i * 7,
  good_accounts_7d: i === 5 ? 12 : i === 4 ? null : 0, shared: i === 5 ? "map-e" : null, partner: null, state, reason: null, until: null, ...extra,
}));
const may = (approve, undo) => ({ approve, reject: approve, undo, extend: undo });
const reason = text("action.reason", { ...RULE, kind: "list_attack", tries: 9640, accounts: 4812 });
const action = (id, state, n, extra) => ({
  id, kind: "block_source", state, incident_id: 112, addresses: addresses(state === "in_force" ? "blocked" : "proposed", n), minutes: 60, reason,
  rule: { id: "5f6c1d0e-5a0b-4a43-9c0e-2d6a1f4b7e21", name: "login_list_attack", title: "Account-list login attack", titles: { ja: RULE.rule_ja, en: RULE.rule_en } },
  created: at("02:03:41"), due: null, decided_at: null, decided_by: null, in_force_from: null, until: null, undo_until: null, effect: null,
  dry_run: false, why_proposed: text("why.policy"), may: may(state === "proposed", state === "in_force"), ...common, ...extra,
});
const actions = [
  action(4, "proposed", 6, { created: at("02:25:10"), why_proposed: text("why.good_accounts", { n: 12, limit: 3 }), due: at("02:45:00") }),
  action(3, "in_force", 37, { decided_at: at("02:11:20"), decided_by: person("セキュリティ当番"), in_force_from: at("02:12:04"), until: at("03:12:04"), undo_until: at("03:12:04"),
    effect: { checked_at: at("02:30:41"), tries_after: 0, packets_dropped: 18204, bytes_dropped: 1092240 } }),
  action(2, "dry_run", 37, { created: at("02:05:00"), decided_at: at("02:10:00"), decided_by: person("セキュリティ当番"), dry_run: true, in_force_from: at("02:10:00"), until: at("03:10:00"), addresses: addresses("dry_run", 37) }),
  action(1, "rejected", 1, { created: at("02:04:00"), decided_at: at("02:06:30"), decided_by: person("IT当番"), why_proposed: text("why.partner", { partner: "決済" }) }),
];

const ask = (id, need, due, key, params, buttons) => ({
  id, kind: "block_source", need, incident: { id: 112, number: head.number, title }, since: at("02:25:10"), due, question: text(key, params),
  body: text(`${key}.body`, params), asked: text("asked.handlers"), if_unanswered: text(key === "ask.block_ending" ? "if_unanswered.block_ends" : "if_unanswered.not_blocked"),
  buttons, evidence_path: "/incidents/112/evidence",
});
const press = (key, params, path, body, primary = false, method = "POST") => ({ label: text(key, params), method, path, body, primary });
const asks = [
  ask("action-4", "must", at("02:45:00"), "ask.block_source", { n: 6, minutes: 60, service: "請求照会", tries: 620, accounts: 31, at_least: false, stolen: 3, held_back: 1 },
    [press("button.block", { n: 6, minutes: 60 }, "/actions/4/approve", { version: 3, minutes: 60 }, true), press("button.not_block", { n: 6 }, "/actions/4/reject", { version: 3, reason: "" })]),
  ask("ending-3", "soon", at("03:12:04"), "ask.block_ending", { n: 37, until: at("03:12:04"), tries_after: 0 },
    [press("button.extend", { minutes: 60 }, "/actions/3/extend", { version: 3, minutes: 60 }), press("button.let_end", {}, "/incidents/112/actions", null, false, "OPEN")]),
  { ...ask("look-113", "soon", null, "ask.look", { ...RULE, count: 31, at_least_accounts: false, service: "請求照会" }, [press("button.open_incident", {}, "/incidents/112", null, true, "OPEN")]), kind: "look" },
];

const bell = Array.from({ length: 48 }, (_, i) => Math.round(400 + 700 * Math.exp(-(((i - 22) / 9) ** 2))));
const source = (id, name, kind, state, extra = {}) => ({
  id, name, kind, path: null, service: null, host: null, first_seen: at("09:00:00", 1), last_seen: at("02:31:01"), lines: 481_204, bytes: 92_000_000, unparsed: 12,
  broken_text: 0, oversize: 0, skew_ms: 100, clocks: [], clocks_forgotten: 0, lost: 0, interval_s: 1, backfill: false, slots: bell, state, state_text: text(`source.${state}`), reported_at: at("02:31:00"), ...common, ...extra,
});
const sources = [
  source(2, "VPN装置 vpn-02", "syslog", "losing", { lost: 1204, state_text: text("source.losing", { n: 1204 }), last_seen: at("02:30:58") }),
  source(3, "請求照会 AP", "file", "silent", { path: "/var/log/billing/access.log", interval_s: 1, state_text: text("source.silent", { every: 1, since: at("02:18:44") }), last_seen: at("02:18:44"), service: "請求照会" }),
  source(4, "入退室管理", "file", "skewed", { skew_ms: 252_000, clocks: [{ host: "door-3f", skew_ms: 252_000, at: at("02:30:12") }, { host: "door-1f", skew_ms: -400, at: at("02:29:58") }], state_text: text("source.skewed", { ms: 252_000 }), slots: bell.map((_, i) => (i % 12 === 3 ? 900 : 0)) }),
  source(5, "帳票サーバ rp-03", "syslog", "unparsed", { unparsed: 29_834, state_text: text("source.unparsed", { n: 29834, lines: 481204 }) }),
  source(6, "送配電 監視盤B", "file", "unknown", { last_seen: null, first_seen: null, lines: null, bytes: null, unparsed: null, lost: null, skew_ms: null, slots: null }),
  ...["認証基盤 idp-01", "認証基盤 idp-02", "会員サイト Web", "ポイント Web", "境界ファイアウォール", "journal"].map((n, i) =>
    source(10 + i, n, ["syslog", "syslog", "file", "file", "syslog", "journal"][i], "right", { service: i === 2 ? "会員サイト" : null, host: i < 2 ? `idp-0${i + 1}` : null, skew_ms: 0, unparsed: 0, backfill: i === 5 })),
];

const ledger = [
  ["first_trace", "02:03:08", text("by.rule", RULE), null, null], ["rule", "02:03:40", text("by.rule", RULE), 60, 32], ["person", "02:06:04", person("セキュリティ当番"), 600, 144],
  ["decision", "02:11:20", person("セキュリティ当番"), 300, 316], ["contained", "02:12:04", text("by.hand"), 60, 44],
  ["authority_report", null, null, null, null], ["published", null, null, null, null], ["recovered", null, null, null, null],
].map(([code, t, by, goal_s, gap_s]) => ({ code, at: t && at(t), by, text: text(`ledger.${code}`, code === "rule" ? RULE : code === "contained" ? { n: 37 } : {}), goal_s, gap_s }));

const item = (kind, t, txt, extra = {}) => ({ at: at(t), until: null, kind, planned: false, precision_s: null, side: null, actor: null, need: null, text: txt, ref: null, ...extra });
const wave = Array.from({ length: 18 }, (_, i) => Math.min(330, 90 + i * 32));
const lanes = [
  ["attacker", [item("bars", "02:03:00", text("lane.accounts", { n: 4812, at_least: false, service: "会員サイト" }), { values: wave, step_s: 30, until: at("02:12:00") }),
    item("bars", "02:24:00", text("lane.accounts", { n: 31, at_least: false, service: "請求照会" }), { values: [2, 3, 2, 3, 2, 2, 3, 2, 3, 2, 2, 3, 2], step_s: 30, until: at("02:30:30") })]],
  ["system", [item("notice", "02:03:40", text("event.finding", { ...RULE, count: 31, service: "会員サイト" })), item("notice", "02:24:36", text("event.service_joined", { service: "請求照会", sources: 37 }))]],
  ["ciso_csirt", [item("notice", "02:06:04", text("event.person_opened", { name: "セキュリティ当番" })), item("decision", "02:11:20", text("event.action_approved", { n: 37, minutes: 60, name: "セキュリティ当番" })),
    item("decision", "02:45:00", text("ask.block_source", { n: 6, minutes: 60, service: "請求照会" }), { planned: true, need: "must" })]],
  ["it_ops", [item("force", "02:12:04", text("event.action_in_force", { n: 37, until: at("03:12:04") }), { until: at("03:12:04"), ref: "action:3" }), item("action", "02:12:04", text("event.action_in_force", { n: 37, until: at("03:12:04") }))]],
  ["business", [item("contact", "02:15:00", { plain: "業務の当直へ電話" }, { precision_s: 300 })]], ["public_relations", []], ["outsourcer", []], ["executive", []], ["external", []],
].map(([code, items]) => ({ code, name: null, items }));

const scope = {
  counted_at: at("02:30:10"), accounts_tried: count(4812), accounts_stolen: count(3), tries: count(9671), sources: count(37),
  services: [{ name: "member", title: "会員サイト", tries: count(9640), success: 3, watch_since: at("02:03:40") }, { name: "billing", title: "請求照会", tries: count(31), success: 0, watch_since: at("02:03:40") },
    { name: "point", title: "ポイント", tries: count(0), success: 0, watch_since: at("02:03:40") }],
  seen_pages: [{ kind_text: text("page_kind.configured", { kind: "氏名・住所・電話番号" }), accounts: 2 }],
};
const entry = (id, t, lane, kind, txt, by, extra = {}) => ({
  id, at: at(t), until: null, precision_s: null, lane, kind, planned: false, text: txt, by, source: by.key === "by.person" ? "person" : "system", ref: null, lane_name: null, beside: null, side: null, day: null, day_from: null, actor: null, written: at(t), ...common, ...extra });
const timeline = [
  entry(9, "02:30:41", "system", "notice", text("event.service_joined", { service: "ポイント", sources: 3 }), text("by.system")),
  entry(8, "02:24:36", "system", "notice", text("event.service_joined", { service: "請求照会", sources: 37 }), text("by.rule", RULE), { ref: "finding:0a" }),
  entry(7, "02:15:00", "business", "contact", { plain: "会員サービス部の当直へ電話した。サイトの動きは普段どおりとの答え。" }, person("IT当番"), { precision_s: 300 }),
  entry(6, "02:12:04", "it_ops", "action", text("event.action_in_force", { n: 37, until: at("03:12:04") }), text("by.hand"), { ref: "action:3" }),
  entry(5, "02:11:20", "ciso_csirt", "decision", text("event.action_approved", { n: 37, minutes: 60, name: "セキュリティ当番" }), person("セキュリティ当番"), { ref: "action:3" }),
  entry(4, "02:08:47", "system", "notice", text("event.accounts_stolen", { n: 3 }), text("by.system")),
  entry(3, "02:06:04", "ciso_csirt", "notice", text("event.person_opened", { name: "セキュリティ当番" }), person("セキュリティ当番")),
  entry(2, "02:04:00", "system", "notice", text("event.watch_set", { n: 3 }), text("by.system")),
  entry(1, "02:03:40", "system", "notice", text("event.incident_opened", { ...RULE, number: head.number }), text("by.rule", RULE)),
];
const where = (n) => ({ n, file: null, line: null });
const finding = (id, kind, n) => ({
  id: id.repeat(16), revision: 4, state: "update", rule: actions[0].rule, level: "high", kind, propose: "block_source", group: [{ name: "service.name", value: "会員サイト" }, { name: "user_agent.original", value: "python-requests/2.31" }],
  count: n, first: at("02:03:08"), last: at("02:12:03"), detected: at("02:03:40"), measures: [{ name: "accounts", value: 4812 }, { name: "tries_per_account", value: 2.003 }, { name: "failure_rate", value: 0.9997 }],
  values: [], evidence: [where(88120446)], evidence_n: 32, incident_id: 112, drill: false, ...common,
});
const findings = [finding("0a", "list_attack", 9640), finding("0b", "success_after", 3), finding("0c", "cross_service", 31)];
const account = (id, name, t, pages) => ({ id, name, service: "会員サイト", source: "198.51.100.7", success_at: at(t), tried: 2, pages, positions: [88120446 + id], ...common });
const accounts = [
  account(1, "t***04", "02:11:58", [{ path: "/mypage/profile", kind: "氏名・住所・電話番号", n: 1, positions: [1] }]),
  account(2, "k***17", "02:10:21", [{ path: "/mypage/profile", kind: "氏名・住所・電話番号", n: 2, positions: [2] }, { path: "/mypage", kind: null, n: 1, positions: [3] }]), account(3, "s***62", "02:08:47", []),
];
const lines = Array.from({ length: 12 }, (_, i) => ({
  position: where(88120446 + i), at: at(`02:1${1 - (i > 6)}:${58 - i * 3}`), source: `認証基盤 idp-0${1 + (i % 2)}`, finding_id: findings[0].id,
  text: i === 9 ? null : `Nov 23 02:11:${58 - i * 3} idp-0${1 + (i % 2)} auth[2214]: login ${i ? "failed" : "ok"} uid=t***0${i} src=${net(i)} path=/login ua="python-requests/2.31" sid=8f2ce1`,
}));

const RULE_TEXT = `title: Account-list login attack
id: 5f6c1d0e-5a0b-4a43-9c0e-2d6a1f4b7e21
name: login_list_attack
status: stable
level: high
correlation:
  type: value_count
  rules:
    - login_failed
  group-by:
    - service.name
  timespan: 5m
  condition:
    field: user.name
    gte: 30
tags:
  - attack.credential_access
  - attack.t1110.004
kizuki:
  kind: list_attack
  propose: block_source
`;
const rule = (id, ja, en, level, kind, hits, type = "correlation") => ({
  id, name: en.toLowerCase().replaceAll(/[ -]/g, "_"), title: en, titles: { ja, en }, level, kind, type, description: "Many accounts are tried once or twice each from few sources.", logsource: { category: "authentication" },
  file: `content/rules/login/${kind ?? "x"}.yml`, line: 1, tags: ["attack.credential_access", "attack.t1110.004"], falsepositives_ja: [], falsepositives: ["a load test with many accounts"], propose: "block_source",
  hits_30d: Array.from({ length: 30 }, (_, i) => (i === 29 ? hits : i % 11 === 4 ? 1 : 0)), last_hit: hits ? at("02:12:03") : null,
});
const rules = [
  rule("5f6c1d0e-5a0b-4a43-9c0e-2d6a1f4b7e21", RULE.rule_ja, RULE.rule_en, "high", "list_attack", 3), rule("r-2", "試行のあとの成立", "Success after a wave", "high", "success_after", 3),
  rule("r-3", "総当たり", "Brute force on one account", "medium", "brute_force", 0), rule("r-4", "パスワードスプレー", "Password spraying", "medium", "spraying", 0), rule("r-5", "ゆっくり続く試行", "Slow login tries", "medium", "slow", 1),
  rule("r-6", "ログインの失敗", "Failed login", "informational", null, 0, "detection"),
];
const ground = (field, holds, wants, found) => ({ kind: "item", holds, field, op: "is", modifiers: "", wants, found_in: field, found: [found] });
const explain = {
  event: { "@timestamp": "2026-11-22T17:11:58.000Z", "event.category": "authentication", "event.action": "login", "event.outcome": "failure", "user.name": "root", "source.ip": "192.0.2.4", "kizuki.decoder": "sshd" }, unparsed: false,
  detect: { logsources: [{ category: "authentication" }], rules_considered: 5, rules_matched: 1,
    matched: [{ id: "r-6", name: "failed_login", title: "Failed login", level: "informational", matched: true, why: { kind: "and", holds: true, sub: [ground("event.outcome", true, "failure", "failure")] } }],
    near: [{ id: "r-2", name: "success", title: "Success after a wave", level: "high", matched: false, why: { kind: "and", holds: false, sub: [ground("event.outcome", false, "success", "failure")] } }] },
};
const packs = [{ id: "nisc-2014-2-account-list", titles: { ja: "会員制サービスの不正ログイン", en: "Unauthorised logins to a members' service" }, source: "NISC 2014, case 2", sector: "electricity", tlp: "CLEAR", levels: ["executive", "handler", "engineer"] }];
const pack = {
  ...packs[0], pack: { version: "1.0", lessons: ["A-2"] }, rules: ["login_list_attack"],
  story: { ja: "# 会員制サービスの不正ログイン\n\n## 背景\n\nほかで漏れた一覧が試され、一部が成功しました。\n\n- 監視は毎時か日次でした。\n- 止めるまでに数時間かかりました。\n\n## 教訓\n\n別のサービスで再び被害が出ました。", en: "# Unauthorised logins\n\n## Background\n\nA list leaked elsewhere was tried; some logins succeeded.\n\n- Logs were checked hourly or daily.\n- Stopping took hours.\n\n## Lesson\n\nA second service was hit later." },
  playbook: { steps: [{ id: "block", title: { ja: "攻撃元を止める", en: "Block the sources" }, who: "csirt", authority: "night duty", within: "60s" }, { id: "freeze", title: { ja: "口座を凍結する", en: "Freeze accounts" }, who: "business" }] },
  controls: { controls: [{ id: "mfa", question: { ja: "多要素認証を使っていますか", en: "Is multi-factor authentication in use?" }, measure: "mfa_rate" }] }, expect: { noticed_within_s: 60 },
};
const me = { person: { id: 1, name: "当番", role: "administrator", lang: "ja", active: true, version: 1, last_seen: null }, csrf: "x", demo: false, dry_run: false, hand: true, sensor: true, version: "0.1.0", clock_rate: 1 };

export function story({ demo = false, lang = "ja", empty = false } = {}) {
  const began = Date.now();
  const now = () => new Date(START + Date.now() - began).toISOString();
  const who = { ...me, demo, dry_run: demo, person: { ...me.person, lang } };
  const incident = { ...head, ledger, lanes, gaps: [{ lane: "it_ops", lane_name: null, from: at("02:03:40"), to: at("02:31:00"), minutes: 27, open: true, at_least: false, perhaps: 0 }], gap_rule: { minutes: 15, nights: true }, day_one: { from: "occurrence", at: at("00:00:00") }, rank: null, false_alarm: null, unread: { n: 0, upto: 6, first: false }, tasks: null, scope, viewers: [{ name: "当番", since: at("02:06:04"), me: true }, { name: "IT当番", since: at("02:30:02"), me: false }], actions_open: 1, findings_n: 3, evidence_n: 12, looked_back: { first_trace: at("02:03:08"), rule_at: at("02:03:40"), rule: { id: "list", title: "リスト型攻撃", titles: null } }, parted: [] };
  const strip = Array.from({ length: 24 }, (_, i) => ({
    hour: new Date(START - 1_862_000 - (23 - i) * 3_600_000 + 1_800_000).toISOString(), events: i === 20 ? null : 2000 + bell[i * 2] * 3, low: [0, 0, 1, 0, 0, 0, 0, 1, 2, 2, 0, 2, 0, 3, 3, 1, 2, 3, 0, 1, 0, 0, 1, 3][i],
    medium: i === 2 || i === 11 || i === 21 ? 1 : i === 23 ? 2 : 0, high: i === 23 ? 4 : 0, critical: 0, waiting: i === 23 ? 3 : i === 21 ? 1 : 0 }));
  const changes = [[at("02:12:04"), "event.action_in_force", { n: 37, until: at("03:12:04") }, text("by.person", { name: "当番" })], [at("02:03:40"), "event.incident_opened", { ...RULE, number: head.number }, text("by.rule", RULE)],
    [at("22:40:00", 22), "event.incident_closed", { name: "IT当番" }, text("by.person", { name: "IT当番" })]].map(([t, k, p, by]) => ({ at: t, text: text(k, p), by, incident_id: 112 }));
  const nowPage = () => (empty
    ? { checked_at: now(), asks: [], sources_bad: [], sources_bad_total: 0, sources_total: 0, changes: [], last_look: null, strip: strip.map((h) => ({ ...h, events: 0, low: 0, medium: 0, high: 0, waiting: 0 })), backfill: { found: false, from: null, to: null, findings: 0, sources: 0 }, level: null, duty: null, tasks_late: 0, incidents_open: 0, last_closed: null }
    : { checked_at: now(), asks, sources_bad: sources.filter((s) => s.state !== "right"), sources_bad_total: sources.filter((s) => s.state !== "right").length, sources_total: sources.length, changes, last_look: at("22:10:00", 22), strip, backfill: { found: true, from: at("09:00:00", 1), to: at("02:00:00"), findings: 2, sources: 3 }, level: null, duty: null, tasks_late: 0, incidents_open: 1, last_closed: at("22:40:00", 22) });
  const all = empty ? [] : [head, other, quiet];
  const gets = {
    "/me": () => ({ ...who, now: now() }), "/now": nowPage, "/sources": () => ({ sources: empty ? [] : sources, total: empty ? 0 : sources.length }), "/rules": () => ({ rules }),
    "/rules/state": () => ({ reported_at: now(), sets: [], exceptions: [], suppressions: [], canaries: [], delays: [], soc: { watches: [], runs: [] }, change: "none", change_error: null }), "/packs": () => ({ packs }), "/rules/trial": () => ({ trial: null }),
    "/incidents/112": () => ({ ...incident, now: now() }), "/incidents/112/timeline": () => ({ entries: timeline }), "/incidents/112/findings": () => ({ findings, total: 3 }), "/incidents/112/accounts": () => ({ accounts, tried: count(4812) }),
    "/incidents/112/evidence": () => ({ lines, total: 9671, complete: false }), "/incidents/112/actions": () => ({ actions }), "/packs/nisc-2014-2-account-list": () => pack,
    "/demo": () => ({ state: "none", pack: null, url: null, from: null, to: null, text: null }), "/persons": () => ({ persons: [who.person] }), "/findings": () => ({ findings, total: 3 }),
    "/audit/verify": () => ({ ok: true, rows: 214, rows_checked: 180, head: "9c41e07b52d8".repeat(5).slice(0, 64), at: now(), faults: [] }),
    "/audit": () => ({ rows: Array.from({ length: 8 }, (_, i) => ({ seq: 207 + i, at: at(`02:2${i}:00`), by: "person:1", verb: "approve", object: "action", row_id: 3, version: 2, detail: {}, row_hash: "ab", prev: "cd", hash: "9c41e07b52d8" })) }),
  };
  function answer(method, path, query, body) {
    if (method === "GET") {
      if (path === "/incidents") return [200, { incidents: all.filter((i) => query.get("state") === "all" || i.state === (query.get("state") ?? "open")), total: all.length }];
      const id = /^\/rules\/(.+)$/.exec(path)?.[1];
      if (id) return [200, { ...rules.find((r) => r.id === decodeURIComponent(id)), text: RULE_TEXT }];
      return gets[path] ? [200, gets[path]()] : [404, { error: { key: "error.not_found", params: {} } }];
    }
    if (path === "/rules/try") return [200, explain];
    if (path === "/me") { who.person.lang = body.lang; who.person.version += 1; return [200, { ...who, now: now() }]; }
    if (path === "/demo/start") return [200, { state: "running", pack: packs[0].id, url: "https://127.0.0.1:8444/", from: null, to: null, text: null }];
    if (path === "/incidents/112") return [409, { error: { key: "error.version", params: { by: "IT当番" }, yours: 2, theirs: 3, by: "IT当番", at: at("02:30:12") } }];
    if (path === "/actions/4/approve") return [403, { error: { key: "error.may_not", params: { role: "auditor", verb: "approve", object: "action", who: "handler administrator" }, recorded: true } }];
    return [200, {}];
  }
  return { now, answer };
}
