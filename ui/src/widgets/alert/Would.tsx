// What raising a level would hand out, before somebody decides it: who is told what until when, the closer watch, the playbook. Asking does nothing.
import type { LevelRow } from "../../api/types";
import { lang, t } from "../../state/text";

export function Would({ x }: { x: LevelRow }) {
  const w = x.would;
  if (!w) return null;
  const within = (s: number) => (s === 0 ? "" : s % 3600 === 0 ? t("guard.hours", { n: s / 3600 }) : t("guard.minutes", { n: Math.round(s / 60) }));
  return (
    <section aria-label={t("guard.would")}>
      <h4>{t("guard.would")}</h4>
      <ul class="plain">
        <li>{t("guard.would_until", { until: w.until })}{w.factor > 100 && ` · ${t("guard.tighten", { n: w.factor / 100 })}`}</li>
        {w.replaces && <li>{t("guard.would_replace", { level: w.replaces[`title_${lang.value}`] })}</li>}
        {w.playbook && <li>{t("guard.would_playbook", { title: w.playbook[lang.value] })}</li>}
      </ul>
      <p class="small ink2">{t("guard.would_say")}</p>
      <ul class="plain">{w.told.map((a, i) => (
        <li key={i} class="small"><b>{a.service || a.who}</b> {a.person ? `(${a.person})` : `(${t("guard.would_nobody")})`} {a[lang.value]} {a.within_s > 0 && <span class="ink2">{t("guard.within")} {within(a.within_s)}</span>}</li>))}
      </ul>
    </section>
  );
}
