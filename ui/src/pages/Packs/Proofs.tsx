// The proof of one cell: what was measured, what people declared, what a replay showed; each kind a list of its own, never alike. What is
// missing can be given to somebody right here.
import { useState } from "preact/hooks";
import { api } from "../../api/client";
import type { ReadinessItem } from "../../api/types";
import { me } from "../../state/session";
import { lang, say, t } from "../../state/text";
import { useWrite } from "../../state/write";
import { Button } from "../../widgets/Button";
import { Mark } from "../../widgets/Mark";
import { Outcome } from "../../widgets/Outcome";
import { Time } from "../../widgets/Time";
import { WhenField } from "../../widgets/WhenField";
import { Own } from "./Own";
import { deedOf, KINDS, MARK, pageOf, paramWord } from "./ready";

export const mayOwn = (): boolean => me.value?.person.roles.some((x) => ["administrator", "handler", "commander", "approver"].includes(x)) ?? false;

function Attest({ pack, item, done }: { pack: string; item: ReadinessItem; done: () => void }) {
  const [evidence, setEvidence] = useState(""), [until, setUntil] = useState(""), [open, setOpen] = useState(false);
  const write = useWrite();
  const put = (answer: boolean) => void write.run(async () => { await api.attest(pack, { control: item.id, answer, evidence, until }); setOpen(false); done(); });
  if (!open) return <Button smaller onPress={() => setOpen(true)}>{t("ready.attest")}</Button>;
  return (
    <form class="form own" onSubmit={(e) => { e.preventDefault(); put(true); }}>
      <label class="field"><span>{t("ready.evidence")}</span><textarea rows={2} required maxLength={2000} value={evidence} onInput={(e) => setEvidence(e.currentTarget.value)} /></label>
      <WhenField ahead label={t("ready.end")} value={until} onInput={setUntil} />
      <div class="buttons"><Button submit busy={write.state.step === "busy"}>{t("ready.attest_yes")}</Button><Button onPress={() => put(false)}>{t("ready.attest_no")}</Button></div>
      <Outcome state={write.state} />
    </form>);
}

/** The gap in somebody's hands, or the form that puts it there. */
function Todo({ pack, item: i, done }: { pack: string; item: ReadinessItem; done: () => void }) {
  const [open, setOpen] = useState(false);
  if (i.todo) return <p class="small">{t("ready.own.owned", { who: i.todo.person, time: (i.todo.due ?? "").slice(0, 10) })} {i.todo.late && <b class="must-word">{t("ready.own.late")}</b>} <a href="#/packs/todo">{t("ready.todo_open")}</a></p>;
  if (!mayOwn() || i.key === undefined || i.state === "ok" || i.state === "declared") return null;
  if (!open) return <Button smaller onPress={() => setOpen(true)}>{t("ready.own.give")}</Button>;
  return <Own about={{ pack, question: i.key, words: deedOf(i) }} done={done} leave={() => setOpen(false)} />;
}

function Measured({ item: i }: { item: ReadinessItem }) {
  const page = pageOf(i);
  return (
    <>
      <p class="small ink2">{t(i.at ? `ready.answer.${i.answer ?? "unknown"}` : "ready.state.todo")} {(i.total ?? 0) > 0 && t("ready.of", { good: i.good ?? 0, total: i.total ?? 0 })} {i.at && <Time at={i.at} />}</p>
      {i.answer === "no" && (i.lacks?.length ?? 0) > 0 && <p class="small">{t("ready.lacks", { names: i.lacks!.filter(Boolean).join(t("word.comma")) })}</p>}
      {i.state === "must" && i.remedy && <p class="small">{page ? <a href={page}>{i.remedy[lang.value]}</a> : i.remedy[lang.value]}</p>}
    </>);
}

function Proof({ pack, item: i, reload }: { pack: string; item: ReadinessItem; reload: () => void }) {
  return (
    <li class="task">
      <Mark kind={MARK[i.state]} />
      <div class="grow">
        <b>{i.words[lang.value]}</b>{i.measure === "logs_arrive" && <b> {paramWord(i.of)}</b>}
        {i.kind === "measured" && <Measured item={i} />}
        {i.kind === "attested" && (i.at ? <p class="small ink2">{t(`ready.answer.${i.answer ?? "unknown"}`)} {i.evidence} {i.by && say(i.by)} {i.over ? <b>{t("ready.over")}</b> : i.until && t("ready.until", { time: i.until.slice(0, 10) })}</p> : <p class="small ink2">{t("ready.not_attested")}</p>)}
        {i.kind === "replay" && (i.over ? <p class="small">{t("ready.replay_old")}</p> : i.at ? <details><summary class="small">{t(`ready.answer.${i.answer ?? "unknown"}`)} <Time at={i.at} /></summary><pre class="small">{i.says}</pre></details> : <p class="small ink2">{t("ready.replay_how", { id: pack })}</p>)}
        <div class="buttons">{i.kind === "attested" && mayOwn() && <Attest pack={pack} item={i} done={reload} />}<Todo pack={pack} item={i} done={reload} /></div>
      </div>
    </li>);
}

export function Proofs({ pack, items, reload }: { pack: string; items: ReadinessItem[]; reload: () => void }) {
  return (
    <>{KINDS.map((k) => {
      const of = items.filter((i) => i.kind === k);
      return of.length > 0 && <section key={k} class={`proofs proofs-${k}`} aria-label={t(`ready.kind.${k}`)}><h4>{t(`ready.kind.${k}`)}</h4><ul class="rows">{of.map((i) => <Proof key={`${i.kind}${i.id}${i.of ?? ""}`} pack={pack} item={i} reload={reload} />)}</ul></section>;
    })}</>);
}
