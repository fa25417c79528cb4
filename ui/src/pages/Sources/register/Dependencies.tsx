// What stands on what, drawn for who would rather look than read: choose one and see at once what stops with it, the important ones first.
import { useState } from "preact/hooks";
import type { Register as Data } from "../../../api/types";
import { t, word } from "../../../state/text";
import { Card } from "../../../widgets/Card";
import { Mark } from "../../../widgets/Mark";
import { StandingPicture, stopsWith } from "../../../widgets/Standing";

const WEIGHT: Record<string, number> = { high: 0, medium: 1, low: 2 };
const names = (s: string | undefined): string[] => (s ?? "").split("\n").map((x) => x.trim()).filter(Boolean);

export function Dependencies({ of }: { of: Data }) {
  const systems = of.rows.filter((r) => r.active).map((r) => ({ name: r.name, stands_on: names(r.values.depends), importance: r.values.importance ?? "" }));
  const bases = systems.filter((s) => systems.some((o) => o.stands_on.includes(s.name)));
  const [chosen, choose] = useState("");
  const stops = chosen ? stopsWith(systems, chosen) : [];
  const others = systems.filter((s) => s.name !== chosen && stops.includes(s.name)).sort((a, b) => (WEIGHT[a.importance] ?? 3) - (WEIGHT[b.importance] ?? 3));
  if (bases.length === 0) return null;
  return (
    <Card id="dependencies" title={t("depends.title")} caption={t("depends.caption")}>
      <div class="card-body form">
        <label class="field"><span>{t("depends.choose")}</span>
          <select value={chosen} onChange={(e) => choose(e.currentTarget.value)}>
            <option value="">{t("depends.none")}</option>
            {systems.map((s) => <option key={s.name} value={s.name}>{s.name}</option>)}
          </select></label>
        {chosen && <p role="status">{others.length === 0 ? t("depends.alone", { name: chosen }) : <><Mark kind="must">{t("depends.stops", { name: chosen, n: others.length })}</Mark> {others.map((s) => (s.importance ? t("depends.one", { name: s.name, importance: word("importance", s.importance) }) : s.name)).join(t("word.comma"))}</>}</p>}
      </div>
      <StandingPicture of={systems.map((s) => ({ ...s, down: stops.includes(s.name) }))} />
    </Card>
  );
}
