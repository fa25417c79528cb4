// The one place that speaks HTTP: abort, errors, CSRF and versions are handled here and nowhere else.
import type * as T from "./types";

const BASE = "/api/v1";
let csrf = "";

/** What went wrong, told apart as the pages need it. `error` is the server's own words. */
export class ApiFailure extends Error {
  constructor(
    readonly kind: "signed_out" | "refused" | "conflict" | "missing" | "busy" | "unreachable" | "broken",
    readonly status: number,
    readonly error: T.ServerError | null,
  ) {
    super(`${kind} ${status}`);
  }
}

function kindOf(status: number): ApiFailure["kind"] {
  if (status === 401) return "signed_out";
  if (status === 403 || status === 400 || status === 413) return "refused";
  if (status === 429 || status === 503) return "busy";
  if (status === 409) return "conflict";
  if (status === 404) return "missing";
  return "broken";
}

async function send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-Kizuki-CSRF"] = csrf;
  const file = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = !file ? "application/json" : path.startsWith("/rules/") ? "application/zip" : "application/octet-stream";
  try {
    return await fetch(path.startsWith("/api/") ? path : BASE + path, {
      method, headers, body: body === undefined ? undefined : file ? body : JSON.stringify(body),
      credentials: "same-origin", redirect: "error", cache: "no-store", signal,
    });
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new ApiFailure("unreachable", 0, null);
  }
}

export async function call<R>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<R> {
  const res = await send(method, path, body, signal);
  const text = await res.text();
  let json: unknown = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    throw new ApiFailure("broken", res.status, null);
  }
  if (res.ok) return json as R;
  throw new ApiFailure(kindOf(res.status), res.status, (json as { error?: T.ServerError } | null)?.error ?? null);
}

const get = <R>(path: string) => (signal?: AbortSignal) => call<R>("GET", path, undefined, signal);
const enc = encodeURIComponent;
const query = (q: Record<string, string | number | undefined>) => {
  const s = new URLSearchParams();
  for (const [k, v] of Object.entries(q)) if (v !== undefined && v !== "") s.set(k, String(v));
  return s.size ? `?${s}` : "";
};
type Id = string | number;
type Edit = { version: number; state?: string; level?: string; tlp?: string; commander?: number | null; title?: string | null; day_one?: string };

export const api = {
  me: async (signal?: AbortSignal) => {
    const me = await call<T.Me>("GET", "/me", undefined, signal);
    csrf = me.csrf;
    return me;
  },
  setLang: (lang: string, version: number) => call<T.Me>("PUT", "/me", { lang, version }),
  signOut: () => call<unknown>("POST", "/signout"),
  now: get<T.Now>("/now"),
  incidents: (q: { state: string; q?: string; limit?: number; before?: number; order?: "new" | "rank" }) =>
    get<{ incidents: T.IncidentHead[]; total: number }>(`/incidents${query(q)}`),
  incident: (id: Id) => get<T.Incident>(`/incidents/${enc(id)}`),
  editIncident: (id: Id, change: Edit) => call<T.Incident>("PUT", `/incidents/${enc(id)}`, change),
  timeline: (id: Id) => get<{ entries: T.TimelineEntry[] }>(`/incidents/${enc(id)}/timeline`),
  addNote: (id: Id, note: T.NewEntry) => call<T.TimelineEntry>("POST", `/incidents/${enc(id)}/timeline`, note),
  addLane: (id: Id, x: { name: string; base: string }) => call<{ code: string; name: string }>("POST", `/incidents/${enc(id)}/lanes`, x),
  falseAlarm: (id: Id, x: { version: number; reason: string }) => call<T.Incident>("POST", `/incidents/${enc(id)}/false-alarm`, x),
  falseAlarmUndo: (id: Id, version: number) => call<T.Incident>("POST", `/incidents/${enc(id)}/false-alarm/undo`, { version }),
  triage: get<T.Triage>("/triage"),
  sharing: (id: Id) => get<T.Sharing>(`/incidents/${enc(id)}/sharing`),
  addParty: (id: Id, x: { organisation: number; until?: string }) => call<T.Sharing>("POST", `/incidents/${enc(id)}/parties`, x),
  putParty: (id: Id, x: { version: number; state?: string | null; words?: string | null; recovery?: string | null; until?: string | null }) => call<T.Sharing>("PUT", `/parties/${enc(id)}`, x),
  endParty: (id: Id) => call<unknown>("DELETE", `/parties/${enc(id)}`),
  addGrant: (id: Id, x: { person: number; role: string; lane?: string; until?: string }) => call<T.Sharing>("POST", `/incidents/${enc(id)}/grants`, x),
  endGrant: (id: Id) => call<unknown>("DELETE", `/grants/${enc(id)}`),
  putJoint: (id: Id, x: { version: number; words: string }) => call<T.Sharing>("PUT", `/incidents/${enc(id)}/joint`, x),
  people: get<T.People>("/people"),
  seen: (id: Id, entry: number) => call<unknown>("POST", `/incidents/${enc(id)}/seen`, { entry }),
  /** What would go along; nothing is written. */
  splitTry: (id: Id, findings: string[]) => call<T.SplitTry>("POST", `/incidents/${enc(id)}/split/try`, { findings }),
  split: (id: Id, x: { version: number; findings?: string[]; into?: number; into_version?: number }) => call<T.Incident>("POST", `/incidents/${enc(id)}/split`, x),
  files: (id: Id) => get<T.Attachments>(`/incidents/${enc(id)}/files`),
  attach: (of: "rows" | "submissions", id: Id, file: File) => call<T.Attachments>("POST", `/${of}/${enc(id)}/files${query({ name: file.name })}`, file),
  /** For a link: the browser saves it. */
  fileOf: (id: Id) => `/api/v1/files/${enc(id)}`,
  unmerge: (id: Id, version: number) => call<{ back: number; elsewhere: number; since: number }>("POST", `/incidents/${enc(id)}/unmerge`, { version }),
  handover: (id: Id) => get<T.Handovers>(`/incidents/${enc(id)}/handover`),
  giveHandover: (id: Id, x: { words: string; to: number | null }) => call<T.Handovers>("POST", `/incidents/${enc(id)}/handover`, x),
  takeHandover: (id: Id, version: number) => call<T.Handovers>("POST", `/handovers/${enc(id)}/take`, { version }),
  openHandovers: get<{ notes: T.HandoverHead[] }>("/handovers"),
  watchCase: (id: Id, days: number) => call<unknown>("POST", `/incidents/${enc(id)}/watch`, { days }),
  writtenTime: (text: string) => get<T.WrittenTime>(`/time${query({ text })}`),
  incidentFindings: (id: Id) => get<{ findings: T.Finding[]; total: number }>(`/incidents/${enc(id)}/findings`),
  accounts: (id: Id) => get<{ accounts: T.Account[]; tried?: T.Count }>(`/incidents/${enc(id)}/accounts`),
  evidence: (id: Id, finding?: string) =>
    get<{ lines: T.EvidenceLine[]; total: number; complete: boolean }>(`/incidents/${enc(id)}/evidence${query({ finding })}`),
  actions: (id: Id) => get<{ actions: T.Action[] }>(`/incidents/${enc(id)}/actions`),
  act: (id: Id, verb: "approve" | "reject" | "undo" | "extend", body: Record<string, unknown>) =>
    call<T.Action>("POST", `/actions/${enc(id)}/${verb}`, body),
  actionsInForce: get<{ actions: T.Action[] }>("/actions"),
  drivers: get<{ drivers: T.Driver[] }>("/drivers"),
  lists: get<T.FetchedLists>("/lists"),
  addConsumer: (x: { name: string; format: string; every_s: number }) => call<{ id: Id; path: string; token: string }>("POST", "/lists/consumers", x),
  endConsumer: (id: Id) => call<{ ok: boolean }>("DELETE", `/lists/consumers/${enc(id)}`),
  onsite: (task: Id) => get<T.Onsite>(`/tasks/${enc(task)}/onsite`),
  askOnsite: (task: Id, x: { version: number; text: string; targets: { target: string; person: string }[] }) => call<T.Task>("POST", `/tasks/${enc(task)}/onsite`, x),
  campaigns: (incident?: Id) => get<T.Campaigns>(`/campaigns${query({ incident })}`),
  campaign: (id: Id) => get<T.Campaign>(`/campaigns/${enc(id)}`),
  tryCampaign: (x: Partial<T.CampaignNew>) => call<T.CampaignTry>("POST", "/campaigns/try", x),
  packIn: get<T.PackIn>("/packs-in"),
  sendPack: (file: File) => call<T.PackIn>("POST", "/packs-in", file),
  installPack: () => call<T.PackIn>("POST", "/packs-in/install", {}),
  startCampaign: (x: T.CampaignNew) => call<T.Campaign>("POST", "/campaigns", x),
  endCampaign: (id: Id, version: number) => call<T.Campaign>("POST", `/campaigns/${enc(id)}/end`, { version }),
  forceCampaign: (id: Id, x: { driver: string; minutes: number }) => call<T.Campaign>("POST", `/campaigns/${enc(id)}/force`, x),
  answerCampaign: (target: Id, x: { version: number; value: string; words: string; done?: number }) => call<unknown>("POST", `/campaign-targets/${enc(target)}/answer`, x),
  tightenings: (incident?: Id) => get<T.Tightenings>(`/tightenings${query({ incident })}`),
  tighten: (x: { services: string[]; reason: string; until: string; factor: number }) => call<T.Tightenings>("POST", "/tightenings", x),
  reviewTightening: (id: Id, x: { version: number; until: string; why: string }) => call<T.Tightenings>("POST", `/tightenings/${enc(id)}/review`, x),
  endTightening: (id: Id, x: { version: number; why: string }) => call<T.Tightenings>("POST", `/tightenings/${enc(id)}/end`, x),
  deeds: get<T.Deeds>("/deeds"),
  incidentDeeds: (id: Id) => get<T.Deeds>(`/incidents/${enc(id)}/deeds`),
  proposeDeed: (id: Id, x: { kind: string; driver: string; targets: string[]; minutes: number; reason?: string; params?: Record<string, string> }) => call<T.Deeds>("POST", `/incidents/${enc(id)}/deeds`, x),
  deedDo: (id: Id, verb: "approve" | "reject" | "undo", body: { version: number; kept?: string; reason?: string; mistake?: boolean }) => call<T.Deeds>("POST", `/deeds/${enc(id)}/${verb}`, body),
  deedCare: (id: Id, x: { version: number; told?: string; identified?: string; bounced?: boolean }) => call<T.Deeds>("PUT", `/deeds/${enc(id)}/care`, x),
  /** The button of an ask: the room says which request settles it. */
  press: (b: T.AskButton) => call<unknown>(b.method, b.path, b.body ?? {}),
  findings: (q: { limit?: number; before?: number }) => get<{ findings: T.Finding[]; total: number }>(`/findings${query(q)}`),
  unread: (id: Id) => get<{ lines: T.EvidenceLine[]; total: number; complete: boolean }>(`/sources/${enc(id)}/unread`),
  sources: get<{ sources: T.Source[]; total: number }>("/sources"),
  rules: get<{ rules: T.Rule[] }>("/rules"),
  rule: (id: Id) => get<T.Rule>(`/rules/${enc(id)}`),
  ruleState: get<T.RuleState>("/rules/state"),
  ruleOrder: (order: T.RuleOrder) => call<unknown>("POST", "/rules/order", order),
  ruleTrial: get<{ trial: T.RuleTrial | null }>("/rules/trial"),
  tryDecision: (x: T.RuleDecision) => call<{ trial: T.RuleTrial | null }>("POST", "/rules/trial", x),
  endTrial: () => call<{ trial: T.RuleTrial | null }>("POST", "/rules/trial/end"),
  writeRule: (name: string, text: string) => call<{ trial: T.RuleTrial | null }>("POST", "/rules/drafts", { name, text }),
  sendSet: (file: File, name: string, licence: string) => call<{ trial: T.RuleTrial | null }>("POST", `/rules/sets${query({ name, licence })}`, file),
  tryLine: (line: string, source?: string) => call<T.Explain>("POST", "/rules/try", { line, source: source ?? null }),
  startSearch: (q: { query: string; from?: string; to?: string; copy?: string }) => call<{ search: number }>("POST", "/searches", q),
  search: (id: Id) => get<T.Search>(`/searches/${enc(id)}`),
  stopSearch: (id: Id) => call<T.Search>("POST", `/searches/${enc(id)}/stop`, {}),
  searchRule: (id: Id) => get<{ text: string }>(`/searches/${enc(id)}/rule`),
  /** For a link: the browser saves it. */
  csvOf: (id: Id) => `/api/v1/searches/${enc(id)}/csv`,
  startTrace: (q: { address: string; port: string | null; time: string; zone: string | null; destination: string | null; error_s: number; copy?: string }) =>
    call<{ search: number }>("POST", "/traces", q),
  trace: (id: Id) => get<T.Trace>(`/traces/${enc(id)}`),
  stopTrace: (id: Id) => call<T.Trace>("POST", `/traces/${enc(id)}/stop`, {}),
  storedEvent: (n: Id, copy?: string) => get<T.StoredEvent>(`/events/${enc(n)}${query({ copy })}`),
  hunts: get<{ hunts: T.Hunt[] }>("/hunts"),
  seals: get<T.Seals>("/seals"),
  hunt: (id: Id) => get<{ hunt: T.Hunt; result: T.HuntResult }>(`/hunts/${enc(id)}`),
  beginHunt: (x: { hypothesis: string; query?: string; rule?: string; copy?: string }) => call<T.Hunt>("POST", "/hunts/past", x),
  stopHunt: (id: Id) => call<T.Hunt>("POST", `/hunts/${enc(id)}/stop`, {}),
  indicators: (q: { text?: string; ended?: string }) => get<{ indicators: T.Indicator[]; next: number | null; kept_back: number }>(`/indicators${query(q)}`),
  indicatorImports: get<{ imports: T.IndicatorImport[]; alive: number; ended: number }>("/indicators/imports"),
  lookAtIndicators: (x: { name: string; text: string; source?: string; tlp?: string }) => call<T.IndicatorPreview>("POST", "/indicators/preview", x),
  lookAtIndicatorFile: (file: File, x: { source?: string; tlp?: string }) => call<T.IndicatorPreview>("POST", `/indicators/files${query({ name: file.name, ...x })}`, file),
  takeIndicators: (preview: number) => call<{ import: number }>("POST", "/indicators/imports", { preview }),
  dropIndicators: (id: Id) => call<unknown>("DELETE", `/indicators/imports/${enc(id)}`),
  exportFound: (q: { query: string; from?: string; to?: string; why: string; copy?: string }) => call<{ export: number }>("POST", "/evidence", q),
  exportCase: (id: Id, why: string) => call<{ export: number }>("POST", `/incidents/${enc(id)}/evidence/export`, { why }),
  exported: (id: Id) => get<T.Export>(`/evidence/${enc(id)}`),
  exportedFile: (id: Id) => `${BASE}/evidence/${enc(id)}/file`,
  keepHunt: (search: number, hypothesis: string) => call<T.Hunt>("POST", "/hunts", { search, hypothesis }),
  registers: get<{ registers: { spec: T.RegisterSpec; n: number; must: number }[] }>("/registers"),
  register: (name: string) => get<T.Register>(`/registers/${enc(name)}`),
  addRow: (name: string, values: Record<string, string>) => call<T.RegisterRow>("POST", `/registers/${enc(name)}`, { values }),
  putRow: (id: Id, x: { version: number; values: Record<string, string>; active?: boolean }) => call<T.RegisterRow>("PUT", `/register-rows/${enc(id)}`, x),
  readTable: (name: string, file: File, columns?: string, sheet?: string) =>
    call<T.Import>("POST", `/registers/${enc(name)}/imports${query({ file: file.name, columns, sheet })}`, file),
  sendLate: (file: File, source: string, service: string, look: boolean) => call<T.Late>("POST", `/late${query({ file: file.name, source, service, ...(look ? { try: "1" } : {}) })}`, file),
  late: (id: string) => call<T.Late>("GET", `/late/${enc(id)}`),
  applyImport: (id: Id, version: number, gone: boolean) => call<T.Import>("POST", `/imports/${enc(id)}/apply`, { version, gone }),
  undoImport: (id: Id, version: number) => call<T.Import>("POST", `/imports/${enc(id)}/undo`, { version }),
  means: (id: Id) => get<T.Means>(`/incidents/${enc(id)}/means`),
  addMeans: (id: Id, x: { kind: string; name: string; of?: string; yen?: number; contacts?: string[] }) => call<T.Means>("POST", `/incidents/${enc(id)}/means`, x),
  stepMeans: (id: Id, x: { version: number; to: string; at?: string | null; what?: string; words?: string; yen?: number }) => call<T.Means>("POST", `/means/${enc(id)}/step`, x),
  levels: get<T.Levels>("/levels"),
  caseLevels: (id: Id) => get<T.Levels>(`/incidents/${enc(id)}/levels`),
  raiseLevel: (id: Id, x: T.LevelNew) => call<T.Levels>("POST", `/incidents/${enc(id)}/levels`, x),
  raiseTipLevel: (id: Id, x: T.LevelNew) => call<T.Levels>("POST", `/tips/${enc(id)}/level`, x),
  putLevel: (id: Id, x: T.LevelNew & { version: number }) => call<T.Levels>("PUT", `/levels/${enc(id)}`, x),
  endLevel: (id: Id, x: { version: number; why: string }) => call<T.Levels>("POST", `/levels/${enc(id)}/end`, x),
  infos: get<{ infos: T.Info[] }>("/info-reports"),
  info: (id: Id) => get<T.InfoNotes>(`/info-reports/${enc(id)}`),
  addInfo: (x: { kind: string; subject: string; text: string; to: string; aware: string | null; follows?: number; incident?: number; final?: boolean }) => call<T.Info>("POST", "/info-reports", x),
  moveInfo: (id: Id, x: { version: number; stage: string; at: string | null; how: string }) => call<T.Info>("POST", `/info-reports/${enc(id)}/stages`, x),
  tips: (state: string) => get<{ tips: Omit<T.Tip, "text" | "indicators" | "systems" | "calls" | "answers" | "notes">[] }>(`/tips${query({ state })}`),
  tip: (id: Id) => get<T.Tip>(`/tips/${enc(id)}`),
  addTip: (x: { form: string; from: string; sender: string; contact: string; channel: string; tlp: string; received: string | null; text: string }) => call<T.Tip>("POST", "/tips", x),
  changeTip: (id: Id, x: { version: number; to: string; why?: string }) => call<T.Tip>("PUT", `/tips/${enc(id)}`, x),
  tipToCase: (id: Id, x: { version: number; incident?: number }) => call<T.Tip>("POST", `/tips/${enc(id)}/case`, x),
  replyTip: (id: Id, x: { way: string; address: string; text: string }) => call<T.Tip>("POST", `/tips/${enc(id)}/reply`, x),
  askTip: (id: Id, x: { systems: number[]; text: string }) => call<T.Tip>("POST", `/tips/${enc(id)}/ask`, x),
  reportKinds: get<T.ReportKinds>("/report-kinds"),
  reportCounts: get<T.ReportCounts>("/report-counts"),
  reports: (state: string) => get<{ reports: Omit<T.PersonReport, "notes">[]; new: number }>(`/reports${query({ state })}`),
  oneReport: (id: Id) => get<T.PersonReport>(`/reports/${enc(id)}`),
  report: (x: { kind: string; text: string; service: string; caller: string; contact: string; channel: string; lang: string }) => call<T.ReportReceipt>("POST", "/reports", x),
  changeReport: (id: Id, x: { version: number; to: string; why?: string }) => call<T.PersonReport>("PUT", `/reports/${enc(id)}`, x),
  reportToCase: (id: Id, x: { version: number; incident?: number }) => call<T.PersonReport>("POST", `/reports/${enc(id)}/case`, x),
  messages: get<T.Messages>("/messages"),
  messagesOf: (incident: Id) => get<T.Messages>(`/messages${query({ incident })}`),
  sendAgain: (id: Id) => call<unknown>("POST", `/messages/${enc(id)}/again`),
  mailReports: get<{ reports: T.MailHead[] }>("/mail-reports"),
  mailReport: (id: Id) => get<T.MailReport>(`/mail-reports/${enc(id)}`),
  mailToCase: (id: Id, x: { version: number; incident?: number }) => call<T.MailReport>("POST", `/mail-reports/${enc(id)}/case`, x),
  tasks: (id: Id) => get<{ tasks: T.Task[]; runs: T.RunHead[] }>(`/incidents/${enc(id)}/tasks`),
  addTask: (id: Id, x: { text: string; due?: string; assignee?: number; key: string }) => call<T.Task>("POST", `/incidents/${enc(id)}/tasks`, x),
  putTask: (id: Id, x: { version: number; assignee?: number | null; due?: string | null; place?: number; text?: string }) => call<T.Task>("PUT", `/tasks/${enc(id)}`, x),
  endTask: (id: Id, x: T.TaskEnd) => call<T.Task>("POST", `/tasks/${enc(id)}/end`, x),
  startRun: (incident: Id, playbook: number) => call<T.Run>("POST", `/incidents/${enc(incident)}/runs`, { playbook }),
  run: (id: Id) => get<T.Run>(`/runs/${enc(id)}`),
  putRun: (id: Id, x: { version: number; to: "running" | "declined" | "stopped"; why?: string }) => call<T.Run>("PUT", `/runs/${enc(id)}`, x),
  playbooks: get<{ playbooks: { key: string; titles: { ja: string; en: string }; versions: T.PlaybookHead[] }[]; uses: { kind: string | null; rule: string | null; playbook: string }[]; fitting: { playbook: string; pack: string }[] }>("/playbooks"),
  playbooksFor: (incident: Id) => get<{ playbooks: { key: string; titles: { ja: string; en: string }; versions: T.PlaybookHead[] }[]; uses: { kind: string | null; rule: string | null; playbook: string }[]; fitting: { playbook: string; pack: string }[] }>(`/playbooks${query({ case: incident })}`),
  playbook: (id: Id) => get<T.Playbook>(`/playbooks/${enc(id)}`),
  tryPlaybook: (form: "ours" | "cacao", source: string) => call<T.PlaybookTried>("POST", "/playbooks/try", { form, source }),
  savePlaybook: (form: "ours" | "cacao", source: string) => call<T.Playbook>("POST", "/playbooks", { form, source }),
  usePlaybook: (id: Id, version: number, active: boolean) => call<T.Playbook>("PUT", `/playbooks/${enc(id)}`, { version, active }),
  /** For a link: the browser saves it. */
  cacaoOf: (id: Id) => `/api/v1/playbooks/${enc(id)}/cacao`,
  obligations: (id: Id) => get<{ obligations: T.Obligation[] }>(`/incidents/${enc(id)}/obligations`),
  sayObligation: (id: Id, x: { key: string; report: string; version: number; said: "applies" | "not" | null; why: string }) => call<unknown>("PUT", `/incidents/${enc(id)}/obligations`, x),
  scopes: (id: Id) => get<T.Scopes>(`/incidents/${enc(id)}/scopes`),
  scopeRun: (id: Id) => get<T.ScopeRun>(`/scope-runs/${enc(id)}`),
  countScope: (id: Id, x: { scope: string; values: Record<string, string[]>; from: string; to: string }) => call<T.ScopeRun>("POST", `/incidents/${enc(id)}/scopes`, x),
  stopScope: (id: Id) => call<T.ScopeRun>("POST", `/scope-runs/${enc(id)}/stop`),
  putScopeFile: (text: string) => call<unknown>("POST", "/scopes", { text }),
  endScopeFile: (id: Id) => call<unknown>("DELETE", `/scopes/${enc(id)}`),
  caseRows: (id: Id, kind: string) => get<T.CaseRows>(`/incidents/${enc(id)}/rows?kind=${enc(kind)}`),
  addCaseRow: (id: Id, x: T.CaseRowNew) => call<T.CaseRows>("POST", `/incidents/${enc(id)}/rows`, x),
  changeCaseRow: (id: Id, x: T.CaseRowChange) => call<T.CaseRows>("PUT", `/rows/${enc(id)}`, x),
  askCaseRow: (id: Id, x: { version: number; way: string; text: string }) => call<T.CaseRows>("POST", `/rows/${enc(id)}/ask`, x),
  recovery: (id: Id) => get<T.Recovery>(`/incidents/${enc(id)}/recovery`),
  safety: (id: Id) => get<T.Safety>(`/incidents/${enc(id)}/safety`),
  caseForms: (id: Id) => get<{ forms: T.FormHead[]; submissions: T.Submission[] }>(`/incidents/${enc(id)}/forms`),
  caseForm: (id: Id, form: string) => get<T.CaseForm>(`/incidents/${enc(id)}/form${query({ form })}`),
  /** For a link: the browser saves it. */
  formFile: (id: Id, form: string, as: string, lang: string) => `${BASE}/incidents/${enc(id)}/form-file${query({ form, as, lang })}`,
  sendBlank: (form: string, file: File) => call<unknown>("POST", `/forms/${enc(form)}/blank${query({ file: file.name })}`, file),
  submitted: (id: Id, x: { form: string; to: string; how: string; at?: string; obligation?: string; report?: string }) => call<unknown>("POST", `/incidents/${enc(id)}/submissions`, x),
  receipt: (id: Id, x: { version: number; number: string; from: string }) => call<unknown>("PUT", `/submissions/${enc(id)}/receipt`, x),
  facts: (id: Id) => get<T.Facts>(`/incidents/${enc(id)}/facts`),
  putFact: (id: Id, x: T.FactPut) => call<T.Facts>("PUT", `/incidents/${enc(id)}/facts`, x),
  publications: (id: Id) => get<T.Publications>(`/incidents/${enc(id)}/publications`),
  beginPublication: (id: Id, x: { statement: string; stage: T.Publication["stage"]; corrects?: number }) => call<T.Publications>("POST", `/incidents/${enc(id)}/publications`, x),
  changePublication: (id: Id, x: { version: number; stage?: T.Publication["stage"]; next?: string; en?: boolean; own?: Record<string, { ja: string; en: string }> }) => call<T.Publications>("PUT", `/publications/${enc(id)}`, x),
  askPublication: (id: Id, x: { version: number; risk_do: string; risk_go_on: string }) => call<T.Publications>("POST", `/publications/${enc(id)}/ask`, x),
  endPublication: (id: Id, x: { version: number; why: string }) => call<T.Publications>("POST", `/publications/${enc(id)}/end`, x),
  /** For a link: the browser saves it. */
  publicationFiles: (id: Id) => `${BASE}/incidents/${enc(id)}/publication-file${query({ as: "zip" })}`,
  answers: (id: Id) => get<T.Answers>(`/incidents/${enc(id)}/answers`),
  putAnswer: (id: Id, x: { replaces?: number; kind: string; question: string; question_en: string; answer: string; answer_en: string }) => call<T.Answers>("POST", `/incidents/${enc(id)}/answers`, x),
  approveAnswer: (id: Id, version: number) => call<T.Answers>("POST", `/answers/${enc(id)}/approve`, { version }),
  endAnswer: (id: Id, version: number) => call<T.Answers>("POST", `/answers/${enc(id)}/end`, { version }),
  outgoings: (id: Id) => get<T.Outgoings>(`/incidents/${enc(id)}/outgoing`),
  addOutgoing: (id: Id, x: { statement: string; list?: string; scope?: number; due?: string; given?: Record<string, string> }) => call<T.Outgoing>("POST", `/incidents/${enc(id)}/outgoing`, x),
  outgoing: (id: Id) => get<T.Outgoing>(`/outgoing/${enc(id)}`),
  sendOutgoing: (id: Id, version: number) => call<T.Outgoing>("POST", `/outgoing/${enc(id)}/send`, { version }),
  endOutgoing: (id: Id, version: number) => call<T.Outgoing>("POST", `/outgoing/${enc(id)}/end`, { version }),
  /** For a link: the browser saves it. */
  outgoingLetters: (id: Id) => `${BASE}/outgoing/${enc(id)}/letters`,
  putRecipient: (id: Id, x: { version: number; address?: string; again?: boolean; letter?: boolean; answer?: string }) => call<unknown>("PUT", `/recipients/${enc(id)}`, x),
  contactLog: (id: Id) => get<T.ContactLog>(`/incidents/${enc(id)}/contacts`),
  addContact: (id: Id, x: Record<string, string>) => call<T.ContactLog>("POST", `/incidents/${enc(id)}/contacts`, x),
  changeContact: (id: Id, x: { version: number; said?: string; approved?: string; kept?: boolean }) => call<T.ContactLog>("PUT", `/contacts/${enc(id)}`, x),
  desk: get<T.Desk>("/desk"),
  countCaller: (x: { publication: number; answer?: number; kind: string; question?: string }) => call<T.Desk>("POST", "/desk/callers", x),
  duty: get<T.Duty>("/duty"),
  dutyDays: (days: number, from?: string) => get<T.DutyDays>(`/duty/days${query({ days, from })}`),
  incidentAuthority: (id: Id, kind: string) => get<T.AuthorityAnswer>(`/incidents/${enc(id)}/authority${query({ kind })}`),
  authorities: get<T.Authorities>("/authority"),
  lend: (x: { service: string; kind: string; hours: number; why: string; person?: string; group?: string }) => call<T.Authorities>("POST", "/lends", x),
  returnLend: (id: Id, version: number) => call<T.Authorities>("POST", `/lends/${enc(id)}/return`, { version }),
  decisions: (id: Id) => get<{ decisions: T.Decision[] }>(`/incidents/${enc(id)}/decisions`),
  putDecision: (id: Id, x: { kind: T.Decision["kind"]; service?: string; risk_do: string; risk_go_on: string }) => call<unknown>("POST", `/incidents/${enc(id)}/decisions`, x),
  decide: (id: Id, x: { version: number; verdict: "do" | "go_on"; why: string }) => call<{ decided: boolean }>("POST", `/decisions/${enc(id)}/make`, x),
  callouts: (id: Id) => get<{ callouts: T.Callout[] }>(`/incidents/${enc(id)}/callouts`),
  callOut: (id: Id, x: { purpose: T.Callout["purpose"]; text: string; kind?: string; people?: string[]; question?: string }) => call<unknown>("POST", `/incidents/${enc(id)}/callouts`, x),
  answered: (id: Id, x: { person: string; answer?: string }) => call<unknown>("POST", `/callouts/${enc(id)}/answer`, x),
  endCallout: (id: Id) => call<unknown>("POST", `/callouts/${enc(id)}/end`, {}),
  sheets: (id: Id) => get<{ sheets: T.Sheet[] }>(`/incidents/${enc(id)}/sheets`),
  makeSheet: (id: Id) => call<unknown>("POST", `/incidents/${enc(id)}/sheets`, {}),
  voidSheet: (id: Id, version: number) => call<unknown>("POST", `/sheets/${enc(id)}/void`, { version }),
  enterCode: (x: { code: string; at: string; why: string }) => call<{ outcome: string; incident_id: number | null }>("POST", "/codes", x),
  persons: get<{ persons: T.Person[] }>("/persons"),
  addPerson: (p: { name: string; role: string; lang: "ja" | "en" }) => call<T.Person>("POST", "/persons", p),
  editPerson: (id: Id, x: { version: number; roles: string[] }) => call<T.Person>("PUT", `/persons/${enc(id)}`, x),
  datafiles: (kind: string) => get<{ files: T.DatafileVersion[] }>(`/datafiles${query({ kind })}`),
  datafile: (id: Id) => get<T.Datafile>(`/datafiles/${enc(id)}`),
  addDatafile: (kind: string, source: string) => call<T.Datafile>("POST", "/datafiles", { kind, source }),
  useDatafile: (id: Id, x: { version: number; active: boolean }) => call<T.Datafile>("PUT", `/datafiles/${enc(id)}`, x),
  signInLink: (id: Id) => call<T.SignInLink>("POST", `/persons/${enc(id)}/link`),
  audit: (q: { after?: number; limit?: number }) => get<{ rows: T.AuditRow[] }>(`/audit${query(q)}`),
  auditVerify: get<T.AuditVerify>("/audit/verify"),
  packs: get<{ packs: T.PackSummary[] }>("/packs"),
  findPacks: (q: string) => get<{ packs: T.PackSummary[] }>(`/packs${query({ q })}`),
  packDraft: (id: Id) => get<T.PackDrafts>(`/incidents/${enc(id)}/pack`),
  makePackDraft: (id: Id, version?: number) => call<T.PackDrafts>("POST", `/incidents/${enc(id)}/pack`, version === undefined ? {} : { version }),
  changePackDraft: (id: Id, x: { version: number; rows?: T.PackDraftRow[]; drop?: string[]; files?: Record<string, string> }) => call<T.PackDrafts>("PUT", `/pack-drafts/${enc(id)}`, x),
  approvePackDraft: (id: Id, x: { version: number; provider: string; who: string; how: string }) => call<T.PackDrafts>("POST", `/pack-drafts/${enc(id)}/approve`, x),
  packDraftFile: (id: Id) => `${BASE}/incidents/${enc(id)}/pack-file`,
  quarter: (year: number, quarter: number) => get<T.Quarter>(`/lessons/quarter${query({ year, quarter })}`),
  alike: (id: Id) => get<T.Alike>(`/incidents/${enc(id)}/alike`),
  readiness: get<T.Readiness>("/readiness"),
  measureReadiness: () => call<T.Readiness>("POST", "/readiness/measure", {}),
  followups: (pack?: string) => get<T.Followups>(`/followups${query({ pack })}`),
  followupsCsv: (pack?: string) => `${BASE}/followups/csv${query({ pack })}`,
  follow: (x: { pack: string; lesson?: string; question?: string; words: string; person: string; how?: string; by?: string; due: string }) => call<T.Followups>("POST", "/followups", x),
  changeFollowup: (id: Id, x: { version: number; words: string; person: string; how?: string; by?: string; due: string }) => call<T.Followups>("PUT", `/followups/${enc(id)}`, x),
  followupDone: (id: Id, x: { version: number; evidence: string; until?: string }) => call<T.Followups>("POST", `/followups/${enc(id)}/done`, x),
  dropFollowup: (id: Id, x: { version: number; why: string }) => call<T.Followups>("POST", `/followups/${enc(id)}/drop`, x),
  attest: (pack: Id, body: { control: string; answer: boolean; evidence: string; until: string }) => call<T.Readiness>("POST", `/packs/${enc(pack)}/attest`, body),
  pack: (id: Id) => get<T.Pack>(`/packs/${enc(id)}`),
  demo: get<T.Demo>("/demo"),
  demoStart: (pack?: string) => call<T.Demo>("POST", "/demo/start", pack ? { pack } : {}),
  demoClear: () => call<unknown>("POST", "/demo/clear", {}),
};
