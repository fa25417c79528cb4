// The language of the person, and every sentence on the pages.
import { signal } from "@preact/signals";
import { type Catalogue, fill, type Param, type TextLike } from "../lib/template";
import type { Lang } from "../lib/time";
import { now } from "./clock";

const loaders: Record<Lang, () => Promise<{ default: Record<string, string> }>> = {
  ja: () => import("@content/texts/ja.json"),
  en: () => import("@content/texts/en.json"),
};

export const lang = signal<Lang>("ja");
const texts = signal<Record<string, string>>({});

export async function loadLang(l: Lang): Promise<void> {
  const catalogue = (await loaders[l]()).default;
  texts.value = catalogue;
  lang.value = l;
  document.documentElement.lang = l;
}

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
