// The band of a demonstration: that it is one, what is played, and how far its story has come. The end of the
// story is the pack's own, the time in it the clock of this demonstration's room.
import { api } from "../api/client";
import { share } from "../lib/time";
import { now } from "../state/clock";
import { useResource } from "../state/resource";
import { t, titleOf } from "../state/text";

function Progress({ from, to }: { from: string; to: string }) {
  const part = share(now.value, from, to);
  const percent = Math.round(part * 100);
  return (
    <span class="drill-progress">
      <svg width="120" height="8" viewBox="0 0 160 8" preserveAspectRatio="none" role="img" aria-label={t("band.demo_progress", { percent })}>
        <rect width="160" height="8" rx="4" fill="var(--band-stripe)" /><rect width={160 * part} height="8" rx="4" fill="var(--band-ink)" />
      </svg>
      <span>{t(part < 1 ? "band.demo_at" : "band.demo_done", { at: now.value, from, to })}</span>
    </span>
  );
}

export function DemoBand() {
  const demo = useResource(api.demo, ["demo"], []);
  const packs = useResource(api.packs, [], []);
  const d = demo.data;
  const pack = packs.data?.packs.find((p) => p.id === d?.pack);
  return (
    <div class="drill" role="note"><div>
      <p><b>{t("band.demo")}</b>{pack && <b>{titleOf(pack)}</b>}{d?.from && d.to && <Progress from={d.from} to={d.to} />}<span class="drill-text">{t("band.demo_text")}</span></p>
    </div></div>
  );
}
