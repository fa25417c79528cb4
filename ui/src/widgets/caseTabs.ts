// What stands side by side above the list of cases, also on the page of reported mails.
import { t } from "../state/text";

const STATES = ["open", "closed", "all", "loose"];
export const casesAt = (state: string, q: string) => `#/cases?state=${state}${q ? `&q=${encodeURIComponent(q)}` : ""}`;
export const caseTabs = (q: string) => [
  ...STATES.map((s) => ({ id: s, href: casesAt(s, s === "loose" ? "" : q), label: t(`cases.${s}`) })),
  { id: "mails", href: "#/mails", label: t("cases.mails") },
];
