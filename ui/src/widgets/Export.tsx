// Evidence that leaves: why, then a zip others can check alone (docs/spool.md). Who asks is recorded before anything is written.
import { useEffect, useState } from "preact/hooks";
import { api, ApiFailure } from "../api/client";
import type { Export as Made } from "../api/types";
import { sizeOf } from "../lib/template";
import { t } from "../state/text";
import { useWrite } from "../state/write";
import { Button } from "./Button";
import { Mark } from "./Mark";
import { Outcome } from "./Outcome";

const ASK_MS = 500;

function useExport(id: number | null): [Made | null, ApiFailure | null] {
  const [made, set] = useState<Made | null>(null);
  const [failure, fail] = useState<ApiFailure | null>(null);
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      if (over || id === null) return;
      api.exported(id)().then((m) => {
        if (over) return;
        set(m);
        if (m.state === "running") timer = setTimeout(ask, ASK_MS);
      }, (e: unknown) => { if (!over) fail(e instanceof ApiFailure ? e : new ApiFailure("broken", 0, null)); });
    };
    set(null);
    fail(null);
    ask();
    return () => { over = true; clearTimeout(timer); };
  }, [id]);
  return [made, failure];
}

function Ready({ made }: { made: Made }) {
  if (made.state === "running") return <Mark kind="run">{t("export.running")}</Mark>;
  if (made.state === "failed") return <Mark kind="failed">{t("export.failed", { why: made.why })}</Mark>;
  return (
    <div class="stack" role="status">
      <p><Mark kind="ok">{t("export.done", { n: made.records })}</Mark>{made.not_sealed > 0 && <> <Mark kind="must">{t("export.not_sealed", { n: made.not_sealed })}</Mark></>}</p>
      <p><a class="button solid" href={api.exportedFile(made.export)} download={`kizuki-evidence-${made.export}.zip`}>{t("export.take", { size: sizeOf(made.bytes) })}</a></p>
      <p class="small ink2">{t("export.sum")} <code class="mono wrap">{made.sha256}</code></p>
    </div>
  );
}

export function Export({ begin }: { begin: (why: string) => Promise<{ export: number }> }) {
  const [why, set] = useState("");
  const [id, begun] = useState<number | null>(null);
  const [made, failure] = useExport(id);
  const write = useWrite();
  const run = () => write.run(async () => { begun(null); begun((await begin(why.trim())).export); });
  return (
    <details class="rest export">
      <summary>{t("export.button")}</summary>
      <p class="small ink2">{t("export.hint")}</p>
      <form class="buttons" onSubmit={(e) => { e.preventDefault(); if (why.trim()) void run(); }}>
        <label class="field grow"><span>{t("export.why")}</span>
          <input type="text" value={why} maxLength={2000} onInput={(e) => { set(e.currentTarget.value); write.clear(); }} /></label>
        <Button submit busy={write.state.step === "busy" || made?.state === "running"}>{t("export.button")}</Button>
      </form>
      <Outcome state={write.state} />
      {failure && <Mark kind="failed">{t("failure.title")}</Mark>}
      {made && <Ready made={made} />}
    </details>
  );
}
