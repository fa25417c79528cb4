// 配布リスト: who fetches the list of what is blocked, whether they have today's, and how to let another one fetch it.
// A list nobody comes for blocks nothing: that row is red.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { FetchedLists } from "../../api/types";
import { me } from "../../state/session";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { Confirm } from "../../widgets/Confirm";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";

type Consumer = FetchedLists["consumers"][number];
type Format = FetchedLists["formats"][number];
const NAME = /^[A-Za-z0-9._-]{1,40}$/;

function State({ c }: { c: Consumer }) {
  if (c.fetched === null) return <Mark kind={c.late ? "failed" : "todo"}>{t(c.late ? "lists.never_late" : "lists.never")}</Mark>;
  if (c.late) return <Mark kind="failed">{t("lists.late")}</Mark>;
  return c.current ? <Mark kind="ok">{t("lists.current", { n: c.n })}</Mark> : <Mark kind="todo">{t("lists.old")}</Mark>;
}

function End({ c, reload }: { c: Consumer; reload: () => void }) {
  const write = useWrite(reload);
  return (
    <>
      <Outcome state={write.state} />
      <Confirm smaller busy={write.state.step === "busy"} label={t("lists.end")} question={t("lists.end_question", { name: c.name })} effect={t("lists.end_effect")} onConfirm={() => void write.run(() => api.endConsumer(c.id))} />
    </>
  );
}

function How({ format, path, name, token }: { format: Format; path: string; name: string; token: string }) {
  const url = `${location.origin}${path}`;
  return (
    <div class="card-body" role="status">
      <p><Mark kind="ok">{t("lists.made", { name })}</Mark></p>
      <p>{format.how[lang.value].replaceAll("{{url}}", url).replaceAll("{{name}}", name)}</p>
      <dl class="facts">
        <dt>{t("lists.url")}</dt><dd class="mono wrap">{url}</dd>
        <dt>{t("lists.token")}</dt><dd class="mono wrap">{token}</dd>
      </dl>
      <p class="small">{t("lists.token_once")}</p>
    </div>
  );
}

function Add({ data, reload }: { data: FetchedLists; reload: () => void }) {
  const [f, set] = useState({ name: "", format: data.formats[0]?.id ?? "", every: "5" });
  const [made, keep] = useState<{ path: string; token: string; name: string; format: Format } | null>(null);
  const write = useWrite(reload);
  const every = Number(f.every), ready = NAME.test(f.name) && every >= 1 && every <= 1440;
  const format = data.formats.find((x) => x.id === f.format);
  const add = async () => {
    if (format === undefined) return;
    const x = await api.addConsumer({ name: f.name, format: format.id, every_s: Math.round(every * 60) });
    keep({ path: x.path, token: x.token, name: f.name, format });
    set({ ...f, name: "" });
  };
  return (
    <Card id="lists-add" title={t("lists.add")} caption={t("lists.add_caption")}>
      {made && <How {...made} />}
      <form class="card-body" onSubmit={(e) => { e.preventDefault(); if (ready) void write.run(add); }}>
        <Outcome state={write.state} />
        <div class="form-row">
          <label class="field"><span>{t("lists.name")}</span><input type="text" maxLength={40} placeholder="fw-01" value={f.name} onInput={(e) => set({ ...f, name: e.currentTarget.value.trim() })} /></label>
          <label class="field"><span>{t("lists.format")}</span>
            <select value={f.format} onChange={(e) => set({ ...f, format: e.currentTarget.value })}>
              {data.formats.map((x) => <option value={x.id}>{x.title[lang.value]}</option>)}
            </select></label>
          <label class="field"><span>{t("lists.every")}</span><input type="text" inputMode="numeric" maxLength={4} value={f.every} onInput={(e) => set({ ...f, every: e.currentTarget.value })} /></label>
        </div>
        {f.name !== "" && !NAME.test(f.name) && <p class="small">{t("lists.name_rule")}</p>}
        {format && format.proven === null && <p class="small">{t("lists.unproven")}</p>}
        <div class="buttons">{ready && <Button solid submit busy={write.state.step === "busy"}>{t("lists.make")}</Button>}</div>
      </form>
    </Card>
  );
}

export function Lists({ data, reload }: { data: FetchedLists; reload: () => void }) {
  const title = (id: string) => data.formats.find((x) => x.id === id)?.title[lang.value] ?? id;
  const mine = me.value?.person.roles.includes("administrator") ?? false;
  return (
    <>
      <Card id="lists" title={t("lists.title")} caption={t("lists.caption", { n: data.n })}>
        {data.consumers.length === 0 ? <p class="empty">{t(mine ? "lists.none_yet" : "lists.none")}</p> : (
          <Table label={t("lists.title")} rows={data.consumers} id={(c) => c.id} columns={[
            { head: t("lists.name"), title: true, cell: (c) => <><b class="mono">{c.name}</b> <span class="small">{title(c.format)}</span></> },
            { head: t("in_force.state"), class: "card-wide", cell: (c) => <><State c={c} /> {c.left_out > 0 && <div class="small">{t("lists.left_out", { n: c.left_out })}</div>}</> },
            { head: t("lists.fetched"), cell: (c) => (c.fetched ? <><Time at={c.fetched} /> <span class="small mono">{c.from}</span></> : t("word.not_yet")) },
            { head: t("lists.every_head"), cell: (c) => t("lists.every_n", { n: Math.round(c.every_s / 60) }) },
            ...(mine ? [{ head: t("in_force.back"), class: "card-wide", cell: (c: Consumer) => <End c={c} reload={reload} /> }] : []),
          ]} />)}
      </Card>
      {mine && <Add data={data} reload={reload} />}
    </>
  );
}
