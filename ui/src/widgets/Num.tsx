// A number that may change while somebody looks at it: the one thing that moves, for one second.
import { useEffect, useRef, useState } from "preact/hooks";
import { number } from "../lib/template";
import { t } from "../state/text";

export function Num({ value, atLeast = false }: { value: number | null | undefined; atLeast?: boolean }) {
  const before = useRef(value);
  const [changed, set] = useState(false);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    set(true);
    const timer = setTimeout(() => set(false), 1000);
    return () => clearTimeout(timer);
  }, [value]);
  if (value === null || value === undefined) return <span class="ink3">{t("word.unknown")}</span>;
  return <span class={changed ? "changed" : undefined}>{atLeast ? t("word.at_least", { n: value }) : number(value)}</span>;
}
