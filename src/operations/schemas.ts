import * as z from 'zod';
import { advice, errorCode, hex } from '../runbook/schemas.ts';

export const level = z.enum(['ok', 'warning', 'critical', 'unknown']);

/** The sources that findings come from. */
export const sourceId = z.enum([
  'services',
  'crashes',
  'processes',
  'machine',
  'disk',
  'envFile',
  'nodes',
  'chain',
  'protocol',
  'pause',
  'breakers',
  'orders',
  'signals',
  'relay',
  'relayInterval',
  'database',
  'indexer',
  'indexerError',
  'events',
  'api',
  'cors',
  'backups',
  'schedule',
  'monitor',
  'certificate',
  'oldKeys',
  'checklist',
  'runs',
]);

export const finding = z
  .object({
    id: z.string(),
    source: sourceId,
    level: z.enum(['unknown', 'warning', 'critical']),
    title: z.string(),
    section: z.string(),
    escalation: z.union([z.literal(1), z.literal(2), z.literal(3)]),
    sentence: z.string(),
    evidence: z.record(z.string(), z.string()),
    likely: z.string().nullable(),
    next: z.array(advice),
    cause: z.string().nullable(),
  })
  .meta({ id: 'finding' });

export const unknownAnswer = z
  .object({ known: z.literal(false), reason: z.string() })
  .meta({ id: 'unknownAnswer' });

const evidence = z
  .object({
    kind: z.enum(['unknown', 'shown', 'proven', 'contradicted', 'not-set', 'person']),
    words: z.string(),
    next: z.array(advice).optional(),
    facts: z.record(z.string(), z.string()).optional(),
    at: z.string().nullable().optional(),
    until: z.string().optional(),
  })
  .meta({ id: 'evidence' });

export const judgedItem = z
  .object({
    id: z.enum([
      'backups',
      'access-logs',
      'dependencies',
      'roles',
      'oracle-key',
      'certificates',
      'contract-audit',
      'penetration-test',
      'recovery-test',
      'infrastructure',
      'incident-response',
    ]),
    period: z.enum(['monthly', 'quarterly', 'annually']),
    title: z.string(),
    state: z.enum(['proven', 'recorded', 'due', 'unknown']),
    due: z.string().nullable(),
    reason: z.string().nullable(),
    recorded: z
      .object({ seq: z.number(), at: z.string(), by: z.string(), note: z.string(), evidence: z.unknown() })
      .nullable(),
    evidence,
  })
  .meta({ id: 'judgedItem' });

export const pair = z.object({ id: hex, name: z.string().nullable() }).meta({ id: 'pair' });

export const consideredFile = z
  .object({
    path: z.string(),
    role: z.enum(['sandbox', 'config', '.env']),
    state: z.enum(['missing', 'used', 'unreadable', 'not used']),
  })
  .meta({ id: 'consideredFile' });

export const settingsProblem = z
  .object({
    level: z.enum(['fatal', 'error', 'warning']),
    code: errorCode.optional(),
    message: z.string(),
    where: z.string(),
    key: z.string().optional(),
    facts: z.record(z.string(), z.string()).optional(),
    next: advice,
    untrusted: z.literal(true).optional(),
  })
  .meta({ id: 'settingsProblem' });

/** Calls that a command would send, for another signer: with `--calldata` and `--safe`. */
export const unsignedTransactions = z.object({
  chainId: z.number(),
  transactions: z.array(
    z.object({
      to: hex,
      value: z.literal('0'),
      data: hex,
      intent: z.enum([
        'tripBreaker',
        'resetBreaker',
        'unwindPair',
        'pauseProtocol',
        'unpauseProtocol',
        'authoriseOracle',
        'revokeOracle',
        'withdraw',
      ]),
      contract: z.enum(['governanceRoles', 'riskController', 'treasuryVault', 'dexStrategy']),
      signature: z.string(),
      args: z.array(z.string()),
      role: z.object({
        name: z.enum(['ADMIN', 'EMERGENCY', 'RISK_OFFICER', 'TREASURY_MANAGER']),
        id: hex,
        signer: z.enum(['admin', 'emergency', 'riskOfficer', 'treasuryManager']),
      }),
      holders: z.array(hex),
      holdersUnknown: z.string().optional(),
    }),
  ),
  warnings: z.array(z.string()),
  file: z.string().nullable(),
});
