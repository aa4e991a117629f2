import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'the disk of the backups fills up. Backups older than 30 days may go, never the last three.',
  checks: [
    {
      what: 'Disk.',
      run: 'df -h "$BACKUP_DIRECTORY"',
      expect: 'Below 80 % there is no hurry.',
      prints: /%/,
    },
    {
      what: 'Candidates: older than 30 days, not pinned by tv, and not among the newest three.',
      run: `candidates() {
  find "$BACKUP_DIRECTORY" -maxdepth 1 -name 'tempovault_*' -mtime +30 | sort | while read -r path; do
    newest=$(find "$BACKUP_DIRECTORY" -maxdepth 1 -name 'tempovault_*' ! -name '*.partial' \\
      ! -name '*.json' ! -name '*.rows' ! -name '*.sha256' -printf '%T@ %p\\n' | sort -n | tail -n 3 | cut -d' ' -f2-)
    grep -qsF '"pinned":{' "$path/marks.json" "$path.marks.json" && continue
    printf '%s\\n' "$newest" | grep -qxF "$path" || printf '%s\\n' "$path"
  done
}
candidates`,
      expect: 'Nothing, or paths that you can do without.',
    },
  ],
  steps: [
    {
      what: 'Remove one. Repeat for each candidate, with its `.rows`, `.sha256` and `.json` files.',
      run: 'OLD_BACKUP=$(candidates | head -n 1); [ -n "$OLD_BACKUP" ] && rm -r -i -- "$OLD_BACKUP"',
      expect: 'A question with the path in it. Read it before you answer.',
    },
  ],
  verify: [
    {
      what: 'What is left.',
      run: `find "$BACKUP_DIRECTORY" -maxdepth 1 -name 'tempovault_*' -printf '%TY-%Tm-%Td %s %f\\n' | sort`,
      expect: 'At least three backups, the newest at most a day old.',
    },
  ],
  never: [
    '`find … -mtime +30 -delete` in a crontab: when backups have failed for a month it deletes the last good one.',
  ],
};
