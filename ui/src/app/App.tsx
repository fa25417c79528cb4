// Which page stands behind which address, and the frame around them.
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { route } from "../state/route";
import { listen, session } from "../state/session";
import { t } from "../state/text";
import { Case } from "../pages/Case";
import { Cases } from "../pages/Cases";
import { Now } from "../pages/Now";
import { Packs } from "../pages/Packs";
import { Rules } from "../pages/Rules";
import { Search } from "../pages/Search";
import { Settings } from "../pages/Settings";
import { SignIn } from "../pages/SignIn";
import { Sources } from "../pages/Sources";
import { Frame } from "./Frame";
import { More } from "./More";

interface Props { args: string[]; query: URLSearchParams }
const PAGES: Record<string, ComponentType<Props>> = {
  now: Now, cases: Cases, search: Search, sources: Sources, rules: Rules, packs: Packs, settings: Settings, more: More,
};

function useTitle(page: string, first: string | undefined): void {
  useEffect(() => {
    document.title = `${t(`nav.${page}`)} | ${t("app.name")}`;
    scrollTo(0, 0);
    const h1 = document.querySelector<HTMLElement>("main h1");
    if (h1 && document.activeElement !== document.body) { h1.tabIndex = -1; h1.focus({ preventScroll: true }); }
  }, [page, first]);
}

export function App() {
  const { page, args, query } = route.value;
  const state = session.value;
  const open = page === "cases" ? (args[0] ?? null) : null;
  useEffect(() => { if (state === "in") listen(open); }, [state, open]);
  useTitle(PAGES[page] ? page : "missing", args[0]);
  useEffect(() => { if (state === "in" && location.pathname !== "/") history.replaceState(null, "", `/${location.hash}`); }, [state]);
  if (state === "starting") return null;
  if (state !== "in") return <SignIn state={state} reason={page === "signin" ? (args[0] ?? null) : location.pathname === "/signin" ? "used" : null} />;
  const Page = page === "cases" && args[0] ? Case : (PAGES[page] ?? Missing);
  return <Frame page={page} help={PAGES[page] ? (page === "cases" && args[0] ? "case" : page) : "missing"}><Page key={`${page}/${args[0] ?? ""}`} args={args} query={query} /></Frame>;
}

function Missing() {
  return <div class="card card-body missing"><h1>{t("missing.title")}</h1><p><a href="#/">{t("missing.back")}</a></p></div>;
}
