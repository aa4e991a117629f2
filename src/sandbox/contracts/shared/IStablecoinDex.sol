// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The part of Tempo's stablecoin DEX predeploy (0xdec0…) that the strategy uses.
interface IStablecoinDex {
    function place(address token, uint128 amount, bool isBid, int16 tick) external returns (uint128 orderId);
    function cancel(uint128 orderId) external;
    function withdraw(address token, uint128 amount) external;
    function balanceOf(address user, address token) external view returns (uint128);
}
