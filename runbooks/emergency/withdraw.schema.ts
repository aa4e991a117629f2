import { unsignedTransactions } from '../../src/operations/schemas.ts';
import { type DataOf, schemaFor } from '../../src/runbook/schemaFor.ts';
import type command from './withdraw.ts';

export default schemaFor<DataOf<typeof command>>()(unsignedTransactions);
