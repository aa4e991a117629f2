// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernanceRoles, ADMIN} from "../shared/IGovernanceRoles.sol";
import {IPausable, IRiskController} from "../shared/IRiskController.sol";
import {IToken} from "../shared/IToken.sol";
import {VaultBook} from "../shared/VaultBook.sol";

/// Deployed generation: the risk controller's global pause also stops withdrawals, and tokens and
/// strategies have to be approved.
contract TreasuryVault is VaultBook {
    error TokenNotApproved(address token);
    error StrategyNotApproved(address strategy);

    event TokenApproved(address indexed token, bool approved);
    event StrategyApproved(address indexed strategy, bool approved);
    event EmergencyReturnReceived(
        uint256 indexed vaultId, address indexed token, uint256 amount, bytes32 indexed pairId
    );

    IRiskController public immutable riskController;
    mapping(address => bool) public approvedTokens;
    mapping(address => bool) public approvedStrategies;

    constructor(IGovernanceRoles roles, IRiskController risk, uint256 id, address vaultOwner)
        VaultBook(roles, id, vaultOwner)
    {
        riskController = risk;
    }

    modifier whenNotPaused() {
        if (IPausable(address(riskController)).paused()) revert ProtocolPaused();
        _;
    }

    modifier onlyAdmin() {
        governanceRoles.checkRole(ADMIN, msg.sender);
        _;
    }

    function setApprovedToken(address token, bool approved) external onlyAdmin {
        approvedTokens[token] = approved;
        emit TokenApproved(token, approved);
    }

    function setApprovedStrategy(address strategy, bool approved) external onlyAdmin {
        approvedStrategies[strategy] = approved;
        emit StrategyApproved(strategy, approved);
    }

    function deposit(address token, uint256 amount) external whenNotPaused {
        if (!approvedTokens[token]) revert TokenNotApproved(token);
        _deposit(token, amount);
    }

    function withdraw(address token, uint256 amount, address recipient) external whenNotPaused {
        _withdraw(token, amount, recipient);
    }

    function deployToStrategy(address strategy, address token, uint256 amount, bytes32 pairId)
        external
        onlyTreasuryManager
        whenNotPaused
    {
        if (!approvedStrategies[strategy]) revert StrategyNotApproved(strategy);
        riskController.requireTradable(pairId);
        _deployToStrategy(strategy, token, amount, pairId);
    }

    /// What a strategy hands back in an emergency. It comes off the deployed capital and onto the book, which
    /// held it already: from then on the book exceeds what the vault holds, and withdrawals revert.
    function receiveEmergencyReturn(bytes32 pairId, address token, uint256 amount) external {
        if (!approvedStrategies[msg.sender]) revert StrategyNotApproved(msg.sender);
        IToken(token).transferFrom(msg.sender, address(this), amount);
        pairExposure[pairId] -= amount < pairExposure[pairId] ? amount : pairExposure[pairId];
        deployedCapital[token] -= amount < deployedCapital[token] ? amount : deployedCapital[token];
        tokenBalances[token] += amount;
        emit EmergencyReturnReceived(vaultId, token, amount, pairId);
    }
}
