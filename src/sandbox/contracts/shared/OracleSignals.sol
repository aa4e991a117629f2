// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// EIP-712 signed oracle signals: storage, checks and recovery, common to both generations.
/// Who may sign, and when signals are taken at all, is up to the generation.
abstract contract OracleSignals {
    struct OracleSignal {
        int16 referenceTick;
        uint256 pegDeviation;
        uint256 orderbookDepthBid;
        uint256 orderbookDepthAsk;
        uint256 timestamp;
        uint256 nonce;
    }

    error PairCircuitBroken(bytes32 pairId);
    error StaleOracleData(uint256 timestamp, uint256 threshold);
    error OracleNonceReplay(bytes32 pairId, uint256 nonce, uint256 lastNonce);
    error OracleTimestampNotMonotonic(bytes32 pairId, uint256 timestamp, uint256 lastTimestamp);
    error OracleSignatureInvalid(address recovered, address expected);
    error InvalidParams();

    event OracleSignalUpdated(bytes32 indexed pairId, OracleSignal signal, uint256 nonce);
    event OracleNonceAdvanced(bytes32 indexed pairId, uint256 oldNonce, uint256 newNonce);
    event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by);
    event CircuitBreakerReset(bytes32 indexed pairId, address indexed by);

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant UPDATE_TYPEHASH = keccak256(
        "OracleUpdate(bytes32 pairId,int16 referenceTick,uint256 pegDeviation,uint256 orderbookDepthBid,uint256 orderbookDepthAsk,uint256 timestamp,uint256 nonce)"
    );

    /// Seconds after which a pair's last signal no longer counts. A constant, so that a proxy has it too.
    uint32 public constant oracleStalenessThreshold = 300;

    mapping(bytes32 => OracleSignal) public latestSignals;
    mapping(bytes32 => uint256) public oracleNonces;
    mapping(bytes32 => uint256) public oracleLastTimestamp;

    function pairId(address a, address b) external pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    function _updateSignal(bytes32 pair, OracleSignal calldata signal, bytes calldata signature) internal {
        if (signal.timestamp > block.timestamp) revert InvalidParams();
        uint256 lastTimestamp = oracleLastTimestamp[pair];
        if (signal.timestamp <= lastTimestamp) {
            revert OracleTimestampNotMonotonic(pair, signal.timestamp, lastTimestamp);
        }
        uint256 lastNonce = oracleNonces[pair];
        if (signal.nonce <= lastNonce) revert OracleNonceReplay(pair, signal.nonce, lastNonce);
        _checkSigner(_recover(pair, signal, signature));

        latestSignals[pair] = signal;
        oracleLastTimestamp[pair] = signal.timestamp;
        oracleNonces[pair] = signal.nonce;
        emit OracleNonceAdvanced(pair, lastNonce, signal.nonce);
        emit OracleSignalUpdated(pair, signal, signal.nonce);
    }

    /// Reverts OracleSignatureInvalid where this signer may not sign.
    function _checkSigner(address signer) internal view virtual;

    function _requireFresh(bytes32 pair) internal view {
        uint256 timestamp = oracleLastTimestamp[pair];
        if (block.timestamp > timestamp + oracleStalenessThreshold) {
            revert StaleOracleData(timestamp, oracleStalenessThreshold);
        }
    }

    /// The domain is computed on each call: behind a proxy, `address(this)` is the proxy.
    function _recover(bytes32 pair, OracleSignal calldata signal, bytes calldata signature)
        private
        view
        returns (address)
    {
        if (signature.length != 65) return address(0);
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH, keccak256("TempoVaultRiskController"), keccak256("1"), block.chainid, address(this)
            )
        );
        bytes32 update = keccak256(abi.encode(UPDATE_TYPEHASH, pair, signal));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domain, update));
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        return ecrecover(digest, uint8(signature[64]), r, s);
    }
}
