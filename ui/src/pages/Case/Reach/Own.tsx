// 自分の質問: a file people write themselves (docs/scope.md). What is wrong with it is said with its place.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { ScopeSpec } from "../../../api/types";
import { lang, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Card } from "../../../widgets/Card";
import { Outcome } from "../../../widgets/Outcome";

const SAMPLE = `scope: my-question
title: {ja: 数えるもの, en: what is counted}
unit: {ja: 件, en: things}
means: {ja: この数が言うこと, en: what it says}
not: {ja: この数が言わないこと, en: what it does not say}
ask:
  - {name: who, title: {ja: 利用者, en: user}, from: account, many: true}
query: 'user.name:{who}'
count: [source.ip]
needs:
  - {log: {ja: ログインの記録, en: log of sign-ins}, query: 'event.category:authentication'}
`;

export function Own({ scopes, done }: { scopes: ScopeSpec[]; done: () => void }) {
  const [text, set] = useState("");
  const write = useWrite(() => { set(""); done(); });
  const own = scopes.filter((s) => s.own);
  const busy = write.state.step === "busy";
  return (
    <Card id="reach-own" title={t("reach.own_title")}>
      <div class="card-body form">
        {own.map((s) => <p key={s.row}>{s.title[lang.value]} <Button smaller busy={busy} onPress={() => void write.run(() => api.endScopeFile(s.row))}>{t("reach.own_end")}</Button></p>)}
        {text === "" ? <Button onPress={() => set(SAMPLE)}>{t("reach.own_add")}</Button> : (
          <>
            <label class="field"><span>{t("reach.own_text")}</span><textarea class="mono" rows={14} value={text} onInput={(e) => set(e.currentTarget.value)} /></label>
            <div class="buttons"><Button busy={busy} onPress={() => void write.run(() => api.putScopeFile(text))}>{t("reach.own_save")}</Button><Button onPress={() => set("")}>{t("button.leave")}</Button></div>
          </>)}
        <Outcome state={write.state} />
      </div>
    </Card>
  );
}
