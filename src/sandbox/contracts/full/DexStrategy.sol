// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles} from "../shared/IGovernanceRoles.sol";
import {IPausable, IRiskController} from "../shared/IRiskController.sol";
import {IStablecoinDex} from "../shared/IStablecoinDex.sol";
import {IToken} from "../shared/IToken.sol";
import {OrderBook} from "../shared/OrderBook.sol";

interface IEmergencyReceiver {
    function receiveEmergencyReturn(bytes32 pairId, address token, uint256 amount) external;
}

/// The full build: the list of orders is a public getter, and capital comes back through the vault's
/// `receiveEmergencyReturn`. Its `OrderPlaced` names no token. Placing checks the pause, and not the breaker.
contract DexStrategy is OrderBook {
    event OrderPlaced(
        bytes32 indexed pairId, uint128 indexed orderId, int16 tick, uint128 amount, bool isBid, bool isFlip
    );

    constructor(IGovernanceRoles roles, IRiskController risk, address vault_, IStablecoinDex dex_)
        OrderBook(roles, risk, vault_, dex_)
    {}

    /// Reverts without a reason beyond the end, as the getter of a public array does.
    function activeOrderIds(bytes32 pairId, uint256 index) external view returns (uint128) {
        if (index >= _listed[pairId].length) revert();
        return _listed[pairId][index];
    }

    function emergencyUnwind(bytes32 pairId) external onlyEmergency {
        require(_listed[pairId].length > 0, "No active orders");
        _unwind(pairId);
    }

    function _requirePlaceable(bytes32) internal view override {
        if (IPausable(address(riskController)).paused()) revert ProtocolPaused();
    }

    function _list(bytes32 pairId, address, NewOrder[] calldata orders, uint128[] memory ids) internal override {
        for (uint256 i = 0; i < ids.length; i++) {
            _listed[pairId].push(ids[i]);
            emit OrderPlaced(pairId, ids[i], orders[i].tick, orders[i].amount, orders[i].isBid, false);
        }
    }

    function _giveBack(bytes32 pairId, address token, uint128 amount) internal override {
        IToken(token).approve(vault, amount);
        IEmergencyReceiver(vault).receiveEmergencyReturn(pairId, token, amount);
    }
}
