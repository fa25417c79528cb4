// What a page shows before its data is there, and when it cannot come.
import type { ComponentChildren } from "preact";
import type { Resource } from "../state/resource";
import { t } from "../state/text";
import { Mark } from "./Mark";
import { ServerWords } from "./Outcome";

export function Loaded<T>({ of, children }: { of: Resource<T>; children: (data: T) => ComponentChildren }) {
  if (of.data !== null) return <>{children(of.data)}</>;
  if (of.failure === null) return <p class="card empty" role="status">{t("load.waiting")}</p>;
  const missing = of.failure.kind === "missing";
  const refused = of.failure.kind === "refused";
  return (
    <section class="card card-body load-failed" role="alert">
      <Mark kind={missing || refused ? "unknown" : "failed"}>{t(missing ? "load.missing" : refused ? "load.refused" : "load.failed")}</Mark>
      <ServerWords failure={of.failure} />
      {!missing && !refused && <button type="button" class="button" onClick={of.reload}>{t("load.again")}</button>}
    </section>
  );
}
