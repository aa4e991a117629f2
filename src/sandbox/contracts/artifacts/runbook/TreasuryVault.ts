// Generated from runbook/TreasuryVault.sol by scripts/compile-contracts.mjs (solc 0.8.37).
export const treasuryVault = {
  abi: [
    {
      "inputs": [
        {
          "internalType": "contract IGovernanceRoles",
          "name": "roles",
          "type": "address"
        },
        {
          "internalType": "contract IRiskController",
          "name": "risk",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "id",
          "type": "uint256"
        },
        {
          "internalType": "address",
          "name": "vaultOwner",
          "type": "address"
        }
      ],
      "stateMutability": "nonpayable",
      "type": "constructor"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "expected",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "actual",
          "type": "uint256"
        }
      ],
      "name": "BalanceConsistencyViolation",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "uint256",
          "name": "available",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "requested",
          "type": "uint256"
        }
      ],
      "name": "InsufficientBalance",
      "type": "error"
    },
    {
      "inputs": [],
      "name": "InvalidParams",
      "type": "error"
    },
    {
      "inputs": [],
      "name": "ProtocolPaused",
      "type": "error"
    },
    {
      "inputs": [],
      "name": "ZeroAmount",
      "type": "error"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "deploymentId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "strategy",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        }
      ],
      "name": "CapitalDeployed",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "deploymentId",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "CapitalRecalled",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "depositor",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "newBalance",
          "type": "uint256"
        }
      ],
      "name": "Deposited",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "deploymentId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "deployed",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "returned",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "loss",
          "type": "uint256"
        }
      ],
      "name": "LossRealized",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "totalAccrued",
          "type": "uint256"
        }
      ],
      "name": "ManagementFeeAccrued",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": false,
          "internalType": "address",
          "name": "account",
          "type": "address"
        }
      ],
      "name": "Paused",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "totalAccrued",
          "type": "uint256"
        }
      ],
      "name": "PerformanceFeeAccrued",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": false,
          "internalType": "address",
          "name": "account",
          "type": "address"
        }
      ],
      "name": "Unpaused",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "uint256",
          "name": "vaultId",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "recipient",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "newBalance",
          "type": "uint256"
        }
      ],
      "name": "Withdrawn",
      "type": "event"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        }
      ],
      "name": "accrueManagementFee",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "",
          "type": "address"
        }
      ],
      "name": "accruedManagementFees",
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
          "internalType": "address",
          "name": "",
          "type": "address"
        }
      ],
      "name": "accruedPerformanceFees",
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
          "internalType": "address",
          "name": "strategy",
          "type": "address"
        },
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        }
      ],
      "name": "deployToStrategy",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "",
          "type": "address"
        }
      ],
      "name": "deployedCapital",
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
          "internalType": "uint256",
          "name": "",
          "type": "uint256"
        }
      ],
      "name": "deployments",
      "outputs": [
        {
          "internalType": "address",
          "name": "strategy",
          "type": "address"
        },
        {
          "internalType": "uint96",
          "name": "amount",
          "type": "uint96"
        },
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "deposit",
      "outputs": [],
      "stateMutability": "nonpayable",
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
      "inputs": [],
      "name": "managementFeeBps",
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
      "name": "nextDeploymentId",
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
      "name": "owner",
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
      "name": "pairExposure",
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
      "name": "pause",
      "outputs": [],
      "stateMutability": "nonpayable",
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
      "inputs": [],
      "name": "performanceFeeBps",
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
          "internalType": "uint256",
          "name": "id",
          "type": "uint256"
        },
        {
          "internalType": "uint256",
          "name": "returned",
          "type": "uint256"
        }
      ],
      "name": "recallFromStrategy",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "riskController",
      "outputs": [
        {
          "internalType": "contract IRiskController",
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
          "internalType": "address",
          "name": "",
          "type": "address"
        }
      ],
      "name": "tokenBalances",
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
      "name": "unpause",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "vaultId",
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
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        },
        {
          "internalType": "address",
          "name": "recipient",
          "type": "address"
        }
      ],
      "name": "withdraw",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    }
  ],
  bytecode: '0x6101006040526001600655348015610015575f5ffd5b506040516116e23803806116e28339810160408190526100349161006d565b6001600160a01b0393841660805260a091909152821660c0521660e0526100bf565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f5f5f60808587031215610080575f5ffd5b845161008b81610056565b602086015190945061009c81610056565b6040860151606087015191945092506100b481610056565b939692955090935050565b60805160a05160c05160e05161158e6101545f395f818161026e0152610b9201525f81816102ee01526110ff01525f81816101da0152818161062f015281816106ad0152818161081a01528181610a6d01528181610eb3015281816110a001526112c101525f818161035c015281816104000152818161089401528181610af801528181610c28015261115f015261158e5ff3fe608060405234801561000f575f5ffd5b5060043610610132575f3560e01c806367e65d1a116100b4578063b9d4e87911610079578063b9d4e8791461032f578063c7100cbe14610338578063ced8673a14610357578063efb06f281461037e578063fd8ee7d11461039d578063ffea3051146103a6575f5ffd5b806367e65d1a146102bb57806369328dec146102ce5780638456cb59146102e15780638da5cb5b146102e9578063a24b543214610310575f5ffd5b806347e7ef24116100fa57806347e7ef241461021a578063523fba7f1461022d5780635c975abb1461024c5780636025a91b1461026957806361426787146102a8575f5ffd5b806306609bbe1461013657806324203dd9146101c057806333194c0a146101d55780633813c35a1461020a5780633f4ba83a14610212575b5f5ffd5b6101816101443660046113b8565b60056020525f90815260409020805460018201546002909201546001600160a01b0380831693600160a01b9093046001600160601b031692169084565b604080516001600160a01b0395861681526001600160601b03949094166020850152919093169082015260608101919091526080015b60405180910390f35b6101d36101ce3660046113cf565b6103c5565b005b6101fc7f000000000000000000000000000000000000000000000000000000000000000081565b6040519081526020016101b7565b6101fc60c881565b6101d3610879565b6101d361022836600461140a565b610932565b6101fc61023b366004611432565b5f6020819052908152604090205481565b6008546102599060ff1681565b60405190151581526020016101b7565b6102907f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b0390911681526020016101b7565b6101d36102b6366004611432565b610964565b6101d36102c9366004611452565b610abd565b6101d36102dc366004611491565b610c02565b6101d3610c0d565b6102907f000000000000000000000000000000000000000000000000000000000000000081565b6101fc61031e366004611432565b60036020525f908152604090205481565b6101fc6103e881565b6101fc610346366004611432565b60016020525f908152604090205481565b6102907f000000000000000000000000000000000000000000000000000000000000000081565b6101fc61038c366004611432565b60026020525f908152604090205481565b6101fc60065481565b6101fc6103b43660046113b8565b60046020525f908152604090205481565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610448575f5ffd5b505afa15801561045a573d5f5f3e3d5ffd5b5050505f838152600560209081526040808320815160808101835281546001600160a01b038082168352600160a01b9091046001600160601b031694820185905260018301541692810192909252600201546060820152925090036104d257604051635435b28960e11b815260040160405180910390fd5b5f838152600560209081526040808320838155600180820180546001600160a01b0319169055600290910184905584830151858301516001600160a01b031685529252822080546001600160601b039092169290916105329084906114de565b9250508190555080602001516001600160601b031660045f836060015181526020019081526020015f205f82825461056a91906114de565b90915550506020808201516040808401516001600160a01b03165f90815292839052909120546001600160601b03909116906105a79084906114f7565b6105b191906114de565b604082810180516001600160a01b039081165f90815260208190528390209390935583519051915163df79571b60e01b81529183166004830152602482018590529091169063df79571b906044015f604051808303815f87803b158015610616575f5ffd5b505af1158015610628573d5f5f3e3d5ffd5b50505050827f00000000000000000000000000000000000000000000000000000000000000007f5b836bb26f4fe474e92820ab9e2232aaecdd3f622aed3585be6e425e7ca296e78460405161067f91815260200190565b60405180910390a380602001516001600160601b03168210156107395780604001516001600160a01b0316837f00000000000000000000000000000000000000000000000000000000000000007fe28491be7ea33a8789b6416d4fda4c300545594af7539a6e1dcd12bbc5aee4d88460200151868787602001516001600160601b031661070c91906114de565b604080516001600160601b03909416845260208401929092529082015260600160405180910390a4610867565b80602001516001600160601b0316821115610867575f6127106103e883602001516001600160601b03168561076e91906114de565b610778919061150a565b6107829190611521565b9050805f5f84604001516001600160a01b03166001600160a01b031681526020019081526020015f205f8282546107b991906114de565b90915550506040808301516001600160a01b03165f908152600260205290812080548392906107e99084906114f7565b90915550506040828101516001600160a01b03165f81815260026020908152908390205483518581529182015290917f0000000000000000000000000000000000000000000000000000000000000000917f7264d2979cb5c96838190533a1a184fe858f8ae58ac7afa25443674e7f47c7a1910160405180910390a3505b6108748160400151610cc3565b505050565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156108dc575f5ffd5b505afa1580156108ee573d5f5f3e3d5ffd5b50506008805460ff1916905550506040513381527f5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa906020015b60405180910390a1565b60085460ff161561095657604051634427925560e01b815260040160405180910390fd5b6109608282610dc1565b5050565b6001600160a01b0381165f9081526007602052604081208054429091559081900361098d575050565b5f61099e6127106301e1338061150a565b6109a883426114de565b6001600160a01b0385165f908152602081905260409020546109cc9060c89061150a565b6109d6919061150a565b6109e09190611521565b9050805f036109ee57505050565b6001600160a01b0383165f9081526020819052604081208054839290610a159084906114de565b90915550506001600160a01b0383165f9081526003602052604081208054839290610a419084906114f7565b90915550506001600160a01b0383165f81815260036020908152604091829020548251858152918201527f0000000000000000000000000000000000000000000000000000000000000000917fa512878f53c443db15631ff1ff19625ab55ad8161424bdbdcf5c328d98e7e7f7910160405180910390a3505050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610b40575f5ffd5b505afa158015610b52573d5f5f3e3d5ffd5b505060085460ff16159150610b7c905057604051634427925560e01b815260040160405180910390fd5b604051634a305fef60e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690634a305fef906024015f6040518083038186803b158015610bda575f5ffd5b505afa158015610bec573d5f5f3e3d5ffd5b50505050610bfc84848484610f02565b50505050565b6108748383836110f4565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610c70575f5ffd5b505afa158015610c82573d5f5f3e3d5ffd5b50506008805460ff1916600117905550506040513381527f62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a25890602001610928565b6001600160a01b0381165f908152600360209081526040808320546002835281842054600184528285205493859052918420549092610d01916114de565b610d0b91906114f7565b610d1591906114f7565b6040516370a0823160e01b81523060048201529091505f906001600160a01b038416906370a0823190602401602060405180830381865afa158015610d5c573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610d809190611540565b9050818110156108745760405163250670a760e11b81526001600160a01b038416600482015260248101839052604481018290526064015b60405180910390fd5b805f03610de157604051631f2a200560e01b815260040160405180910390fd5b610dea82610964565b6001600160a01b0382165f9081526020819052604081208054839290610e119084906114f7565b90915550506040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af1158015610e66573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610e8a9190611557565b506001600160a01b0382165f8181526020818152604091829020548251858152918201523392917f0000000000000000000000000000000000000000000000000000000000000000917feecc4d7c70d0c4c789401451bda0507e88c43f2e6d1637002714b80de55f134c910160405180910390a45050565b815f03610f2257604051631f2a200560e01b815260040160405180910390fd5b610f2c8383611311565b600680545f9182610f3c83611576565b90915550604080516080810182526001600160a01b0380891682526001600160601b0380881660208085019182528a8416858701818152606087018b81525f8a81526005855289812098519551909616600160a01b029487169490941787555160018088018054929097166001600160a01b0319929092169190911790955591516002909501949094558152915290812080549293508592909190610fe29084906114f7565b90915550505f82815260046020526040812080548592906110049084906114f7565b909155505060405163a9059cbb60e01b81526001600160a01b0386811660048301526024820185905285169063a9059cbb906044016020604051808303815f875af1158015611055573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906110799190611557565b50604080516001600160a01b038681168252602082018690529181018490529086169082907f0000000000000000000000000000000000000000000000000000000000000000907f8f51016bf473d466e8490bf0e407dc8f0eb71d72b7a35c971d6db5a5d068722d9060600160405180910390a45050505050565b336001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016146111be576040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156111a7575f5ffd5b505afa1580156111b9573d5f5f3e3d5ffd5b505050505b815f036111de57604051631f2a200560e01b815260040160405180910390fd5b6111e783610964565b6111f18383611311565b6001600160a01b0383165f90815260208190526040812080548492906112189084906114de565b909155505060405163a9059cbb60e01b81526001600160a01b0382811660048301526024820184905284169063a9059cbb906044016020604051808303815f875af1158015611269573d5f5f3e3d5ffd5b505050506040513d601f19601f8201168201806040525081019061128d9190611557565b5061129783610cc3565b6001600160a01b038381165f818152602081815260409182902054825187815291820152928416927f0000000000000000000000000000000000000000000000000000000000000000917f2b50bbeab304785e1247f1e22da0321897c428768d93e80ab1811e9baa955901910160405180910390a4505050565b6001600160a01b0382165f9081526003602090815260408083205460028352818420546001909352908320549091611348916114f7565b61135291906114f7565b6001600160a01b0384165f9081526020819052604081205491925082821161137a575f611384565b61138483836114de565b9050808411156113b15760405163cf47918160e01b81526004810182905260248101859052604401610db8565b5050505050565b5f602082840312156113c8575f5ffd5b5035919050565b5f5f604083850312156113e0575f5ffd5b50508035926020909101359150565b80356001600160a01b0381168114611405575f5ffd5b919050565b5f5f6040838503121561141b575f5ffd5b611424836113ef565b946020939093013593505050565b5f60208284031215611442575f5ffd5b61144b826113ef565b9392505050565b5f5f5f5f60808587031215611465575f5ffd5b61146e856113ef565b935061147c602086016113ef565b93969395505050506040820135916060013590565b5f5f5f606084860312156114a3575f5ffd5b6114ac846113ef565b9250602084013591506114c1604085016113ef565b90509250925092565b634e487b7160e01b5f52601160045260245ffd5b818103818111156114f1576114f16114ca565b92915050565b808201808211156114f1576114f16114ca565b80820281158282048414176114f1576114f16114ca565b5f8261153b57634e487b7160e01b5f52601260045260245ffd5b500490565b5f60208284031215611550575f5ffd5b5051919050565b5f60208284031215611567575f5ffd5b8151801515811461144b575f5ffd5b5f60018201611587576115876114ca565b506001019056',
} as const;
