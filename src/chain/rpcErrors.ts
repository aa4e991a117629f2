import { connectionFailure } from '../errors/connectionFailure.ts';

/** What a request to one RPC node can end in. `url` is masked in all of them. */
interface At {
  readonly url: string;
}

/** A JSON-RPC error object. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly url: string;
  readonly code: number;
  readonly data: unknown;
  /** Of the HTTP response, where it was no success. */
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  /** The node's own words. */
  readonly details: string;

  constructor(
    answer: At & {
      readonly code: number;
      readonly message: string;
      readonly data: unknown;
      readonly status?: number;
      readonly retryAfter?: string | undefined;
    },
  ) {
    super(answer.message);
    this.url = answer.url;
    this.code = answer.code;
    this.data = answer.data;
    this.status = answer.status;
    this.retryAfter = answer.retryAfter;
    this.details = answer.message;
  }
}

/** An HTTP status other than success, without a JSON-RPC error in it. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly url: string;
  readonly status: number;
  /** The header of this name. */
  readonly retryAfter: string | undefined;
  readonly details: string;

  constructor(
    answer: At & {
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly body: string;
    },
  ) {
    super(`HTTP ${answer.status}`);
    this.url = answer.url;
    this.status = answer.status;
    this.retryAfter = answer.retryAfter;
    this.details = answer.body;
  }
}

/** Something answered, but not as a JSON-RPC node does. */
export class NonsenseAnswer extends Error {
  override readonly name = 'NonsenseAnswer';
  readonly url: string;
  readonly status: number | undefined;
  readonly body: string;

  constructor(answer: At & { readonly status?: number; readonly body: string }) {
    super('not a JSON-RPC answer');
    this.url = answer.url;
    this.status = answer.status;
    this.body = answer.body;
  }
}

/** More than tv reads in one response. The node is not at fault. */
export class OversizedAnswer extends Error {
  override readonly name = 'OversizedAnswer';
  readonly url: string;
  readonly details: string;

  constructor({ url, limit }: At & { /** In bytes. */ readonly limit: number }) {
    super('the response is too large');
    this.url = url;
    this.details = `more than ${limit / 2 ** 20} MiB`;
  }
}

/** The request did not reach the node, or its answer did not come back whole. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
  readonly url: string;

  constructor({ url, cause }: At & { readonly cause: unknown }) {
    super('the request failed', { cause });
    this.url = url;
  }

  get isCut(): boolean {
    return connectionFailure(this)?.kind === 'cut';
  }
}

/** Not sent: this node has refused a range of blocks that was not wider. */
export class RangeRefused extends Error {
  override readonly name = 'RangeRefused';
  readonly url: string;
  readonly details: string;

  constructor({ url, width, refused }: At & { readonly width: number; readonly refused: number }) {
    super('the range is too wide');
    this.url = url;
    this.details = `${width} blocks asked for, and the node has refused ${refused}`;
  }
}

/** How long the node asks to be left alone, in milliseconds: seconds or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(error: unknown): number | undefined {
  const value = error instanceof RpcError || error instanceof HttpFailure ? error.retryAfter : undefined;
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
