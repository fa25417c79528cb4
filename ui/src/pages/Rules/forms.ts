// What the forms about rules can say before anybody is asked: names, days, what would hide everything.

export const ZIP_BYTES_MAX = 256 * 1024 * 1024; /* RULESET_ZIP_BYTES_MAX of the sensor */
export const EXCEPTION_DAYS_MAX = 366;

/** Letters, digits, - and _; the sensor's own rule (ruleset_name_is_good). */
export const badName = (name: string): boolean => !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name);

/** "SigmaHQ sigma (core).zip" becomes "SigmaHQ-sigma-core". */
export const nameOf = (file: string): string =>
  file.replace(/\.zip$/i, "").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+|[-_]+$/g, "").slice(0, 64);

export interface Where { field: string; value: string }
export interface ExceptionForm { where: Where[] | "whole"; until: string; owner: string; reason: string }
export interface SuppressForm { span: string; owner: string; reason: string }

/** The keys of what is missing or wrong, in the order of the form; an empty list: it can be tried. `today`: "2026-11-23". */
export function exceptionFaults(v: ExceptionForm, today: string): string[] {
  const faults: string[] = [];
  const rows = v.where === "whole" ? [] : v.where.filter((w) => w.field.trim() || w.value.trim());
  if ((v.where !== "whole" && rows.length === 0) || rows.some((w) => !w.field.trim() || !w.value.trim())) faults.push("where");
  if (rows.some((w) => w.value.trim() === "*")) faults.push("star");
  if (!v.until) faults.push("until");
  else if (v.until < today) faults.push("until_past");
  else if (Date.parse(v.until) - Date.parse(today) > EXCEPTION_DAYS_MAX * 86_400_000) faults.push("until_far");
  if (!v.owner.trim()) faults.push("owner");
  if (!v.reason.trim()) faults.push("reason");
  return faults;
}

export function suppressFaults(v: SuppressForm): string[] {
  return (["owner", "reason"] as const).filter((k) => !v[k].trim());
}

/** "192.0.2.20:514", "soc.example.net:6514", "[2001:db8::1]:514" */
const badAddress = (at: string): boolean => {
  const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(at)?.[1] ?? 0);
  return port < 1 || port > 65535;
};

/** What is missing or wrong before an outsourced watch can be named. */
export function watchFaults(v: { name: string; at: string }): string[] {
  return [...(badName(v.name.trim()) ? ["name"] : []), ...(badAddress(v.at.trim()) ? ["at"] : [])];
}

/** The day in Japan: exceptions end with it. */
export const dayInJapan = (ms: number): string => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 10);
