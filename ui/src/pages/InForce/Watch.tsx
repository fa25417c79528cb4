// 強めている監視: what is noticed more easily until a date, why, whether the sensor has it, and its review.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Tightening, Tightenings } from "../../api/types";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { caseLink } from "../../widgets/deed";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Remaining, Time } from "../../widgets/Time";

const list = (s: string): string[] => s.split(/[、,\n]/).map((x) => x.trim()).filter(Boolean);

function Begin({ reload }: { reload: () => void }) {
  const [services, setServices] = useState(""), [reason, setReason] = useState(""), [until, setUntil] = useState(""), [factor, setFactor] = useState("200");
  const write = useWrite(() => { setServices(""); setReason(""); reload(); });
  return (
    <Card title={t("watch.new")}>
      <form class="form" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.tighten({ services: list(services), reason, until, factor: Number(factor) })); }}>
        <label class="field"><span>{t("watch.services_hint")}</span><input type="text" value={services} onInput={(e) => setServices(e.currentTarget.value)} /></label>
        <label class="field"><span>{t("watch.factor_hint")}</span>
          <select value={factor} onChange={(e) => setFactor(e.currentTarget.value)}>{["150", "200", "300", "500"].map((f) => <option value={f}>{t("watch.factor", { n: Number(f) / 100 })}</option>)}</select></label>
        <label class="field"><span>{t("watch.reason")}</span><input type="text" maxLength={1000} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
        <label class="field"><span>{t("watch.until")}</span><input type="text" value={until} placeholder={t("campaign.when_hint")} onInput={(e) => setUntil(e.currentTarget.value)} /></label>
        <Outcome state={write.state} />
        <Button submit busy={write.state.step === "busy"}>{t("watch.start")}</Button>
      </form>
    </Card>
  );
}

function Decide({ x, reload }: { x: Tightening; reload: () => void }) {
  const [why, setWhy] = useState(""), [until, setUntil] = useState("");
  const write = useWrite(reload);
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); void write.run(() => api.endTightening(x.id, { version: x.version, why })); }}>
      <label class="field"><span>{t("watch.why")}</span><input type="text" maxLength={1000} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
      <label class="field"><span>{t("watch.until")}</span><input type="text" value={until} placeholder={t("campaign.when_hint")} onInput={(e) => setUntil(e.currentTarget.value)} /></label>
      <Outcome state={write.state} />
      <div class="buttons">
        <Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.reviewTightening(x.id, { version: x.version, until, why }))}>{t("watch.extend")}</Button>
        <Button smaller submit busy={write.state.step === "busy"}>{t("watch.end")}</Button>
      </div>
    </form>
  );
}

export function Watch({ data, reload }: { data: Tightenings; reload: () => void }) {
  const [opened, open] = useState<number | null>(null);
  const on = data.tightenings.filter((x) => x.state === "in_force").length;
  return (
    <>
      <Card id="watch" title={t("watch.title")} caption={t("watch.caption", { n: on })}>
        {on > 0 && <p>{data.sensor.knows ? <Mark kind="ok">{t("watch.sensor_knows", { n: data.sensor.rules })}</Mark> : <Mark kind="must">{t(data.sensor.why ? "watch.sensor_refused" : "watch.sensor_waits", { why: data.sensor.why })}</Mark>}</p>}
        {data.tightenings.length === 0 ? <p class="empty">{t("watch.none")}</p> : (
          <Table label={t("watch.title")} rows={data.tightenings} id={(x) => x.id} below={(x) => (opened === x.id ? <Decide x={x} reload={() => { open(null); reload(); }} /> : null)} columns={[
            { head: t("watch.services"), title: true, cell: (x) => <><b>{[...x.services, ...x.hosts].join(t("word.comma")) || x.sets.join(t("word.comma"))}</b>{x.incident && <> <a class="small nowrap" href={caseLink(x.incident)}>{t("in_force.case", { id: x.incident })}</a></>}<div class="small ink2">{t(`watch.use.${x.use}`)}</div></> },
            { head: t("watch.reason"), class: "card-wide", cell: (x) => x.reason },
            { head: t("watch.state"), class: "card-wide", cell: (x) => (x.state === "ended" ? <Mark kind="declared">{t("watch.ended")}</Mark> : x.review_due ? <Mark kind="must">{t("watch.review_due")}</Mark> : <Mark kind="run">{t("watch.factor", { n: x.factor / 100 })}</Mark>) },
            { head: t("watch.noticed"), num: true, cell: (x) => x.noticed },
            { head: t("watch.review"), cell: (x) => <Time at={x.review} /> },
            { head: t("watch.until"), class: "card-wide", cell: (x) => <><Time at={x.ended ?? x.until} />{x.state === "in_force" && <> <Remaining until={x.until} /></>}</> },
            { head: t("watch.decide"), class: "card-wide", cell: (x) => x.state === "in_force" && <Button smaller onPress={() => open(opened === x.id ? null : x.id)}>{t("watch.decide_do")}</Button> },
          ]} />)}
      </Card>
      <Begin reload={reload} />
    </>
  );
}
