// Duties and forms as data: which version is in use, what it says, and one's own instead of it. The text is the file (docs/forms.md); what does
// not hold is said with its place, and a shipped version is never changed, only put out of use.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { DatafileVersion } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { type Column, Table } from "../../widgets/Table";
import { Segments } from "../../widgets/Tabs";
import { mayDo } from "../../widgets/task";
import { Time } from "../../widgets/Time";

type Kind = "obligation" | "form";

function Text({ of, kind, done, leave }: { of: DatafileVersion; kind: Kind; done: () => void; leave: () => void }) {
  const one = useResource(api.datafile(of.id), [], [of.id]);
  const [text, set] = useState<string | null>(null);
  const write = useWrite(done);
  return (
    <Loaded of={one}>{(f) => {
      const is = text ?? f.source;
      return (
        <form class="form card-body" onSubmit={(e) => { e.preventDefault(); if (is !== f.source) void write.run(() => api.addDatafile(kind, is)).then((ok) => ok && leave()); }}>
          <label class="field"><span>{t("datafile.text", { name: f.titles[lang.value] ?? f.key, n: f.number })}</span>
            <textarea class="mono" rows={18} spellcheck={false} readOnly={!mayDo()} value={is} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} /></label>
          <Outcome state={write.state} />
          <div class="buttons">
            {mayDo() && (is !== f.source ? <Button submit busy={write.state.step === "busy"}>{t("datafile.save")}</Button> : <span class="small ink2">{t("datafile.unchanged")}</span>)}
            <Button onPress={leave}>{t("button.leave")}</Button>
          </div>
        </form>);
    }}</Loaded>
  );
}

function Use({ of, done }: { of: DatafileVersion; done: () => void }) {
  const write = useWrite(done);
  return <><Button smaller busy={write.state.step === "busy"} onPress={() => void write.run(() => api.useDatafile(of.id, { version: of.version, active: !of.active }))}>{t(of.active ? "datafile.end" : "datafile.use")}</Button><Outcome state={write.state} /></>;
}

export function DataFiles({ kind }: { kind: Kind }) {
  const list = useResource(api.datafiles(kind), ["registers"], [kind]);
  const [opened, open] = useState<number | null>(null);
  const columns: Column<DatafileVersion>[] = [
    { head: t("datafile.name"), title: true, cell: (f) => <b>{f.titles[lang.value] ?? f.titles.ja ?? f.key}</b> },
    { head: t("datafile.number"), num: true, cell: (f) => f.number },
    { head: t("datafile.state"), cell: (f) => <Mark kind={f.active ? "ok" : "declared"}>{t(f.active ? "datafile.active" : "datafile.inactive")}</Mark> },
    { head: t("datafile.by"), cell: (f) => (f.origin === "shipped" ? t("datafile.shipped") : <>{f.made_by && say(f.made_by)} <Time at={f.made_at} /></>) },
    { head: t("datafile.do"), class: "card-wide", cell: (f) => <span class="buttons"><Button smaller onPress={() => open(opened === f.id ? null : f.id)}>{t("datafile.open")}</Button>{mayDo() && <Use of={f} done={list.reload} />}</span> },
  ];
  const tabs = (["obligation", "form"] as const).map((k) => ({ id: k, href: `#/settings/data/${k}`, label: t(`datafile.kind.${k}`) }));
  return (
    <div class="stack">
      <div><Segments tabs={tabs} on={kind} label={t("datafile.title")} /></div>
      <Card id="datafiles" title={t(`datafile.kind.${kind}`)} caption={t("datafile.caption")}>
        <Loaded of={list}>{(d) => (d.files.length === 0 ? <Empty>{t("datafile.none")}</Empty> : (
          <Table label={t(`datafile.kind.${kind}`)} columns={columns} rows={d.files} id={(f) => f.id} below={(f) => (opened === f.id ? <Text of={f} kind={kind} done={list.reload} leave={() => open(null)} /> : null)} />))}</Loaded>
      </Card>
    </div>
  );
}
