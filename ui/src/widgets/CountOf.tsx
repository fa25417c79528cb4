import type { Count } from "../api/types";
import { t } from "../state/text";
import { Num } from "./Num";

interface Props { count: Count | null | undefined; unit?: string; big?: boolean }

/** A number with its honesty: "31口座以上" where more may exist than was kept. */
export function CountOf({ count, unit, big = false }: Props) {
  if (unit === undefined || !count) return <Num value={count?.n} atLeast={count?.at_least} />;
  const n = <Num value={count.n} />;
  return <>{big ? <b>{n}</b> : n}<span class="unit">{unit}{count.at_least && t("word.or_more")}</span></>;
}
