// 痕跡情報: a file is looked at before it is taken in; what was taken in can be taken back; what is looked for, until when, and
// how often it was met.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Indicator, IndicatorPreview } from "../../api/types";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

const TEXT_MAX = 786432;
const SHOWN = 50;

function Looked({ p, take, leave, busy }: { p: IndicatorPreview; take: () => void; leave: () => void; busy: boolean }) {
  const n = p.new + p.known;
  return (
    <div class="card-body" role="status">
      <p><b class="big">{t("ioc.looked", { fresh: p.new, known: p.known, refused: p.refused_total })}</b> <span class="small ink2">{t("ioc.format", { format: t(`ioc.format.${p.format}`) })}</span></p>
      {p.refused.length > 0 && (
        <Table label={t("ioc.refused")} rows={p.refused.slice(0, SHOWN)} id={(r) => `${r.line} ${r.value}`} columns={[
          { head: t("ioc.value"), cell: (r) => r.value, class: "mono", title: true },
          { head: t("ioc.why"), cell: (r) => <>{t(`ioc.why.${r.why}`)}{r.why !== "own" && r.why !== "file_name" && r.why !== "reference" && r.detail && <span class="small ink2">{` (${r.detail})`}</span>}</> },
        ]} />)}
      <div class="buttons">
        {n > 0 ? <Button solid busy={busy} onPress={take}>{t("ioc.take", { n })}</Button> : <Mark kind="todo">{t("ioc.nothing")}</Mark>}
        <Button onPress={leave}>{t("button.leave")}</Button>
      </div>
    </div>
  );
}

function Add({ done }: { done: () => void }) {
  const [text, setText] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [source, setSource] = useState("");
  const [tlp, setTlp] = useState("");
  const [looked, look] = useState<IndicatorPreview | null>(null);
  const write = useWrite();
  const forget = () => { look(null); write.clear(); };
  const large = new TextEncoder().encode(text).length > TEXT_MAX;
  const choose = (f: File | null) => { forget(); setFile(f); if (f) setText(""); };
  const ready = file !== null || (text.trim() !== "" && !large);
  const said = { source: source.trim() || undefined, tlp: tlp || undefined };
  const send = () => void write.run(async () => { look(file ? await api.lookAtIndicatorFile(file, said) : await api.lookAtIndicators({ name: t("ioc.pasted"), text, ...said })); });
  const take = () => void write.run(async () => { if (looked) await api.takeIndicators(looked.preview); setText(""); setFile(null); look(null); done(); });
  return (
    <Card title={t("ioc.add")}>
      <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (ready) send(); }}>
        <label class="field"><span>{t("ioc.file")}</span><input type="file" accept=".json,.csv,.tsv,.txt,.stix,.eml,text/*,application/json" onChange={(e) => choose(e.currentTarget.files?.[0] ?? null)} /></label>
        <label class="field"><span>{t("ioc.text")}</span><textarea class="mono" rows={5} value={text} onInput={(e) => { setText(e.currentTarget.value); setFile(null); forget(); }} spellcheck={false} /></label>
        <div class="form-row">
          <label class="field"><span>{t("ioc.source")}</span><input type="text" maxLength={300} value={source} onInput={(e) => { setSource(e.currentTarget.value); forget(); }} /></label>
          <label class="field"><span>{t("ioc.tlp")}</span><select value={tlp} onChange={(e) => { setTlp(e.currentTarget.value); forget(); }}>
            <option value="">{t("ioc.tlp_file")}</option>
            {["clear", "green", "amber", "amber+strict", "red"].map((x) => <option value={x}>{`TLP:${x.toUpperCase()}`}</option>)}
          </select></label>
        </div>
        {large && <p class="small" role="note">{t("ioc.large")}</p>}
        {!looked && <div class="buttons"><Button submit solid={ready} busy={write.state.step === "busy"}>{t("ioc.look")}</Button><span class="small ink2">{t("ioc.hint")}</span></div>}
        <Outcome state={write.state} />
      </form>
      {looked && <Looked p={looked} take={take} leave={forget} busy={write.state.step === "busy"} />}
    </Card>
  );
}

function Imports({ again, changed }: { again: number; changed: () => void }) {
  const list = useResource(api.indicatorImports, [], [again]);
  const write = useWrite(changed);
  return (
    <Card title={t("ioc.imports")}>
      <Outcome state={write.state} />
      <Loaded of={list}>{(d) => (d.imports.length === 0 ? <Empty>{t("ioc.none")}</Empty> : (
        <Table label={t("ioc.imports")} rows={d.imports} id={(i) => i.id} columns={[
          { head: t("ioc.file_name"), cell: (i) => i.name, title: true },
          { head: t("ioc.count"), cell: (i) => t("ioc.counts", { n: i.n, refused: i.refused }), num: true },
          { head: t("search.when"), cell: (i) => <><Time at={i.at} /> <span class="small ink2">{i.by}</span></> },
          { head: t("ioc.undo"), cell: (i) => <Confirm smaller label={t("ioc.undo")} question={t("ioc.undo_sure", { name: i.name })} effect={t("ioc.undo_effect", { n: i.n })} busy={write.state.step === "busy"} onConfirm={() => void write.run(() => api.dropIndicators(i.id))} /> },
        ]} />))}</Loaded>
    </Card>
  );
}

const surest = (x: Indicator) => [...x.origins].sort((a, b) => (b.confidence ?? -1) - (a.confidence ?? -1))[0];
const strictest = (x: Indicator) => ["red", "amber+strict", "amber", "green", "clear"].find((l) => x.origins.some((o) => o.tlp === l)) ?? "red";

function List({ again }: { again: number }) {
  const [text, find] = useState("");
  const [ended, withEnded] = useState(false);
  const list = useResource(api.indicators({ text: text.trim(), ended: ended ? "true" : undefined }), [], [again, text, ended]);
  const until = (x: Indicator) => (x.origins.some((o) => o.until === null) ? t("ioc.no_end") : <Time at={x.origins.map((o) => o.until ?? "").sort().pop() ?? ""} />);
  return (
    <Card title={t("ioc.list")}>
      <div class="card-body buttons">
        <input type="search" value={text} maxLength={300} onInput={(e) => find(e.currentTarget.value)} aria-label={t("ioc.find")} placeholder={t("ioc.find")} />
        <label><input type="checkbox" checked={ended} onChange={(e) => withEnded(e.currentTarget.checked)} /> {t("ioc.ended")}</label>
      </div>
      <Loaded of={list}>{(d) => (
        <>
          {d.indicators.length === 0 ? <Empty>{t("ioc.list_none")}</Empty> : (
            <Table label={t("ioc.list")} rows={d.indicators} id={(x) => `${x.kind} ${x.value}`} columns={[
              { head: t("ioc.value"), cell: (x) => x.value, class: "mono", title: true },
              { head: t("ioc.from"), cell: (x) => <>{surest(x)?.source}{x.origins.length > 1 && <span class="small ink2">{` ${t("ioc.more", { n: x.origins.length - 1 })}`}</span>}</> },
              { head: "TLP", cell: (x) => strictest(x).toUpperCase() },
              { head: t("ioc.sure"), cell: (x) => surest(x)?.confidence ?? t("ioc.unsaid"), num: true, wide: true },
              { head: t("ioc.until"), cell: until },
              { head: t("ioc.hits"), cell: (x) => (x.hits > 0 ? <Mark kind="must">{t("ioc.hit", { n: x.hits })}</Mark> : t("ioc.no_hit")) },
            ]} />)}
          {d.kept_back > 0 && <p class="card-body small ink2">{t("ioc.kept_back", { n: d.kept_back })}</p>}
        </>)}</Loaded>
    </Card>
  );
}

export function Indicators() {
  const [again, count] = useState(0);
  const changed = () => count((n) => n + 1);
  return (
    <>
      <p class="ink2 card-body">{t("ioc.lead")}</p>
      <Add done={changed} />
      <List again={again} />
      <Imports again={again} changed={changed} />
    </>
  );
}
