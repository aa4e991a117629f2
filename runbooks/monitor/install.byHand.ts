import { monitorPath, monitorUnit } from '../../src/host/monitorUnit.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a new host, on which `tv monitor` runs and `tv monitor install` is refused.',
  variables: {
    TV: 'how the host calls tv, such as "/usr/bin/node /usr/local/bin/tv -e production"',
  },
  checks: [
    {
      what: 'Nothing listens on the port yet.',
      run: `curl -sS -m 5 http://127.0.0.1:9464/health; true`,
      expect: 'Connection refused.',
    },
  ],
  steps: [
    {
      what: 'The unit. Everybody may read it: put no secret into its command line. With a webhook, write its URL into a file of root with mode 600 and add `--webhook-file FILE`.',
      run: `cat > ${monitorPath} <<UNIT
[Unit]
Description=TempoVault: monitor
After=network-online.target postgresql.service
StartLimitIntervalSec=0

[Service]
Type=exec
Environment="PATH=$PATH"
ExecStart=$TV --set host.prefix=[] monitor --serve 127.0.0.1:9464
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload`,
    },
    {
      what: 'Start it, now and at every boot.',
      run: `systemctl enable --now ${monitorUnit}`,
    },
  ],
  verify: [
    {
      what: 'It has checked.',
      run: `curl -sS -m 5 --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:9464/health
systemctl show -p ActiveState,NRestarts,InvocationID ${monitorUnit}`,
      expect: '`"status":"ok"` and an `invocation` that is the `InvocationID`; `NRestarts=0`.',
    },
  ],
  never: [
    'Call it installed because the unit is `active`: with a wrong flag it is started again every 10 s.',
    'Serve it on a public address: it has no password and no TLS.',
  ],
};
