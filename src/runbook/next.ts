import type { Paint } from './paint.ts';
import { wrap } from './text.ts';

/** `Next:` and the commands to run; each as it has to be typed for the environment of this call. */
export function renderNext(next: readonly string[], paint: Paint): string {
  return next
    .map((line, index) => {
      const label = index === 0 ? paint.bold('Next:') : '     ';
      return `${label} ${wrap(asTyped(line, paint.environment), paint.width - 6, '      ')}`;
    })
    .join('\n');
}

/** A command as it has to be typed for the environment of this call. */
export function asTyped(line: string, environment: string | undefined): string {
  const own = environment !== undefined && /^tv (?!-e |sandbox |config init|completion)/.test(line);
  return own ? line.replace(/^tv /, `tv -e ${environment} `) : line;
}
