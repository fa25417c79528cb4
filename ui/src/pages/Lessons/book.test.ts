import { expect, test } from "vitest";
import { bookHtml } from "./book";

test("a book is one file in which text stays text", () => {
  const page = bookHtml("ja", "事例集", { contents: "目次", lessons: "教訓", measures: "対策" }, [
    { id: "a", title: "<b>A</b>", from: "出所", story: "# A\n## 概要\n文 & 文\n- 一\n- 二", lessons: ["見る"], measures: [] }]);
  expect(page).toContain("&#60;b&#62;A&#60;/b&#62;");
  expect(page).toContain("<h3>概要</h3>\n<p>文 &#38; 文</p>\n<ul><li>一</li><li>二</li></ul>");
  expect(page).toContain("<li>見る</li>");
  expect(page).not.toMatch(/<script|src=|url\(|https?:/);
});
