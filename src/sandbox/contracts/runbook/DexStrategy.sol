// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles} from "../shared/IGovernanceRoles.sol";
import {IRiskController} from "../shared/IRiskController.sol";
import {IStablecoinDex} from "../shared/IStablecoinDex.sol";
import {OrderBook} from "../shared/OrderBook.sol";

/// The build that refuses to unwind a pair without active orders.
contract DexStrategy is OrderBook {
    error NoActiveOrders(bytes32 pairId);

    constructor(IGovernanceRoles roles, IRiskController risk, address vault_, IStablecoinDex dex_)
        OrderBook(roles, risk, vault_, dex_)
    {}

    function emergencyUnwind(bytes32 pairId) external {
        if (_activeOrderCount(pairId) == 0) revert NoActiveOrders(pairId);
        _emergencyUnwind(pairId);
    }
}
