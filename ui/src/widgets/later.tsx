// A part of a page that is fetched when it is first looked at: what is not needed at night at once does not make the first page slower.
import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { laterTexts, t } from "../state/text";

/** A file that is gone belongs to a version that is gone: the page is opened anew, once. */
export function later<P extends object>(name: string, load: () => Promise<ComponentType<P>>): (props: P) => VNode {
  let there: ComponentType<P> | undefined;
  return function Later(props: P) {
    const [, come] = useState(0);
    useEffect(() => {
      if (there) return;
      Promise.all([load(), laterTexts()]).then(([part]) => { there = part; come(1); }, () => {
        if (sessionStorage.getItem("reloaded") !== name) { sessionStorage.setItem("reloaded", name); location.reload(); }
      });
    }, []);
    const Part = there;
    return Part ? <Part {...props} /> : <p class="empty" role="status">{t("page.coming")}</p>;
  };
}
