interface CodeEntry {
  /** One sentence: the situation that the code names. */
  readonly meaning: string;
  /** What resolves it, where that is the same each time. The error itself has the advice for its case. */
  readonly whatToDo?: string;
}

/**
 * Every code of an error, as `area.what`. A code names a situation that a script may distinguish from others; the
 * sentence of an error may change, its code does not. The documentation of the codes is made from this table.
 */
export const codes = {
  // The call
  'usage.unknown-flag': { meaning: 'The command has no such flag.' },
  'usage.missing-value': { meaning: 'A flag, an argument or a text that the command needs is missing.' },
  'usage.too-many-arguments': { meaning: 'The command takes fewer arguments.' },
  'usage.malformed-value': { meaning: 'The value of a flag or an argument is malformed.' },
  'usage.malformed-address': { meaning: 'The value is not an address, or its checksum is missing or wrong.' },
  'usage.malformed-amount': { meaning: 'The value is not an amount of the token, or is zero.' },
  'usage.conflicting-flags': { meaning: 'The flags exclude each other, or one needs another.' },
  'usage.unknown-name': {
    meaning: 'There is no service, pair, token, setting, procedure or fault of that name.',
  },
  'usage.output-file': { meaning: 'The file to write exists already, or its folder does not exist.' },
  'usage.no-terminal': {
    meaning: 'The command draws on a terminal, and standard output is not one.',
    whatToDo: 'Run it at a terminal, without a pipe.',
  },
  'usage.amount-moves': {
    meaning: 'The amount changes with every block, so it cannot be signed elsewhere.',
    whatToDo: 'Give an amount a little below what is withdrawable.',
  },

  // The answer to a question
  'answer.not-confirmed': {
    meaning: 'The question was answered with no, or not answered; nothing was changed.',
  },
  'answer.missing': {
    meaning: 'A question has to be answered, or a choice made, and there is no terminal to ask at.',
    whatToDo: 'Answer with the flag or the setting that the error names, or run the command at a terminal.',
  },
  'answer.other-environment': { meaning: '--confirm names another environment than the one chosen.' },

  // The monitor
  'monitor.not-listening': { meaning: 'The address of --serve cannot be listened on.' },
  'monitor.not-answering': {
    meaning: 'The installed monitor is not running, or does not answer at its address.',
    whatToDo: 'Its journal has the reason: journalctl -u tempovault-monitor.',
  },
  'monitor.history-unreadable': {
    meaning: 'What tv monitor has recorded in the state directory cannot be read.',
  },

  // Settings
  'config.invalid': {
    meaning: 'A setting or the configuration file is malformed or unusable.',
    whatToDo: 'tv config check lists every problem.',
  },
  'config.file-missing': { meaning: 'The requested configuration file does not exist.' },
  'config.file-unreadable': {
    meaning: 'The configuration file cannot be read, or other users can change it.',
  },
  'config.unknown-environment': {
    meaning: 'There is no such environment in the configuration.',
    whatToDo: 'tv config show lists the environments.',
  },
  'config.setting-missing': {
    meaning: 'A setting that the command needs is not set.',
    whatToDo: 'tv config show lists every setting and its source.',
  },
  'config.file-exists': { meaning: 'There is a configuration file, and it was not overwritten.' },

  // Checks and the plan
  'check.blocked': {
    meaning: 'A check blocks the run; nothing was changed.',
    whatToDo: 'Resolve what the check found, or override it with --override and --reason.',
  },
  'check.timeout': { meaning: 'A check did not get its answer within its limit.' },
  'check.unknown': { meaning: 'It is unknown whether there is anything to do; nothing was changed.' },
  'plan.changed': {
    meaning: 'The plan is not the one whose digest was given with --plan; nothing was changed.',
    whatToDo: 'Read the new plan and have its digest approved.',
  },
  'plan.unstable': { meaning: 'The facts kept changing while the question was open; nothing was changed.' },
  'plan.not-reproducible': {
    meaning: 'This tv makes another plan than the one that the run was begun with.',
    whatToDo: 'Resume or undo the run with the build of tv that began it.',
  },

  // Approvals
  'approval.needed': {
    meaning: 'The settings ask for signatures of others, and the run was started without a plan file.',
    whatToDo: 'Write the plan with --dry-run --out, have it signed, and start the run with --plan FILE.',
  },
  'approval.missing': { meaning: 'The plan file has fewer valid signatures of others than are needed.' },
  'approval.own-signature': {
    meaning: 'A signature is of the operator who starts the run, and does not count.',
  },
  'approval.unknown-key': {
    meaning: 'A signature is of a key that the file of allowed signers does not list, or not now.',
  },
  'approval.revoked-key': { meaning: 'A signature is of a revoked key.' },
  'approval.altered': { meaning: 'The plan file or a signature is not as it was written.' },
  'approval.expired': {
    meaning: 'The plan file has expired, or was written in the future.',
    whatToDo: 'Write the plan anew, and have it signed.',
  },
  'approval.other-environment': { meaning: 'The plan file is for another environment, or another chain.' },
  'approval.other-call': { meaning: 'The plan file is for another command, other input or other overrides.' },
  'approval.other-version': { meaning: 'The plan file was written by another version of tv.' },
  'approval.used': {
    meaning: 'A run was started with the plan file already; each is for one run.',
    whatToDo: 'Write the plan anew, and have it signed.',
  },
  'approval.file-unusable': { meaning: 'The plan file cannot be read, or is not a plan file.' },
  'approval.signers-unusable': {
    meaning: 'The file of allowed signers, or of revoked keys, is missing or cannot be trusted.',
  },
  'approval.no-ssh-keygen': {
    meaning: 'ssh-keygen is not installed, or is too old for signatures.',
    whatToDo: 'Install OpenSSH 8.9 or newer (openssh-client).',
  },
  'approval.no-key': { meaning: 'No key to sign with is named, or it cannot be used.' },
  'approval.not-signed': { meaning: 'ssh-keygen did not sign.' },

  // Runs
  'run.not-found': { meaning: 'There is no run of that id.', whatToDo: 'tv runs list shows the runs.' },
  'run.ambiguous': { meaning: 'Several runs fit.', whatToDo: 'Give the id of one of them.' },
  'run.none-fits': { meaning: 'No run is unfinished, or none qualifies for the command.' },
  'run.not-begun': { meaning: 'The run had not begun; it changed nothing.' },
  'run.in-progress': {
    meaning: 'The run is in progress, or its process cannot be seen from here.',
    whatToDo: 'Wait until it has finished. If its machine is gone, tell tv so: tv runs release.',
  },
  'run.not-unseen': {
    meaning: 'The run needs no release: its process runs on this machine, or has ended.',
  },
  'run.other-environment': { meaning: 'The run belongs to another environment.' },
  'run.other-version': {
    meaning: 'The run was begun by another version of tv, whose steps may differ.',
    whatToDo: 'Resume or undo the run with that version.',
  },
  'run.superseded': { meaning: 'A later run is verified and supersedes this one.' },
  'run.abandoned': { meaning: 'The run was abandoned and can be neither resumed nor undone.' },
  'run.closed': { meaning: 'The run is finished and verified, undone, rolled back or closed already.' },
  'run.changed-meanwhile': { meaning: 'The run changed while the question was open.' },
  'run.effect-unknown': {
    meaning: 'It is unknown whether a step, or its undo, took effect.',
    whatToDo: 'Check it by hand, then resume or undo the run.',
  },
  'run.irreversible': { meaning: 'A step of the run is irreversible, so the run cannot be undone.' },
  'run.changed-outside': {
    meaning: 'A value was changed outside the run, and was not overwritten.',
    whatToDo: 'Abandon the run to keep the value, or set one of the two values of the run again.',
  },
  'run.target-changed': { meaning: 'The database is another one than when the run was planned.' },

  // Locks, journals, the audit log
  'lock.held': {
    meaning: 'Another run holds the lock.',
    whatToDo: 'Wait until it has finished; --wait does so.',
  },
  'lock.lost': {
    meaning: 'The lock of the run is lost, or was not taken again; another run may have begun.',
  },
  'lock.pooler': {
    meaning: 'A connection pooler answers in place of the database server, so the lock cannot be held.',
    whatToDo: 'Name the PostgreSQL server itself.',
  },
  'lock.unreadable': {
    meaning: 'Whether another run holds a lock on this machine cannot be read.',
    whatToDo: 'See what the setting stateDirectory names, and who may read it.',
  },
  'lock.unavailable': { meaning: 'The lock cannot be written to disk; nothing was changed.' },
  'journal.no-room': { meaning: 'There is no room for the journal of the run; nothing was changed.' },
  'journal.lost': {
    meaning: 'The run stopped because its journal cannot be written; completed steps are kept.',
    whatToDo: 'Make room or correct the permissions, then resume the run.',
  },
  'journal.damaged': {
    meaning: 'The journal of the run is damaged, or lacks a value that a later step needs.',
    whatToDo: 'Read the journal by hand, then close the run with tv runs abandon.',
  },
  'journal.unreadable': { meaning: 'The folder of the journals cannot be read.' },
  'audit.unusable': { meaning: 'The audit log is locked, or cannot be read or written.' },
  'audit.not-anchored': {
    meaning: 'The head of the audit log was not taken by the command of the setting audit.anchor.',
  },
  'notes.unusable': { meaning: 'The file of the notes is locked, or cannot be read.' },
  'checklist.unusable': {
    meaning: 'The log of the security checklist is locked, or cannot be read or written.',
  },

  // tv itself
  'tv.interrupted': { meaning: 'The command was ended by a signal.' },
  'tv.bug': {
    meaning: 'tv has a bug.',
    whatToDo: 'Run the command again with --verbose and report its output.',
  },

  // The chain
  'chain.node-timeout': { meaning: 'The RPC node did not answer in time.' },
  'chain.node-unreachable': { meaning: 'The RPC node cannot be reached, or closed the connection.' },
  'chain.node-untrusted': { meaning: 'The certificate or the TLS of the RPC node is not accepted.' },
  'chain.node-failed': { meaning: 'The RPC node reported an error of its own, or an HTTP error.' },
  'chain.rate-limited': {
    meaning: 'The RPC node refuses more requests for now.',
    whatToDo: 'Wait and run the command again, or add a second RPC URL.',
  },
  'chain.access-denied': {
    meaning: 'The RPC node refuses access.',
    whatToDo: 'Check the key in the RPC URL.',
  },
  'chain.malformed-answer': { meaning: 'The RPC node did not return what was asked for.' },
  'chain.unreliable-node': {
    meaning: 'Answers of the RPC node contradict each other.',
    whatToDo: 'Set RPC_URL, or chain.rpcUrls, to another node.',
  },
  'chain.history-pruned': {
    meaning: 'The RPC node does not have the blocks, logs or state asked for.',
    whatToDo: 'Use a node with the full history (an archive node).',
  },
  'chain.too-much-asked': {
    meaning: 'The request covers more blocks, or its answer is larger, than allowed.',
  },
  'chain.call-unsupported': { meaning: 'The RPC node does not offer the call.' },
  'chain.call-reverted': { meaning: 'The contract refused the call.' },
  'chain.request-rejected': { meaning: 'The RPC node rejected the request.' },
  'chain.wrong-chain': {
    meaning: 'The RPC node is on another chain than the settings name.',
    whatToDo: 'Correct RPC_URL or CHAIN_ID.',
  },
  'chain.head-went-back': {
    meaning: 'The head of the chain went back: a reorganisation, or a lagging node.',
  },
  'chain.contract-mismatch': {
    meaning: 'A contract does not return what the TempoVault contract of that name returns.',
    whatToDo: 'Check the address in tv config show.',
  },
  'chain.function-missing': { meaning: 'The deployed contracts have no function for the operation.' },
  'chain.function-unknown': { meaning: 'It is unknown whether the contract has the function.' },
  'chain.no-role-holder': { meaning: 'No account holds the role that the operation needs.' },
  'chain.no-common-sender': { meaning: 'No single account may send all transactions of the batch.' },

  // Signers and transactions
  'signer.not-configured': {
    meaning: 'No key is configured for the role, or its environment variable is not set.',
  },
  'signer.command-failed': { meaning: 'The command that prints the key failed.' },
  'signer.not-a-key': { meaning: 'The value given as a key is not a private key.' },
  'signer.other-key': { meaning: 'The key is another one than the one planned for.' },
  'signer.wrong-password': { meaning: 'The password does not open the keystore.' },
  'signer.keystore-unusable': {
    meaning: 'The key file is not a keystore of version 3 with usual parameters.',
  },
  'signer.file-unreadable': { meaning: 'The file of a key or a password cannot be read.' },
  'signer.file-exposed': {
    meaning: 'The file of a key or a password can be read or changed by other users.',
    whatToDo: 'Set its mode to 600.',
  },
  'transaction.would-revert': { meaning: 'The contract would refuse the transaction; nothing was signed.' },
  'transaction.gas-implausible': {
    meaning: 'The gas estimate of the RPC node is too high; nothing was signed.',
  },
  'transaction.refused': { meaning: 'The RPC node refused the transaction, and no node knows it.' },
  'transaction.reverted': { meaning: 'The transaction is in a block, but reverted.' },
  'transaction.pending': {
    meaning: 'The transaction is not in a block, or its nonce is unused, after the limit.',
    whatToDo: 'Resume the run: it sends the same transaction again, never a second one.',
  },
  'transaction.unknown': {
    meaning: 'It is unknown whether the transaction is in a block, or whether it succeeded.',
    whatToDo: 'Check the RPC nodes, then resume the run.',
  },
  'transaction.nonce-taken': { meaning: 'Another transaction of the account took the nonce.' },

  // The oracle
  'oracle.no-signal': { meaning: 'No new signal was accepted, or none can come.' },
  'oracle.signals-unreadable': {
    meaning: 'The signals of the oracle cannot be read; whether one came is unknown.',
  },
  'oracle.account-unknown': { meaning: 'The account of the oracle is unknown.' },
  'oracle.key-unusable': { meaning: 'The oracle key is not where it is expected, or is no private key.' },
  'oracle.old-keys-unreadable': { meaning: 'The list of replaced oracle keys cannot be read.' },

  // Emergencies
  'emergency.not-paused': { meaning: 'The protocol is not paused, and should be.' },
  'emergency.still-paused': { meaning: 'The pause has not ended, so the vault would refuse.' },
  'emergency.pause-unknown': { meaning: 'It is unknown whether the protocol is paused.' },
  'emergency.nothing-withdrawable': { meaning: 'None of the amount is withdrawable any more.' },

  // The database
  'db.unreachable': { meaning: 'The database server cannot be reached.' },
  'db.timeout': { meaning: 'The database server did not answer in time.' },
  'db.disconnected': { meaning: 'The connection to the database was lost, or the server ended the session.' },
  'db.not-ready': { meaning: 'The database server is starting up, shutting down or recovering.' },
  'db.login-refused': { meaning: 'The database does not let the role in, or asks for a password.' },
  'db.tls-failed': { meaning: 'The TLS that the server or the URL of the database demands is not possible.' },
  'db.missing': { meaning: 'The database does not exist on the server.' },
  'db.pooler': {
    meaning: 'A connection pooler answers in place of the database server.',
    whatToDo: 'Name the PostgreSQL server itself.',
  },
  'db.exhausted': { meaning: 'The database server has no disk space, memory or connection left.' },
  'db.statement-timeout': { meaning: 'A database statement took longer than its limit.' },
  'db.statement-refused': { meaning: 'The database refused, cancelled or did not answer a statement.' },
  'db.right-missing': { meaning: 'The role lacks a right in the database.' },
  'db.read-only': { meaning: 'The database is a standby, or set to read only.' },
  'db.table-locked': { meaning: 'Another session has locked a table.' },
  'db.sessions-block': {
    meaning: 'Other sessions are connected to the database and do not end.',
    whatToDo: 'End them, and resume the run or repeat the command.',
  },
  'db.objects-in-use': { meaning: 'Other objects use the database, which cannot be renamed or dropped.' },
  'db.previous-missing': { meaning: 'The database that the run put aside is gone or was replaced.' },
  'db.events-missing': { meaning: 'The database holds no event tables on the search path.' },
  'db.schema-unsupported': { meaning: 'The event tables or the cursor are not as tv expects them.' },
  'db.restore-failed': { meaning: 'The backup could not be restored.' },
  'db.restore-differs': { meaning: 'What was restored is not what the backup should hold.' },

  // Backups
  'backup.not-found': { meaning: 'There is no such backup.', whatToDo: 'tv db backups lists the backups.' },
  'backup.ambiguous': { meaning: 'Several backups fit.', whatToDo: 'Give the name of one of them.' },
  'backup.unsupported': { meaning: 'tv does not read that kind of backup, or that name.' },
  'backup.folder-unreadable': { meaning: 'The backup folder cannot be read.' },
  'backup.unreadable': { meaning: 'The backup cannot be read to its end.' },
  'backup.damaged': { meaning: 'The backup is damaged.' },
  'backup.lacks-tables': { meaning: 'The backup lacks tables that the operation needs.' },
  'backup.dump-failed': { meaning: 'pg_dump did not finish.' },
  'backup.incomplete': { meaning: 'The backup does not hold what the database holds.' },
  'backup.not-written': { meaning: 'The backup, its manifest or its marks cannot be written or removed.' },
  'backup.not-copied': {
    meaning: 'The backup cannot be copied off the host, or its copy cannot be brought back.',
    whatToDo: 'Correct backup.copy in the settings, then tv db copy.',
  },
  'backup.pinned': { meaning: 'The backup is pinned.', whatToDo: 'tv db unpin removes the pin.' },

  // Units that tv installs
  'unit.no-tv': { meaning: 'The host has no tv that a systemd unit can rely on.' },
  'unit.settings-unreadable': {
    meaning: 'The tv of the host cannot read the settings of the environment.',
  },
  'unit.other-target': { meaning: 'The tv of the host would work on another chain, database or folder.' },

  // The indexer
  'indexer.stopped': { meaning: 'The indexer has stopped.' },
  'indexer.no-progress': { meaning: 'The indexer is running but makes no progress.' },
  'indexer.too-slow': { meaning: 'The indexer has not reached the head within the limit.' },
  'indexer.missing-events': { meaning: 'The indexer leaves out events each time it reads their blocks.' },
  'indexer.wrong-database': {
    meaning: 'A second indexer is not connected to its own database alone.',
    whatToDo: 'Undo the run; tv reindex --in-place needs no second indexer.',
  },
  'indexer.still-writing': { meaning: 'The indexer, or another session, still writes event tables.' },

  // The API
  'api.timeout': { meaning: 'The API did not answer in time.' },
  'api.unreachable': { meaning: 'The API cannot be reached.' },
  'api.not-tempovault': { meaning: 'What answers at the API URL is not the API of TempoVault.' },

  // The host and its files
  'host.ssh-unreachable': { meaning: 'The host cannot be reached over ssh.' },
  'host.sudo-refused': { meaning: 'sudo asks for a password on the host, or does not allow the command.' },
  'host.prefix-missing': { meaning: 'The program through which host commands run does not exist here.' },
  'host.command-missing': { meaning: 'A program is not installed on the host.' },
  'host.not-started': { meaning: 'A program could not be started, or may not be executed.' },
  'host.malformed-command': { meaning: 'A command for the host cannot be built from its parts.' },
  'host.timeout': { meaning: 'A command on the host did not finish within its limit.' },
  'host.unreadable-answer': { meaning: 'A command on the host did not return what was asked for.' },
  'host.systemd-silent': { meaning: 'systemd does not answer on the host.' },
  'host.systemctl-failed': { meaning: 'A call of systemctl failed.' },
  'host.journal-unreadable': {
    meaning: 'The systemd journal of the services, or a part of it, cannot be read.',
    whatToDo: 'Run tv as root or through sudo, or add the user to the group systemd-journal.',
  },
  'host.unit-not-started': { meaning: 'A unit did not start.' },
  'host.unit-not-stopped': { meaning: 'A unit did not stop.' },
  'env-file.ambiguous': {
    meaning: 'A key cannot be changed in the .env file without a risk to other lines.',
  },
  'env-file.unwritable-value': { meaning: 'A key or value cannot be written to a .env file.' },
  'nginx.rejected': {
    meaning: 'nginx -t rejects a configuration, or would ignore a part of it.',
    whatToDo: 'The error quotes what nginx says; what tv had written was rolled back.',
  },
  'nginx.not-reloaded': {
    meaning: 'nginx could not be reloaded, or still works with its former configuration.',
    whatToDo: 'The error log of nginx says why.',
  },
  'file.missing': { meaning: 'A file does not exist on the host.' },
  'file.unreadable': { meaning: 'A file on the host may not be read.' },
  'file.not-a-file': { meaning: 'A path on the host is not a regular file.' },
  'file.not-text': { meaning: 'A file on the host is not UTF-8 text.' },
  'file.not-replaced': { meaning: 'A file on the host cannot be replaced or deleted.' },
  'file.not-written': { meaning: 'A file on this machine cannot be written.' },

  // The sandbox
  'sandbox.not-running': { meaning: 'The sandbox is not running.', whatToDo: 'tv sandbox up starts one.' },
  'sandbox.not-a-sandbox': { meaning: 'The directory is not a sandbox, so nothing in it is touched.' },
  'sandbox.not-started': { meaning: 'The sandbox, or a part of it, does not start.' },
  'sandbox.needs-systemd': {
    meaning:
      'The machine cannot boot the systemd that a sandbox runs on: it needs root, Linux, systemd and cgroup2.',
  },
  'sandbox.needs-program': { meaning: 'A program that the sandbox needs is not installed or not built.' },
  'sandbox.chain-failed': {
    meaning: 'The chain of the sandbox refused a request, or cannot be made as asked.',
  },
  'sandbox.fault-failed': { meaning: 'The fault cannot be set in this sandbox.' },

  // Drills
  'drill.running': {
    meaning: 'The operator has a drill already, or another call of tv drill is at work.',
    whatToDo: 'tv drill status shows it; tv drill end ends it.',
  },
  'drill.none': { meaning: 'The operator has no drill.', whatToDo: 'tv drill start starts one.' },
  'drill.not-begun': { meaning: 'The faults of the drill did not show, so it was not begun.' },
  'drill.of-sandbox': {
    meaning: 'The sandbox belongs to a drill: it is neither broken nor healed by hand.',
    whatToDo: 'tv drill end ends the drill and takes its sandbox down.',
  },
  'drill.unreadable': { meaning: 'The state of the drill cannot be read.' },
  'drill.history-unusable': { meaning: 'The history of drills is locked, or cannot be read or written.' },
} as const satisfies Readonly<Record<string, CodeEntry>>;

export type ErrorCode = keyof typeof codes;
