import type { Settings } from '../../config/settings.ts';
import type { Finding } from '../findings.ts';
import type { Level } from '../level.ts';
import { metrics } from '../metrics.ts';

/** Icinga cuts what is longer; the figures must not be lost. In characters. */
const longestText = 1_000;

/**
 * One line for a monitoring system: level, the worst sentence, and the figures behind a `|`
 * (monitoring-plugins.org, "Plugin output").
 * @param findings what is reported, the worst first
 */
export function pluginLine(
  {
    level,
    findings,
    figures,
  }: {
    readonly level: Level;
    readonly findings: readonly Pick<Finding, 'sentence' | 'cause'>[];
    readonly figures: Readonly<Record<string, number>>;
  },
  settings: Settings,
): string {
  const [first, ...more] = findings.filter(({ cause }) => cause === null);
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const text = first === undefined ? 'nothing is wrong' : `${first.sentence}${rest}`;
  const data = performanceData(figures, settings);
  return `TEMPOVAULT ${level.toUpperCase()} - ${clean(text)}${data === '' ? '' : ` | ${data}`}\n`;
}

/** A bar would begin the figures, and a line break a second line. */
function clean(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('|', '/').trim();
  return line.length <= longestText ? line : `${line.slice(0, longestText - 1)}…`;
}

function performanceData(figures: Readonly<Record<string, number>>, settings: Settings): string {
  return metrics
    .flatMap(({ name, performance }) => {
      const value = figures[name];
      if (performance === undefined || value === undefined) return [];
      const { label, unit, warning } = performance;
      const limit = warning === undefined ? '' : `;${warning(settings)}`;
      return [`${label}=${Number(value.toFixed(3))}${unit}${limit}`];
    })
    .join(' ');
}
