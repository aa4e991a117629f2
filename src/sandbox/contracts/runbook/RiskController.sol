// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, ADMIN} from "../shared/IGovernanceRoles.sol";
import {OracleSignals} from "../shared/OracleSignals.sol";

/// The generation that the runbook was written for: one oracle address at a time, breakers set by ADMIN.
contract RiskController is OracleSignals {
    event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle);

    IGovernanceRoles public immutable governanceRoles;
    address public oracleAddress;
    mapping(bytes32 => bool) public circuitBroken;

    constructor(IGovernanceRoles roles, address oracle) {
        governanceRoles = roles;
        oracleAddress = oracle;
    }

    function updateOracleSignal(bytes32 pair, OracleSignal calldata signal, bytes calldata signature) external {
        _updateSignal(pair, signal, signature);
    }

    function setCircuitBreaker(bytes32 pair, bool broken) external {
        governanceRoles.checkRole(ADMIN, msg.sender);
        circuitBroken[pair] = broken;
        if (broken) emit CircuitBreakerTriggered(pair, msg.sender);
        else emit CircuitBreakerReset(pair, msg.sender);
    }

    /// The old oracle stops at this instant.
    function setOracleAddress(address oracle) external {
        governanceRoles.checkRole(ADMIN, msg.sender);
        if (oracle == address(0)) revert InvalidParams();
        emit OracleAddressUpdated(oracleAddress, oracle);
        oracleAddress = oracle;
    }

    function requireTradable(bytes32 pair) external view {
        if (circuitBroken[pair]) revert PairCircuitBroken(pair);
        _requireFresh(pair);
    }

    function _checkSigner(address signer) internal view override {
        if (signer == address(0) || signer != oracleAddress) revert OracleSignatureInvalid(signer, oracleAddress);
    }
}
