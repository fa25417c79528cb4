// What takes long: how far it is, whose it is, and how to end it. One thing at a time is tried on the stored logs.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiFailure } from "../../api/client";
import type { RuleTrial } from "../../api/types";
import { parse } from "../../lib/time";
import { now } from "../../state/clock";
import { signedOut } from "../../state/session";
import { t, word } from "../../state/text";
import { useWrite, type Writer } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";

const LOOK_MS = 700;

export interface Trying {
  /** What was started on this page: how far it is, then what came of it. */
  mine: RuleTrial | null;
  /** What somebody else is trying, and one has to wait for. */
  theirs: RuleTrial | null;
  write: Writer;
  start: (f: () => Promise<{ trial: RuleTrial | null }>) => Promise<boolean>;
  end: () => void;
  /** What was found belongs to what was asked: another question, and it goes. */
  forget: () => void;
}

export function useTrial(then?: () => void): Trying {
  const [trial, set] = useState<RuleTrial | null>(null);
  const [own, setOwn] = useState<number | null>(null);
  const done = useRef(then);
  done.current = then;
  const write = useWrite();
  const running = trial?.state === "running";
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined, gone = false;
    const look = () => void api.ruleTrial().then((x) => {
      if (gone) return;
      set(x.trial);
      if (x.trial?.state === "running") timer = setTimeout(look, LOOK_MS);
      else if (running) done.current?.();
    }, (e: unknown) => {
      if (gone) return;
      if (e instanceof ApiFailure && e.kind === "signed_out") signedOut();
      else timer = setTimeout(look, 4 * LOOK_MS); /* the sensor comes back, or the page says that the line is dead */
    });
    timer = setTimeout(look, running ? LOOK_MS : 0);
    return () => { gone = true; clearTimeout(timer); };
  }, [running, own]);
  const start = (f: () => Promise<{ trial: RuleTrial | null }>) => write.run(async () => {
    const x = await f();
    set(x.trial);
    setOwn(x.trial?.number ?? null);
  });
  const mine = trial !== null && trial.number === own ? trial : null;
  return {
    mine, theirs: running && mine === null ? trial : null, write, start,
    end: () => void write.run(api.endTrial), forget: () => { setOwn(null); write.clear(); },
  };
}

/** Nothing is under way, and what was found is not what is on the screen. */
export const canStart = (x: Trying): boolean => x.theirs === null && (x.mine === null || x.mine.state === "failed" || x.mine.state === "ended");

function left(x: RuleTrial): string {
  const part = x.of > 0 ? x.done / x.of : 0;
  const began = parse(x.started);
  if (part < 0.02 || began === null) return t("trial.left_unknown");
  return t("trial.left", { s: Math.max(1, Math.round(((now.value - began) / 1000) * (1 / part - 1))) });
}

function Running({ x, children }: { x: RuleTrial; children: ComponentChildren }) {
  return (
    <div class="confirm" role="status">
      <p><Mark kind="run">{children}</Mark></p>
      {x.of > 0 && <progress max={x.of} value={x.done} aria-label={t("trial.progress")} />}
      <p class="small ink2">{x.of > 0 ? t("trial.done", { done: x.done, of: x.of }) : t("trial.reading")} {x.of > 0 && left(x)}</p>
    </div>
  );
}

/** Everything but what was found. */
export function TrialState({ of }: { of: Trying }) {
  const { mine, theirs, write, end } = of;
  const x = mine ?? theirs;
  return (
    <>
      <Outcome state={write.state} />
      {x?.state === "running" && (
        <div class="stack-small trial">
          <Running x={x}>{mine ? word("trial.running", x.op) : t("trial.theirs", { by: word("person", x.by), what: word("trial.what", x.op) })}</Running>
          <Button busy={write.state.step === "busy"} onPress={end}>{t(mine ? "trial.end" : "trial.end_theirs")}</Button>
        </div>)}
      {mine?.state === "ended" && <p class="confirm" role="status"><Mark kind="failed">{t("trial.ended")}</Mark></p>}
      {mine?.state === "failed" && (
        <div class="refusal" role="alert">
          <Mark kind="must">{word("trial.failed", mine.op)}</Mark>
          <p>{word("rule_error", mine.code ?? "other")}</p>
          <p class="small mono">{mine.error}</p>
        </div>)}
    </>
  );
}
