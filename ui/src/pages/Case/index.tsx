export function Case() { return null; }
