import { useEffect, useRef, useState } from "preact/hooks";

/** Width of an element in px, so that charts are drawn at their own size and their letters never shrink. */
export function useWidth<T extends HTMLElement>(first = 800) {
  const ref = useRef<T>(null);
  const [width, set] = useState(first);
  useEffect(() => {
    if (!ref.current) return;
    const seen = new ResizeObserver(([e]) => { if (e) set(Math.round(e.contentRect.width)); });
    seen.observe(ref.current);
    return () => seen.disconnect();
  }, []);
  return { ref, width };
}
