// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, EMERGENCY, STRATEGIST} from "./IGovernanceRoles.sol";
import {IRiskController} from "./IRiskController.sol";
import {IStablecoinDex} from "./IStablecoinDex.sol";
import {IToken} from "./IToken.sol";

/// The strategy's orders on the stablecoin DEX. What placing checks, which orders are listed and how
/// capital comes back is up to the build.
abstract contract OrderBook {
    struct PairConfig {
        address tokenA;
        address tokenB;
        int16 referenceTick;
        uint256 maxExposure;
        uint16 spreadTicks;
        uint16 orderLevels;
        bool flipOrders;
        bool active;
    }

    struct NewOrder {
        uint128 amount;
        int16 tick;
        bool isBid;
    }

    error ProtocolPaused();
    error PairInactive(bytes32 pairId);
    error OnlyVault();

    event PairConfigured(bytes32 indexed pairId, address tokenA, address tokenB);
    event OrderCancelled(bytes32 indexed pairId, uint128 indexed orderId);
    event EmergencyUnwound(bytes32 indexed pairId, address indexed by, uint256 amountA, uint256 amountB);

    IGovernanceRoles public immutable governanceRoles;
    IRiskController public immutable riskController;
    address public immutable vault;
    IStablecoinDex public immutable dex;

    mapping(bytes32 => PairConfig) public pairConfigs;
    /// What the strategy believes to be its orders. The DEX alone knows which ones are.
    mapping(bytes32 => uint128[]) internal _listed;

    constructor(IGovernanceRoles roles, IRiskController risk, address treasuryVault, IStablecoinDex stablecoinDex) {
        governanceRoles = roles;
        riskController = risk;
        vault = treasuryVault;
        dex = stablecoinDex;
    }

    modifier onlyStrategist() {
        governanceRoles.checkRole(STRATEGIST, msg.sender);
        _;
    }

    modifier onlyEmergency() {
        governanceRoles.checkRole(EMERGENCY, msg.sender);
        _;
    }

    /// What the DEX holds for the strategy outside of orders.
    function getDexBalance(address token) external view returns (uint128) {
        return dex.balanceOf(address(this), token);
    }

    /// Takes any two tokens and any id: the DEX's book is that of `tokenA`, whatever `tokenB` is.
    function configurePair(bytes32 pairId, PairConfig calldata config) external onlyStrategist {
        pairConfigs[pairId] = config;
        IToken(config.tokenA).approve(address(dex), type(uint256).max);
        IToken(config.tokenB).approve(address(dex), type(uint256).max);
        emit PairConfigured(pairId, config.tokenA, config.tokenB);
    }

    function placeOrders(bytes32 pairId, NewOrder[] calldata orders) external onlyStrategist {
        PairConfig memory config = pairConfigs[pairId];
        if (!config.active) revert PairInactive(pairId);
        _requirePlaceable(pairId);
        _list(pairId, config.tokenA, orders, _place(config.tokenA, orders));
    }

    /// For drills: orders that rest on the DEX and are in no list.
    function placeUnlisted(bytes32 pairId, NewOrder[] calldata orders) external onlyStrategist {
        _place(pairConfigs[pairId].tokenA, orders);
    }

    /// For drills: takes an order off the DEX and leaves it in its list, if it is in one.
    function cancelUnnoticed(uint128 orderId) external onlyStrategist {
        dex.cancel(orderId);
    }

    /// For drills: what the list says, whatever is on the DEX.
    function setListed(bytes32 pairId, uint128[] calldata orderIds) external onlyStrategist {
        _listed[pairId] = orderIds;
    }

    function cancelOrders(bytes32 pairId) external onlyStrategist {
        _cancelAll(pairId);
    }

    /// Hands capital that the strategy holds itself back to the vault.
    function returnCapital(address token, uint256 amount) external {
        if (msg.sender != vault) revert OnlyVault();
        IToken(token).transfer(vault, amount);
    }

    /// A loss that was made by trading: it goes to the caller.
    function lose(address token, uint256 amount) external onlyStrategist {
        IToken(token).transfer(msg.sender, amount);
    }

    /// Reverts where the build does not let orders be placed now.
    function _requirePlaceable(bytes32 pairId) internal view virtual;

    /// Enters new orders into the pair's list, and tells them.
    function _list(bytes32 pairId, address base, NewOrder[] calldata orders, uint128[] memory ids) internal virtual;

    /// Sends what the strategy got from the DEX to the vault.
    function _giveBack(bytes32 pairId, address token, uint128 amount) internal virtual;

    /// Without a catch: one order that is gone from the DEX makes the whole unwind revert.
    function _cancel(uint128 orderId) internal virtual returns (bool) {
        dex.cancel(orderId);
        return true;
    }

    function _place(address base, NewOrder[] calldata orders) private returns (uint128[] memory ids) {
        ids = new uint128[](orders.length);
        for (uint256 i = 0; i < orders.length; i++) {
            ids[i] = dex.place(base, orders[i].amount, orders[i].isBid, orders[i].tick);
        }
    }

    /// Cancels the listed orders and sends what the DEX holds of the two configured tokens to the vault.
    /// Capital that sits in the strategy itself stays there.
    function _unwind(bytes32 pairId) internal {
        PairConfig memory config = pairConfigs[pairId];
        _cancelAll(pairId);
        uint256 amountA = _sweep(pairId, config.tokenA);
        uint256 amountB = _sweep(pairId, config.tokenB);
        emit EmergencyUnwound(pairId, msg.sender, amountA, amountB);
    }

    function _cancelAll(bytes32 pairId) private {
        uint128[] memory orders = _listed[pairId];
        delete _listed[pairId];
        for (uint256 i = 0; i < orders.length; i++) {
            if (_cancel(orders[i])) emit OrderCancelled(pairId, orders[i]);
        }
    }

    function _sweep(bytes32 pairId, address token) private returns (uint128 amount) {
        amount = dex.balanceOf(address(this), token);
        if (amount == 0) return 0;
        dex.withdraw(token, amount);
        _giveBack(pairId, token, amount);
    }
}
