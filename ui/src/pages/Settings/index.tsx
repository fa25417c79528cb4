// 設定: language, who may sign in, what this is, and proof that nothing was changed behind its back.
import { api } from "../../api/client";
import type { Person } from "../../api/types";
import { loadLang, lang, t, word } from "../../state/text";
import { me, signedOut } from "../../state/session";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Card, Facts } from "../../widgets/Card";
import { Outcome } from "../../widgets/Outcome";
import { Audit } from "./Audit";
import { DataFiles } from "./DataFiles";
import { People } from "./People";

function Language() {
  const write = useWrite();
  const pick = (l: "ja" | "en") => void write.run(async () => {
    const m = me.value;
    if (m) me.value = await api.setLang(l, m.person.version);
    await loadLang(l);
  });
  return (
    <Card id="language" title={t("settings.language")} caption={t("settings.language_caption")}>
      <div class="card-body">
        <fieldset class="choices">
          <legend class="hidden">{t("settings.language")}</legend>
          {(["ja", "en"] as const).map((l) => <label lang={l}><input type="radio" name="lang" checked={lang.value === l} onChange={() => pick(l)} />{l === "ja" ? "日本語" : "English"}</label>)}
        </fieldset>
        <Outcome state={write.state} />
      </div>
    </Card>
  );
}

/** The first person is called by the role alone: it is not said twice. */
function named(p: Person | undefined): string {
  const role = word("role", p?.role);
  return !p || word("person", p.name) === role ? role : t("settings.you_are", { name: p.name, role });
}

function About() {
  const m = me.value;
  const out = useWrite();
  return (
    <Card id="about" title={t("settings.about")}>
      <div class="card-body">
        <Facts rows={[
          [t("settings.you"), named(m?.person)], [t("settings.version"), `Kizuki ${m?.version ?? ""}`],
          [t("settings.hand"), t(m?.hand ? "settings.connected" : "settings.away")], [t("settings.sensor"), t(m?.sensor ? "settings.connected" : "settings.away")],
          [t("settings.dry_run"), t(m?.dry_run ? "settings.dry_run_on" : "settings.dry_run_off")],
        ]} />
        {m?.dry_run && !m.demo && <p class="small ink2">{t("settings.dry_run_how")}</p>}
        <Outcome state={out.state} />
        <Button busy={out.state.step === "busy"} onPress={() => void out.run(api.signOut).then((ok) => { if (ok) { location.hash = "#/signin/out"; signedOut(); } })}>{t("settings.sign_out")}</Button>
      </div>
    </Card>
  );
}

export function Settings({ args }: { args: string[] }) {
  if (args[0] === "data") return (
    <>
      <div class="page-head"><h1>{t("datafile.title")}</h1><span class="grow" /><Button href="#/settings">{t("nav.settings")}</Button></div>
      <DataFiles kind={args[1] === "form" ? "form" : "obligation"} />
    </>
  );
  return (
    <>
      <div class="page-head"><h1>{t("nav.settings")}</h1><span class="grow" /><Button href="#/settings/data">{t("datafile.title")}</Button></div>
      <div class="grid settings">
        <div class="col w6"><Language /><About /></div>
        <div class="col w6"><Audit /><People /></div>
      </div>
    </>
  );
}
