export function Packs() { return null; }
