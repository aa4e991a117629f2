import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'after each backup, and when its copy has failed. A backup that is only on the host is lost with the host.',
  variables: {
    BACKUP: 'full path of the backup: a file or a folder',
    OFFSITE: 'a folder of another machine that is mounted on the host',
  },
  checks: [
    {
      what: 'What the backups need, and what is free where the copies go.',
      run: 'du -sh "$BACKUP_DIRECTORY"; df -h',
      expect: 'More free there than the backup is large.',
      prints: /%/,
    },
  ],
  steps: [
    {
      what: 'Copy it. With rclone: `rclone copyto "$BACKUP" REMOTE:"$(basename "$BACKUP")"`.',
      run: 'cp -rT -- "$BACKUP" "$OFFSITE/$(basename "$BACKUP")" && echo copied',
      expect: '`copied`.',
    },
    {
      what: 'Read the copy, and compare it with the backup. With rclone: `rclone check`, with the same two places.',
      run: 'diff -r "$BACKUP" "$OFFSITE/$(basename "$BACKUP")" && echo the same',
      expect: '`the same`.',
    },
  ],
  verify: [
    {
      what: 'The backups on the host, newest first. The newest needs a copy, too.',
      run: 'ls -lt "$BACKUP_DIRECTORY"',
      expect: 'The backup that you have copied is at the top.',
    },
  ],
  never: [
    'Write keys or passwords of the other place on a command line: every user of the host can read it.',
    'Remove a backup from the host because a copy ended with exit code 0: that proves nothing.',
  ],
};
