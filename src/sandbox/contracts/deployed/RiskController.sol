// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, EMERGENCY, ORACLE, RISK_OFFICER} from "../shared/IGovernanceRoles.sol";
import {OracleSignals} from "../shared/OracleSignals.sol";

/// Deployed generation: breakers by pair, one global pause, any holder of ORACLE may sign.
/// Set up by `initialize`, so that it can stand behind a proxy.
contract RiskController is OracleSignals {
    error ProtocolPaused();

    event GlobalPauseToggled(bool paused, address indexed by);

    IGovernanceRoles public governanceRoles;
    bool public paused;
    mapping(bytes32 => bool) public pairCircuitBroken;

    function initialize(IGovernanceRoles roles) external {
        if (address(governanceRoles) != address(0) || address(roles) == address(0)) revert InvalidParams();
        governanceRoles = roles;
    }

    function updateOracleSignal(bytes32 pair, OracleSignal calldata signal, bytes calldata signature) external {
        if (paused) revert ProtocolPaused();
        _updateSignal(pair, signal, signature);
    }

    function triggerCircuitBreaker(bytes32 pair) external {
        governanceRoles.checkRole(RISK_OFFICER, msg.sender);
        pairCircuitBroken[pair] = true;
        emit CircuitBreakerTriggered(pair, msg.sender);
    }

    function resetCircuitBreaker(bytes32 pair) external {
        governanceRoles.checkRole(RISK_OFFICER, msg.sender);
        pairCircuitBroken[pair] = false;
        emit CircuitBreakerReset(pair, msg.sender);
    }

    function toggleGlobalPause(bool pause) external {
        governanceRoles.checkRole(EMERGENCY, msg.sender);
        paused = pause;
        emit GlobalPauseToggled(pause, msg.sender);
    }

    function requireTradable(bytes32 pair) external view {
        if (paused) revert ProtocolPaused();
        if (pairCircuitBroken[pair]) revert PairCircuitBroken(pair);
        // A pair without a signal is not stale.
        if (oracleLastTimestamp[pair] != 0) _requireFresh(pair);
    }

    function _checkSigner(address signer) internal view override {
        if (!governanceRoles.hasRole(ORACLE, signer)) revert OracleSignatureInvalid(signer, address(0));
    }
}
