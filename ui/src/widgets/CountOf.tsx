import type { Count } from "../api/types";
import { Num } from "./Num";

/** A number with its honesty: "31以上" where more may exist than was kept. */
export function CountOf({ count }: { count: Count | null | undefined }) {
  return <Num value={count?.n} atLeast={count?.at_least} />;
}
