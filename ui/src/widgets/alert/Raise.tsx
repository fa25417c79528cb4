// A level put before who decides: which, for which services, until when, why. Also for one a tip or cases proposed.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { LevelRow } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../Button";
import { Loaded } from "../Loaded";
import { Outcome } from "../Outcome";

interface Props { tip?: boolean; id: number; services: string[]; reason: string; done: () => void; row?: LevelRow }

export function RaiseLevel({ tip = false, id, services, reason, done, row }: Props) {
  const all = useResource(api.levels, ["alert_level"], []);
  const [f, set] = useState({ level: row?.level ?? "", services: (row?.services ?? services).join("\n"), until: "", reason: row?.reason ?? reason });
  const write = useWrite(done);
  const put = (k: keyof typeof f) => (e: { currentTarget: { value: string } }) => { set({ ...f, [k]: e.currentTarget.value }); write.clear(); };
  const list = f.services.split("\n").map((s) => s.trim()).filter(Boolean), ready = list.length > 0 && f.reason.trim() !== "";
  return (
    <Loaded of={all}>{(d) => {
      const level = d.levels.find((l) => l.level === f.level) ?? d.levels[0];
      if (!level) return null;
      const x = { level: level.level, services: list, reason: f.reason.trim(), until: f.until.trim() || null };
      const send = () => void write.run(() => (row ? api.putLevel(row.id, { ...x, version: row.version }) : (tip ? api.raiseTipLevel : api.raiseLevel)(id, x)));
      return (
        <form class="form" onSubmit={(e) => { e.preventDefault(); if (ready) send(); }}>
          <div class="form-row">
            <label class="field"><span>{t("guard.level")}</span><select value={level.level} onChange={put("level")}>{d.levels.map((l) => <option value={l.level}>{l.title[lang.value]}</option>)}</select></label>
            <label class="field"><span>{t("guard.until", { hours: Math.round(level.lasts_s / 3600) })}</span><input type="text" value={f.until} onInput={put("until")} placeholder={t("tips.received_hint")} /></label>
          </div>
          <p class="small ink2">{level.means[lang.value]}</p>
          <label class="field"><span>{t("guard.services")}</span><textarea rows={Math.min(6, list.length + 1)} maxLength={4000} value={f.services} onInput={put("services")} /></label>
          <label class="field"><span>{t("guard.reason")}</span><input type="text" maxLength={300} value={f.reason} onInput={put("reason")} /></label>
          <Outcome state={write.state} />
          <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("guard.put")}</Button>{!ready && <span class="small ink2">{t("guard.missing")}</span>}</div>
        </form>
      );
    }}</Loaded>
  );
}
