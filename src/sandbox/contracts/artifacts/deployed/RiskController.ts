// Generated from deployed/RiskController.sol by scripts/compile-contracts.mjs (solc 0.8.37).
export const riskController = {
  abi: [
    {
      "inputs": [],
      "name": "InvalidParams",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        },
        {
          "internalType": "uint256",
          "name": "nonce",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "lastNonce",
          "type": "uint256"
        }
      ],
      "name": "OracleNonceReplay",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "recovered",
          "type": "address"
        },
        {
          "internalType": "address",
          "name": "expected",
          "type": "address"
        }
      ],
      "name": "OracleSignatureInvalid",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        },
        {
          "internalType": "uint256",
          "name": "timestamp",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "lastTimestamp",
          "type": "uint256"
        }
      ],
      "name": "OracleTimestampNotMonotonic",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        }
      ],
      "name": "PairCircuitBroken",
      "type": "error"
    },
    {
      "inputs": [],
      "name": "ProtocolPaused",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "uint256",
          "name": "timestamp",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "threshold",
          "type": "uint256"
        }
      ],
      "name": "StaleOracleData",
      "type": "error"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "by",
          "type": "address"
        }
      ],
      "name": "CircuitBreakerReset",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "by",
          "type": "address"
        }
      ],
      "name": "CircuitBreakerTriggered",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": false,
          "internalType": "bool",
          "name": "paused",
          "type": "bool"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "by",
          "type": "address"
        }
      ],
      "name": "GlobalPauseToggled",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "oldNonce",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "newNonce",
          "type": "uint256"
        }
      ],
      "name": "OracleNonceAdvanced",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        },
        {
          "components": [
            {
              "internalType": "int16",
              "name": "referenceTick",
              "type": "int16"
            },
            {
              "internalType": "uint256",
              "name": "pegDeviation",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "orderbookDepthBid",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "orderbookDepthAsk",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "timestamp",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "nonce",
              "type": "uint256"
            }
          ],
          "indexed": false,
          "internalType": "struct OracleSignals.OracleSignal",
          "name": "signal",
          "type": "tuple"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "nonce",
          "type": "uint256"
        }
      ],
      "name": "OracleSignalUpdated",
      "type": "event"
    },
    {
      "inputs": [],
      "name": "governanceRoles",
      "outputs": [
        {
          "internalType": "contract IGovernanceRoles",
          "name": "",
          "type": "address"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "contract IGovernanceRoles",
          "name": "roles",
          "type": "address"
        }
      ],
      "name": "initialize",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "name": "latestSignals",
      "outputs": [
        {
          "internalType": "int16",
          "name": "referenceTick",
          "type": "int16"
        },
        {
          "internalType": "uint256",
          "name": "pegDeviation",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "orderbookDepthBid",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "orderbookDepthAsk",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "timestamp",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "nonce",
          "type": "uint256"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "name": "oracleLastTimestamp",
      "outputs": [
        {
          "internalType": "uint256",
          "name": "",
          "type": "uint256"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "name": "oracleNonces",
      "outputs": [
        {
          "internalType": "uint256",
          "name": "",
          "type": "uint256"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "oracleStalenessThreshold",
      "outputs": [
        {
          "internalType": "uint32",
          "name": "",
          "type": "uint32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "name": "pairCircuitBroken",
      "outputs": [
        {
          "internalType": "bool",
          "name": "",
          "type": "bool"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "a",
          "type": "address"
        },
        {
          "internalType": "address",
          "name": "b",
          "type": "address"
        }
      ],
      "name": "pairId",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "pure",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "paused",
      "outputs": [
        {
          "internalType": "bool",
          "name": "",
          "type": "bool"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pair",
          "type": "bytes32"
        }
      ],
      "name": "requireTradable",
      "outputs": [],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pair",
          "type": "bytes32"
        }
      ],
      "name": "resetCircuitBreaker",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bool",
          "name": "pause",
          "type": "bool"
        }
      ],
      "name": "toggleGlobalPause",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pair",
          "type": "bytes32"
        }
      ],
      "name": "triggerCircuitBreaker",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pair",
          "type": "bytes32"
        },
        {
          "components": [
            {
              "internalType": "int16",
              "name": "referenceTick",
              "type": "int16"
            },
            {
              "internalType": "uint256",
              "name": "pegDeviation",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "orderbookDepthBid",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "orderbookDepthAsk",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "timestamp",
              "type": "uint256"
            },
            {
              "internalType": "uint256",
              "name": "nonce",
              "type": "uint256"
            }
          ],
          "internalType": "struct OracleSignals.OracleSignal",
          "name": "signal",
          "type": "tuple"
        },
        {
          "internalType": "bytes",
          "name": "signature",
          "type": "bytes"
        }
      ],
      "name": "updateOracleSignal",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    }
  ],
  bytecode: '0x6080604052348015600e575f5ffd5b50610e0e8061001c5f395ff3fe608060405234801561000f575f5ffd5b50600436106100e5575f3560e01c80635cbecabf11610088578063c4d66de811610063578063c4d66de814610255578063ced8673a14610268578063e134725614610293578063e6271b55146102b5575f5ffd5b80635cbecabf146102105780637be7e2ba1461022f5780639a7372a514610242575f5ffd5b80633d85ef93116100c35780633d85ef93146101a5578063497cdcb0146101ba5780634a305fef146101d95780635c975abb146101ec575f5ffd5b80631f45d0e4146100e9578063210082c11461010c5780632218d7ab1461012d575b5f5ffd5b6100f261012c81565b60405163ffffffff90911681526020015b60405180910390f35b61011f61011a366004610b7b565b6102c8565b604051908152602001610103565b61017361013b366004610bb2565b5f60208190529081526040902080546001808301546002840154600385015460048601546005909601549490930b9491939092919086565b6040805160019790970b87526020870195909552938501929092526060840152608083015260a082015260c001610103565b6101b86101b3366004610bd6565b61036f565b005b61011f6101c8366004610bb2565b60026020525f908152604090205481565b6101b86101e7366004610bb2565b610446565b60035461020090600160a01b900460ff1681565b6040519015158152602001610103565b61011f61021e366004610bb2565b60016020525f908152604090205481565b6101b861023d366004610bf8565b6104c7565b6101b8610250366004610bb2565b610504565b6101b8610263366004610c87565b6105c5565b60035461027b906001600160a01b031681565b6040516001600160a01b039091168152602001610103565b6102006102a1366004610bb2565b60046020525f908152604090205460ff1681565b6101b86102c3366004610bb2565b610625565b5f816001600160a01b0316836001600160a01b031610610326576040516bffffffffffffffffffffffff19606084811b8216602084015285901b16603482015260480160405160208183030381529060405280519060200120610366565b6040516bffffffffffffffffffffffff19606085811b8216602084015284901b166034820152604801604051602081830303815290604052805190602001205b90505b92915050565b6003546040516312d9a6ad60e01b81527f76b1a12ac8d9ed64de3c0f66c2a19b21c0a3f9a1afec3f75bcd45f7b0794a1de60048201523360248201526001600160a01b03909116906312d9a6ad906044015f6040518083038186803b1580156103d6575f5ffd5b505afa1580156103e8573d5f5f3e3d5ffd5b505060038054841515600160a01b0260ff60a01b19909116179055505060405133907ffa299961d93aa96cd1a6b6e8e446b7c3b3e84213d1aea39a85e96797ebc206799061043b90841515815260200190565b60405180910390a250565b600354600160a01b900460ff161561047157604051634427925560e01b815260040160405180910390fd5b5f8181526004602052604090205460ff16156104a8576040516326f2f17760e01b8152600481018290526024015b60405180910390fd5b5f81815260026020526040902054156104c4576104c4816106e3565b50565b600354600160a01b900460ff16156104f257604051634427925560e01b815260040160405180910390fd5b6104fe8484848461072c565b50505050565b6003546040516312d9a6ad60e01b81527f25224d8f9a9fc3607343d6e4804b9ba2347ef2a832ba9799995045fca8c27af960048201523360248201526001600160a01b03909116906312d9a6ad906044015f6040518083038186803b15801561056b575f5ffd5b505afa15801561057d573d5f5f3e3d5ffd5b5050505f82815260046020526040808220805460ff191660011790555133925083917f9f1fcd9368598f0d85238fb9132b36406500308eb310b84c04bd6683f1cb5d6b91a350565b6003546001600160a01b03161515806105e557506001600160a01b038116155b1561060357604051635435b28960e11b815260040160405180910390fd5b600380546001600160a01b0319166001600160a01b0392909216919091179055565b6003546040516312d9a6ad60e01b81527f25224d8f9a9fc3607343d6e4804b9ba2347ef2a832ba9799995045fca8c27af960048201523360248201526001600160a01b03909116906312d9a6ad906044015f6040518083038186803b15801561068c575f5ffd5b505afa15801561069e573d5f5f3e3d5ffd5b5050505f82815260046020526040808220805460ff191690555133925083917f669538ca1f8f0201db72834644c63f3888246fad61d33cbb3d3e728735bd89fd91a350565b5f818152600260205260409020546106fd61012c82610ca2565b42111561072857604051635f51811b60e11b81526004810182905261012c602482015260440161049f565b5050565b428360800135111561075157604051635435b28960e11b815260040160405180910390fd5b5f84815260026020526040902054608084013581106107975760405163a6a132bd60e01b815260048101869052608085013560248201526044810182905260640161049f565b5f8581526001602052604090205460a085013581106107dd576040516329b909b360e21b81526004810187905260a086013560248201526044810182905260640161049f565b6107f16107ec878787876108b0565b610aa7565b5f868152602081905260409020859061080a8282610ccf565b50505f86815260026020908152604080832060808901359055600182529182902060a08801359081905582518481529182015287917f24949814980cd907f4a41126dde62448c63572e56dd0ce61aec855cdbd4eec3c910160405180910390a2857f936199dcd070bd1930f781e40e9e22d5828ef51b0cfad62543a6210c95153c23868760a001356040516108a0929190610d64565b60405180910390a2505050505050565b5f604182146108c057505f610a9f565b604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527f747305f7f39f9a47c2ccbb78d07fdb7bc8ae408fffbe521fa2957d7146460425918101919091527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201523060a08201525f9060c0016040516020818303038152906040528051906020012090505f7fc67fe60e13442149b237dfc44091b8288fdecce6d6907a728c0ccba028b6f474878760405160200161099793929190610d7f565b6040516020818303038152906040528051906020012090505f82826040516020016109d992919061190160f01b81526002810192909252602282015260420190565b60408051601f19818403018152919052805160209182012091505f90610a019082888a610d9b565b610a0a91610dc2565b90505f610a1b60406020898b610d9b565b610a2491610dc2565b905060018389896040818110610a3c57610a3c610ddf565b604080515f8152602081018083529590955292013560f81c9183019190915250606081018490526080810183905260a0016020604051602081039080840390855afa158015610a8d573d5f5f3e3d5ffd5b50505060206040510351955050505050505b949350505050565b600354604051632474521560e21b81527f352d05fe3946dbe49277552ba941e744d5a96d9c60bc1ba0ea5f1d3ae000f7c860048201526001600160a01b038381166024830152909116906391d1485490604401602060405180830381865afa158015610b15573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610b399190610df3565b6104c457604051636bb88a3960e11b81526001600160a01b03821660048201525f602482015260440161049f565b6001600160a01b03811681146104c4575f5ffd5b5f5f60408385031215610b8c575f5ffd5b8235610b9781610b67565b91506020830135610ba781610b67565b809150509250929050565b5f60208284031215610bc2575f5ffd5b5035919050565b80151581146104c4575f5ffd5b5f60208284031215610be6575f5ffd5b8135610bf181610bc9565b9392505050565b5f5f5f5f848603610100811215610c0d575f5ffd5b8535945060c0601f1982011215610c22575f5ffd5b5060208501925060e085013567ffffffffffffffff811115610c42575f5ffd5b8501601f81018713610c52575f5ffd5b803567ffffffffffffffff811115610c68575f5ffd5b876020828401011115610c79575f5ffd5b949793965060200194505050565b5f60208284031215610c97575f5ffd5b8135610bf181610b67565b8082018082111561036957634e487b7160e01b5f52601160045260245ffd5b8060010b81146104c4575f5ffd5b8135610cda81610cc1565b815461ffff191661ffff919091161781556020820135600182015560408201356002820155606082013560038201556080820135600482015560a090910135600590910155565b8035610d2c81610cc1565b60010b82526020818101359083015260408082013590830152606080820135908301526080808201359083015260a090810135910152565b60e08101610d728285610d21565b8260c08301529392505050565b838152602081018390526101008101610a9f6040830184610d21565b5f5f85851115610da9575f5ffd5b83861115610db5575f5ffd5b5050820193919092039150565b80356020831015610369575f19602084900360031b1b1692915050565b634e487b7160e01b5f52603260045260245ffd5b5f60208284031215610e03575f5ffd5b8151610bf181610bc956',
} as const;
