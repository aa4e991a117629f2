// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// Several calls in one transaction. Only the sandbox's history needs it: oracle signals may be
/// submitted by anybody, since they are signed.
contract Batch {
    function run(address target, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; i++) {
            (bool done, bytes memory answer) = target.call(calls[i]);
            if (!done) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }
}
