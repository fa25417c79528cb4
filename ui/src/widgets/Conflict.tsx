// Two people changed the same thing: nothing was saved, both versions stand side by side, a person chooses.
import type { ApiFailure } from "../api/client";
import { say, t, word } from "../state/text";
import { Button } from "./Button";
import { Mark } from "./Mark";

type Version = Record<string, unknown>;
interface Props { failure: ApiFailure; yours: Version; theirs: Version; busy: boolean; onMine: () => void; onTheirs: () => void }

const shown = (field: string, v: unknown): string => {
  if (v === null || v === undefined || v === "") return t("word.empty");
  if (typeof v === "object") return "key" in v || "plain" in v ? say(v as Parameters<typeof say>[0]) : "name" in v ? String(v.name) : JSON.stringify(v);
  return word(field, String(v));
};

export function Conflict({ failure, yours, theirs, busy, onMine, onTheirs }: Props) {
  const { by, at } = failure.error ?? {};
  const differing = Object.keys(yours).filter((f) => JSON.stringify(yours[f]) !== JSON.stringify(theirs[f]));
  return (
    <section class="confirm" role="alert">
      <Mark kind="failed">{t("conflict.title")}</Mark>
      <p>{t("conflict.by", { by: by ?? null, at: at ?? null })}</p>
      <div class="scroll">
        <table>
          <thead><tr><th scope="col">{t("conflict.field")}</th><th scope="col">{t("conflict.yours")}</th><th scope="col">{t("conflict.theirs")}</th></tr></thead>
          <tbody>{differing.map((f) => (
            <tr><th scope="row">{word("field", f)}</th><td>{shown(f, yours[f])}</td><td>{shown(f, theirs[f])}</td></tr>))}
          </tbody>
        </table>
      </div>
      <div class="buttons">
        <Button busy={busy} onPress={() => onMine()}>{t("conflict.take_yours")}</Button>
        <Button onPress={onTheirs}>{t("conflict.take_theirs")}</Button>
      </div>
    </section>
  );
}
