// How one company is doing, when it means to be back, until when it shares the case. Only what was changed is sent.
import { useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Sharing } from "../../../api/types";
import { parse, short } from "../../../lib/time";
import { now } from "../../../state/clock";
import { lang, t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Conflict } from "../../../widgets/Conflict";
import { Outcome } from "../../../widgets/Outcome";
import { WhenField } from "../../../widgets/WhenField";

type Party = Sharing["parties"][number];
const STATES = ["normal", "limited", "stopped", "recovering", "recovered"];
const written = (at: string | null) => (at === null ? "" : short(parse(at) ?? 0, now.peek(), lang.value));
const draftOf = (p: Party) => ({ state: p.state ?? "", words: p.words ?? "", recovery: written(p.recovery), until: written(p.until) });

export function PartyForm({ party, done, leave }: { party: Party; done: () => void; leave: () => void }) {
  const [base] = useState(() => draftOf(party));
  const [x, set] = useState(base);
  const [seen] = useState(party.version);
  const write = useWrite(done);
  const keys = (Object.keys(base) as (keyof typeof base)[]).filter((k) => x[k] !== base[k]);
  const save = (version: number) => {
    if (keys.length > 0) void write.run(() => api.putParty(party.id, { version, ...Object.fromEntries(keys.map((k) => [k, x[k].trim() || null])) })).then((ok) => ok && leave());
  };
  const named = (d: typeof base) => ({ ...d, state: t(`joint.state.${d.state || "none"}`) });
  const s = write.state;
  if (s.step === "conflict") return <Conflict failure={s.failure} yours={named(x)} theirs={named(draftOf(party))} busy={false} onMine={() => save(party.version)} onTheirs={leave} />;
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); save(seen); }}>
      <label class="field"><span>{t("joint.state")}</span>
        <select value={x.state} onChange={(e) => set({ ...x, state: e.currentTarget.value })}>{["", ...STATES].map((v) => <option value={v}>{t(`joint.state.${v || "none"}`)}</option>)}</select></label>
      <label class="field"><span>{t("joint.words")}</span><input type="text" maxLength={300} value={x.words} onInput={(e) => set({ ...x, words: e.currentTarget.value })} /></label>
      <WhenField ahead label={t("joint.recovery")} value={x.recovery} onInput={(recovery) => set({ ...x, recovery })} />
      <WhenField ahead label={t("joint.until")} value={x.until} onInput={(until) => set({ ...x, until })} />
      <Outcome state={s} />
      <div class="buttons">{keys.length > 0 && <Button smaller submit busy={s.step === "busy"}>{t("joint.save")}</Button>}<Button smaller onPress={leave}>{t("button.leave")}</Button></div>
    </form>
  );
}
