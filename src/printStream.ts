import type { Parsed } from './cli/parse.ts';
import { renderError } from './cli/renderError.ts';
import type { Busy } from './cli/terminal/busy.ts';
import type { Pager } from './cli/terminal/pager.ts';
import { errorFields, toJsonLine, toJsonStream } from './cli/toJson.ts';
import { exitCodes, TvError } from './errors/TvError.ts';
import type { RedactingWriter } from './output/redactingWriter.ts';
import type { AnyStream, CommandDefinition, ToolContext } from './runbook/define.ts';
import { itemSchemaId, schemaId } from './runbook/json.ts';
import type { Paint } from './runbook/paint.ts';

interface StreamCall {
  readonly entry: CommandDefinition;
  readonly parsed: Parsed;
  readonly writer: RedactingWriter;
  readonly paint: Paint;
  readonly busy: Busy;
}

/** Errors of a reader that has gone, as in `src/cli/terminal/lostTerminal.ts`. */
const readerIsGone: readonly (string | undefined)[] = ['EPIPE', 'EIO'];

/** Prints the items of a command while it reads them. @returns the exit code */
export async function printStream(
  { entry, parsed, paint, writer, busy }: StreamCall,
  command: AnyStream,
  ctx: ToolContext,
): Promise<number> {
  const { input } = parsed;
  const { json, verbose } = parsed.flags;
  const schema = schemaId(entry.command);
  const lines = json && command.endless?.(input as never) === true;
  const document = json && !lines ? toJsonStream(schema, paint) : undefined;
  const gone = new AbortController();
  const onError = ({ code }: NodeJS.ErrnoException) => {
    if (readerIsGone.includes(code)) gone.abort();
  };
  process.stdout.on('error', onError);
  const pager = json || command.endless?.(input as never) === true ? undefined : await pagerOf(writer);
  pager?.gone.addEventListener('abort', () => gone.abort());
  // A signal must not wait for a reader that has stopped reading.
  const unheard = AbortSignal.any([gone.signal, ctx.signal]);
  const paced = (text: string) =>
    pager === undefined
      ? writer.printPaced(text, unheard)
      : pager.write(writer.forTerminal(text), ctx.signal);
  // The screen is the pager's until its reader leaves it.
  const heldBack: string[] = [];
  const tell = (line: string) => {
    busy.clear();
    if (json) return;
    if (pager?.isOpen === true) heldBack.push(line);
    else writer.print('stderr', `${line}\n`);
  };
  const endPager = async () => {
    await pager?.close();
    for (const line of heldBack.splice(0)) writer.print('stderr', `${line}\n`);
  };
  const render = (item: unknown, previous: unknown) => {
    if (document !== undefined) return document.item(item);
    if (lines) return toJsonLine(itemSchemaId(entry.command), item, paint);
    return command.renderItem(item, paint, input as never, previous);
  };

  if (!json) busy.show(`${command.title.toLowerCase()} …`);
  const items = command.read({ ...ctx, tell }, input as never);
  let begun = false;
  const begin = async () => {
    if (!begun && document !== undefined) await paced(document.begin);
    begun = true;
  };
  try {
    let previous: unknown;
    let next = await items.next();
    for (; next.done !== true; next = await items.next()) {
      busy.clear();
      await begin();
      await paced(render(next.value, previous));
      if (gone.signal.aborted) return exitCodes.ok;
      previous = next.value;
    }
    busy.clear();
    await begin();
    await endPager();
    if (document !== undefined) writer.print('stdout', document.end(next.value));
    else if (lines) writer.print('stdout', toJsonLine(schema, next.value ?? {}, paint));
    else writer.print('stderr', command.render(next.value, paint, input as never));
    return command.exitCode?.(next.value) ?? exitCodes.ok;
  } catch (error) {
    // Half a document is none: the error ends it.
    if (document === undefined || !begun || !(error instanceof TvError)) throw error;
    writer.print('stdout', document.end({ error: errorFields(error) }));
    writer.print('stderr', renderError(error, paint, verbose));
    return error.exitCode;
  } finally {
    process.stdout.off('error', onError);
    await items.return(undefined);
    await endPager();
  }
}

async function pagerOf(writer: RedactingWriter): Promise<Pager | undefined> {
  if (process.stdout.isTTY !== true) return undefined;
  const { openPager } = await import('./pager.ts');
  return openPager(writer);
}
