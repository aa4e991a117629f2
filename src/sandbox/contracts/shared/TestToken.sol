// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// A stand-in for a TIP-20 stablecoin on a chain that has none: 6 decimals, and a token that it is quoted in.
contract TestToken {
    error InsufficientBalance(uint256 available, uint256 required, address token);
    error InsufficientAllowance();

    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    string public name;
    string public symbol;
    uint8 public constant decimals = 6;
    string public constant currency = "USD";
    address public immutable quoteToken;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor(string memory symbol_, address quoteToken_, address[] memory holders, uint256 amountEach) {
        name = symbol_;
        symbol = symbol_;
        quoteToken = quoteToken_;
        totalSupply = amountEach * holders.length;
        for (uint256 i = 0; i < holders.length; i++) {
            balanceOf[holders[i]] = amountEach;
            emit Transfer(address(0), holders[i], amountEach);
        }
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < amount) revert InsufficientAllowance();
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) private {
        uint256 available = balanceOf[from];
        if (available < amount) revert InsufficientBalance(available, amount, address(this));
        balanceOf[from] = available - amount;
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
    }
}
