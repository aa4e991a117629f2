// Generated from deployed/TreasuryVault.sol by scripts/compile-contracts.mjs (solc 0.8.37).
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
  bytecode: '0x6101006040526001600655348015610015575f5ffd5b506040516115d33803806115d38339810160408190526100349161006d565b6001600160a01b0393841660805260a091909152821660c0521660e0526100bf565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f5f5f60808587031215610080575f5ffd5b845161008b81610056565b602086015190945061009c81610056565b6040860151606087015191945092506100b481610056565b939692955090935050565b60805160a05160c05160e05161147861015b5f395f818161020f0152818161079b01528181610a0d01528181610abf0152610b3101525f81816102870152610fe901525f81816101a0015281816105ba0152818161062f015281816107470152818161092201528181610da201528181610f8a01526111ab01525f81816102f501528181610399015281816109ad015261104901526114785ff3fe608060405234801561000f575f5ffd5b5060043610610111575f3560e01c806369328dec1161009e578063c7100cbe1161006e578063c7100cbe146102d1578063ced8673a146102f0578063efb06f2814610317578063fd8ee7d114610336578063ffea30511461033f575f5ffd5b806369328dec1461026f5780638da5cb5b14610282578063a24b5432146102a9578063b9d4e879146102c8575f5ffd5b806347e7ef24116100e457806347e7ef24146101d8578063523fba7f146101eb5780636025a91b1461020a578063614267871461024957806367e65d1a1461025c575f5ffd5b806306609bbe1461011557806324203dd91461018657806333194c0a1461019b5780633813c35a146101d0575b5f5ffd5b6101566101233660046112a2565b60056020525f908152604090208054600182015460028301546003909301546001600160a01b0392831693919092169184565b604080516001600160a01b0395861681529490931660208501529183015260608201526080015b60405180910390f35b6101996101943660046112b9565b61035e565b005b6101c27f000000000000000000000000000000000000000000000000000000000000000081565b60405190815260200161017d565b6101c260c881565b6101996101e63660046112f4565b610799565b6101c26101f936600461131c565b5f6020819052908152604090205481565b6102317f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b03909116815260200161017d565b61019961025736600461131c565b610845565b61019961026a36600461133c565b610972565b61019961027d36600461137b565b610b2f565b6102317f000000000000000000000000000000000000000000000000000000000000000081565b6101c26102b736600461131c565b60036020525f908152604090205481565b6101c26103e881565b6101c26102df36600461131c565b60016020525f908152604090205481565b6102317f000000000000000000000000000000000000000000000000000000000000000081565b6101c261032536600461131c565b60026020525f908152604090205481565b6101c260065481565b6101c261034d3660046112a2565b60046020525f908152604090205481565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156103e1575f5ffd5b505afa1580156103f3573d5f5f3e3d5ffd5b5050505f838152600560209081526040808320815160808101835281546001600160a01b039081168252600183015416938101939093526002810154918301829052600301546060830152909250900361046057604051635435b28960e11b815260040160405180910390fd5b5f83815260056020908152604080832080546001600160a01b031990811682556001808301805490921690915560028201859055600390910184905584820151858401516001600160a01b03168552925282208054919290916104c49084906113c8565b909155505060408082015160608301515f90815260046020529182208054919290916104f19084906113c8565b90915550506040808201516020808401516001600160a01b03165f9081529081905291909120546105239084906113e1565b61052d91906113c8565b602082810180516001600160a01b039081165f908152928390526040928390209390935583519051915163df79571b60e01b81529183166004830152602482018590529091169063df79571b906044015f604051808303815f87803b158015610594575f5ffd5b505af11580156105a6573d5f5f3e3d5ffd5b505050506105b78160200151610bd8565b827f00000000000000000000000000000000000000000000000000000000000000007f5b836bb26f4fe474e92820ab9e2232aaecdd3f622aed3585be6e425e7ca296e78460405161060a91815260200190565b60405180910390a380604001518210156106a85780602001516001600160a01b0316837f00000000000000000000000000000000000000000000000000000000000000007fe28491be7ea33a8789b6416d4fda4c300545594af7539a6e1dcd12bbc5aee4d884604001518687876040015161068591906113c8565b6040805193845260208401929092529082015260600160405180910390a4505050565b8060400151821115610794575f6127106103e88360400151856106cb91906113c8565b6106d591906113f4565b6106df919061140b565b90508060025f84602001516001600160a01b03166001600160a01b031681526020019081526020015f205f82825461071791906113e1565b90915550506020828101516001600160a01b03165f818152600283526040908190205481518581529384015290917f0000000000000000000000000000000000000000000000000000000000000000917f7264d2979cb5c96838190533a1a184fe858f8ae58ac7afa25443674e7f47c7a1910160405180910390a3505b505050565b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa1580156107f5573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610819919061142a565b1561083757604051634427925560e01b815260040160405180910390fd5b6108418282610cb0565b5050565b6001600160a01b0381165f9081526007602052604081208054429091559081900361086e575050565b5f61087f6127106301e133806113f4565b61088983426113c8565b6001600160a01b0385165f908152602081905260409020546108ad9060c8906113f4565b6108b791906113f4565b6108c1919061140b565b9050805f036108cf57505050565b6001600160a01b0383165f90815260036020526040812080548392906108f69084906113e1565b90915550506001600160a01b0383165f81815260036020908152604091829020548251858152918201527f0000000000000000000000000000000000000000000000000000000000000000917fa512878f53c443db15631ff1ff19625ab55ad8161424bdbdcf5c328d98e7e7f7910160405180910390a3505050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156109f5575f5ffd5b505afa158015610a07573d5f5f3e3d5ffd5b505050507f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610a67573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610a8b919061142a565b15610aa957604051634427925560e01b815260040160405180910390fd5b604051634a305fef60e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690634a305fef906024015f6040518083038186803b158015610b07575f5ffd5b505afa158015610b19573d5f5f3e3d5ffd5b50505050610b2984848484610df1565b50505050565b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610b8b573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610baf919061142a565b15610bcd57604051634427925560e01b815260040160405180910390fd5b610794838383610fde565b6001600160a01b0381165f9081526001602090815260408083205491839052822054610c0491906113c8565b6040516370a0823160e01b81523060048201529091505f906001600160a01b038416906370a0823190602401602060405180830381865afa158015610c4b573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610c6f9190611449565b9050818110156107945760405163250670a760e11b81526001600160a01b038416600482015260248101839052604481018290526064015b60405180910390fd5b805f03610cd057604051631f2a200560e01b815260040160405180910390fd5b610cd982610845565b6001600160a01b0382165f9081526020819052604081208054839290610d009084906113e1565b90915550506040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af1158015610d55573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610d79919061142a565b506001600160a01b0382165f8181526020818152604091829020548251858152918201523392917f0000000000000000000000000000000000000000000000000000000000000000917feecc4d7c70d0c4c789401451bda0507e88c43f2e6d1637002714b80de55f134c910160405180910390a45050565b815f03610e1157604051631f2a200560e01b815260040160405180910390fd5b610e1b83836111fb565b600680545f9182610e2b83611460565b90915550604080516080810182526001600160a01b03888116825287811660208084018281528486018a8152606086018a81525f89815260058552888120975188546001600160a01b031990811691891691909117895593516001808a018054909616919098161790935590516002870155516003909501949094559083525290812080549293508592909190610ec39084906113e1565b90915550505f8281526004602052604081208054859290610ee59084906113e1565b909155505060405163a9059cbb60e01b81526001600160a01b0386811660048301526024820185905285169063a9059cbb906044016020604051808303815f875af1158015610f36573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610f5a919061142a565b50610f6484610bd8565b604080516001600160a01b038681168252602082018690529181018490529086169082907f0000000000000000000000000000000000000000000000000000000000000000907f8f51016bf473d466e8490bf0e407dc8f0eb71d72b7a35c971d6db5a5d068722d9060600160405180910390a45050505050565b336001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016146110a8576040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015611091575f5ffd5b505afa1580156110a3573d5f5f3e3d5ffd5b505050505b815f036110c857604051631f2a200560e01b815260040160405180910390fd5b6110d183610845565b6110db83836111fb565b6001600160a01b0383165f90815260208190526040812080548492906111029084906113c8565b909155505060405163a9059cbb60e01b81526001600160a01b0382811660048301526024820184905284169063a9059cbb906044016020604051808303815f875af1158015611153573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190611177919061142a565b5061118183610bd8565b6001600160a01b038381165f818152602081815260409182902054825187815291820152928416927f0000000000000000000000000000000000000000000000000000000000000000917f2b50bbeab304785e1247f1e22da0321897c428768d93e80ab1811e9baa955901910160405180910390a4505050565b6001600160a01b0382165f9081526003602090815260408083205460028352818420546001909352908320549091611232916113e1565b61123c91906113e1565b6001600160a01b0384165f90815260208190526040812054919250828211611264575f61126e565b61126e83836113c8565b90508084111561129b5760405163cf47918160e01b81526004810182905260248101859052604401610ca7565b5050505050565b5f602082840312156112b2575f5ffd5b5035919050565b5f5f604083850312156112ca575f5ffd5b50508035926020909101359150565b80356001600160a01b03811681146112ef575f5ffd5b919050565b5f5f60408385031215611305575f5ffd5b61130e836112d9565b946020939093013593505050565b5f6020828403121561132c575f5ffd5b611335826112d9565b9392505050565b5f5f5f5f6080858703121561134f575f5ffd5b611358856112d9565b9350611366602086016112d9565b93969395505050506040820135916060013590565b5f5f5f6060848603121561138d575f5ffd5b611396846112d9565b9250602084013591506113ab604085016112d9565b90509250925092565b634e487b7160e01b5f52601160045260245ffd5b818103818111156113db576113db6113b4565b92915050565b808201808211156113db576113db6113b4565b80820281158282048414176113db576113db6113b4565b5f8261142557634e487b7160e01b5f52601260045260245ffd5b500490565b5f6020828403121561143a575f5ffd5b81518015158114611335575f5ffd5b5f60208284031215611459575f5ffd5b5051919050565b5f60018201611471576114716113b4565b506001019056',
} as const;
