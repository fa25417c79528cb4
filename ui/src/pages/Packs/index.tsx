// 教訓: the packs, or one of them.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { lang, t, word } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Table } from "../../widgets/Table";
import { Elsewhere } from "./Elsewhere";
import { OnePack } from "./OnePack";
import { TodoPage } from "./Gaps";
import { Management } from "./Management";
import { Readiness } from "./Readiness";

function Find({ q, find }: { q: string; find: (q: string) => void }) {
  const [text, set] = useState(q);
  return (
    <form class="form-row find" role="search" onSubmit={(e) => { e.preventDefault(); find(text.trim()); }}>
      <label class="field"><span>{t("lessons.find")}</span><input type="search" value={text} maxLength={200} onInput={(e) => set(e.currentTarget.value)} /></label>
      <Button submit smaller>{t("lessons.find_do")}</Button>
    </form>
  );
}

function List() {
  const [q, find] = useState("");
  const list = useResource(q ? api.findPacks(q) : api.packs, [], [q]);
  return (
    <>
      <div class="page-head"><h1>{t("nav.packs")}</h1><span class="small ink2">{t("packs.lead")}</span><span class="grow" /><Button href="#/packs">{t("ready.to_matrix")}</Button><Button href="#/lessons/book">{t("lessons.book")}</Button><Button href="#/lessons/quarter">{t("lessons.quarter")}</Button><Button href="#/lessons/glossary">{t("lessons.glossary")}</Button><Button href="#/playbooks">{t("nav.playbooks")}</Button></div>
      <Find q={q} find={find} />
      <Loaded of={list}>{(d) => (
        <Card>
          {d.packs.length === 0 ? <Empty>{q ? t("lessons.none_found", { q }) : t("packs.none")}</Empty> : (
            <Table label={t("nav.packs")} rows={d.packs} id={(p) => p.id} columns={[
              { head: t("packs.title"), title: true, class: "grow-cell", cell: (p) => <a class="name bold" href={`#/packs/${encodeURIComponent(p.id)}`}>{p.titles[lang.value] ?? p.titles.ja ?? p.id}</a> },
              { head: t("packs.id"), cell: (p) => <span class="mono ink2">{p.id}</span> },
              { head: t("packs.source"), class: "card-wide", cell: (p) => p.source ?? t("word.unknown") },
              { head: t("packs.sector"), cell: (p) => (p.sector ?? "").split(/[ ,]+/).filter(Boolean).map((s) => word("sector", s)).join(t("word.comma")) || t("word.none") },
              { head: "TLP", cell: (p) => <span class="mono">{p.tlp ?? t("word.none")}</span> },
            ]} />)}
        </Card>)}
      </Loaded>
      <Elsewhere />
    </>
  );
}

export function Packs({ args }: { args: string[] }) {
  if (args[0] === "library") return <List />;
  if (args[0] === "todo") return <TodoPage />;
  if (args[0] === "management") return <Management />;
  return args[0] ? <OnePack id={args[0]} /> : <Readiness />;
}
