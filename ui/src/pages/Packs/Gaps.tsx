// What to do next: each gap once, with the lessons it opens, in somebody's hands or to be given to somebody; and what is under way.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Followup } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Done, Own, Standing } from "./Own";
import { mayOwn } from "./Proofs";
import { day, deedOf, gapsOf, pageOf, stepOf, titleOf, unseenOf, type Gap, type Row } from "./ready";

const FIRST = 6, NAMES = 4;
const some = (rows: Row[]): string => rows.slice(0, NAMES).map((r) => r.short).join(" ") + (rows.length > NAMES ? ` ${t("ready.more", { n: rows.length - NAMES })}` : "");

function One({ gap, reload }: { gap: Gap; reload: () => void }) {
  const [open, setOpen] = useState(false);
  const { item, rows } = gap, page = pageOf(item);
  return (
    <li class="task gap">
      <Mark kind="must" />
      <div class="grow">
        <b>{page ? <a href={page}>{stepOf(item)}</a> : stepOf(item)}</b> <span class="small ink2" title={rows.map(titleOf).join(t("word.comma"))}>{t("ready.for", { n: rows.length, names: some(rows) })}</span>
        <p class="small ink2">{item.words[lang.value]}</p>
        {open && <Own about={{ pack: rows[0]!.id, question: gap.key, words: deedOf(item) }} done={reload} leave={() => setOpen(false)} />}
      </div>
      {item.todo ? <span class="small nowrap">{item.todo.person} {t("ready.until", { time: day(item.todo.due) })}{item.todo.late && <b class="must-word"> {t("ready.own.late")}</b>}</span>
        : mayOwn() && !open && <Button smaller onPress={() => setOpen(true)}>{t("ready.own.give")}</Button>}
    </li>);
}

export function Gaps({ rows, reload }: { rows: Row[]; reload: () => void }) {
  const [all, setAll] = useState(false);
  const gaps = gapsOf(rows);
  if (!gaps.length) return null;
  const owned = gaps.filter((g) => g.item.todo).length;
  return (
    <Card id="gaps" title={t("ready.gaps", { n: gaps.length })} caption={t("ready.gaps_owned", { n: owned })} side={<Button smaller href="#/packs/todo">{t("ready.todo_open")}</Button>}>
      <ul class="rows">{(all ? gaps : gaps.slice(0, FIRST)).map((g) => <One key={g.key} gap={g} reload={reload} />)}</ul>
      {gaps.length > FIRST && <div class="buttons pad"><Button onPress={() => setAll(!all)}>{all ? t("ready.fewer") : t("ready.all_gaps", { n: gaps.length })}</Button></div>}
    </Card>);
}

/** The sentence somebody remembers: what would have passed unseen, why, and what to do about it. */
export function Unseen({ rows }: { rows: Row[] }) {
  const list = unseenOf(rows);
  if (!list.length) return null;
  const line = (x: (typeof list)[number]) => (
    <li class="task unseen-row" key={x.log}><Mark kind="must" /><div class="grow">{t(x.rows.length > 2 ? "ready.blind_line_more" : "ready.blind_line", { lesson: x.rows.slice(0, 2).map(titleOf).join(t("ready.quote_comma")), n: x.rows.length - 2, log: t(`ready.log.${x.log}`) })}</div>
      <a href={`#/sources/how?log=${x.log}`}>{t("ready.how_to_send_log", { log: t(`ready.log.${x.log}`) })}</a></li>);
  return (
    <Card id="blind" title={t("ready.blind", { n: new Set(list.flatMap((x) => x.rows)).size })}>
      <ul class="rows">{list.slice(0, 2).map(line)}</ul>
      {list.length > 2 && <details class="card-body"><summary>{t("ready.blind_other", { n: list.length - 2 })}</summary><ul class="rows">{list.slice(2).map(line)}</ul></details>}
    </Card>);
}

function Row1({ of, reload }: { of: Followup; reload: () => void }) {
  const [open, setOpen] = useState<"" | "done" | "edit">("");
  const [why, setWhy] = useState("");
  const drop = useWrite(reload);
  return (
    <li class="task">
      <Mark kind={of.state === "closed" ? (of.now === "no" ? "must" : of.declared ? "declared" : "ok") : of.late ? "must" : of.state === "dropped" ? "failed" : "todo"} />
      <div class="grow">
        <b>{of.words}</b> <a class="small" href={`#/packs/${encodeURIComponent(of.pack)}`}>{of.title?.[lang.value] ?? of.pack}</a>
        {of.lesson_words && <p class="small ink2">{of.lesson_words[lang.value]}</p>}
        <p class="small"><Standing of={of} /></p>
        {of.how && <p class="small ink2">{t("ready.own.how")}　{of.how}</p>}
        {open === "done" && <Done of={of} done={reload} leave={() => setOpen("")} />}
        {open === "edit" && <>
          <Own about={{ pack: of.pack, words: of.words }} was={of} done={reload} leave={() => setOpen("")} />
          <form class="form-row" onSubmit={(e) => { e.preventDefault(); void drop.run(() => api.dropFollowup(of.id, { version: of.version, why })); }}>
            <label class="field"><span>{t("ready.own.drop_why")}</span><input type="text" required maxLength={300} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label><Button submit smaller>{t("ready.own.drop")}</Button></form>
          <Outcome state={drop.state} /></>}
      </div>
      {of.state === "open" && mayOwn() && open === "" && <span class="buttons"><Button smaller onPress={() => setOpen("done")}>{t("ready.own.done")}</Button><Button smaller onPress={() => setOpen("edit")}>{t("ready.own.edit")}</Button></span>}
    </li>);
}

/** #/packs/todo: everything somebody owns, the next date first; what is over behind it. */
export function TodoPage() {
  const all = useResource(api.followups(), ["readiness"], []);
  return (
    <>
      <div class="page-head"><h1>{t("ready.todo_title")}</h1><span class="grow" /><Button href={api.followupsCsv()}>{t("ready.csv")}</Button><Button href="#/packs">{t("ready.to_matrix")}</Button></div>
      <Loaded of={all}>{(d) => {
        const open = d.followups.filter((x) => x.state === "open" || x.state === "said"), over = d.followups.filter((x) => !open.includes(x));
        return (
          <>
            <Card id="open" title={t("ready.todo_n", { n: open.length })} caption={t("ready.todo_late", { n: open.filter((x) => x.late).length })}>
              {open.length === 0 ? <Empty>{t("ready.todo_none")}</Empty> : <ul class="rows">{open.map((x) => <Row1 key={x.id} of={x} reload={all.reload} />)}</ul>}</Card>
            {over.length > 0 && <Card id="over" title={t("ready.todo_over", { n: over.length })}><ul class="rows">{over.map((x) => <Row1 key={x.id} of={x} reload={all.reload} />)}</ul></Card>}
          </>);
      }}</Loaded>
    </>);
}

/** Of a lesson's page: its sentences, each with what carries it and who follows it up. */
export { Row1 as FollowRow };
