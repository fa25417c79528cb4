// 10分の手順: what somebody who is no specialist does with one kind of device, in order. Ticks are for the eye; they are kept nowhere.
import { useState } from "preact/hooks";
import { has, t } from "../../../state/text";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";

export const DEVICES = ["pc", "server", "phone", "usb", "network", "cloud"] as const;
const STEPS_MAX = 12;

export function Guide({ device, choose }: { device: string; choose: (d: string) => void }) {
  const [done, set] = useState<ReadonlySet<string>>(new Set());
  const steps = Array.from({ length: STEPS_MAX }, (_, i) => `custody_guide.${device}.${i + 1}`).filter(has);
  const tick = (k: string, on: boolean) => set((s) => { const n = new Set(s); if (on) n.add(k); else n.delete(k); return n; });
  return (
    <Card id="custody-guide" title={t("custody_guide.title", { device: t(`custody_guide.${device}`) })} caption={t("custody_guide.caption")} side={<span class="no-print"><Button smaller onPress={() => window.print()}>{t("custody_guide.print")}</Button></span>}>
      <div class="card-body">
        <label class="field no-print"><span>{t("custody_guide.which")}</span><select value={device} onChange={(e) => { set(new Set()); choose(e.currentTarget.value); }}>{DEVICES.map((d) => <option value={d}>{t(`custody_guide.${d}`)}</option>)}</select></label>
        <ol class="custody-steps">{steps.map((k) => <li key={k}><label class="pick"><input type="checkbox" checked={done.has(k)} onChange={(e) => tick(k, e.currentTarget.checked)} /><span>{t(k)}</span></label></li>)}</ol>
      </div>
    </Card>
  );
}
