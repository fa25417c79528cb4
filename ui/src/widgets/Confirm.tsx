// A button that asks once more. The question names the decision; the confirming button repeats the words of
// the one pressed before; what will happen stands between them.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../state/text";
import { Button } from "./Button";

interface Props {
  label: string; question: string; effect: ComponentChildren; busy: boolean; solid?: boolean; smaller?: boolean; onConfirm: () => void;
}

export function Confirm({ label, question, effect, busy, solid = false, smaller = false, onConfirm }: Props) {
  const [asking, ask] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => { if (asking) box.current?.querySelector<HTMLElement>("button")?.focus(); }, [asking]);
  if (!asking) return <Button solid={solid} smaller={smaller} busy={busy} onPress={() => ask(true)}>{label}</Button>;
  return (
    <div class="confirm" ref={box} role="group" aria-label={question} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); ask(false); } }}>
      <p class="title">{question}</p>
      <div>{effect}</div>
      <div class="buttons">
        <Button solid busy={busy} onPress={() => { ask(false); onConfirm(); }}>{label}</Button>
        <Button onPress={() => ask(false)}>{t("button.leave")}</Button>
      </div>
    </div>
  );
}
