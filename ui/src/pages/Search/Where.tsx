// What arrived here, or the copy of another Kizuki that is kept here as its vault. Nothing where there is no choice.
import type { ComponentChildren } from "preact";
import { api } from "../../api/client";
import { useResource } from "../../state/resource";
import { t } from "../../state/text";

export function Where({ label, copy, change }: { label: ComponentChildren; copy: string; change: (copy: string) => void }) {
  const seals = useResource(api.seals, [], []);
  const copies = (seals.data?.pulled ?? []).flatMap((x) => (x ? [x.name] : []));
  if (copies.length === 0 && !copy) return null;
  return (
    <label class="field">{label}
      <select value={copy} onChange={(e) => change(e.currentTarget.value)}>
        <option value="">{t("search.where.own")}</option>
        {[...new Set([...copies, ...(copy ? [copy] : [])])].map((name) => <option value={name}>{t("search.where.copy", { name })}</option>)}
      </select></label>
  );
}
