// Addresses of pages. They live behind "#": the room then serves one file, and no case number ever stands in
// a server's log or a Referer.
import { signal } from "@preact/signals";

export interface Route { page: string; args: string[]; query: URLSearchParams }

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...args] = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { page: page || "now", args, query: new URLSearchParams(query) };
}

export const route = signal<Route>(parseRoute(""));

export const href = (...parts: (string | number)[]): string =>
  `#/${parts.map((p) => encodeURIComponent(String(p))).join("/")}`;

export function go(to: string): void {
  location.hash = to.replace(/^#/, "");
}

export function startRoute(): void {
  const read = () => { route.value = parseRoute(location.hash); };
  addEventListener("hashchange", read);
  read();
}

/** The room names pages by its own words ("/incidents/5/actions"); here they stand under "#/cases". */
export const pageLink = (path: string): string =>
  `#/${path.replace(/^[#/]+/, "").replace(/^incidents(?=\/|$)/, "cases")}`;
