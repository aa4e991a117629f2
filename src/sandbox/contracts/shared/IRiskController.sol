// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// What the vault and the strategy ask of the risk controller, in either generation.
interface IRiskController {
    /// Reverts where the pair must not be traded now.
    function requireTradable(bytes32 pairId) external view;
}

/// The deployed generation keeps the protocol's pause here.
interface IPausable {
    function paused() external view returns (bool);
}
