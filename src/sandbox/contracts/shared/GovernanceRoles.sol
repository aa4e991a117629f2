// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ADMIN, TREASURY_MANAGER, RISK_OFFICER, EMERGENCY, ORACLE, STRATEGIST} from "./IGovernanceRoles.sol";

/// Role registry, call for call compatible with OpenZeppelin's AccessControlEnumerable.
/// The same contract serves both generations.
contract GovernanceRoles {
    error Unauthorized(address account, bytes32 role);
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);
    error AccessControlBadConfirmation();

    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);

    bytes32 public constant DEFAULT_ADMIN_ROLE = ADMIN;
    bytes32 public constant ADMIN_ROLE = ADMIN;
    bytes32 public constant TREASURY_MANAGER_ROLE = TREASURY_MANAGER;
    bytes32 public constant RISK_OFFICER_ROLE = RISK_OFFICER;
    bytes32 public constant EMERGENCY_ROLE = EMERGENCY;
    bytes32 public constant ORACLE_ROLE = ORACLE;
    bytes32 public constant STRATEGIST_ROLE = STRATEGIST;

    mapping(bytes32 => address[]) private _members;
    /// One above the member's index; zero where the account does not hold the role.
    mapping(bytes32 => mapping(address => uint256)) private _position;

    /// One account for both, until they are given to others.
    constructor(address admin) {
        _grant(ADMIN, admin);
        _grant(EMERGENCY, admin);
    }

    modifier onlyAdmin() {
        if (!hasRole(ADMIN, msg.sender)) revert AccessControlUnauthorizedAccount(msg.sender, ADMIN);
        _;
    }

    function hasRole(bytes32 role, address account) public view returns (bool) {
        return _position[role][account] != 0;
    }

    function checkRole(bytes32 role, address account) external view {
        if (!hasRole(role, account)) revert Unauthorized(account, role);
    }

    function getRoleAdmin(bytes32) external pure returns (bytes32) {
        return ADMIN;
    }

    function getRoleMemberCount(bytes32 role) external view returns (uint256) {
        return _members[role].length;
    }

    function getRoleMember(bytes32 role, uint256 index) external view returns (address) {
        return _members[role][index];
    }

    function grantRole(bytes32 role, address account) external onlyAdmin {
        _grant(role, account);
    }

    function revokeRole(bytes32 role, address account) external onlyAdmin {
        _revoke(role, account);
    }

    function renounceRole(bytes32 role, address callerConfirmation) external {
        if (callerConfirmation != msg.sender) revert AccessControlBadConfirmation();
        _revoke(role, callerConfirmation);
    }

    /// IERC165, IAccessControl and IAccessControlEnumerable.
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x7965db0b || id == 0x5a05180f;
    }

    function _grant(bytes32 role, address account) private {
        if (hasRole(role, account)) return;
        _members[role].push(account);
        _position[role][account] = _members[role].length;
        emit RoleGranted(role, account, msg.sender);
    }

    function _revoke(bytes32 role, address account) private {
        uint256 position = _position[role][account];
        if (position == 0) return;
        address[] storage members = _members[role];
        address last = members[members.length - 1];
        members[position - 1] = last;
        _position[role][last] = position;
        members.pop();
        delete _position[role][account];
        emit RoleRevoked(role, account, msg.sender);
    }
}
