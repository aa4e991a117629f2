// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, EMERGENCY, STRATEGIST} from "./IGovernanceRoles.sol";
import {IRiskController} from "./IRiskController.sol";
import {IStablecoinDex} from "./IStablecoinDex.sol";
import {IToken} from "./IToken.sol";

/// The strategy's orders on the stablecoin DEX, common to both generations.
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

    error InvalidParams();
    error PairInactive(bytes32 pairId);
    error OnlyVault();

    event PairConfigured(bytes32 indexed pairId, address tokenA, address tokenB);
    event OrderPlaced(
        bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid
    );
    event OrderCancelled(bytes32 indexed pairId, uint128 indexed orderId);
    event EmergencyUnwound(bytes32 indexed pairId, address indexed by, uint256 amountA, uint256 amountB);

    IGovernanceRoles public immutable governanceRoles;
    IRiskController public immutable riskController;
    address public immutable vault;
    IStablecoinDex public immutable dex;

    mapping(bytes32 => PairConfig) public pairConfigs;
    mapping(bytes32 => uint128[]) private _activeOrders;

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

    function getActiveOrders(bytes32 pairId) external view returns (uint128[] memory) {
        return _activeOrders[pairId];
    }

    /// What the DEX holds for the strategy outside of orders.
    function getDexBalance(address token) external view returns (uint128) {
        return dex.balanceOf(address(this), token);
    }

    function configurePair(bytes32 pairId, PairConfig calldata config) external onlyStrategist {
        if (IToken(config.tokenA).quoteToken() != config.tokenB) revert InvalidParams();
        pairConfigs[pairId] = config;
        IToken(config.tokenA).approve(address(dex), type(uint256).max);
        IToken(config.tokenB).approve(address(dex), type(uint256).max);
        emit PairConfigured(pairId, config.tokenA, config.tokenB);
    }

    function placeOrders(bytes32 pairId, NewOrder[] calldata orders) external onlyStrategist {
        PairConfig memory config = pairConfigs[pairId];
        if (!config.active) revert PairInactive(pairId);
        riskController.requireTradable(pairId);
        for (uint256 i = 0; i < orders.length; i++) {
            NewOrder calldata order = orders[i];
            uint128 orderId = dex.place(config.tokenA, order.amount, order.isBid, order.tick);
            _activeOrders[pairId].push(orderId);
            emit OrderPlaced(pairId, orderId, config.tokenA, order.amount, order.tick, order.isBid);
        }
    }

    function cancelOrders(bytes32 pairId) external onlyStrategist {
        _cancelAll(pairId);
    }

    /// Hands capital that the strategy holds itself back to the vault.
    function returnCapital(address token, uint256 amount) external {
        if (msg.sender != vault) revert OnlyVault();
        IToken(token).transfer(vault, amount);
    }

    /// Cancels the pair's orders and sends what the DEX held to the vault. Capital that sits in the
    /// strategy itself stays there, and the vault's book is not corrected.
    function _emergencyUnwind(bytes32 pairId) internal {
        governanceRoles.checkRole(EMERGENCY, msg.sender);
        PairConfig memory config = pairConfigs[pairId];
        _cancelAll(pairId);
        uint256 amountA = _sweep(config.tokenA);
        uint256 amountB = _sweep(config.tokenB);
        emit EmergencyUnwound(pairId, msg.sender, amountA, amountB);
    }

    function _activeOrderCount(bytes32 pairId) internal view returns (uint256) {
        return _activeOrders[pairId].length;
    }

    function _cancelAll(bytes32 pairId) private {
        uint128[] memory orders = _activeOrders[pairId];
        delete _activeOrders[pairId];
        for (uint256 i = 0; i < orders.length; i++) {
            // An order that was filled meanwhile is gone from the DEX.
            try dex.cancel(orders[i]) {
                emit OrderCancelled(pairId, orders[i]);
            } catch {}
        }
    }

    function _sweep(address token) private returns (uint128 amount) {
        amount = dex.balanceOf(address(this), token);
        if (amount == 0) return 0;
        dex.withdraw(token, amount);
        IToken(token).transfer(vault, amount);
    }
}
