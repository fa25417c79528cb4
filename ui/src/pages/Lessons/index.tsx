// What stands beside the list of lessons: the case book, the lessons of a quarter, the glossary. #/lessons/book, /quarter, /glossary
import { Book } from "./Book";
import { Glossary } from "./Glossary";
import { Quarter } from "./Quarter";

export function Lessons({ args, query }: { args: string[]; query: URLSearchParams }) {
  if (args[0] === "quarter") return <Quarter />;
  if (args[0] === "glossary") return <Glossary term={query.get("term")} />;
  return <Book />;
}
