// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles} from "../shared/IGovernanceRoles.sol";
import {IRiskController} from "../shared/IRiskController.sol";
import {IStablecoinDex} from "../shared/IStablecoinDex.sol";
import {IToken} from "../shared/IToken.sol";
import {OrderBook} from "../shared/OrderBook.sol";

/// The compact build: the list holds only the orders of the last placement, older ones stay on the DEX.
/// Placing checks neither breaker nor pause. Capital comes back without a word to the vault's book.
contract DexStrategy is OrderBook {
    event LiquidityDeployed(bytes32 indexed pairId, uint128[] orderIds);

    constructor(IGovernanceRoles roles, IRiskController risk, address vault_, IStablecoinDex dex_)
        OrderBook(roles, risk, vault_, dex_)
    {}

    function getActiveOrders(bytes32 pairId) external view returns (uint128[] memory) {
        return _listed[pairId];
    }

    function emergencyUnwind(bytes32 pairId) external onlyEmergency {
        _unwind(pairId);
    }

    function _requirePlaceable(bytes32) internal view override {}

    function _list(bytes32 pairId, address, NewOrder[] calldata, uint128[] memory ids) internal override {
        _listed[pairId] = ids;
        emit LiquidityDeployed(pairId, ids);
    }

    function _giveBack(bytes32, address token, uint128 amount) internal override {
        IToken(token).transfer(vault, amount);
    }
}
