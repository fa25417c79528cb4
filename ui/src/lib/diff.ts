// Two texts line by line. Names are taken out within lines, so lines stay beside each other; within a line the common ends are told from what differs.
export interface Piece { same: boolean; text: string }
export interface Line { before: Piece[]; after: Piece[]; same: boolean }

const whole = (text: string, same: boolean): Piece[] => (text ? [{ same, text }] : []);

function pieces(a: string, b: string): [Piece[], Piece[]] {
  const x = [...a], y = [...b];
  let head = 0, tail = 0;
  while (head < x.length && head < y.length && x[head] === y[head]) head++;
  while (tail < x.length - head && tail < y.length - head && x[x.length - 1 - tail] === y[y.length - 1 - tail]) tail++;
  const cut = (s: string[]): Piece[] => [...whole(s.slice(0, head).join(""), true), ...whole(s.slice(head, s.length - tail).join(""), false), ...whole(s.slice(s.length - tail).join(""), true)];
  return [cut(x), cut(y)];
}

export function diff(before: string, after: string): Line[] {
  const a = before.split("\n"), b = after.split("\n");
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const x = a[i] ?? "", y = b[i] ?? "";
    const [left, right] = pieces(x, y);
    return { before: left, after: right, same: x === y };
  });
}
