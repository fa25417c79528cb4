import { useEffect, useRef } from "preact/hooks";
import { t } from "../state/text";
import { Button } from "../widgets/Button";
import { helpOpen, JUMPS } from "./keys";

export function Help() {
  const box = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open && !box.current?.open) box.current?.showModal();
    if (!open && box.current?.open) box.current.close();
  }, [open]);
  return (
    <dialog ref={box} aria-labelledby="help-title" onClose={() => { helpOpen.value = false; }}>
      <h2 id="help-title">{t("help.title")}</h2>
      <dl class="facts help-keys">
        {Object.entries(JUMPS).map(([k, page]) => [<dt><kbd>g</kbd> <kbd>{k}</kbd></dt>, <dd>{t("help.go", { page: t(`nav.${page}`) })}</dd>])}
        <dt><kbd>/</kbd></dt><dd>{t("find.cases")}</dd>
        <dt><kbd>?</kbd></dt><dd>{t("help.this")}</dd>
        <dt><kbd>Esc</kbd></dt><dd>{t("help.escape")}</dd>
      </dl>
      <Button onPress={() => { helpOpen.value = false; }}>{t("help.close")}</Button>
    </dialog>
  );
}
