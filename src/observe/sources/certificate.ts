import { type Certificate, readCertificate } from '../../api/readCertificate.ts';
import { duration } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** The certificate of the public URL; undefined where none is configured, or it is not https. */
export const certificate: Source<Certificate | undefined> = {
  title: 'certificate',
  read: async ({ ctx }) => {
    const { publicUrl: url, timeoutMs } = ctx.settings.api;
    if (url === undefined || !url.startsWith('https:')) return undefined;
    return readCertificate({ url, timeoutMs, signal: ctx.signal });
  },
  unseen: (value) => (value === undefined ? 'api.publicUrl is not https, and has no certificate' : undefined),
  describe: (shown, now) => {
    if (shown === undefined) return undefined;
    const leftMs = shown.validTo.getTime() - now.getTime();
    return `${shown.host}, ${leftMs > 0 ? `valid for ${duration(leftMs)}` : 'expired'}`;
  },
};
