// Generated from runbook/RiskController.sol by scripts/compile-contracts.mjs (solc 0.8.37).
export const riskController = {
  abi: [
    {
      "inputs": [
        {
          "internalType": "contract IGovernanceRoles",
          "name": "roles",
          "type": "address"
        },
        {
          "internalType": "address",
          "name": "oracle",
          "type": "address"
        }
      ],
      "stateMutability": "nonpayable",
      "type": "constructor"
    },
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
          "indexed": true,
          "internalType": "address",
          "name": "oldOracle",
          "type": "address"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "newOracle",
          "type": "address"
        }
      ],
      "name": "OracleAddressUpdated",
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
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "name": "circuitBroken",
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
      "inputs": [],
      "name": "oracleAddress",
      "outputs": [
        {
          "internalType": "address",
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
        },
        {
          "internalType": "bool",
          "name": "broken",
          "type": "bool"
        }
      ],
      "name": "setCircuitBreaker",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "oracle",
          "type": "address"
        }
      ],
      "name": "setOracleAddress",
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
  bytecode: '0x60a060405234801561000f575f5ffd5b50604051610ce8380380610ce883398101604081905261002e9161006d565b6001600160a01b03918216608052600380546001600160a01b031916919092161790556100a5565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f6040838503121561007e575f5ffd5b825161008981610056565b602084015190925061009a81610056565b809150509250929050565b608051610c1d6100cb5f395f818161022d0152818161034301526104830152610c1d5ff3fe608060405234801561000f575f5ffd5b50600436106100b1575f3560e01c80634c69c00f1161006e5780634c69c00f146101b85780635cbecabf146101cb5780637be7e2ba146101ea578063a89ae4ba146101fd578063ced8673a14610228578063e639dc261461024f575f5ffd5b80631f45d0e4146100b5578063210082c1146100d85780632218d7ab146100f957806335ebd6bd14610171578063497cdcb0146101865780634a305fef146101a5575b5f5ffd5b6100be61012c81565b60405163ffffffff90911681526020015b60405180910390f35b6100eb6100e63660046109aa565b610281565b6040519081526020016100cf565b61013f6101073660046109db565b5f60208190529081526040902080546001808301546002840154600385015460048601546005909601549490930b9491939092919086565b6040805160019790970b87526020870195909552938501929092526060840152608083015260a082015260c0016100cf565b61018461017f3660046109f2565b610328565b005b6100eb6101943660046109db565b60026020525f908152604090205481565b6101846101b33660046109db565b610425565b6101846101c6366004610a24565b610468565b6100eb6101d93660046109db565b60016020525f908152604090205481565b6101846101f8366004610a3d565b610564565b600354610210906001600160a01b031681565b6040516001600160a01b0390911681526020016100cf565b6102107f000000000000000000000000000000000000000000000000000000000000000081565b61027161025d3660046109db565b60046020525f908152604090205460ff1681565b60405190151581526020016100cf565b5f816001600160a01b0316836001600160a01b0316106102df576040516bffffffffffffffffffffffff19606084811b8216602084015285901b1660348201526048016040516020818303038152906040528051906020012061031f565b6040516bffffffffffffffffffffffff19606085811b8216602084015284901b166034820152604801604051602081830303815290604052805190602001205b90505b92915050565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b15801561038b575f5ffd5b505afa15801561039d573d5f5f3e3d5ffd5b5050505f838152600460205260409020805460ff1916831580159190911790915590506103f457604051339083907f9f1fcd9368598f0d85238fb9132b36406500308eb310b84c04bd6683f1cb5d6b905f90a35050565b604051339083907f669538ca1f8f0201db72834644c63f3888246fad61d33cbb3d3e728735bd89fd905f90a35b5050565b5f8181526004602052604090205460ff161561045c576040516326f2f17760e01b8152600481018290526024015b60405180910390fd5b61046581610576565b50565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156104cb575f5ffd5b505afa1580156104dd573d5f5f3e3d5ffd5b5050506001600160a01b038216905061050957604051635435b28960e11b815260040160405180910390fd5b6003546040516001600160a01b038084169216907fd3afd1676752459d3aa8b6f73633fac8efd724610da9c4cd8d8e4fa1631841fb905f90a3600380546001600160a01b0319166001600160a01b0392909216919091179055565b610570848484846105bb565b50505050565b5f8181526002602052604090205461059061012c82610acc565b42111561042157604051635f51811b60e11b81526004810182905261012c6024820152604401610453565b42836080013511156105e057604051635435b28960e11b815260040160405180910390fd5b5f84815260026020526040902054608084013581106106265760405163a6a132bd60e01b8152600481018690526080850135602482015260448101829052606401610453565b5f8581526001602052604090205460a0850135811061066c576040516329b909b360e21b81526004810187905260a0860135602482015260448101829052606401610453565b61068061067b8787878761073f565b610936565b5f86815260208190526040902085906106998282610af9565b50505f86815260026020908152604080832060808901359055600182529182902060a08801359081905582518481529182015287917f24949814980cd907f4a41126dde62448c63572e56dd0ce61aec855cdbd4eec3c910160405180910390a2857f936199dcd070bd1930f781e40e9e22d5828ef51b0cfad62543a6210c95153c23868760a0013560405161072f929190610b8e565b60405180910390a2505050505050565b5f6041821461074f57505f61092e565b604080517f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f60208201527f747305f7f39f9a47c2ccbb78d07fdb7bc8ae408fffbe521fa2957d7146460425918101919091527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201523060a08201525f9060c0016040516020818303038152906040528051906020012090505f7fc67fe60e13442149b237dfc44091b8288fdecce6d6907a728c0ccba028b6f474878760405160200161082693929190610ba9565b6040516020818303038152906040528051906020012090505f828260405160200161086892919061190160f01b81526002810192909252602282015260420190565b60408051601f19818403018152919052805160209182012091505f906108909082888a610bc5565b61089991610bec565b90505f6108aa60406020898b610bc5565b6108b391610bec565b9050600183898960408181106108cb576108cb610c09565b604080515f8152602081018083529590955292013560f81c9183019190915250606081018490526080810183905260a0016020604051602081039080840390855afa15801561091c573d5f5f3e3d5ffd5b50505060206040510351955050505050505b949350505050565b6001600160a01b038116158061095a57506003546001600160a01b03828116911614155b1561046557600354604051636bb88a3960e11b81526001600160a01b0380841660048301529091166024820152604401610453565b80356001600160a01b03811681146109a5575f5ffd5b919050565b5f5f604083850312156109bb575f5ffd5b6109c48361098f565b91506109d26020840161098f565b90509250929050565b5f602082840312156109eb575f5ffd5b5035919050565b5f5f60408385031215610a03575f5ffd5b8235915060208301358015158114610a19575f5ffd5b809150509250929050565b5f60208284031215610a34575f5ffd5b61031f8261098f565b5f5f5f5f848603610100811215610a52575f5ffd5b8535945060c0601f1982011215610a67575f5ffd5b5060208501925060e085013567ffffffffffffffff811115610a87575f5ffd5b8501601f81018713610a97575f5ffd5b803567ffffffffffffffff811115610aad575f5ffd5b876020828401011115610abe575f5ffd5b949793965060200194505050565b8082018082111561032257634e487b7160e01b5f52601160045260245ffd5b8060010b8114610465575f5ffd5b8135610b0481610aeb565b815461ffff191661ffff919091161781556020820135600182015560408201356002820155606082013560038201556080820135600482015560a090910135600590910155565b8035610b5681610aeb565b60010b82526020818101359083015260408082013590830152606080820135908301526080808201359083015260a090810135910152565b60e08101610b9c8285610b4b565b8260c08301529392505050565b83815260208101839052610100810161092e6040830184610b4b565b5f5f85851115610bd3575f5ffd5b83861115610bdf575f5ffd5b5050820193919092039150565b80356020831015610322575f19602084900360031b1b1692915050565b634e487b7160e01b5f52603260045260245ffd',
} as const;
