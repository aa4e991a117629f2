// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, ADMIN} from "../shared/IGovernanceRoles.sol";
import {IRiskController} from "../shared/IRiskController.sol";
import {VaultBook} from "../shared/VaultBook.sol";

/// The generation that the runbook was written for: the vault is paused itself, and withdrawals go on.
contract TreasuryVault is VaultBook {
    event Paused(address account);
    event Unpaused(address account);

    IRiskController public immutable riskController;
    bool public paused;

    constructor(IGovernanceRoles roles, IRiskController risk, uint256 id, address vaultOwner)
        VaultBook(roles, id, vaultOwner)
    {
        riskController = risk;
    }

    modifier whenNotPaused() {
        if (paused) revert ProtocolPaused();
        _;
    }

    function pause() external {
        governanceRoles.checkRole(ADMIN, msg.sender);
        paused = true;
        emit Paused(msg.sender);
    }

    function unpause() external {
        governanceRoles.checkRole(ADMIN, msg.sender);
        paused = false;
        emit Unpaused(msg.sender);
    }

    function deposit(address token, uint256 amount) external whenNotPaused {
        _deposit(token, amount);
    }

    function withdraw(address token, uint256 amount, address recipient) external {
        _withdraw(token, amount, recipient);
    }

    function deployToStrategy(address strategy, address token, uint256 amount, bytes32 pairId)
        external
        onlyTreasuryManager
        whenNotPaused
    {
        riskController.requireTradable(pairId);
        _deployToStrategy(strategy, token, amount, pairId);
    }
}
