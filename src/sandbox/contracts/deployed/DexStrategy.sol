// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles} from "../shared/IGovernanceRoles.sol";
import {IRiskController} from "../shared/IRiskController.sol";
import {IStablecoinDex} from "../shared/IStablecoinDex.sol";
import {OrderBook} from "../shared/OrderBook.sol";

/// Deployed generation.
contract DexStrategy is OrderBook {
    constructor(IGovernanceRoles roles, IRiskController risk, address vault_, IStablecoinDex dex_)
        OrderBook(roles, risk, vault_, dex_)
    {}

    function emergencyUnwind(bytes32 pairId) external {
        _emergencyUnwind(pairId);
    }
}
