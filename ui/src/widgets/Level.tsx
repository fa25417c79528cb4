// Level is darkness: 高 is dark, 低 is an outline. Never red: red means that somebody must act.
import type { Level as Code } from "../api/types";
import { word } from "../state/text";

export function Level({ level }: { level: Code }) {
  return <span class={`tag ${level}`}>{word("level", level)}</span>;
}

export function Tlp({ tlp }: { tlp: string }) {
  return <span class="tag mono">{tlp.toUpperCase().startsWith("TLP") ? tlp.toUpperCase() : `TLP:${tlp.toUpperCase()}`}</span>;
}
