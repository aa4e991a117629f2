import { isVerificationUnknown, isVerified } from '../../database/backup/choosePrune.ts';
import { hasVerifiedCopy } from '../../database/backup/copies.ts';
import { type Backup, readableAdvice, someOf, unreadableSince } from '../../database/backup/listBackups.ts';
import { onHost } from '../../errors/advice.ts';
import { monitorUnit } from '../../host/monitorUnit.ts';
import { firstCheckMs } from '../../operations/monitorUnit.ts';
import { ago, bytes, duration, howMany, localTime } from '../../text/format.ts';
import { outsideText } from '../../text/outsideText.ts';
import { quoteForShell } from '../../text/shellLine.ts';
import { rule } from '../rule.ts';
import { hasFailed, howItEnded } from '../schedule.ts';
import { newerUnread, newestVerified } from '../sources/backups.ts';
import { usedPercent } from '../sources/disk.ts';

/** A disk as full as this is no warning any more: PostgreSQL stops at the last byte. In percent. */
const almostFullPercent = 95;

const monitorLog = onHost(`journalctl -u ${monitorUnit} -n 50 --no-pager`);

export const hostRules = [
  rule({
    id: 'disk-full',
    title: 'The disk is almost full',
    section: '8',
    level: 'warning',
    escalation: 1,
    about: 'disk',
    needs: ['disk'],
    find: ({ disk }, { settings }) => {
      const used = usedPercent(disk);
      if (used <= settings.monitor.diskPercent) return undefined;
      const { directory, mount, prunableBytes } = disk;
      const sentence = `${directory} (${mount}) is ${used} % full: ${bytes(disk.freeBytes)} free of ${bytes(disk.totalBytes)}`;
      const level = used >= almostFullPercent ? 'critical' : 'warning';
      if (prunableBytes !== undefined && prunableBytes > 0) {
        return {
          level,
          sentence: `${sentence}; old backups use ${bytes(prunableBytes)}`,
          next: [{ tv: ['db', 'prune'] }],
        };
      }
      return {
        level,
        sentence: `${sentence}${prunableBytes === undefined ? '' : '; no backup is old enough to prune'}`,
        next: [
          onHost(`du -xh --max-depth=2 ${quoteForShell(mount)} | sort -h | tail`),
          { when: 'move backups to another file system, then set backup.directory', tv: ['config', 'show'] },
        ],
      };
    },
  }),
  rule({
    id: 'memory-high',
    title: 'The host is running out of memory',
    section: '8',
    level: 'warning',
    escalation: 1,
    about: 'machine',
    needs: ['machine'],
    holdSeconds: 60,
    find: ({ machine: { memoryTotalBytes: total, memoryAvailableBytes: available } }, { settings }) => {
      const used = Math.round((1 - available / total) * 100);
      return used <= settings.monitor.memoryPercent
        ? undefined
        : {
            sentence: `${used} % of the memory is used: ${bytes(available)} of ${bytes(total)} available`,
            next: [onHost('ps -eo pid,user,rss,args --sort=-rss | head')],
          };
    },
  }),
  rule({
    id: 'backup-old',
    title: 'The last verified backup is old',
    section: '3',
    level: 'warning',
    escalation: 2,
    about: 'backups',
    needs: ['backups'],
    find: ({ backups }, { settings, now }) => {
      const newest = newestVerified(backups);
      const unread = newerUnread(backups);
      const limitMs = settings.monitor.backupHours * 3_600_000;
      const isRecent = ({ createdAt }: Backup) => now.getTime() - Date.parse(createdAt) <= limitMs;
      if (newest !== undefined && isRecent(newest)) return undefined;
      const denied = unreadableSince(backups, newest);
      if (denied.length > 0) {
        return {
          level: 'unknown',
          sentence: `how old the last verified backup is, is unknown: this user may not read ${someOf(denied)}`,
          next: [readableAdvice(backups.directory)],
        };
      }
      // A new sandbox has none, and needs none.
      if (backups.backups.length === 0 && settings.sandbox) return undefined;
      const next = [{ tv: ['db', 'backup'] }];
      if (unread !== undefined) {
        const marks = `the marks of ${unread.name} cannot be read`;
        return isRecent(unread)
          ? {
              level: 'unknown',
              sentence: `whether the backups of the last ${duration(limitMs)} were verified is unknown: ${marks}`,
              next: [{ tv: ['db', 'verify', unread.name] }],
            }
          : { sentence: `no backup of the last ${duration(limitMs)} was verified; ${marks}`, next };
      }
      if (newest !== undefined) {
        return {
          sentence: `the last verified backup was made ${ago(new Date(newest.createdAt), now)}, more than ${duration(limitMs)}`,
          next,
        };
      }
      return backups.backups.length === 0
        ? { sentence: `no backup in ${backups.directory}`, next }
        : {
            sentence: `none of the backups in ${backups.directory} was verified`,
            next: [{ tv: ['db', 'verify', '--latest'] }],
          };
    },
  }),
  rule({
    id: 'backup-not-copied',
    title: 'The newest backup has no verified copy off the host',
    section: '3',
    level: 'warning',
    escalation: 2,
    about: 'backups',
    needs: ['backups'],
    find: ({ backups: list }, { settings: { backup }, now }) => {
      const { backups } = list;
      const { copy } = backup;
      if (copy === undefined) return undefined;
      // One that was just made may still be on its way. The one before it is judged until then.
      const isOnItsWay = ({ createdAt }: Backup) => now.getTime() - Date.parse(createdAt) <= copy.timeoutMs;
      const due = backups.find((one) =>
        isVerified(one)
          ? one.marks.copied !== undefined || !isOnItsWay(one)
          : isVerificationUnknown(one) && !isOnItsWay(one),
      );
      if (due === undefined || hasVerifiedCopy(due)) return undefined;
      const denied = unreadableSince(list, due);
      if (denied.length > 0) {
        return {
          level: 'unknown',
          sentence: `whether the newest backup has a verified copy is unknown: this user may not read ${someOf(denied)}`,
          next: [readableAdvice(list.directory)],
        };
      }
      if (!isVerified(due)) {
        return {
          level: 'unknown',
          sentence: `whether the newest verified backup has a verified copy off the host is unknown: the marks of ${due.name} cannot be read`,
          next: [{ tv: ['db', 'verify', due.name] }, { tv: ['db', 'copy', due.name] }],
        };
      }
      const { copied } = due.marks;
      const [problem] = copied?.problems ?? [];
      const sentence = `the newest verified backup has no verified copy off the host`;
      if (copied !== undefined && problem === undefined) {
        return {
          sentence: `${sentence}: only the exit code of ${copy.command[0]} says that it was copied`,
          next: [{ when: 'to prove copies, set backup.copy.check', tv: ['config', 'show'] }],
        };
      }
      return {
        sentence: `${sentence}${problem === undefined ? '' : `: ${outsideText(problem)}`}`,
        evidence: { backup: due.name },
        next: [{ tv: ['db', 'copy', due.name] }],
      };
    },
  }),
  rule({
    id: 'schedule-failed',
    title: 'A scheduled job failed',
    section: '3',
    level: 'warning',
    escalation: 2,
    about: 'schedule',
    needs: ['schedule'],
    find: ({ schedule = [] }, { now }) =>
      schedule.filter(hasFailed).map((job) => ({
        subject: job.name,
        level: job.name === 'backup' ? 'critical' : 'warning',
        sentence: `${job.name} ${howItEnded(job)} (${job.last?.endedAt === undefined ? 'when is unknown' : ago(job.last.endedAt, now)})`,
        next: [onHost(`journalctl -u ${job.service} -n 50 --no-pager`)],
      })),
  }),
  rule({
    id: 'schedule-idle',
    title: 'A scheduled job is never started',
    section: '3',
    level: 'warning',
    escalation: 2,
    about: 'schedule',
    needs: ['schedule'],
    find: ({ schedule = [] }) => {
      const idle = schedule.filter(({ active, enabled }) => !active || !enabled).map(({ name }) => name);
      return idle.length === 0
        ? undefined
        : {
            sentence: `nothing starts ${idle.join(', ')}: the timer is not enabled or not active`,
            next: [{ tv: ['db', 'schedule', 'install'] }],
          };
    },
  }),
  rule({
    id: 'monitor-down',
    title: 'The installed monitor does not run',
    section: '8',
    level: 'critical',
    escalation: 1,
    about: 'monitor',
    needs: ['monitor'],
    holdSeconds: 30,
    find: ({ monitor }) => {
      if (monitor === undefined || monitor.service.activeState === 'active') return undefined;
      const { activeState, subState, result, restarts, loadState } = monitor.service;
      const state = activeState === subState ? activeState : `${activeState} (${subState})`;
      const start = onHost(`systemctl start ${monitorUnit}`);
      return {
        sentence: `${monitorUnit} is ${state}: no alert is sent`,
        evidence: {
          ...(loadState === 'loaded' ? {} : { unit: loadState }),
          ...(result === '' || result === 'success' ? {} : { result }),
          ...(restarts === 0 ? {} : { restarts: howMany(restarts, 'restart') }),
        },
        next:
          loadState === 'masked'
            ? [onHost(`systemctl unmask ${monitorUnit} && systemctl start ${monitorUnit}`)]
            : activeState === 'activating'
              ? // systemd starts it again and again: only its journal says why it ends.
                [monitorLog, onHost(`systemctl restart ${monitorUnit}`)]
              : [start, monitorLog],
      };
    },
  }),
  rule({
    id: 'monitor-silent',
    title: 'The installed monitor no longer runs its checks',
    section: '8',
    level: 'critical',
    escalation: 1,
    about: 'monitor',
    needs: ['monitor'],
    holdSeconds: 30,
    find: ({ monitor }, { now }) => {
      if (monitor?.health === undefined) return undefined;
      const { service, health } = monitor;
      const next = [onHost(`systemctl restart ${monitorUnit}`), monitorLog];
      if (!health.known) {
        return {
          level: 'unknown',
          sentence: `whether ${monitorUnit} still runs its checks is unknown: ${health.reason}`,
          next: [onHost(`systemctl status ${monitorUnit} --no-pager`)],
        };
      }
      const runsFor = service.since === undefined ? undefined : now.getTime() - service.since.getTime();
      const isStarting = runsFor !== undefined && runsFor < firstCheckMs;
      if (health.value.kind === 'answers' || isStarting) return undefined;
      return {
        sentence: `${monitorUnit} is active but does not prove that it runs its checks: ${health.value.reason}`,
        evidence: {
          ...(service.since === undefined ? {} : { 'active since': ago(service.since, now) }),
          ...(service.serves === undefined ? {} : { address: service.serves }),
        },
        next,
      };
    },
  }),
  rule({
    id: 'monitor-not-enabled',
    title: 'The installed monitor does not start at boot',
    section: '8',
    level: 'warning',
    escalation: 1,
    about: 'monitor',
    needs: ['monitor'],
    holdSeconds: 30,
    causes: ['monitor-down'],
    find: ({ monitor }) =>
      monitor === undefined || monitor.service.enabled
        ? undefined
        : {
            sentence: `${monitorUnit} does not start at boot`,
            next: [onHost(`systemctl enable ${monitorUnit}`)],
          },
  }),
  rule({
    id: 'certificate-expiring',
    title: 'The TLS certificate of the API has expired, or expires soon',
    section: '8',
    level: 'warning',
    escalation: 1,
    about: 'certificate',
    needs: ['certificate'],
    find: ({ certificate }, { settings, now }) => {
      if (certificate === undefined) return undefined;
      const { host, validTo } = certificate;
      const leftMs = validTo.getTime() - now.getTime();
      if (leftMs > settings.monitor.certificateDays * 86_400_000) return undefined;
      return {
        level: leftMs <= 0 ? 'critical' : 'warning',
        sentence:
          leftMs <= 0
            ? `the certificate of ${host} expired ${ago(validTo, now)}`
            : `the certificate of ${host} expires in ${duration(leftMs)}`,
        evidence: { issuer: certificate.issuer, 'valid until': localTime(validTo) },
        next: [onHost('certbot renew && systemctl reload nginx')],
      };
    },
  }),
  rule({
    id: 'certificate-untrusted',
    title: 'The TLS certificate of the API is not trusted',
    section: '8',
    level: 'critical',
    escalation: 1,
    about: 'certificate',
    needs: ['certificate'],
    causes: ['certificate-expiring'],
    find: ({ certificate }) =>
      certificate?.untrusted === undefined
        ? undefined
        : {
            sentence: `the certificate of ${certificate.host} is not trusted: ${certificate.untrusted}`,
            evidence: { issuer: certificate.issuer },
            next: [onHost('certbot certificates')],
          },
  }),
];
