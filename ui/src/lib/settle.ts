// A burst of changes is one reading, and a stream that never pauses cannot put it off: the first change starts the
// wait, later ones neither lengthen it nor cut a reading short; what changes during a reading is read after it.
export interface Settler { poke(): void; stop(): void }

export function settler(read: () => Promise<void>, waitMs: number): Settler {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reading = false, again = false, ended = false;
  const begin = () => {
    timer = undefined;
    reading = true;
    void read().finally(() => {
      reading = false;
      if (again && !ended) { again = false; poke(); }
    });
  };
  function poke(): void {
    if (reading) again = true;
    else timer ??= setTimeout(begin, waitMs);
  }
  return { poke, stop: () => { ended = true; clearTimeout(timer); } };
}
