// One lesson: its story to read, its playbook and controls as the data they are.
import { api } from "../../api/client";
import type { Pack } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Card } from "../../widgets/Card";
import { DemoStart } from "../../widgets/DemoStart";
import { Loaded } from "../../widgets/Loaded";
import { Tlp } from "../../widgets/Level";
import { me } from "../../state/session";
import { LessonsFollowed } from "./Follow";
import { Playbook } from "./PackData";
import { PackReadiness } from "./Readiness";
import { Drill } from "./Drill";
import { Story } from "../../widgets/Story";

function Head({ pack }: { pack: Pack }) {
  const summary = (pack.pack.summary ?? null) as Record<string, string> | null;
  const source = (typeof pack.pack.source === "object" ? pack.pack.source : null) as Record<string, string> | null;
  return (
    <header class="case-head">
      <div class="case-head-text">
        <p class="small ink2">{t("nav.packs")}　<span class="mono">{pack.id}</span></p>
        <h1>{pack.titles[lang.value] ?? pack.titles.ja ?? pack.id}</h1>
        <p class="case-facts small">{pack.tlp && <Tlp tlp={pack.tlp} />}<span>{source?.[lang.value] ?? pack.source}</span></p>
        {summary?.[lang.value] && <p class="ink2">{summary[lang.value]}</p>}
      </div>
      <Button href="#/packs">{t("packs.to_list")}</Button>
    </header>
  );
}

export function OnePack({ id }: { id: string }) {
  const pack = useResource(api.pack(id), [], [id]);
  return (
    <Loaded of={pack}>{(p) => (
      <>
        <Head pack={p} />
        <div class="grid">
          <div class="col w7">
            <Card id="story" title={t("packs.story")}><div class="card-body"><Story text={p.story[lang.value] ?? p.story.ja} /></div></Card>
          </div>
          <div class="col w5">
            {!me.value?.demo && <Card id="replay" title={t("packs.replay")}><div class="card-body"><DemoStart pack={p.id} /></div></Card>}
            {!me.value?.demo && <Drill pack={p.id} />}
            <LessonsFollowed pack={p} />
            <Card id="playbook" title={t("packs.playbook")} side={<Button href="#/playbooks">{t("nav.playbooks")}</Button>}><Playbook data={p.playbook} /></Card>
            <PackReadiness id={p.id} />
          </div>
        </div>
      </>)}
    </Loaded>
  );
}
