import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'API servers are added or taken out. On the host of nginx, once each server answers.',
  variables: { SERVERS: 'the API servers, such as "10.0.1.1:3000 10.0.1.2:3000"' },
  checks: [
    {
      what: 'Each server answers, on the right chain.',
      run: `for server in $SERVERS; do echo "$server $(curl -sS -m 5 "http://$server/health")"; done`,
      expect: '`healthy` and the same `chain_id` for each.',
    },
    {
      what: 'The configuration of nginx is sound before the change.',
      run: 'nginx -t; true',
      expect: '`test is successful`. Otherwise mend that first.',
    },
  ],
  steps: [
    {
      what: 'Write the upstream. A server that fails three times in 10 s is left out for 10 s.',
      run: `cp -a /etc/nginx/conf.d/tempovault.conf /root/tempovault.conf.before 2>/dev/null
{
  echo 'upstream tempovault_api {'
  echo '    zone tempovault_api 64k;'
  echo '    least_conn;'
  for server in $SERVERS; do echo "    server $server weight=1 max_fails=3 fail_timeout=10s;"; done
  echo '}'
  cat <<CONF
server {
    listen 80;
    proxy_connect_timeout 3s;
    proxy_send_timeout 30s;
    proxy_read_timeout 30s;
    proxy_next_upstream error timeout http_502 http_504;
    proxy_set_header Host \\$host;
    proxy_set_header X-Real-IP \\$remote_addr;
    proxy_set_header X-Forwarded-For \\$proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto \\$scheme;
    location / {
        proxy_pass http://tempovault_api;
    }
}
CONF
} > /etc/nginx/conf.d/tempovault.conf`,
    },
    {
      what: 'Test the whole configuration, then reload. Where the test fails, put the former file back.',
      run: 'nginx -t && nginx -s reload',
      expect:
        '`test is successful`. A line with `conflicting server name` means that the new block is ignored.',
    },
  ],
  verify: [
    {
      what: 'An API server answers through nginx.',
      run: `curl -sS -m 5 http://127.0.0.1/health; nginx -T 2>/dev/null | grep -A 3 'upstream tempovault_api'; true`,
      expect:
        '`healthy`, and the upstream of this change. A reload that failed is in `/var/log/nginx/error.log` only.',
    },
  ],
  never: [
    'Reload without `nginx -t`: with an error in a file, the next start of nginx fails.',
    'Balance indexer or relay: there must be one of each.',
  ],
};
