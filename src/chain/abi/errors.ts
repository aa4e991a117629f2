import { parseAbi } from 'viem';

/** Every error with which the protocol, its role registry and the tokens refuse, in all known builds. */
export const errorsAbi = parseAbi([
  'error Unauthorized(address account, bytes32 role)',
  'error AccessControlUnauthorizedAccount(address account, bytes32 neededRole)',
  'error AccessControlBadConfirmation()',
  'error ProtocolPaused()',
  'error PairCircuitBroken(bytes32 pairId)',
  'error StaleOracleData(uint256 timestamp, uint256 threshold)',
  'error OracleNonceReplay(bytes32 pairId, uint256 nonce, uint256 lastNonce)',
  'error OracleTimestampNotMonotonic(bytes32 pairId, uint256 timestamp, uint256 lastTimestamp)',
  'error OracleSignatureInvalid(address recovered, address expected)',
  'error InvalidParams()',
  'error InsufficientBalance(uint256 available, uint256 requested)',
  'error InsufficientBalance(uint256 available, uint256 required, address token)',
  'error ZeroAmount()',
  'error BalanceConsistencyViolation(address token, uint256 expected, uint256 actual)',
  'error NoActiveOrders(bytes32 pairId)',
  'error ExposureLimitExceeded(uint256 requested, uint256 maxAllowed)',
  'error OrderSizeExceeded(uint256 size, uint256 maxAllowed)',
  'error InsufficientReserve(uint256 available, uint256 required)',
  'error DepthBelowThreshold(uint256 currentDepth, uint256 minRequired)',
  'error Error(string message)',
  'error Panic(uint256 code)',
]);
