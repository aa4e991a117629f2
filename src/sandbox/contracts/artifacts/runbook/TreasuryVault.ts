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
  bytecode: '0x6101006040526001600655348015610015575f5ffd5b5060405161166a38038061166a8339810160408190526100349161006d565b6001600160a01b0393841660805260a091909152821660c0521660e0526100bf565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f5f5f60808587031215610080575f5ffd5b845161008b81610056565b602086015190945061009c81610056565b6040860151606087015191945092506100b481610056565b939692955090935050565b60805160a05160c05160e0516115166101545f395f818161026e0152610b3701525f81816102ee015261108701525f81816101da0152818161063c015281816106ba015281816107f801528181610a1201528181610e3201528181611028015261124901525f818161035c015281816104000152818161086501528181610a9d01528181610bcd01526110e701526115165ff3fe608060405234801561000f575f5ffd5b5060043610610132575f3560e01c806367e65d1a116100b4578063b9d4e87911610079578063b9d4e8791461032f578063c7100cbe14610338578063ced8673a14610357578063efb06f281461037e578063fd8ee7d11461039d578063ffea3051146103a6575f5ffd5b806367e65d1a146102bb57806369328dec146102ce5780638456cb59146102e15780638da5cb5b146102e9578063a24b543214610310575f5ffd5b806347e7ef24116100fa57806347e7ef241461021a578063523fba7f1461022d5780635c975abb1461024c5780636025a91b1461026957806361426787146102a8575f5ffd5b806306609bbe1461013657806324203dd9146101c057806333194c0a146101d55780633813c35a1461020a5780633f4ba83a14610212575b5f5ffd5b610181610144366004611340565b60056020525f90815260409020805460018201546002909201546001600160a01b0380831693600160a01b9093046001600160601b031692169084565b604080516001600160a01b0395861681526001600160601b03949094166020850152919093169082015260608101919091526080015b60405180910390f35b6101d36101ce366004611357565b6103c5565b005b6101fc7f000000000000000000000000000000000000000000000000000000000000000081565b6040519081526020016101b7565b6101fc60c881565b6101d361084a565b6101d3610228366004611392565b610903565b6101fc61023b3660046113ba565b5f6020819052908152604090205481565b6008546102599060ff1681565b60405190151581526020016101b7565b6102907f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b0390911681526020016101b7565b6101d36102b63660046113ba565b610935565b6101d36102c93660046113da565b610a62565b6101d36102dc366004611419565b610ba7565b6101d3610bb2565b6102907f000000000000000000000000000000000000000000000000000000000000000081565b6101fc61031e3660046113ba565b60036020525f908152604090205481565b6101fc6103e881565b6101fc6103463660046113ba565b60016020525f908152604090205481565b6102907f000000000000000000000000000000000000000000000000000000000000000081565b6101fc61038c3660046113ba565b60026020525f908152604090205481565b6101fc60065481565b6101fc6103b4366004611340565b60046020525f908152604090205481565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610448575f5ffd5b505afa15801561045a573d5f5f3e3d5ffd5b5050505f838152600560209081526040808320815160808101835281546001600160a01b038082168352600160a01b9091046001600160601b031694820185905260018301541692810192909252600201546060820152925090036104d257604051635435b28960e11b815260040160405180910390fd5b5f838152600560209081526040808320838155600180820180546001600160a01b0319169055600290910184905584830151858301516001600160a01b031685529252822080546001600160601b03909216929091610532908490611466565b9250508190555080602001516001600160601b031660045f836060015181526020019081526020015f205f82825461056a9190611466565b90915550506020808201516040808401516001600160a01b03165f90815292839052909120546001600160601b03909116906105a790849061147f565b6105b19190611466565b604082810180516001600160a01b039081165f90815260208190528390209390935583519051915163df79571b60e01b81529183166004830152602482018590529091169063df79571b906044015f604051808303815f87803b158015610616575f5ffd5b505af1158015610628573d5f5f3e3d5ffd5b505050506106398160400151610c68565b827f00000000000000000000000000000000000000000000000000000000000000007f5b836bb26f4fe474e92820ab9e2232aaecdd3f622aed3585be6e425e7ca296e78460405161068c91815260200190565b60405180910390a380602001516001600160601b03168210156107465780604001516001600160a01b0316837f00000000000000000000000000000000000000000000000000000000000000007fe28491be7ea33a8789b6416d4fda4c300545594af7539a6e1dcd12bbc5aee4d88460200151868787602001516001600160601b03166107199190611466565b604080516001600160601b03909416845260208401929092529082015260600160405180910390a4505050565b80602001516001600160601b0316821115610845575f6127106103e883602001516001600160601b03168561077b9190611466565b6107859190611492565b61078f91906114a9565b90508060025f84604001516001600160a01b03166001600160a01b031681526020019081526020015f205f8282546107c7919061147f565b90915550506040828101516001600160a01b03165f81815260026020908152908390205483518581529182015290917f0000000000000000000000000000000000000000000000000000000000000000917f7264d2979cb5c96838190533a1a184fe858f8ae58ac7afa25443674e7f47c7a1910160405180910390a3505b505050565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156108ad575f5ffd5b505afa1580156108bf573d5f5f3e3d5ffd5b50506008805460ff1916905550506040513381527f5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa906020015b60405180910390a1565b60085460ff161561092757604051634427925560e01b815260040160405180910390fd5b6109318282610d40565b5050565b6001600160a01b0381165f9081526007602052604081208054429091559081900361095e575050565b5f61096f6127106301e13380611492565b6109798342611466565b6001600160a01b0385165f9081526020819052604090205461099d9060c890611492565b6109a79190611492565b6109b191906114a9565b9050805f036109bf57505050565b6001600160a01b0383165f90815260036020526040812080548392906109e690849061147f565b90915550506001600160a01b0383165f81815260036020908152604091829020548251858152918201527f0000000000000000000000000000000000000000000000000000000000000000917fa512878f53c443db15631ff1ff19625ab55ad8161424bdbdcf5c328d98e7e7f7910160405180910390a3505050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610ae5575f5ffd5b505afa158015610af7573d5f5f3e3d5ffd5b505060085460ff16159150610b21905057604051634427925560e01b815260040160405180910390fd5b604051634a305fef60e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690634a305fef906024015f6040518083038186803b158015610b7f575f5ffd5b505afa158015610b91573d5f5f3e3d5ffd5b50505050610ba184848484610e81565b50505050565b61084583838361107c565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610c15575f5ffd5b505afa158015610c27573d5f5f3e3d5ffd5b50506008805460ff1916600117905550506040513381527f62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258906020016108f9565b6001600160a01b0381165f9081526001602090815260408083205491839052822054610c949190611466565b6040516370a0823160e01b81523060048201529091505f906001600160a01b038416906370a0823190602401602060405180830381865afa158015610cdb573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610cff91906114c8565b9050818110156108455760405163250670a760e11b81526001600160a01b038416600482015260248101839052604481018290526064015b60405180910390fd5b805f03610d6057604051631f2a200560e01b815260040160405180910390fd5b610d6982610935565b6001600160a01b0382165f9081526020819052604081208054839290610d9090849061147f565b90915550506040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af1158015610de5573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610e0991906114df565b506001600160a01b0382165f8181526020818152604091829020548251858152918201523392917f0000000000000000000000000000000000000000000000000000000000000000917feecc4d7c70d0c4c789401451bda0507e88c43f2e6d1637002714b80de55f134c910160405180910390a45050565b815f03610ea157604051631f2a200560e01b815260040160405180910390fd5b610eab8383611299565b600680545f9182610ebb836114fe565b90915550604080516080810182526001600160a01b0380891682526001600160601b0380881660208085019182528a8416858701818152606087018b81525f8a81526005855289812098519551909616600160a01b029487169490941787555160018088018054929097166001600160a01b0319929092169190911790955591516002909501949094558152915290812080549293508592909190610f6190849061147f565b90915550505f8281526004602052604081208054859290610f8390849061147f565b909155505060405163a9059cbb60e01b81526001600160a01b0386811660048301526024820185905285169063a9059cbb906044016020604051808303815f875af1158015610fd4573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610ff891906114df565b5061100284610c68565b604080516001600160a01b038681168252602082018690529181018490529086169082907f0000000000000000000000000000000000000000000000000000000000000000907f8f51016bf473d466e8490bf0e407dc8f0eb71d72b7a35c971d6db5a5d068722d9060600160405180910390a45050505050565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614611146576040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b15801561112f575f5ffd5b505afa158015611141573d5f5f3e3d5ffd5b505050505b815f0361116657604051631f2a200560e01b815260040160405180910390fd5b61116f83610935565b6111798383611299565b6001600160a01b0383165f90815260208190526040812080548492906111a0908490611466565b909155505060405163a9059cbb60e01b81526001600160a01b0382811660048301526024820184905284169063a9059cbb906044016020604051808303815f875af11580156111f1573d5f5f3e3d5ffd5b505050506040513d601f19601f8201168201806040525081019061121591906114df565b5061121f83610c68565b6001600160a01b038381165f818152602081815260409182902054825187815291820152928416927f0000000000000000000000000000000000000000000000000000000000000000917f2b50bbeab304785e1247f1e22da0321897c428768d93e80ab1811e9baa955901910160405180910390a4505050565b6001600160a01b0382165f90815260036020908152604080832054600283528184205460019093529083205490916112d09161147f565b6112da919061147f565b6001600160a01b0384165f90815260208190526040812054919250828211611302575f61130c565b61130c8383611466565b9050808411156113395760405163cf47918160e01b81526004810182905260248101859052604401610d37565b5050505050565b5f60208284031215611350575f5ffd5b5035919050565b5f5f60408385031215611368575f5ffd5b50508035926020909101359150565b80356001600160a01b038116811461138d575f5ffd5b919050565b5f5f604083850312156113a3575f5ffd5b6113ac83611377565b946020939093013593505050565b5f602082840312156113ca575f5ffd5b6113d382611377565b9392505050565b5f5f5f5f608085870312156113ed575f5ffd5b6113f685611377565b935061140460208601611377565b93969395505050506040820135916060013590565b5f5f5f6060848603121561142b575f5ffd5b61143484611377565b92506020840135915061144960408501611377565b90509250925092565b634e487b7160e01b5f52601160045260245ffd5b8181038181111561147957611479611452565b92915050565b8082018082111561147957611479611452565b808202811582820484141761147957611479611452565b5f826114c357634e487b7160e01b5f52601260045260245ffd5b500490565b5f602082840312156114d8575f5ffd5b5051919050565b5f602082840312156114ef575f5ffd5b815180151581146113d3575f5ffd5b5f6001820161150f5761150f611452565b506001019056',
} as const;
