// Which page stands behind which address, and the frame around them. What is needed at night comes at once; the
// other pages come when the first one stands, so that they are there before anybody asks for them.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { route } from "../state/route";
import { listen, me, session } from "../state/session";
import { laterTexts, t } from "../state/text";
import { Case } from "../pages/Case";
import { Cases } from "../pages/Cases";
import { Now } from "../pages/Now";
import { SignIn } from "../pages/SignIn";
import { Frame } from "./Frame";
import { More } from "./More";

interface Props { args: string[]; query: URLSearchParams }
const PAGES: Record<string, ComponentType<Props>> = {
  now: Now, cases: Cases, more: More,
};
const LATER: Record<string, () => Promise<ComponentType<Props>>> = {
  sources: () => import("../pages/Sources").then((m) => m.Sources),
  search: () => import("../pages/Search").then((m) => m.Search),
  rules: () => import("../pages/Rules").then((m) => m.Rules),
  runs: () => import("../pages/Runs").then((m) => m.Runs),
  playbooks: () => import("../pages/Playbooks").then((m) => m.Playbooks),
  duty: () => import("../pages/Duty").then((m) => m.Duty),
  levels: () => import("../pages/Levels").then((m) => m.Levels),
  desk: () => import("../pages/Desk").then((m) => m.Desk),
  campaigns: () => import("../pages/Campaigns").then((m) => m.Campaigns),
  "in-force": () => import("../pages/InForce").then((m) => m.InForce),
  mails: () => import("../pages/Mails").then((m) => m.Mails),
  reports: () => import("../pages/Reports").then((m) => m.Reports),
  print: () => import("../pages/Print").then((m) => m.Print),
  packs: () => import("../pages/Packs").then((m) => m.Packs),
  lessons: () => import("../pages/Lessons").then((m) => m.Lessons),
  settings: () => import("../pages/Settings").then((m) => m.Settings),
};
const come = signal<Record<string, ComponentType<Props>>>({});

/** A file that is gone belongs to a version that is gone: the address is opened anew, once. */
function load(name: string): void {
  if (come.value[name]) return;
  const page = LATER[name];
  if (page === undefined) return;
  Promise.all([page(), laterTexts()]).then(([page]) => { come.value = { ...come.value, [name]: page }; }, () => {
    if (sessionStorage.getItem("reloaded") !== name) { sessionStorage.setItem("reloaded", name); location.reload(); }
  });
}

function useTitle(page: string, first: string | undefined, there: boolean): void {
  useEffect(() => {
    document.title = `${t(`nav.${page}`)} | ${t("app.name")}`;
    scrollTo(0, 0);
    const h1 = document.querySelector<HTMLElement>("main h1");
    if (h1 && document.activeElement !== document.body) { h1.tabIndex = -1; h1.focus({ preventScroll: true }); }
  }, [page, first, there]);
}

export function App() {
  const { args, query } = route.value;
  // who only answers the telephone begins where the answers are
  const page = route.value.page === "now" && me.value?.person.role === "desk" ? "desk" : route.value.page;
  const state = session.value;
  const open = page === "cases" ? (args[0] ?? null) : null;
  useEffect(() => { if (state === "in") listen(open); }, [state, open]);
  const known = page in PAGES || page in LATER;
  const there = PAGES[page] ?? come.value[page];
  useTitle(known ? page : "missing", args[0], there !== undefined);
  useEffect(() => { if (state === "in") load(page); }, [state, page]);
  useEffect(() => {
    if (state !== "in") return;
    const soon = setTimeout(() => Object.keys(LATER).forEach(load), 1000);
    return () => clearTimeout(soon);
  }, [state]);
  useEffect(() => { if (state === "in" && location.pathname !== "/") history.replaceState(null, "", `/${location.hash}`); }, [state]);
  if (state === "starting") return null;
  if (state !== "in") return <SignIn state={state} reason={page === "signin" ? (args[0] ?? null) : location.pathname === "/signin" ? "used" : null} />;
  const Page = page === "cases" && args[0] ? Case : known ? there : Missing;
  return <Frame page={page} help={known ? (page === "cases" && args[0] ? "case" : page) : "missing"}>{Page ? <Page key={`${page}/${args[0] ?? ""}`} args={args} query={query} /> : <p class="empty" role="status">{t("page.coming")}</p>}</Frame>;
}

function Missing() {
  return <div class="card card-body missing"><h1>{t("missing.title")}</h1><p><a href="#/">{t("missing.back")}</a></p></div>;
}
