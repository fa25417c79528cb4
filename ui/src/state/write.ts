// One write at a time, and what became of it. A reducer, so that every page treats refusal, conflict and a
// broken line alike.
import { useReducer } from "preact/hooks";
import { ApiFailure } from "../api/client";

export type WriteState =
  | { step: "idle" } | { step: "busy" } | { step: "done"; at: number }
  | { step: "refused" | "conflict" | "failed"; failure: ApiFailure };
export type WriteEvent = { type: "begin" } | { type: "done"; at: number } | { type: "failed"; failure: ApiFailure } | { type: "clear" };

export function writeReducer(s: WriteState, e: WriteEvent): WriteState {
  switch (e.type) {
    case "begin": return { step: "busy" };
    case "done": return { step: "done", at: e.at };
    case "clear": return s.step === "busy" ? s : { step: "idle" };
    case "failed":
      return { step: e.failure.kind === "refused" ? "refused" : e.failure.kind === "conflict" ? "conflict" : "failed", failure: e.failure };
  }
}

export interface Writer { state: WriteState; run: (f: () => Promise<unknown>) => Promise<boolean>; clear: () => void }

export function useWrite(then?: () => void): Writer {
  const [state, dispatch] = useReducer(writeReducer, { step: "idle" } as WriteState);
  const run = async (f: () => Promise<unknown>): Promise<boolean> => {
    if (state.step === "busy") return false;
    dispatch({ type: "begin" });
    try {
      await f();
      dispatch({ type: "done", at: Date.now() });
      then?.();
      return true;
    } catch (e) {
      const failure = e instanceof ApiFailure ? e : new ApiFailure("broken", 0, null);
      dispatch({ type: "failed", failure });
      if (failure.kind === "conflict") then?.();
      return false;
    }
  };
  return { state, run, clear: () => dispatch({ type: "clear" }) };
}
