import type { ByHand } from '../../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a new host, or one on which tv cannot run for longer.',
  checks: [
    {
      what: 'What is scheduled already, by systemd and by cron.',
      run: `systemctl list-timers --all --no-pager | grep -i tempovault; crontab -l 2>/dev/null | grep -i tempovault; true`,
      expect: 'Nothing, or the timers of tv: then nothing is to be done.',
    },
  ],
  steps: [
    {
      what: 'A script that makes a backup and reads it to its end. It works on a server of this host.',
      run: `cat > /usr/local/sbin/tempovault-backup <<SCRIPT
#!/bin/bash
set -euo pipefail
umask 077
file=$BACKUP_DIRECTORY/tempovault_\\$(date +%Y%m%d-%H%M%S).dump
cd /
runuser -u postgres -- pg_dump -Fc $PGDATABASE > "\\$file.partial"
pg_restore -f /dev/null "\\$file.partial"
mv -n -- "\\$file.partial" "\\$file"
SCRIPT
chmod 755 /usr/local/sbin/tempovault-backup`,
    },
    {
      what: 'Every day at 02:00.',
      run: `echo '0 2 * * * root /usr/local/sbin/tempovault-backup' > /etc/cron.d/tempovault-backup`,
    },
  ],
  verify: [
    {
      what: 'Tomorrow: the newest backup is of this night.',
      run: `find "$BACKUP_DIRECTORY" -maxdepth 1 -name 'tempovault_*' -mtime -1 | sort`,
      expect: 'At least one. cron reports failures by mail to root only: check every day.',
    },
  ],
  never: ['Let cron delete old backups by age alone.'],
};
