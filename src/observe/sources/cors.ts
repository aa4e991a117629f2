import { readCors } from '../../api/readCors.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import { readEnvValue } from '../../host/envFile.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import { howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

export interface CorsState {
  readonly asked: readonly {
    readonly origin: string;
    readonly status: number;
    /** `Access-Control-Allow-Origin`; null where it is not there. */
    readonly allowOrigin: string | null;
    readonly allowed: boolean;
  }[];
  /** `ALLOWED_ORIGINS` in `.env`; null where it is not set. */
  readonly listed: Answer<string | null>;
}

/** Whether pages of `api.origins` may read what the API answers; undefined where the setting names none. */
export const cors: Source<CorsState | undefined> = {
  title: 'CORS',
  read: async ({ ctx }) => {
    const { url, publicUrl, origins, timeoutMs } = ctx.settings.api;
    const base = publicUrl ?? url;
    if (origins.length === 0 || base === undefined) return undefined;
    const ask = async (origin: string) => {
      const {
        status,
        allowOrigin = null,
        allowed,
      } = await readCors({
        ...{ url: base, path: '/api/v1/stats', origin, timeoutMs, signal: ctx.signal },
      });
      return { origin, status, allowOrigin, allowed };
    };
    const env = answer((async () => readEnvFile(ctx.host(), { path: ctx.settings.host.envFile }))());
    const [file, ...asked] = await Promise.all([env, ...origins.map(ask)]);
    const listed: Answer<string | null> = file.known
      ? { known: true, value: readEnvValue(file.value.text, 'ALLOWED_ORIGINS') ?? null }
      : file;
    return { asked, listed };
  },
  unseen: (value) => (value === undefined ? 'the settings name no page, or no URL of the API' : undefined),
  describe: (state) => state && `${howMany(state.asked.length, 'origin')} asked for`,
};
