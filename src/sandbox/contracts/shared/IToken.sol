// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The part of TIP-20 that the sandbox's contracts use.
interface IToken {
    function balanceOf(address account) external view returns (uint256);
    function quoteToken() external view returns (address);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function approve(address spender, uint256 amount) external returns (bool);
}
