import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { findConfigPaths } from '../../src/config/configPaths.ts';
import { starterConfig } from '../../src/config/starterConfig.ts';
import { exitCodes, TvError, UsageError } from '../../src/errors/TvError.ts';
import { defineAction, field } from '../../src/runbook/define.ts';

/** `tv config init [file]`: a commented configuration file to start from. */
export default defineAction({
  title: 'First configuration',
  summary: 'Write a first configuration',
  order: 1,
  risk: 'mild',
  settings: 'as-found',
  description:
    "Writes a configuration file with every setting in it as a comment: its value now, and where that comes from. What was given by `--set` or a `TV_…` variable is written out. It holds no secret: the database's URL stays in `.env`, or comes from a command or variable. Placeholders such as `$RECIPIENT_ADDRESS` mark values that only an operator knows; no setting accepts them unchanged. Without a path it goes to `~/.config/tv/config.yaml`, with --system to `/etc/tempovault/tv.yaml`, which is valid for every user of the machine. Root has to choose: a path, or --system.",
  examples: [
    { what: 'For this user', line: 'tv config init' },
    { what: 'For the machine', line: 'tv config init --system' },
  ],
  input: {
    file: field('[file]', 'where to write it', z.string().optional()),
    system: field('--system', 'write the machine-wide file', z.boolean().default(false)),
    force: field('--force', 'replace a file that is there', z.boolean().default(false)),
  },
  run: async ({ settings, settingsOrigins, writeFile, tell }, { file, system, force }) => {
    const { userConfig, machineConfig } = findConfigPaths(process.env);
    if (file !== undefined && system) {
      throw new UsageError('usage.conflicting-flags', 'Give a path or --system, not both.', {
        next: { tv: ['config', 'init', file] },
      });
    }
    if (file === undefined && !system && isRoot()) {
      throw new TvError(
        'answer.missing',
        'Root has to choose which configuration file to write; nothing was written.',
        {
          facts: { [machineConfig]: 'for every user of this machine', [userConfig]: 'for root alone' },
          next: [{ tv: ['config', 'init', '--system'] }, { tv: ['config', 'init', userConfig] }],
          exitCode: exitCodes.notConfirmed,
        },
      );
    }
    const path = resolve(file ?? (system ? machineConfig : userConfig));
    if (settings.sandbox) {
      throw new UsageError('usage.conflicting-flags', 'A sandbox has a configuration of its own.', {
        next: { tv: ['config', 'init'] },
      });
    }
    if (existsSync(path) && !force) {
      throw new TvError('config.file-exists', 'There is a configuration already; it was left as it is.', {
        facts: { file: path },
        next: [{ tv: ['config', 'show'] }, { tv: ['config', 'init', path, '--force'] }],
      });
    }
    tell(`Writing ${path}`);
    try {
      writeFile(path, starterConfig(settings, settingsOrigins));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new TvError('file.not-written', 'The configuration could not be written.', {
        facts: { file: path, reason: code },
        next: { tv: ['config', 'init', './tv.yaml'] },
        cause: error,
      });
    }
    const usual = path === userConfig || path === machineConfig;
    return { file: path, environment: settings.environment, found: usual };
  },
  render: ({ file, found }, paint) => {
    const given = found ? [] : ['--config', file];
    const next = [{ tv: [...given, 'config', 'check'] }, { tv: [...given, 'config', 'show'] }];
    return `${paint.ok('✔')} ${file} is written, readable by you alone.\n${paint.next(next)}\n`;
  },
});

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
