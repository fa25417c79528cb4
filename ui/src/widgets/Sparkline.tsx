// Small bars without an axis. Unknown is said in words; a zero is an empty place on the base line.
import { t } from "../state/text";

interface Props { values: number[] | null; label: string; width?: number }
const H = 24;

export function Sparkline({ values, label, width = 168 }: Props) {
  if (values === null || values.length === 0) return <span class="ink3">{t("word.unknown")}</span>;
  const most = Math.max(1, ...values);
  const step = width / values.length;
  return (
    <svg class="spark" width={width} height={H} viewBox={`0 0 ${width} ${H}`} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={`M0 ${H - 0.5}H${width}`} stroke="var(--line2)" />
      <g fill="var(--g2)">
        {values.map((v, i) => {
          const h = v > 0 ? Math.max(2, (v / most) * (H - 2)) : 0;
          return h > 0 && <rect x={i * step} y={H - h} width={Math.max(1, step - 1)} height={h} />;
        })}
      </g>
    </svg>
  );
}
