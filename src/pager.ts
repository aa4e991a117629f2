import { Pager, pagerCommand } from './cli/terminal/pager.ts';
import { childEnvironment } from './host/childEnvironment.ts';
import { RedactingWriter } from './output/redactingWriter.ts';
import { Secrets } from './output/secrets.ts';

/** For a text that is only read, at a terminal of known size; undefined where none is wanted. */
export function openPager(writer: RedactingWriter): Pager | undefined {
  const { isTTY, rows, columns } = process.stdout;
  const command = pagerCommand(process.env);
  // On a terminal that cannot move its cursor a pager shows no more than the text itself.
  const able = isTTY === true && rows > 0 && columns > 0 && process.env['TERM'] !== 'dumb';
  if (!able || command === undefined) return undefined;
  const direct = (text: string) => writer.print('stdout', text);
  return new Pager({ command, env: childEnvironment('shell'), rows, columns, direct });
}

/**
 * Shows the whole of a text, in a pager where it is longer than the terminal.
 * @param writer default: for a text of tv's own
 */
export async function page(text: string, writer = new RedactingWriter(new Secrets())): Promise<void> {
  const pager = openPager(writer);
  if (pager === undefined) return writer.print('stdout', text);
  await pager.write(writer.forTerminal(text));
  await pager.close();
}
