// Words of the kinds of reports, as the room's data gives them in both languages.
import type { PersonReport, ReportKinds } from "../../api/types";
import { lang } from "../../state/text";
import type { MarkKind } from "../../widgets/Mark";

type Kinds = ReportKinds["kinds"];
export const kindOf = (kinds: Kinds, id: string): Kinds[number] | undefined => kinds.find((k) => k.id === id);
export const kindTitle = (kinds: Kinds, id: string): string => kindOf(kinds, id)?.title[lang.value] ?? id;
export const MARKS: Record<PersonReport["state"], MarkKind> = { new: "must", taken: "run", case: "ok", closed: "declared" };
