// 外から言われたアドレス: what a provider or a CERT says on the telephone is typed in; who it may have been, in order, how that
// is known, and which log is missing.
import { useState } from "preact/hooks";
import type { Trace as Found } from "../../api/types";
import { go } from "../../state/route";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card, Empty } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { ServerWords } from "../../widgets/Outcome";
import { Chain, missingText } from "./Chain";
import type { Candidate } from "./chain";
import { AttachNote } from "./Keep";
import { Where } from "./Where";
import { addressOfTrace, ERRORS, type Told, toldOf, useTrace, ZONES } from "./useTrace";

function Form({ told }: { told: Told }) {
  const [w, set] = useState(told);
  const change = (part: Partial<Told>) => set({ ...w, ...part });
  const text = (key: "address" | "port" | "time" | "destination", placeholder: string, mode: "text" | "numeric" = "text") => (
    <label class="field"><span>{t(`trace.${key}`)}</span>
      <input type="text" class="mono" inputMode={mode} value={w[key]} maxLength={200} placeholder={placeholder} spellcheck={false} onInput={(e) => change({ [key]: e.currentTarget.value })} /></label>);
  return (
    <Card>
      <form class="card-body card form" onSubmit={(e) => { e.preventDefault(); if (w.address.trim() && w.time.trim()) go(addressOfTrace(w)); }}>
        <p>{t("trace.lead")}</p>
        <div class="form-row">{text("address", "198.51.100.1")}{text("port", "40001", "numeric")}{text("time", t("trace.time_example"))}
          <label class="field"><span>{t("trace.zone")}</span>
            <select value={w.zone} onChange={(e) => change({ zone: e.currentTarget.value })}>{ZONES.map((z) => <option value={z}>{t(`trace.zone.${z || "untold"}`)}</option>)}</select></label>
        </div>
        <Where label={<span>{t("search.where.trace")}</span>} copy={w.copy} change={(copy) => change({ copy })} />
        <details open={Boolean(told.destination) || told.error !== "0"}>
          <summary>{t("trace.more")}</summary>
          <div class="form-row">{text("destination", "203.0.113.80:443")}
            <label class="field"><span>{t("trace.error")}</span>
              <select value={w.error} onChange={(e) => change({ error: e.currentTarget.value })}>{ERRORS.map((s) => <option value={s}>{t(`trace.error.${s}`)}</option>)}</select></label>
          </div>
        </details>
        <div class="buttons"><Button submit solid>{t("trace.find")}</Button></div>
      </form>
    </Card>
  );
}

function Progress({ x, stop }: { x: Found; stop: () => void }) {
  const p = x.progress;
  return (
    <Card class="search-progress"><div class="card-body">
      <Mark kind="run">{t("trace.running")}</Mark>
      <progress max={p.rounds_most} value={p.rounds} aria-label={t("trace.running")} />
      <span>{t("trace.read", { n: p.records })}</span>
      <Button smaller onPress={stop}>{t("search.stop")}</Button>
    </div></Card>
  );
}

function Missing({ x }: { x: Found }) {
  if (x.missing.length === 0) return null;
  return (
    <section class="refusal trace-missing" aria-label={t("trace.missing")}>
      <Mark kind="must">{t("trace.missing")}</Mark>
      <ul class="plain-list">{x.missing.map((m) => <li>{missingText(m)}</li>)}</ul>
      <p class="small ink2">{t("trace.missing_do")} <a href="#/sources">{t("nav.sources")}</a></p>
    </section>
  );
}

const name = (c: Candidate): string => t("trace.who", { host: c.host ?? c.mac ?? c.address, user: c.user ?? t("trace.no_user") });

function One({ x, c, rank, copy }: { x: Found; c: Candidate; rank: number; copy: string }) {
  return (
    <li>
      <details open={rank <= 2}>
        <summary><span class="rank">{rank}</span> <b>{name(c)}</b> <span class="mono small ink2">{c.address}</span>{" "}
          <Mark kind={c.sure === "certain" ? "proved" : c.sure === "likely" ? "declared" : "unknown"}>{t(`trace.sure.${c.sure}`)}</Mark></summary>
        <Chain trace={x} c={c} copy={copy} />
      </details>
    </li>
  );
}

function note(x: Found): string {
  const q = x.question;
  const asked = `${q.address}${q.port ? `:${q.port}` : ""}`;
  const list = x.candidates.slice(0, 5).map((c, i) => `${i + 1}. ${name(c)} (${c.address}, ${t(`trace.sure.${c.sure}`)}; ${c.hops.map((h) => `${h.source} ${t("evidence.position", { n: h.n })}`).join(", ")})`);
  return [t("trace.note", { asked, from: q.from, to: q.to, n: x.candidates.length }), ...list, ...x.missing.map(missingText)].join("\n").slice(0, 3900);
}

function Result({ x, copy }: { x: Found; copy: string }) {
  const p = x.progress;
  return (
    <>
      <Missing x={x} />
      <Card title={t("trace.candidates", { n: x.candidates.length })} caption={t("trace.done", { took: p.took_s, n: p.records })}>
        {x.state === "failed" && <p class="card-body"><Mark kind="failed">{t("search.failed", { why: x.why })}</Mark></p>}
        {x.state === "stopped" && <p class="card-body small ink2">{t("trace.stopped")}</p>}
        {p.lost > 0 && <p class="card-body"><Mark kind="must">{t("search.lost", { n: p.lost })}</Mark></p>}
        {x.candidates.length === 0 ? <Empty>{t("trace.nobody")}</Empty> : <ol class="trace-list">{x.candidates.map((c, i) => <One x={x} c={c} rank={i + 1} copy={copy} />)}</ol>}
        {(x.candidates.length > 0 || x.missing.length > 0) && <div class="card-body trace-keep"><AttachNote text={() => note(x)} at={x.question.from ?? undefined} /></div>}
      </Card>
    </>
  );
}

function Page({ told }: { told: Told }) {
  const { trace, failure, stop } = useTrace(told);
  return (
    <div class="stack">
      <Form told={told} />
      {failure && <div class="refusal" role="alert"><Mark kind="must">{t(failure.status === 400 ? "trace.unreadable" : "failure.title")}</Mark><ServerWords failure={failure} /></div>}
      {trace?.state === "running" && <Progress x={trace} stop={stop} />}
      {trace && trace.state !== "running" && <Result x={trace} copy={told.copy} />}
    </div>
  );
}

export function Trace({ query }: { query: URLSearchParams }) {
  const told = toldOf(query);
  return <Page key={addressOfTrace(told)} told={told} />;
}
