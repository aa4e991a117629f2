// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// The smallest proxy with its implementation in the slot of EIP-1967. It has no functions of its own.
contract Erc1967Proxy {
    event Upgraded(address indexed implementation);

    /// keccak256("eip1967.proxy.implementation") - 1
    bytes32 private constant SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    constructor(address implementation, bytes memory call) {
        assembly {
            sstore(SLOT, implementation)
        }
        emit Upgraded(implementation);
        (bool done,) = implementation.delegatecall(call);
        require(done);
    }

    fallback() external payable {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), sload(SLOT), 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if done { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }
}
