import { parseAbi } from 'viem';

/** The role registry, the same in both generations. */
export const governanceRolesAbi = parseAbi([
  'function ADMIN_ROLE() view returns (bytes32)',
  'function TREASURY_MANAGER_ROLE() view returns (bytes32)',
  'function RISK_OFFICER_ROLE() view returns (bytes32)',
  'function EMERGENCY_ROLE() view returns (bytes32)',
  'function ORACLE_ROLE() view returns (bytes32)',
  'function STRATEGIST_ROLE() view returns (bytes32)',
  'function hasRole(bytes32 role, address account) view returns (bool)',
  'function getRoleMemberCount(bytes32 role) view returns (uint256)',
  'function getRoleMember(bytes32 role, uint256 index) view returns (address)',
  'function grantRole(bytes32 role, address account)',
  'function revokeRole(bytes32 role, address account)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)',
]);
