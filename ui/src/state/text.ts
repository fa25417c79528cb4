// The language of the person, and every sentence on the pages.
import { signal } from "@preact/signals";
import { type Catalogue, fill, type Param, type TextLike } from "../lib/template";
import type { Lang } from "../lib/time";
import { now } from "./clock";

type Part = Promise<{ default: Record<string, string> }>;
// The sentences of pages that come later come with them: half a catalogue less to wait for at night.
const loaders: Record<Lang, { first: () => Part; later: () => Part }> = {
  ja: { first: () => import("texts:ja"), later: () => import("texts:later-ja") },
  en: { first: () => import("texts:en"), later: () => import("texts:later-en") },
};

export const lang = signal<Lang>("ja");
const texts = signal<Record<string, string>>({});

let wanted = false; // the whole catalogue, from the first page that comes later on

async function catalogue(l: Lang): Promise<Record<string, string>> {
  const [first, later] = await Promise.all([loaders[l].first(), wanted ? loaders[l].later() : null]);
  return { ...first.default, ...later?.default };
}

export async function loadLang(l: Lang): Promise<void> {
  texts.value = await catalogue(l);
  lang.value = l;
  document.documentElement.lang = l;
}

/** Before a page that comes later is shown. */
export async function laterTexts(): Promise<void> {
  if (wanted) return;
  wanted = true;
  const l = lang.value, all = await catalogue(l);
  if (l === lang.value) texts.value = all;
}

/** The whole catalogue of a language, for a page that shows two beside each other. */
export const catalogueOf = catalogue;

const current = (): Catalogue => ({ lang: lang.value, texts: texts.value, now: () => now.peek() });

export const t = (key: string, params?: Record<string, Param>): string => fill(current(), key, params);
export const has = (key: string): boolean => texts.value[key] !== undefined;
/** A text from the server; null is "not known", never an empty place. */
export const say = (x: TextLike | { plain: string } | null | undefined): string =>
  x === null || x === undefined ? t("word.unknown") : "plain" in x ? x.plain : t(x.key, x.params ?? {});
/** The word for a code, or the code itself when a newer server sends one this page does not know. */
export const word = (group: string, code: string | null | undefined): string =>
  code === null || code === undefined ? t("word.unknown") : has(`${group}.${code}`) ? t(`${group}.${code}`) : code;

/** Before sign-in: what the browser asks for. */
export const browserLang = (): Lang => (navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en");

/** A rule's or pack's title in the reader's language, as far as its author wrote one. */
export const titleOf = (x: { title?: string | null; titles?: { ja?: string | null; en?: string | null } | null }): string =>
  x.titles?.[lang.value] ?? x.title ?? x.titles?.ja ?? x.titles?.en ?? t("word.unknown");
