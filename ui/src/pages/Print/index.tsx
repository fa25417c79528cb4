// One mechanism for paper: a form of a case as it would be sent, on A4, black and grey. #/print/form/CASE/KEY
import { useEffect } from "preact/hooks";
import { api } from "../../api/client";
import type { CaseForm, Incident } from "../../api/types";
import { useResource } from "../../state/resource";
import { lang, t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Loaded } from "../../widgets/Loaded";
import { Time } from "../../widgets/Time";

const words = (x: { ja?: string | null; en?: string | null }) => x[lang.value] ?? x.ja ?? x.en ?? "";

function Sheet({ incident, form }: { incident: Incident; form: CaseForm }) {
  useEffect(() => { document.title = `${incident.number} ${words(form.titles)}`; }, [incident.number, form.key]);
  return (
    <article class="paper" lang={form.language}>
      <h1>{words(form.titles)}</h1>
      <p>{t("duty.to")}: {words(form.to)}</p>
      <p class="small">{incident.number} <Time at={new Date().toISOString()} /> {form.sent > 0 && t("print.report_n", { n: form.sent + 1 })}</p>
      <table class="paper-table"><tbody>{form.fields.map((f, i) => (
        <tr key={i}><th scope="row">{words(f.item)}</th><td>{f.changed && "※"}{f.text || t("print.confirming")}</td></tr>))}</tbody></table>
      {form.sent > 0 && <p class="small">{t("print.changed")}</p>}
      {!form.checked && form.official && <p class="small">{t("print.unchecked", { name: form.official })}</p>}
      <table class="paper-table paper-sign"><tbody><tr>{["wrote", "checked", "approved", "received"].map((k) => <th key={k} scope="col">{t(`print.${k}`)}</th>)}</tr><tr>{[0, 1, 2, 3].map((k) => <td key={k} />)}</tr></tbody></table>
    </article>
  );
}

export function Print({ args }: { args: string[] }) {
  const [, id = "", key = ""] = args;
  const incident = useResource(api.incident(id), ["incident"], [id], Number(id));
  const form = useResource(api.caseForm(id, key), ["incident"], [id, key], Number(id));
  return (
    <>
      <div class="buttons no-print"><Button onPress={() => print()}>{t("print.print")}</Button><Button href={`#/cases/${id}/reports`}>{t("print.back")}</Button></div>
      <Loaded of={incident}>{(i) => <Loaded of={form}>{(f) => <Sheet incident={i} form={f} />}</Loaded>}</Loaded>
    </>
  );
}
