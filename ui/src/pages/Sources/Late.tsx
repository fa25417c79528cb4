// あとから届いたログ: a CSV or ZIP a hosting company sent, taken in with its own times.
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client";
import type { Late as Became } from "../../api/types";
import { t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";

const BYTES_MAX = 512 << 20;
const LOOK_MS = 1000;

/** How it would be read; nothing has changed. */
function Looked({ x }: { x: Became }) {
  return (
    <div role="status">
      <p><b>{t("late.would", { n: x.records, source: x.source })}</b></p>
      <Facts rows={[
        [t("late.repeated"), String(x.repeated)], [t("late.unreadable"), String(x.refused)],
        [t("late.period"), x.first ? <><Time at={x.first} /> – <Time at={x.last} /></> : t("word.unknown")],
      ]} />
      {x.columns && <><h3>{t("late.columns")}</h3><pre class="line">{x.columns}</pre></>}
      {x.refusals && <pre class="line">{x.refusals}</pre>}
      {x.samples.length > 0 && <><h3>{t("late.samples")}</h3><pre class="line">{x.samples.join("\n")}</pre></>}
    </div>
  );
}

function Result({ x }: { x: Became }) {
  if (x.state === "waiting") return <p role="status"><Mark kind="run">{t("late.reading")}</Mark></p>;
  if (x.state === "refused") return <p role="alert"><Mark kind="must">{t("late.refused")}</Mark> {x.why}</p>;
  if (x.tried) return <Looked x={x} />;
  return (
    <div role="status">
      <p><Mark kind="ok">{t("late.done", { n: x.records, source: x.source })}</Mark></p>
      <Facts rows={[
        [t("late.repeated"), String(x.repeated)], [t("late.unreadable"), String(x.refused)],
        [t("late.period"), x.first ? <><Time at={x.first} /> – <Time at={x.last} /></> : t("word.unknown")],
      ]} />
      {x.refusals && <pre class="line">{x.refusals}</pre>}
      <p><a href={`#/search?q=${encodeURIComponent(`"${x.source ?? ""}"`)}`}>{t("late.to_search")}</a></p>
    </div>
  );
}

export function Late() {
  const [file, choose] = useState<File | null>(null);
  const [source, setSource] = useState("");
  const [service, setService] = useState("");
  const [x, show] = useState<Became | null>(null);
  const write = useWrite();
  const busy = write.state.step === "busy" || x?.state === "waiting";
  useEffect(() => {
    if (x?.state !== "waiting") return undefined;
    const timer = setTimeout(() => { void api.late(x.late).then(show, () => show({ ...x })); }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [x]);
  const send = (look: boolean) => { if (file) void write.run(async () => show(await api.sendLate(file, source.trim(), service.trim(), look))); };
  const large = file !== null && file.size > BYTES_MAX;
  return (
    <>
      <div class="page-head"><h1>{t("late.title")}</h1><span class="grow" /><Button href="#/sources">{t("now.to_sources")}</Button></div>
      <p class="page-lead ink2">{t("late.lead")}</p>
      <Card id="late" title={t("late.choose")} caption={t("late.caption")}>
        <form class="form card-body" onSubmit={(e) => { e.preventDefault(); send(true); }}>
          <label class="field"><span>{t("late.file")}</span>
            <input type="file" onChange={(e) => { choose(e.currentTarget.files?.[0] ?? null); show(null); write.clear(); }} /></label>
          <label class="field short-field"><span>{t("late.source")}</span><input type="text" value={source} maxLength={100} onInput={(e) => setSource(e.currentTarget.value)} /></label>
          <label class="field short-field"><span>{t("late.service")}</span><input type="text" value={service} maxLength={100} onInput={(e) => setService(e.currentTarget.value)} /></label>
          {large && <p class="must" role="alert">{t("late.too_large")}</p>}
          {file && !large && <div class="buttons"><Button submit busy={busy}>{t("late.look")}</Button><Button solid busy={busy} onPress={() => send(false)}>{t("late.take")}</Button></div>}
          <Outcome state={write.state} />
          {x && <Result x={x} />}
        </form>
      </Card>
    </>
  );
}
