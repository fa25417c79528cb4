// 別の事案に分ける: what would move is asked from the room, which does it and takes it back, so that what is shown is
// what happens. Afterwards both cases show each other, with the way back (../Parted.tsx).
import { useEffect, useState } from "preact/hooks";
import { api } from "../../../api/client";
import type { Incident, SplitTry } from "../../../api/types";
import { t } from "../../../state/text";
import { useWrite } from "../../../state/write";
import { Button } from "../../../widgets/Button";
import { Facts } from "../../../widgets/Card";
import { Confirm } from "../../../widgets/Confirm";
import { Mark } from "../../../widgets/Mark";
import { Outcome } from "../../../widgets/Outcome";

const MOST = 500; /* the room takes so many at once */
const WAIT_MS = 200;

function useTry(id: number, chosen: string[]): SplitTry | null {
  const [known, set] = useState<{ key: string; is: SplitTry } | null>(null);
  const key = chosen.join();
  useEffect(() => {
    if (chosen.length === 0) return;
    let left = false;
    const timer = setTimeout(() => { api.splitTry(id, chosen).then((is) => { if (!left) set({ key, is }); }, () => {}); }, WAIT_MS);
    return () => { left = true; clearTimeout(timer); };
  }, [id, key]);
  return known?.key === key ? known.is : null;
}

function Moves({ of }: { of: SplitTry }) {
  return (
    <Facts rows={[
      [t("split.moves"), t("split.moves_n", { n: of.findings, sources: of.sources })],
      ...(of.accounts ? [[t("split.accounts"), t("split.n_accounts", { n: of.accounts, both: of.accounts_both })] as [string, string]] : []),
      ...(of.addresses ? [[t("split.addresses"), t("split.n_addresses", { n: of.addresses })] as [string, string]] : []),
      [t("split.remain"), t("split.remain_n", { n: of.remain, decided: of.decided })],
    ]} />
  );
}

export function Split({ incident, chosen, total, clear, done }: { incident: Incident; chosen: string[]; total: number; clear: () => void; done: () => void }) {
  const n = chosen.length;
  const cannot = n >= total ? t("split.all") : n > MOST ? t("split.too_many", { max: MOST }) : null;
  const would = useTry(incident.id, cannot ? [] : chosen);
  const write = useWrite(done);
  return (
    <section class="split-bar" aria-label={t("split.question", { n })}>
      <p class="split-count"><b>{t("split.chosen", { n })}</b> <Button smaller onPress={clear}>{t("split.clear")}</Button></p>
      <Outcome state={write.state} />
      {cannot && <Mark kind="soon">{cannot}</Mark>}
      {!cannot && would && <Moves of={would} />}
      {!cannot && would && (
        <div class="buttons">
          <Confirm label={t("split.button", { n })} question={t("split.question", { n })} effect={t("split.after")} busy={write.state.step === "busy"}
            onConfirm={() => void write.run(() => api.split(incident.id, { version: incident.version, findings: chosen }))} />
        </div>)}
    </section>
  );
}
