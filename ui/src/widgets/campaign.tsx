// How a campaign is shown wherever it is: its title, what became of it, and the share done over time (a step line from the beginning to now, or
// to its end, the date as a bar; the number stands beside it, in words for who cannot see the picture).
import type { CampaignHead, CampaignKind } from "../api/types";
import { parse } from "../lib/time";
import { now } from "../state/clock";
import { lang, t } from "../state/text";
import { Mark } from "./Mark";

export const kindTitle = (kinds: CampaignKind[], name: string): string => {
  const k = kinds.find((x) => x.campaign === name);
  return k ? k.title[lang.value] : name;
};
/** A title nobody changed is shown in the reader's language. */
export const campaignTitle = (c: CampaignHead, kinds: CampaignKind[]): string => {
  const k = kinds.find((x) => x.campaign === c.kind);
  return k && c.title === k.title.ja ? k.title[lang.value] : c.title;
};

export function CampaignMark({ c }: { c: CampaignHead }) {
  if (c.state !== "running") return <Mark kind={c.state === "done" ? "ok" : "declared"}>{t(`campaign.state.${c.state}`)}</Mark>;
  return c.overdue ? <Mark kind="must">{t("campaign.overdue", { n: c.targets_n - c.targets_done })}</Mark> : <Mark kind="run">{t("campaign.left", { n: c.targets_n - c.targets_done })}</Mark>;
}

const W = 132, H = 28;

export function CampaignShare({ c }: { c: CampaignHead }) {
  const from = parse(c.started) ?? 0, to = Math.max(parse(c.ended) ?? now.value, from + 1), all = Math.max(1, c.n);
  const x = (at: number) => ((at - from) / (to - from)) * W, y = (done: number) => H - 2 - (done / all) * (H - 4);
  const line = c.share.reduce((d, p) => `${d}H${x(parse(p.at) ?? from).toFixed(1)}V${y(p.done).toFixed(1)}`, `M0 ${y(0)}`) + `H${W}`;
  const due = parse(c.due) ?? to, words = t("campaign.share_said", { done: c.done, n: c.n, percent: Math.floor((100 * c.done) / all) });
  return (
    <span class="nowrap">
      <svg class="spark" width={W} height={H} viewBox={`0 0 ${W} ${H}`} role="img" aria-label={words}>
        <title>{words}</title>
        <path d={`M0 ${H - 1}H${W}M0 2H${W}`} stroke="var(--line2)" fill="none" />
        <path d={line} stroke="var(--press)" fill="none" stroke-width="2" />
        {due < to && <path d={`M${x(due).toFixed(1)} 0V${H}`} stroke="var(--must)" stroke-width="1.5" />}
      </svg> {t("campaign.of", { done: c.done, n: c.n })}
    </span>
  );
}
