// What became of a write: refusal (what was not done, who may, how to reach them), conflict, broken line.
import type { ApiFailure } from "../api/client";
import { has, t } from "../state/text";
import type { WriteState } from "../state/write";
import { Mark } from "./Mark";

export function ServerWords({ failure }: { failure: ApiFailure }) {
  const e = failure.error;
  if (e && has(e.key)) return <p>{t(e.key, e.params ?? {})}</p>;
  return <p>{t(`failure.${failure.kind}`, { status: failure.status || null, key: e?.key ?? null })}</p>;
}

export function Outcome({ state }: { state: WriteState }) {
  if (state.step === "refused") {
    return (
      <div class="refusal" role="alert">
        <Mark kind="must">{t("refusal.title")}</Mark>
        <ServerWords failure={state.failure} />
        {state.failure.error?.recorded && <p class="small ink2">{t("refusal.recorded")}</p>}
      </div>
    );
  }
  if (state.step === "failed" || state.step === "conflict") {
    return (
      <div class="confirm" role="alert">
        <Mark kind="failed">{t(state.step === "conflict" ? "conflict.title" : "failure.title")}</Mark>
        {state.step === "conflict"
          ? <p>{t("conflict.by", { by: state.failure.error?.by ?? null, at: state.failure.error?.at ?? null })}</p>
          : <ServerWords failure={state.failure} />}
      </div>
    );
  }
  return null;
}
