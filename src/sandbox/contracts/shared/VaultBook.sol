// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, TREASURY_MANAGER} from "./IGovernanceRoles.sol";
import {IToken} from "./IToken.sol";

interface IStrategy {
    function returnCapital(address token, uint256 amount) external;
}

/// The vault's book, common to both generations. `tokenBalances` includes what is deployed;
/// what can be withdrawn is book - deployed - both fees. Where the pause lives, and what it stops,
/// is up to the generation.
abstract contract VaultBook {
    struct Deployment {
        address strategy;
        uint96 amount;
        address token;
        bytes32 pairId;
    }

    error ProtocolPaused();
    error InsufficientBalance(uint256 available, uint256 requested);
    error ZeroAmount();
    error InvalidParams();
    error BalanceConsistencyViolation(address token, uint256 expected, uint256 actual);

    event Deposited(
        uint256 indexed vaultId, address indexed token, uint256 amount, address indexed depositor, uint256 newBalance
    );
    event Withdrawn(
        uint256 indexed vaultId, address indexed token, uint256 amount, address indexed recipient, uint256 newBalance
    );
    event CapitalDeployed(
        uint256 indexed vaultId,
        uint256 indexed deploymentId,
        address indexed strategy,
        address token,
        uint256 amount,
        bytes32 pairId
    );
    event CapitalRecalled(uint256 indexed vaultId, uint256 indexed deploymentId, uint256 amount);
    event LossRealized(
        uint256 indexed vaultId,
        uint256 indexed deploymentId,
        address indexed token,
        uint256 deployed,
        uint256 returned,
        uint256 loss
    );
    event PerformanceFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 totalAccrued);
    event ManagementFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 totalAccrued);

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 public constant performanceFeeBps = 1_000;
    /// A year.
    uint256 public constant managementFeeBps = 200;

    IGovernanceRoles public immutable governanceRoles;
    uint256 public immutable vaultId;
    address public immutable owner;

    mapping(address => uint256) public tokenBalances;
    mapping(address => uint256) public deployedCapital;
    mapping(address => uint256) public accruedPerformanceFees;
    mapping(address => uint256) public accruedManagementFees;
    mapping(bytes32 => uint256) public pairExposure;
    mapping(uint256 => Deployment) public deployments;
    uint256 public nextDeploymentId = 1;
    mapping(address => uint256) private _feesAccruedAt;

    constructor(IGovernanceRoles roles, uint256 id, address vaultOwner) {
        governanceRoles = roles;
        vaultId = id;
        owner = vaultOwner;
    }

    modifier onlyTreasuryManager() {
        governanceRoles.checkRole(TREASURY_MANAGER, msg.sender);
        _;
    }

    function _deposit(address token, uint256 amount) internal {
        if (amount == 0) revert ZeroAmount();
        accrueManagementFee(token);
        tokenBalances[token] += amount;
        IToken(token).transferFrom(msg.sender, address(this), amount);
        emit Deposited(vaultId, token, amount, msg.sender, tokenBalances[token]);
    }

    function _withdraw(address token, uint256 amount, address recipient) internal {
        if (msg.sender != owner) governanceRoles.checkRole(TREASURY_MANAGER, msg.sender);
        if (amount == 0) revert ZeroAmount();
        accrueManagementFee(token);
        _requireAvailable(token, amount);
        tokenBalances[token] -= amount;
        IToken(token).transfer(recipient, amount);
        _requireConsistent(token);
        emit Withdrawn(vaultId, token, amount, recipient, tokenBalances[token]);
    }

    function _deployToStrategy(address strategy, address token, uint256 amount, bytes32 pairId) internal {
        if (amount == 0) revert ZeroAmount();
        _requireAvailable(token, amount);
        uint256 id = nextDeploymentId++;
        deployments[id] = Deployment(strategy, uint96(amount), token, pairId);
        deployedCapital[token] += amount;
        pairExposure[pairId] += amount;
        IToken(token).transfer(strategy, amount);
        emit CapitalDeployed(vaultId, id, strategy, token, amount, pairId);
    }

    /// Closes a deployment. The strategy hands back `returned`, from what it holds itself: less than was
    /// deployed is a loss, more is a profit that owes the performance fee.
    function recallFromStrategy(uint256 id, uint256 returned) external onlyTreasuryManager {
        Deployment memory closed = deployments[id];
        if (closed.amount == 0) revert InvalidParams();
        delete deployments[id];
        deployedCapital[closed.token] -= closed.amount;
        pairExposure[closed.pairId] -= closed.amount;
        tokenBalances[closed.token] = tokenBalances[closed.token] + returned - closed.amount;
        IStrategy(closed.strategy).returnCapital(closed.token, returned);
        emit CapitalRecalled(vaultId, id, returned);
        if (returned < closed.amount) {
            emit LossRealized(vaultId, id, closed.token, closed.amount, returned, closed.amount - returned);
        } else if (returned > closed.amount) {
            uint256 fee = (returned - closed.amount) * performanceFeeBps / BASIS_POINTS;
            tokenBalances[closed.token] -= fee;
            accruedPerformanceFees[closed.token] += fee;
            emit PerformanceFeeAccrued(vaultId, closed.token, fee, accruedPerformanceFees[closed.token]);
        }
        _requireConsistent(closed.token);
    }

    function accrueManagementFee(address token) public {
        uint256 since = _feesAccruedAt[token];
        _feesAccruedAt[token] = block.timestamp;
        if (since == 0) return;
        uint256 fee =
            tokenBalances[token] * managementFeeBps * (block.timestamp - since) / (BASIS_POINTS * 365 days);
        if (fee == 0) return;
        // Off the book and onto the fee: what can be withdrawn falls by twice the fee.
        tokenBalances[token] -= fee;
        accruedManagementFees[token] += fee;
        emit ManagementFeeAccrued(vaultId, token, fee, accruedManagementFees[token]);
    }

    function _requireAvailable(address token, uint256 amount) private view {
        uint256 bound = deployedCapital[token] + accruedPerformanceFees[token] + accruedManagementFees[token];
        uint256 book = tokenBalances[token];
        uint256 available = book > bound ? book - bound : 0;
        if (amount > available) revert InsufficientBalance(available, amount);
    }

    /// An emergency unwind may send capital back without a word to the book, so the vault may hold more.
    /// Both fees are off the book and in the vault until they are paid out.
    function _requireConsistent(address token) internal view {
        uint256 expected = tokenBalances[token] - deployedCapital[token] + accruedPerformanceFees[token]
            + accruedManagementFees[token];
        uint256 actual = IToken(token).balanceOf(address(this));
        if (actual < expected) revert BalanceConsistencyViolation(token, expected, actual);
    }
}
