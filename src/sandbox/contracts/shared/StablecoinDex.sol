// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IToken} from "./IToken.sol";

/// A stand-in for Tempo's stablecoin DEX on a chain without it: orders rest, are read and are cancelled
/// just as there; nobody trades against them.
contract StablecoinDex {
    struct Order {
        uint128 orderId;
        address maker;
        bytes32 bookKey;
        bool isBid;
        int16 tick;
        uint128 amount;
        uint128 remaining;
        uint128 prev;
        uint128 next;
        bool isFlip;
        int16 flipTick;
    }

    /// An order as it is kept: in as few slots as possible, as anvil hashes all of them for each block.
    struct Resting {
        address maker;
        int16 tick;
        bool isBid;
        address base;
        uint96 amount;
    }

    struct Book {
        address base;
        address quote;
        int16 bestBidTick;
        int16 bestAskTick;
    }

    error Unauthorized();
    error PairDoesNotExist();
    error PairAlreadyExists();
    error OrderDoesNotExist();
    error TickOutOfBounds(int16 tick);
    error InvalidTick();
    error InsufficientBalance();
    error BelowMinimumOrderSize(uint128 amount);

    event PairCreated(bytes32 indexed key, address indexed base, address indexed quote);
    event OrderPlaced(
        uint128 indexed orderId,
        address indexed maker,
        address indexed token,
        uint128 amount,
        bool isBid,
        int16 tick,
        bool isFlipOrder,
        int16 flipTick
    );
    event OrderCancelled(uint128 indexed orderId);

    int16 public constant MIN_TICK = -2000;
    int16 public constant MAX_TICK = 2000;
    int16 public constant TICK_SPACING = 10;
    uint32 public constant PRICE_SCALE = 100_000;
    uint128 public constant MIN_ORDER_AMOUNT = 100_000_000;

    uint128 public nextOrderId = 1;
    mapping(bytes32 => Book) public books;
    mapping(address => mapping(address => uint128)) public balanceOf;
    mapping(uint128 => Resting) private _orders;
    /// By book, side and tick: base tokens that rest there.
    mapping(bytes32 => mapping(bool => mapping(int16 => uint128))) private _liquidity;
    mapping(bytes32 => mapping(bool => uint256)) private _restingCount;

    function pairKey(address a, address b) public pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    function tickToPrice(int16 tick) public pure returns (uint32) {
        return uint32(int32(PRICE_SCALE) + tick);
    }

    function createPair(address base) external returns (bytes32 key) {
        address quote = IToken(base).quoteToken();
        key = pairKey(base, quote);
        if (books[key].base != address(0)) revert PairAlreadyExists();
        books[key] = Book(base, quote, type(int16).min, type(int16).max);
        emit PairCreated(key, base, quote);
    }

    function getOrder(uint128 orderId) external view returns (Order memory) {
        Resting memory order = _orders[orderId];
        if (order.maker == address(0)) revert OrderDoesNotExist();
        bytes32 key = _bookKey(order.base);
        return Order(
            orderId, order.maker, key, order.isBid, order.tick, order.amount, order.amount, 0, 0, false, 0
        );
    }

    /// `head` and `tail` are left at zero: there is no queue without trades.
    function getTickLevel(address base, int16 tick, bool isBid)
        external
        view
        returns (uint128 head, uint128 tail, uint128 totalLiquidity)
    {
        return (0, 0, _liquidity[_bookKey(base)][isBid][tick]);
    }

    function place(address token, uint128 amount, bool isBid, int16 tick) external returns (uint128 orderId) {
        bytes32 key = _bookKey(token);
        Book storage book = books[key];
        if (book.base != token) revert PairDoesNotExist();
        if (tick < MIN_TICK || tick > MAX_TICK) revert TickOutOfBounds(tick);
        if (tick % TICK_SPACING != 0) revert InvalidTick();
        if (amount < MIN_ORDER_AMOUNT) revert BelowMinimumOrderSize(amount);
        _take(isBid ? book.quote : token, _escrow(amount, isBid, tick));
        orderId = nextOrderId++;
        _orders[orderId] = Resting(msg.sender, tick, isBid, token, uint96(amount));
        _restingCount[key][isBid]++;
        _liquidity[key][isBid][tick] += amount;
        if (isBid && tick > book.bestBidTick) book.bestBidTick = tick;
        if (!isBid && tick < book.bestAskTick) book.bestAskTick = tick;
        emit OrderPlaced(orderId, msg.sender, token, amount, isBid, tick, false, 0);
    }

    function cancel(uint128 orderId) external {
        Resting memory order = _orders[orderId];
        if (order.maker == address(0)) revert OrderDoesNotExist();
        if (order.maker != msg.sender) revert Unauthorized();
        delete _orders[orderId];
        bytes32 key = _bookKey(order.base);
        _restingCount[key][order.isBid]--;
        _liquidity[key][order.isBid][order.tick] -= order.amount;
        _findBest(key, order.isBid);
        balanceOf[msg.sender][order.isBid ? books[key].quote : order.base] +=
            _escrow(order.amount, order.isBid, order.tick);
        emit OrderCancelled(orderId);
    }

    function withdraw(address token, uint128 amount) external {
        if (balanceOf[msg.sender][token] < amount) revert InsufficientBalance();
        balanceOf[msg.sender][token] -= amount;
        IToken(token).transfer(msg.sender, amount);
    }

    function _bookKey(address base) private view returns (bytes32) {
        return pairKey(base, IToken(base).quoteToken());
    }

    /// A bid holds the quote token for its amount at its price, rounded up; an ask holds the base token.
    function _escrow(uint128 amount, bool isBid, int16 tick) private pure returns (uint128) {
        return isBid ? (amount * tickToPrice(tick) + PRICE_SCALE - 1) / PRICE_SCALE : amount;
    }

    /// What the maker already has here is used before anything is fetched.
    function _take(address token, uint128 amount) private {
        uint128 held = balanceOf[msg.sender][token];
        uint128 used = held < amount ? held : amount;
        balanceOf[msg.sender][token] = held - used;
        if (used < amount) IToken(token).transferFrom(msg.sender, address(this), amount - used);
    }

    /// Walks from the best tick outward to the next one with liquidity.
    function _findBest(bytes32 key, bool isBid) private {
        Book storage book = books[key];
        if (_restingCount[key][isBid] == 0) {
            if (isBid) book.bestBidTick = type(int16).min;
            else book.bestAskTick = type(int16).max;
            return;
        }
        int16 tick = isBid ? book.bestBidTick : book.bestAskTick;
        while (_liquidity[key][isBid][tick] == 0) tick = isBid ? tick - TICK_SPACING : tick + TICK_SPACING;
        if (isBid) book.bestBidTick = tick;
        else book.bestAskTick = tick;
    }
}
