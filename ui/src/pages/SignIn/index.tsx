// Before sign-in. A link works once and for 15 minutes; the page says what happened to it and how to get one.
// The room answers a used link with this very page, at the address of the link.
import { t } from "../../state/text";
import { Button } from "../../widgets/Button";
import { Mark } from "../../widgets/Mark";

interface Props { state: "out" | "unreachable" | string; reason: string | null }
const REASONS = ["used", "out"];

export function SignIn({ state, reason }: Props) {
  const why = state === "unreachable" ? "unreachable" : reason && REASONS.includes(reason) ? reason : "none";
  return (
    <main class="sign-in">
      <p class="brand">気付き<small>Kizuki</small></p>
      <section class="card">
        <Mark kind={why === "none" || why === "out" ? "todo" : "soon"}>{t(`signin.state.${why}`)}</Mark>
        <h1>{t(why === "unreachable" ? "signin.unreachable_title" : "signin.title")}</h1>
        {why === "unreachable" ? <p>{t("signin.unreachable_text")}</p> : (
          <>
            <p>{t("signin.text")}</p>
            <p>{t("signin.again")}</p>
            <pre class="code">kizuki-room --data DIR --sign-in-link</pre>
            <p class="small ink2">{t("signin.once")}</p>
          </>
        )}
        {why === "unreachable" && <div class="buttons"><Button solid onPress={() => location.reload()}>{t("load.again")}</Button></div>}
      </section>
    </main>
  );
}
