/** Sections of the operations runbook in its order, by the `section` of a command. */
export const sectionTitles: readonly (readonly [section: string, title: string])[] = [
  ['Quick reference', 'Quick reference'],
  ['1', '1. Reindexing events'],
  ['2', '2. Oracle recovery'],
  ['3', '3. Database maintenance'],
  ['4', '4. Rotating the oracle key'],
  ['5', '5. Scaling services'],
  ['6', '6. Circuit breakers'],
  ['7', '7. Emergency procedures'],
  ['8', '8. Alerts'],
  ['9', '9. Log analysis'],
  ['10', '10. Troubleshooting'],
  ['Tuning', 'Performance tuning'],
  ['Security', 'Security checklist'],
];

/** As GitHub makes it of a heading. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Where a section is in the exported runbook: `8-alerts`; undefined where there is no such section. */
export function runbookAnchor(section: string): string | undefined {
  const title = sectionTitles.find(([each]) => each === section)?.[1];
  return title === undefined ? undefined : slugOf(title);
}

/** What an operator needs to know of a section beyond its commands. */
export const sectionNotes: Readonly<Record<string, string>> = {
  '5': `Resize: make a snapshot, resize, then \`tv scale check\`.

- The API server keeps no state: several can run behind a load balancer.
- Run **one** event indexer. Two write the same cursor, and blocks are lost.
- Run **one** oracle relay for each key. Two with one key sign the same nonce, and one of them fails.`,
  '8': `Act at once:

- \`/health\` is not \`healthy\`. It says \`degraded\` with HTTP 200 when the RPC node is away.
- \`/ready\` answers 503.
- A pair has had no oracle signal for 5 minutes.
- The indexer's cursor does not move while the chain does. A unit that is \`active\` proves nothing.
- A circuit breaker is open, or the protocol is paused.
- The database refuses connections.

Within an hour: signals older than the contract's threshold, answers of the API above 2 s, disk above 80 %,
memory above 85 %, the indexer more than 100 blocks behind.`,
  '10': `\`tv status\` shows all of it on one screen. \`tv service restart NAME\` restarts a service and proves that it
works again; see [Quick reference](#quick-reference).

| symptom | first | then |
|---|---|---|
| API answers 503 | [Quick reference](#quick-reference): \`/ready\` names the check that fails | \`tv service restart api\`, only when RPC node and database answer |
| "Failed to fetch orders" in the frontend | is \`$API_UNIT\` running, and is the site's origin in \`ALLOWED_ORIGINS\`? | change \`.env\`, restart \`$API_UNIT\` |
| "insufficient fee token balance" | the fee token's balance of the sender | of the relay: \`tv oracle fund\`; of another account: send it the fee token. On Tempo there is no native token |
| indexer not progressing | its journal, the RPC node, its cursor | \`tv service restart indexer\`; if events are missing, [1. Reindexing events](#1-reindexing-events) |
| signals stale or dead | [2. Oracle recovery](#2-oracle-recovery) | |
| every transaction of the vault reverts | is it paused, is a breaker open? [6](#6-circuit-breakers), [7](#7-emergency-procedures) | |`,
};
