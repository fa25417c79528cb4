// 手順書: the library. Which there are, in which versions, and where each is proposed; one of them; a new one; one from CACAO.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Playbook, PlaybookHead, PlaybookTried } from "../../api/types";
import { go } from "../../state/route";
import { useResource } from "../../state/resource";
import { lang, say, t, word } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Loaded } from "../../widgets/Loaded";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { answerWords } from "../../widgets/plan";
import { PlanMap } from "../../widgets/PlanMap";
import { Table } from "../../widgets/Table";
import { Time } from "../../widgets/Time";
import { laneOf, mayDo } from "../../widgets/task";
import { Edit } from "./Edit";

const BYTES_MAX = 900_000; /* the room takes a megabyte, quotes doubled */

function List({ forCase }: { forCase: string | null }) {
  const list = useResource(forCase ? api.playbooksFor(forCase) : api.playbooks, ["playbook"], [forCase]);
  const fits = (key: string) => { const at = (list.data?.fitting ?? []).findIndex((f) => f.playbook === key); return at < 0 ? 9999 : at; };
  const kinds = (key: string) => (list.data?.uses ?? []).filter((u) => u.playbook === key && u.kind !== null).map((u) => word("kind", u.kind)).join(t("word.comma"));
  return (
    <>
      <div class="page-head"><h1>{t("nav.playbooks")}</h1><span class="small ink2">{t("playbooks.lead")}</span><span class="grow" />
        {mayDo() && <Button href="#/playbooks/new">{t("playbooks.new")}</Button>}
        {mayDo() && <Button href="#/playbooks/import">{t("playbooks.import")}</Button>}
      </div>
      <Loaded of={list}>{(d) => (
        <Card>
          {d.playbooks.length === 0 ? <Empty>{t("playbooks.none")}</Empty> : (
            <Table label={t("nav.playbooks")} rows={[...d.playbooks].sort((a, b) => fits(a.key) - fits(b.key))} id={(p) => p.key} columns={[
              { head: t("playbooks.title"), title: true, class: "grow-cell", cell: (p) => <><a class="name bold" href={`#/playbooks/${(p.versions.find((v) => v.active) ?? p.versions[0])?.id}${forCase ? `?case=${forCase}` : ""}`}>{p.titles[lang.value]}</a>{fits(p.key) < 9999 && <p class="small ink2">{t("playbooks.fits")}</p>}</> },
              { head: t("playbooks.steps"), num: true, cell: (p) => p.versions[0]?.steps ?? 0 },
              { head: t("playbooks.version"), cell: (p) => { const v = p.versions.find((x) => x.active); return v ? t("playbooks.number", { n: v.number }) : <span class="ink3">{t("playbooks.unused")}</span>; } },
              { head: t("playbooks.origin"), cell: (p) => t(`playbooks.origin.${(p.versions.find((x) => x.active) ?? p.versions[0])?.origin ?? "made"}`) },
              { head: t("playbooks.for"), class: "card-wide", cell: (p) => kinds(p.key) || <span class="ink3">{t("word.none")}</span> },
            ]} />)}
        </Card>)}
      </Loaded>
    </>
  );
}

function Versions({ of, reload }: { of: Playbook; reload: () => void }) {
  const list = useResource(api.playbooks, ["playbook"], []);
  const write = useWrite(() => { list.reload(); reload(); });
  const versions = list.data?.playbooks.find((p) => p.key === of.key)?.versions ?? [];
  const turn = (v: PlaybookHead) => void write.run(() => api.usePlaybook(v.id, v.version, !v.active));
  return (
    <Card id="versions" title={t("playbooks.versions")}>
      <ul class="rows">
        {versions.map((v) => (
          <li key={v.id} class="task">
            <Mark kind={v.active ? "ok" : "unknown"} />
            <div>
              <a href={`#/playbooks/${v.id}`} aria-current={v.id === of.id ? "true" : undefined}>{t("playbooks.number", { n: v.number })}</a> {t(`playbooks.origin.${v.origin}`)}
              <p class="small ink2"><Time at={v.made_at} /> {v.made_by ? say(v.made_by) : ""}</p>
            </div>
            {mayDo() ? <Button smaller busy={write.state.step === "busy"} onPress={() => turn(v)}>{t(v.active ? "playbooks.no_longer" : "playbooks.use")}</Button> : <span />}
          </li>))}
      </ul>
      <Outcome state={write.state} />
    </Card>
  );
}

function Steps({ of }: { of: Playbook }) {
  const way = (id: string | undefined) => of.plan.steps.find((s) => s.id === id)?.words[lang.value];
  return (
    <Card id="steps" title={t("playbooks.steps_n", { n: of.steps })}>
      <ol class="rows">
        {of.plan.steps.filter((s) => s.kind !== "start").map((s) => (
          <li key={s.id}>
            <b>{s.words[lang.value]}</b>
            <p class="small ink2">{[t(`run.kind.${s.kind}`), laneOf(s), s.within_s ? t("playbooks.within", { s: s.within_s }) : null, s.authority ? t("run.authority", { what: word("authority", s.authority) }) : null].filter(Boolean).join(" · ")}</p>
            {(s.cases ?? []).map((c) => <p key={c.value} class="small">{answerWords(c.value, lang.value)} → {way(c.to) ?? t("playbooks.goes_on")}</p>)}
          </li>))}
      </ol>
    </Card>
  );
}

function One({ id, forCase }: { id: string; forCase: string | null }) {
  const one = useResource(api.playbook(id), ["playbook"], [id]);
  const write = useWrite();
  return (
    <Loaded of={one}>{(p) => (
      <>
        <div class="page-head"><h1>{p.titles[lang.value]}</h1><span class="small ink2">{t("playbooks.number", { n: p.number })}</span></div>
        <div class="buttons playbook-tools">
          {forCase !== null && mayDo() && <Button solid busy={write.state.step === "busy"} onPress={() => void write.run(async () => go(`#/runs/${(await api.startRun(forCase, p.id)).id}`))}>{t("playbooks.run")}</Button>}
          {mayDo() && <Button href={`#/playbooks/${p.id}/edit`}>{t("playbooks.edit")}</Button>}
          <a class="button" href={api.cacaoOf(p.id)} download={`${p.key}.cacao.json`}>{t("playbooks.export")}</a>
          <Button onPress={() => print()}>{t("playbooks.print")}</Button>
        </div>
        <Outcome state={write.state} />
        {p.notes.length > 0 && <Card id="lost" title={<Mark kind="soon">{t("playbooks.not_kept", { n: p.notes.length })}</Mark>}><ul class="rows">{p.notes.map((n) => <li key={n} class="small">{n}</li>)}</ul></Card>}
        <div class="grid run-grid">
          <div class="col w7"><Steps of={p} /></div>
          <div class="col w5"><Card id="run-map" title={t("run.map")}><div class="card-body"><PlanMap plan={p.plan} /></div></Card><Versions of={p} reload={one.reload} /></div>
        </div>
        <Card id="source" title={t("playbooks.source")}><details class="card-body"><summary>{t("playbooks.source_show")}</summary><pre class="run-command">{p.source}</pre></details></Card>
      </>)}
    </Loaded>
  );
}

/** Looked at before anything is kept: what of it would be lost is listed. */
function FromCacao() {
  const [text, setText] = useState<string | null>(null);
  const [large, setLarge] = useState(false);
  const [tried, show] = useState<PlaybookTried | null>(null);
  const write = useWrite();
  const pick = async (f: File | null) => {
    show(null);
    setText(null);
    write.clear();
    setLarge(f !== null && f.size > BYTES_MAX);
    if (!f || f.size > BYTES_MAX) return;
    const source = await f.text();
    setText(source);
    void write.run(async () => show(await api.tryPlaybook("cacao", source)));
  };
  const keep = () => text !== null && void write.run(async () => go(`#/playbooks/${(await api.savePlaybook("cacao", text)).id}`));
  return (
    <>
      <div class="page-head"><h1>{t("playbooks.import")}</h1><span class="grow" /><Button href="#/playbooks">{t("playbooks.to_list")}</Button></div>
      <Card id="cacao" title={t("playbooks.cacao")} caption={t("playbooks.cacao_lead")}>
        <form class="form card-body" onSubmit={(e) => e.preventDefault()}>
          <label class="field"><span>{t("import.file")}</span><input type="file" accept=".json" onChange={(e) => void pick(e.currentTarget.files?.[0] ?? null)} /></label>
          {large && <p class="must" role="alert">{t("playbooks.too_large")}</p>}
          <Outcome state={write.state} />
          {tried?.fault && <div class="refusal" role="alert"><Mark kind="must">{t("playbooks.fault")}</Mark><p>{tried.fault.line > 0 && t("playbooks.fault_at", { line: tried.fault.line, column: tried.fault.column })} {tried.fault.text}</p></div>}
          {tried && !tried.fault && (
            <>
              {tried.notes.length > 0 ? <div><Mark kind="soon">{t("playbooks.not_kept", { n: tried.notes.length })}</Mark><ul class="plain small">{tried.notes.map((n) => <li key={n}>{n}</li>)}</ul></div> : <p><Mark kind="ok">{t("playbooks.all_kept")}</Mark></p>}
              <div class="buttons"><Button solid busy={write.state.step === "busy"} onPress={keep}>{t("playbooks.take", { title: tried.plan?.title[lang.value] ?? null })}</Button></div>
            </>)}
        </form>
        {tried?.plan && <div class="card-body"><PlanMap plan={tried.plan} /></div>}
      </Card>
    </>
  );
}

export function Playbooks({ args, query }: { args: string[]; query: URLSearchParams }) {
  const [first, second] = args;
  if (first === undefined) return <List forCase={query.get("case")} />;
  if (first === "import") return <FromCacao />;
  if (first === "new" || second === "edit") return <Edit id={first === "new" ? null : first} />;
  return <One id={first} forCase={query.get("case")} />;
}
