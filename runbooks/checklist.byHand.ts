import { rightChain } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'each month: access logs, outdated dependencies, a trial restore, role assignments. Each quarter: rotation of the oracle key, certificates, security audit of the contracts, penetration testing. Each year: a full disaster recovery test, a review of the infrastructure, new incident response procedures.',
  checks: [
    {
      what: 'Access log: requests by status.',
      run: `awk '{ print substr($9, 1, 1) "xx" }' /var/log/nginx/access.log /var/log/nginx/access.log.1 | sort | uniq -c`,
      expect: 'About the same as a month before. An error of awk means that a file was not read.',
    },
    {
      what: 'Access log: the addresses with the most requests.',
      run: `awk '{ print $1 }' /var/log/nginx/access.log /var/log/nginx/access.log.1 | sort | uniq -c | sort -rn | head`,
      expect: 'No address that you do not expect.',
    },
    {
      what: 'Failed logins over ssh.',
      run: `journalctl -t sshd -t sshd-session -t sshd-auth --since -30d -o cat --no-pager |
  grep -cE -e '^(Failed|Invalid user) ' -e '(closed by|reset by|isconnected from|isconnecting) (authenticating|invalid) user ' || true`,
      expect:
        'A number of lines, often several of one attempt. `0` proves nothing where the journal is not kept for so long, or may not be read.',
      prints: /\d+$/,
    },
    {
      what: 'Outdated packages of the host, by its package lists.',
      run: 'ls -l --time-style=long-iso /var/lib/apt/lists; LC_ALL=C apt list --upgradable 2>/dev/null || true',
      expect: 'No security updates. Lists that are weeks old prove nothing: `apt-get update` gets new ones.',
    },
    rightChain,
    {
      what: 'Role assignments: every role with its holders.',
      run: `for role in "$ADMIN_ROLE" "$EMERGENCY_ROLE" "$RISK_OFFICER_ROLE" "$TREASURY_MANAGER_ROLE" "$ORACLE_ROLE"; do
  members=$(cast call "$GOVERNANCE_ROLES_ADDRESS" 'getRoleMemberCount(bytes32)(uint256)' "$role")
  for index in $(seq 0 $((members - 1))); do
    echo "$role $(cast call "$GOVERNANCE_ROLES_ADDRESS" 'getRoleMember(bytes32,uint256)(address)' "$role" "$index")"
  done
done`,
      expect:
        'Only accounts that should hold the role. A role without a line has no holder, or was not read.',
      prints: /^0x[0-9a-f]{64} 0x[0-9a-fA-F]{40}$/m,
    },
    {
      what: 'The owner of the vault, who can withdraw.',
      run: `cast call "$TREASURY_VAULT_ADDRESS" 'owner()(address)'`,
      expect: 'The account that should be.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'Certificates that certbot keeps on the host.',
      run: `for file in /etc/letsencrypt/live/*/cert.pem; do
  [ ! -e "$file" ] || openssl x509 -noout -subject -enddate -in "$file"
done`,
      expect: 'None that expires within 14 days.',
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Tick an item because nothing was found in a log that could not be read.',
    'Take a backup that was only written, or only read, for one that can be restored.',
  ],
};
