// Proposing a lasting act: what, by which driver, to what, how long, why. Nothing is done yet: the card asks.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Driver, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { deedReach, deedVerb, KINDS, PARAM, unproven } from "../../widgets/deed";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";

const MINUTES = [60, 180, 720, 1440, 4320, 10080];
type Form = { kind: string; driver: string; targets: string[]; text: string; minutes: number; param: string; reason: string };
const lines = (s: string): string[] => [...new Set(s.split(/[\n,、\s]+/).map((x) => x.trim()).filter(Boolean))];

/** Listed targets are ticked, others written; of a case's suspected accounts nobody has to type one. */
function Targets({ incident, driver, f, set }: { incident: Incident; driver: Driver; f: Form; set: (f: Form) => void }) {
  const freeze = f.kind === "account_freeze";
  const accounts = useResource(api.accounts(incident.id), [], [incident.id]).data?.accounts ?? [];
  if (!driver.any_target) return (
    <fieldset class="picks"><legend>{t("deed.targets")}</legend>
      {driver.targets.map((x) => <label class="pick" key={x}><input type="checkbox" checked={f.targets.includes(x)} onChange={(e) => set({ ...f, targets: e.currentTarget.checked ? [...f.targets, x] : f.targets.filter((y) => y !== x) })} /><span class="mono">{x}</span></label>)}
    </fieldset>
  );
  return (
    <>
      <label class="field"><span>{t("deed.targets_write")}</span><textarea rows={4} class="mono" value={f.text} onInput={(e) => set({ ...f, text: e.currentTarget.value })} /></label>
      {freeze && accounts.length > 0 && <div class="buttons"><Button smaller onPress={() => set({ ...f, text: accounts.map((a) => a.name).join("\n") })}>{t("deed.take_accounts", { n: accounts.length })}</Button></div>}
    </>
  );
}

function Fields({ incident, drivers, done, leave }: { incident: Incident; drivers: Driver[]; done: () => void; leave: () => void }) {
  const kinds = KINDS.filter((k) => drivers.some((v) => v.kinds.includes(k)));
  const of = (kind: string) => drivers.filter((v) => v.kinds.includes(kind));
  const start = (kind: string): Form => ({ kind, driver: of(kind)[0]?.name ?? "", targets: [], text: "", minutes: 1440, param: "", reason: "" });
  const [f, set] = useState<Form>(() => start(kinds[0] ?? ""));
  const write = useWrite(done);
  const driver = of(f.kind).find((v) => v.name === f.driver) ?? of(f.kind)[0];
  if (!driver) return null;
  const targets = driver.any_target ? lines(f.text) : f.targets, rows = targets.map((target) => ({ target })), param = PARAM[f.kind];
  const save = () => write.run(() => api.proposeDeed(incident.id, {
    kind: f.kind, driver: driver.name, targets, minutes: f.minutes, ...(f.reason.trim() ? { reason: f.reason.trim() } : {}), ...(param && f.param.trim() ? { params: { [param]: f.param.trim() } } : {}),
  }));
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); if (targets.length > 0) void save(); }}>
      <div class="form-row">
        <label class="field"><span>{t("deed.what")}</span><select value={f.kind} onChange={(e) => set(start(e.currentTarget.value))}>{kinds.map((k) => <option value={k}>{t(`deed.kind.${k}`)}</option>)}</select></label>
        <label class="field"><span>{t("deed.driver")}</span><select value={driver.name} onChange={(e) => set({ ...f, driver: e.currentTarget.value, targets: [] })}>{of(f.kind).map((v) => <option value={v.name}>{v[`title_${lang.value}`] || v.name} ({v.name})</option>)}</select></label>
        <label class="field"><span>{t("deed.minutes")}</span><select value={String(f.minutes)} onChange={(e) => set({ ...f, minutes: Number(e.currentTarget.value) })}>{MINUTES.map((m) => <option value={String(m)}>{t("deed.for", { s: m * 60 })}</option>)}</select></label>
      </div>
      {unproven(driver) && <p class="small"><Mark kind="soon">{t("deed.unproven")}</Mark></p>}
      <Targets incident={incident} driver={driver} f={f} set={set} />
      {param && <label class="field"><span>{t(`deed.param_ask.${param}`)}</span><input type="text" maxLength={500} value={f.param} onInput={(e) => set({ ...f, param: e.currentTarget.value })} /></label>}
      <label class="field"><span>{t("deed.reason")}</span><input type="text" maxLength={1000} value={f.reason} onInput={(e) => set({ ...f, reason: e.currentTarget.value })} /></label>
      {targets.length > 0 && <p class="note">{deedReach(f.kind, rows)}</p>}
      <Outcome state={write.state} />
      <div class="buttons">
        {targets.length > 0 ? <Button submit busy={write.state.step === "busy"}>{t("deed.propose_this", { verb: deedVerb(f.kind, rows) })}</Button> : <span class="small ink2">{t("deed.targets_wanted")}</span>}
        <Button onPress={leave}>{t("button.leave")}</Button>
      </div>
    </form>
  );
}

export function DeedPropose({ incident, drivers, done }: { incident: Incident; drivers: Driver[]; done: () => void }) {
  const [open, set] = useState(false);
  const able = drivers.filter((v) => v.kinds.some((k) => KINDS.includes(k)));
  const away = drivers.filter((v) => !v.connected).map((v) => v.name);
  return (
    <Card id="propose" title={t("deed.propose_title")} side={<a class="small" href="#/in-force">{t("nav.in-force")}</a>}>
      <div class="card-body">
        {drivers.length === 0 && <p>{t("deed.not_configured")}</p>}
        {away.length > 0 && <p class="small"><Mark kind="soon">{t("deed.away", { names: away.join(t("word.comma")) })}</Mark></p>}
        {able.length > 0 && !open && <Button onPress={() => set(true)}>{t("deed.propose")}</Button>}
        {able.length > 0 && open && <Fields incident={incident} drivers={able} done={() => { set(false); done(); }} leave={() => set(false)} />}
      </div>
    </Card>
  );
}
