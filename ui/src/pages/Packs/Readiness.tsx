// 備え: the first page of 教訓. What would have passed unseen, the lessons by their cells, what to do next, how it has become.
import { api } from "../../api/client";
import type { Readiness as All } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";
import { Gaps, Unseen } from "./Gaps";
import { Legend, Matrix, useNarrow } from "./Matrix";
import { Proofs } from "./Proofs";
import { CELLS } from "./ready";
import { Trend } from "./Trend";

function Begin({ measure, busy }: { measure: () => void; busy: boolean }) {
  return <Card class="ready-begin"><div class="card-body"><p>{t("ready.begin")}</p><div class="buttons"><Button solid busy={busy} onPress={measure}>{t("ready.measure")}</Button></div></div></Card>;
}

function Whole({ d, reload }: { d: All; reload: () => void }) {
  const narrow = useNarrow();
  const gaps = d.measured_at && <Gaps rows={d.packs} reload={reload} />;
  return (
    <>
      {d.measured_at && <Unseen rows={d.packs} />}
      {narrow && gaps}
      <Matrix rows={d.packs} measured={d.measured_at !== null} reload={reload} />
      {!narrow && gaps}
      <Trend d={d} />
    </>);
}

export function Readiness() {
  const all = useResource(api.readiness, ["readiness"], []);
  const write = useWrite();
  const measure = () => void write.run(async () => { await api.measureReadiness(); all.reload(); });
  const busy = write.state.step === "busy";
  return (
    <Loaded of={all}>{(d) => (
      <>
        <div class="page-head"><h1>{t("ready.title", { n: d.packs.length })}</h1>
          <span class="small ink2">{d.measured_at ? <>{t("ready.measured_on")} <Time at={d.measured_at} /></> : t("ready.never")}</span><span class="grow" /><Legend /></div>
        <div class="buttons ready-buttons no-print">
          {d.measured_at && <Button smaller busy={busy} onPress={measure}>{t("ready.measure")}</Button>}
          <Button smaller href="#/packs/management">{t("ready.to_management")}</Button>
          <Button smaller href="#/packs/todo">{t("ready.todo_open")}</Button>
          <Button smaller href="#/packs/library">{t("ready.to_library")}</Button>
          <Button smaller href="#/playbooks">{t("nav.playbooks")}</Button>
        </div>
        <Outcome state={write.state} />
        {!d.measured_at && <Begin measure={measure} busy={busy} />}
        <Whole d={d} reload={all.reload} />
      </>)}
    </Loaded>);
}

/** The cells of one lesson, all of them open. */
export function PackReadiness({ id }: { id: string }) {
  const all = useResource(api.readiness, ["readiness"], []);
  return (
    <Card id="controls" title={t("packs.controls")}>
      <Loaded of={all}>{(d) => {
        const row = d.packs.find((p) => p.id === id);
        return <div class="card-body">{row && CELLS.filter((c) => row.cells[c].items.length > 0).map((c) => <details key={c} open={row.cells[c].state === "must"}><summary><b>{t(`ready.cell.${c}`)}</b> {t(`ready.state.${row.cells[c].state}`)}</summary><Proofs pack={row.id} items={row.cells[c].items} reload={all.reload} /></details>)}
          {row && row.others.length > 0 && <section><h3>{t("ready.others")}</h3><Proofs pack={row.id} items={row.others} reload={all.reload} /></section>}</div>;
      }}</Loaded>
    </Card>);
}
