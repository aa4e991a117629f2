// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles} from "../shared/IGovernanceRoles.sol";
import {IPausable, IRiskController} from "../shared/IRiskController.sol";
import {VaultBook} from "../shared/VaultBook.sol";

/// Deployed generation: the risk controller's global pause also stops withdrawals.
contract TreasuryVault is VaultBook {
    IRiskController public immutable riskController;

    constructor(IGovernanceRoles roles, IRiskController risk, uint256 id, address vaultOwner)
        VaultBook(roles, id, vaultOwner)
    {
        riskController = risk;
    }

    modifier whenNotPaused() {
        if (IPausable(address(riskController)).paused()) revert ProtocolPaused();
        _;
    }

    function deposit(address token, uint256 amount) external whenNotPaused {
        _deposit(token, amount);
    }

    function withdraw(address token, uint256 amount, address recipient) external whenNotPaused {
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
