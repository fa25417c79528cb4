// 送り方: settings to copy, with this server's own name already in them.
import { useState } from "preact/hooks";
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { settings } from "./settings";

function Copy({ id, text }: { id: string; text: string }) {
  const [done, set] = useState<"no" | "yes" | "failed">("no");
  const copy = () => void navigator.clipboard.writeText(text).then(() => set("yes"), () => set("failed"));
  return (
    <div class="buttons">
      <Button smaller onPress={copy}>{t("how.copy", { what: t(`how.${id}.name`) })}</Button>
      <span class="small ink2" role="status">{done === "no" ? "" : t(done === "yes" ? "how.copied" : "how.copy_failed")}</span>
    </div>
  );
}

/** Which settings bring a kind of log; the first is what most have. */
const FITS: Record<string, string[]> = {
  login: ["login", "rsyslog", "file", "journal"], web: ["nginx", "file"], mail: ["rsyslog", "file"], proxy: ["rsyslog", "file"], nat: ["rsyslog"], dhcp: ["rsyslog"], dns: ["rsyslog"],
  signin: ["file"], file: ["rsyslog", "file"], metric: ["rsyslog"], host: ["rsyslog"], call: ["file"],
};

export function How({ log = null }: { log?: string | null }) {
  const host = location.hostname || "localhost";
  const fits = log !== null ? FITS[log] : undefined;
  const order = (id: string) => { const at = fits?.indexOf(id) ?? -1; return at < 0 ? 99 : at; };
  const list = settings(host).sort((a, b) => order(a.id) - order(b.id));
  return (
    <>
      <div class="page-head"><h1>{t("sources.how_title")}</h1><span class="grow" /><Button href="#/sources">{t("now.to_sources")}</Button></div>
      {log !== null && fits && <div class="card card-body how-log"><p><b>{t("how.for_log", { log: t(`ready.log.${log}`) })}</b></p><p>{t(`how.log.${log}`)}</p></div>}
      <p class="page-lead ink2">{t("how.lead")}</p>
      <div class="grid">
        {list.map(({ id, file, text }) => (
          <Card key={id} id={`how-${id}`} class="w6 stretch" title={t(`how.${id}.title`)} caption={<span class="mono">{file}</span>}>
            <div class="card-body how">
              <p>{t(`how.${id}.text`)}</p>
              <pre class="code" tabIndex={0}>{text}</pre>
              <Copy id={id} text={text} />
            </div>
          </Card>))}
      </div>
    </>
  );
}
