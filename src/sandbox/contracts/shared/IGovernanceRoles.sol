// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The part of the role registry that the other contracts ask.
interface IGovernanceRoles {
    function hasRole(bytes32 role, address account) external view returns (bool);
    /// Reverts Unauthorized(account, role).
    function checkRole(bytes32 role, address account) external view;
}

bytes32 constant ADMIN = 0x00;
bytes32 constant TREASURY_MANAGER = keccak256("TREASURY_MANAGER");
bytes32 constant RISK_OFFICER = keccak256("RISK_OFFICER");
bytes32 constant EMERGENCY = keccak256("EMERGENCY");
bytes32 constant ORACLE = keccak256("ORACLE");
bytes32 constant STRATEGIST = keccak256("STRATEGIST");
