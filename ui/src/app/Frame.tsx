// The frame: who and when at the top, the pages, the bands that must not be missed, five places on phones.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import { absolute, clock, parse } from "../lib/time";
import { now } from "../state/clock";
import { useResource } from "../state/resource";
import { go } from "../state/route";
import { lostSince, me } from "../state/session";
import { lang, t, word } from "../state/text";
import { Button } from "../widgets/Button";
import { Mark } from "../widgets/Mark";
import { HeaderClock } from "../widgets/Time";
import { DemoBand } from "./DemoBand";
import { Help } from "./Help";
import { helpOpen } from "./keys";

const NAV = ["now", "cases", "search", "sources", "rules", "packs", "settings"];
const BOTTOM = ["now", "cases", "sources", "rules", "more"];
const UNDER_MORE = ["search", "reports", "packs", "playbooks", "duty", "in-force", "settings", "more"];
const to = (page: string) => (page === "now" ? "#/" : `#/${page}`);

function Bands() {
  const who = me.value;
  return (
    <>
      {who?.demo && <DemoBand />}
      {lostSince.value !== null && (
        <div class="band" role="alert"><div><Mark kind="soon">{t("band.lost")}</Mark><span>{t("band.lost_text", { at: lostSince.value })}</span></div></div>)}
      {who && !who.demo && who.dry_run && (
        <div class="band" role="note"><div><Mark kind="todo">{t("band.dry_run")}</Mark><span>{t("band.dry_run_text")}</span><a class="small" href="#/settings">{t("band.dry_run_how")}</a></div></div>)}
    </>
  );
}

function Find() {
  const [q, set] = useState("");
  return (
    <form class="find" role="search" onSubmit={(e) => { e.preventDefault(); go(`#/cases?state=all&q=${encodeURIComponent(q)}`); }}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="1.8"><circle cx="6.5" cy="6.5" r="5" /><path d="m10.5 10.5 4.5 4.5" /></g></svg>
      <input type="search" data-find value={q} onInput={(e) => set(e.currentTarget.value)} placeholder={t("find.cases")} aria-label={t("find.cases")} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

/** Who is on duty until when; asked again when that ends. */
function DutyFact() {
  const duty = useResource(api.duty, ["registers"], []);
  const group = duty.data?.groups[0], first = group?.on[0];
  const until = first?.until ?? null;
  const over = until !== null && (parse(until) ?? Infinity) <= now.value;
  useEffect(() => { if (over) duty.reload(); }, [over]);
  if (!group) return null;
  if (!first) return <a class="fact wide" href="#/duty"><Mark kind="must">{t("duty.nobody")}</Mark></a>;
  return <a class="fact wide" href="#/duty">{t("frame.duty", { name: first.name, deputy: group.on[1]?.name ?? "", until: until ? clock(parse(until) ?? 0) : "" })}</a>;
}

/** What one is on guard against now; its page says for which services. */
function LevelFact() {
  const x = useResource(api.levels, ["alert_level"], []).data?.level;
  return <a class={x ? "fact" : "fact wide"} href="#/levels">{x ? <Mark kind="soon">{t("frame.level", { level: lang.value === "ja" ? x.title_ja : x.title_en })}</Mark> : t("frame.level_none")}</a>;
}

function Top({ page }: { page: string }) {
  return (
    <header class="top">
      <div class="top-row top-first">
        <a class="brand" href="#/">気付き<small>Kizuki</small></a>
        <span class="grow" />
        <span class="fact wide">{t("nav.now")} <HeaderClock /></span>
        <span class="fact only-phone"><HeaderClock brief /></span>
        <LevelFact />
        <DutyFact />
        <Find />
        <span class="fact wide">{word("person", me.value?.person.name)}</span>
        <Button smaller class="help-button" onPress={() => { helpOpen.value = true; }}><span aria-hidden="true">?</span> {t("frame.help")}</Button>
      </div>
      <nav class="top-line wide" aria-label={t("frame.nav")}>
        <div class="top-row"><div class="nav">
          {NAV.map((p) => <a href={to(p)} aria-current={p === page || (p === "cases" && (page === "runs" || page === "mails")) || (p === "packs" && page === "playbooks") ? "page" : undefined}>{t(`nav.${p}`)}</a>)}
        </div><span class="grow" /><a class="button smaller report-link" href="#/reports/new">{t("frame.report")}</a></div>
      </nav>
    </header>
  );
}

export function Frame({ page, help, children }: { page: string; help: string; children: ComponentChildren }) {
  const skip = (e: Event) => { e.preventDefault(); const m = document.querySelector<HTMLElement>("main"); m?.focus(); m?.scrollIntoView(); };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t("frame.skip")}</a>
      <Bands />
      <Top page={page} />
      <main class="page" tabIndex={-1}>{children}</main>
      <footer class="foot"><span>Kizuki {me.value?.version}</span><span>{t("frame.printed", { at: absolute(now.peek(), lang.value) })}</span></footer>
      <nav class="bottom" aria-label={t("frame.nav")}>
        {BOTTOM.map((p) => <a href={to(p)} aria-current={p === page || (p === "cases" && page === "mails") || (p === "more" && UNDER_MORE.includes(page)) ? "page" : undefined}>{t(`nav.${p}`)}</a>)}
      </nav>
      <Help page={help} />
    </>
  );
}
