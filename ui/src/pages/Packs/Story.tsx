import { blocks } from "../../lib/story";
import { t } from "../../state/text";

export function Story({ text }: { text: string | null }) {
  if (!text) return <p class="ink2">{t("packs.no_story")}</p>;
  return (
    <div class="story">{blocks(text).map((b) => {
      if (b.kind === "h") return b.level === 1 ? null : b.level === 2 ? <h3>{b.text}</h3> : <h4>{b.text}</h4>;
      if (b.kind === "p") return <p>{b.text}</p>;
      const items = b.items.map((i) => <li>{i}</li>);
      return b.kind === "ul" ? <ul>{items}</ul> : <ol>{items}</ol>;
    })}</div>
  );
}
