import { connect } from 'node:tls';
import { connectionFailure } from '../errors/connectionFailure.ts';
import { TimeoutError, TvError, UnavailableError } from '../errors/TvError.ts';
import { visible } from '../text/outsideText.ts';

export interface Certificate {
  readonly host: string;
  readonly issuer: string;
  readonly validTo: Date;
  /** Why a browser would refuse it; undefined where it would not. */
  readonly untrusted: string | undefined;
}

export interface ReadCertificateParameters {
  /** https. */
  readonly url: string;
  /** In milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * The TLS certificate that a server shows, trusted or not. No request is sent.
 * @throws UnavailableError where nothing listens, or not with TLS. @throws TimeoutError
 */
export function readCertificate({ url, timeoutMs, signal }: ReadCertificateParameters): Promise<Certificate> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const place = { host, port: port === '' ? 443 : Number(port) };
  const facts = { host: `${place.host}:${place.port}` };
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...place,
      // A name, not an address, as RFC 6066 has it.
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      // An expired one is to be read too; whether it is trusted is part of the answer.
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const end = (settle: () => void) => {
      signal?.removeEventListener('abort', aborted);
      socket.destroy();
      settle();
    };
    const aborted = () => end(() => reject(signal?.reason));
    signal?.addEventListener('abort', aborted, { once: true });
    socket.on('timeout', () =>
      end(() =>
        reject(new TimeoutError('api.timeout', `No TLS connection within ${timeoutMs / 1000} s.`, { facts })),
      ),
    );
    socket.on('error', (error) => {
      const why = connectionFailure(error)?.words ?? 'no TLS there';
      end(() =>
        reject(
          new UnavailableError('api.unreachable', `The TLS certificate cannot be read: ${why}.`, {
            facts,
            cause: error,
          }),
        ),
      );
    });
    socket.on('secureConnect', () => {
      const shown = socket.getPeerCertificate();
      const validTo = new Date(shown.valid_to);
      if (Number.isNaN(validTo.getTime())) {
        end(() =>
          reject(
            new TvError('api.not-tempovault', 'The server shows no certificate that can be read.', { facts }),
          ),
        );
        return;
      }
      const { O: organisation, CN: name } = shown.issuer;
      const issuer = visible([organisation ?? name ?? 'unknown'].flat().join(', '));
      const untrusted = socket.authorized ? undefined : visible(String(socket.authorizationError));
      end(() => resolve({ host, issuer, validTo, untrusted }));
    });
  });
}
