// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles} from "../shared/IGovernanceRoles.sol";
import {IRiskController} from "../shared/IRiskController.sol";
import {IStablecoinDex} from "../shared/IStablecoinDex.sol";
import {IToken} from "../shared/IToken.sol";
import {OrderBook} from "../shared/OrderBook.sol";

/// As the runbook has it: placing is checked by the risk controller, and an order that is gone does not
/// stop an unwind. Refuses to unwind a pair without active orders.
contract DexStrategy is OrderBook {
    error NoActiveOrders(bytes32 pairId);

    event OrderPlaced(
        bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid
    );

    constructor(IGovernanceRoles roles, IRiskController risk, address vault_, IStablecoinDex dex_)
        OrderBook(roles, risk, vault_, dex_)
    {}

    function getActiveOrders(bytes32 pairId) external view returns (uint128[] memory) {
        return _listed[pairId];
    }

    function emergencyUnwind(bytes32 pairId) external onlyEmergency {
        if (_listed[pairId].length == 0) revert NoActiveOrders(pairId);
        _unwind(pairId);
    }

    function _requirePlaceable(bytes32 pairId) internal view override {
        riskController.requireTradable(pairId);
    }

    function _list(bytes32 pairId, address base, NewOrder[] calldata orders, uint128[] memory ids) internal override {
        for (uint256 i = 0; i < ids.length; i++) {
            _listed[pairId].push(ids[i]);
            emit OrderPlaced(pairId, ids[i], base, orders[i].amount, orders[i].tick, orders[i].isBid);
        }
    }

    function _cancel(uint128 orderId) internal override returns (bool) {
        try dex.cancel(orderId) {
            return true;
        } catch {
            return false;
        }
    }

    function _giveBack(bytes32, address token, uint128 amount) internal override {
        IToken(token).transfer(vault, amount);
    }
}
