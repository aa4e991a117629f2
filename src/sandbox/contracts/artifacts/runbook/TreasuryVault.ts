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
  bytecode: '0x6101006040526001600655348015610015575f5ffd5b506040516115f93803806115f98339810160408190526100349161006d565b6001600160a01b0393841660805260a091909152821660c0521660e0526100bf565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f5f5f60808587031215610080575f5ffd5b845161008b81610056565b602086015190945061009c81610056565b6040860151606087015191945092506100b481610056565b939692955090935050565b60805160a05160c05160e0516114a56101545f395f81816102550152610ad401525f81816102d5015261101601525f81816101c1015281816106080152818161067d01528181610795015281816109af01528181610dcf01528181610fb701526111d801525f8181610343015281816103e70152818161080201528181610a3a01528181610b6a015261107601526114a55ff3fe608060405234801561000f575f5ffd5b5060043610610132575f3560e01c806367e65d1a116100b4578063b9d4e87911610079578063b9d4e87914610316578063c7100cbe1461031f578063ced8673a1461033e578063efb06f2814610365578063fd8ee7d114610384578063ffea30511461038d575f5ffd5b806367e65d1a146102a257806369328dec146102b55780638456cb59146102c85780638da5cb5b146102d0578063a24b5432146102f7575f5ffd5b806347e7ef24116100fa57806347e7ef2414610201578063523fba7f146102145780635c975abb146102335780636025a91b14610250578063614267871461028f575f5ffd5b806306609bbe1461013657806324203dd9146101a757806333194c0a146101bc5780633813c35a146101f15780633f4ba83a146101f9575b5f5ffd5b6101776101443660046112cf565b60056020525f908152604090208054600182015460028301546003909301546001600160a01b0392831693919092169184565b604080516001600160a01b0395861681529490931660208501529183015260608201526080015b60405180910390f35b6101ba6101b53660046112e6565b6103ac565b005b6101e37f000000000000000000000000000000000000000000000000000000000000000081565b60405190815260200161019e565b6101e360c881565b6101ba6107e7565b6101ba61020f366004611321565b6108a0565b6101e3610222366004611349565b5f6020819052908152604090205481565b6008546102409060ff1681565b604051901515815260200161019e565b6102777f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b03909116815260200161019e565b6101ba61029d366004611349565b6108d2565b6101ba6102b0366004611369565b6109ff565b6101ba6102c33660046113a8565b610b44565b6101ba610b4f565b6102777f000000000000000000000000000000000000000000000000000000000000000081565b6101e3610305366004611349565b60036020525f908152604090205481565b6101e36103e881565b6101e361032d366004611349565b60016020525f908152604090205481565b6102777f000000000000000000000000000000000000000000000000000000000000000081565b6101e3610373366004611349565b60026020525f908152604090205481565b6101e360065481565b6101e361039b3660046112cf565b60046020525f908152604090205481565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b15801561042f575f5ffd5b505afa158015610441573d5f5f3e3d5ffd5b5050505f838152600560209081526040808320815160808101835281546001600160a01b03908116825260018301541693810193909352600281015491830182905260030154606083015290925090036104ae57604051635435b28960e11b815260040160405180910390fd5b5f83815260056020908152604080832080546001600160a01b031990811682556001808301805490921690915560028201859055600390910184905584820151858401516001600160a01b03168552925282208054919290916105129084906113f5565b909155505060408082015160608301515f908152600460205291822080549192909161053f9084906113f5565b90915550506040808201516020808401516001600160a01b03165f90815290819052919091205461057190849061140e565b61057b91906113f5565b602082810180516001600160a01b039081165f908152928390526040928390209390935583519051915163df79571b60e01b81529183166004830152602482018590529091169063df79571b906044015f604051808303815f87803b1580156105e2575f5ffd5b505af11580156105f4573d5f5f3e3d5ffd5b505050506106058160200151610c05565b827f00000000000000000000000000000000000000000000000000000000000000007f5b836bb26f4fe474e92820ab9e2232aaecdd3f622aed3585be6e425e7ca296e78460405161065891815260200190565b60405180910390a380604001518210156106f65780602001516001600160a01b0316837f00000000000000000000000000000000000000000000000000000000000000007fe28491be7ea33a8789b6416d4fda4c300545594af7539a6e1dcd12bbc5aee4d88460400151868787604001516106d391906113f5565b6040805193845260208401929092529082015260600160405180910390a4505050565b80604001518211156107e2575f6127106103e883604001518561071991906113f5565b6107239190611421565b61072d9190611438565b90508060025f84602001516001600160a01b03166001600160a01b031681526020019081526020015f205f828254610765919061140e565b90915550506020828101516001600160a01b03165f818152600283526040908190205481518581529384015290917f0000000000000000000000000000000000000000000000000000000000000000917f7264d2979cb5c96838190533a1a184fe858f8ae58ac7afa25443674e7f47c7a1910160405180910390a3505b505050565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b15801561084a575f5ffd5b505afa15801561085c573d5f5f3e3d5ffd5b50506008805460ff1916905550506040513381527f5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa906020015b60405180910390a1565b60085460ff16156108c457604051634427925560e01b815260040160405180910390fd5b6108ce8282610cdd565b5050565b6001600160a01b0381165f908152600760205260408120805442909155908190036108fb575050565b5f61090c6127106301e13380611421565b61091683426113f5565b6001600160a01b0385165f9081526020819052604090205461093a9060c890611421565b6109449190611421565b61094e9190611438565b9050805f0361095c57505050565b6001600160a01b0383165f908152600360205260408120805483929061098390849061140e565b90915550506001600160a01b0383165f81815260036020908152604091829020548251858152918201527f0000000000000000000000000000000000000000000000000000000000000000917fa512878f53c443db15631ff1ff19625ab55ad8161424bdbdcf5c328d98e7e7f7910160405180910390a3505050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610a82575f5ffd5b505afa158015610a94573d5f5f3e3d5ffd5b505060085460ff16159150610abe905057604051634427925560e01b815260040160405180910390fd5b604051634a305fef60e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690634a305fef906024015f6040518083038186803b158015610b1c575f5ffd5b505afa158015610b2e573d5f5f3e3d5ffd5b50505050610b3e84848484610e1e565b50505050565b6107e283838361100b565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610bb2575f5ffd5b505afa158015610bc4573d5f5f3e3d5ffd5b50506008805460ff1916600117905550506040513381527f62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a25890602001610896565b6001600160a01b0381165f9081526001602090815260408083205491839052822054610c3191906113f5565b6040516370a0823160e01b81523060048201529091505f906001600160a01b038416906370a0823190602401602060405180830381865afa158015610c78573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610c9c9190611457565b9050818110156107e25760405163250670a760e11b81526001600160a01b038416600482015260248101839052604481018290526064015b60405180910390fd5b805f03610cfd57604051631f2a200560e01b815260040160405180910390fd5b610d06826108d2565b6001600160a01b0382165f9081526020819052604081208054839290610d2d90849061140e565b90915550506040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af1158015610d82573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610da6919061146e565b506001600160a01b0382165f8181526020818152604091829020548251858152918201523392917f0000000000000000000000000000000000000000000000000000000000000000917feecc4d7c70d0c4c789401451bda0507e88c43f2e6d1637002714b80de55f134c910160405180910390a45050565b815f03610e3e57604051631f2a200560e01b815260040160405180910390fd5b610e488383611228565b600680545f9182610e588361148d565b90915550604080516080810182526001600160a01b03888116825287811660208084018281528486018a8152606086018a81525f89815260058552888120975188546001600160a01b031990811691891691909117895593516001808a018054909616919098161790935590516002870155516003909501949094559083525290812080549293508592909190610ef090849061140e565b90915550505f8281526004602052604081208054859290610f1290849061140e565b909155505060405163a9059cbb60e01b81526001600160a01b0386811660048301526024820185905285169063a9059cbb906044016020604051808303815f875af1158015610f63573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610f87919061146e565b50610f9184610c05565b604080516001600160a01b038681168252602082018690529181018490529086169082907f0000000000000000000000000000000000000000000000000000000000000000907f8f51016bf473d466e8490bf0e407dc8f0eb71d72b7a35c971d6db5a5d068722d9060600160405180910390a45050505050565b336001600160a01b037f000000000000000000000000000000000000000000000000000000000000000016146110d5576040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156110be575f5ffd5b505afa1580156110d0573d5f5f3e3d5ffd5b505050505b815f036110f557604051631f2a200560e01b815260040160405180910390fd5b6110fe836108d2565b6111088383611228565b6001600160a01b0383165f908152602081905260408120805484929061112f9084906113f5565b909155505060405163a9059cbb60e01b81526001600160a01b0382811660048301526024820184905284169063a9059cbb906044016020604051808303815f875af1158015611180573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906111a4919061146e565b506111ae83610c05565b6001600160a01b038381165f818152602081815260409182902054825187815291820152928416927f0000000000000000000000000000000000000000000000000000000000000000917f2b50bbeab304785e1247f1e22da0321897c428768d93e80ab1811e9baa955901910160405180910390a4505050565b6001600160a01b0382165f908152600360209081526040808320546002835281842054600190935290832054909161125f9161140e565b611269919061140e565b6001600160a01b0384165f90815260208190526040812054919250828211611291575f61129b565b61129b83836113f5565b9050808411156112c85760405163cf47918160e01b81526004810182905260248101859052604401610cd4565b5050505050565b5f602082840312156112df575f5ffd5b5035919050565b5f5f604083850312156112f7575f5ffd5b50508035926020909101359150565b80356001600160a01b038116811461131c575f5ffd5b919050565b5f5f60408385031215611332575f5ffd5b61133b83611306565b946020939093013593505050565b5f60208284031215611359575f5ffd5b61136282611306565b9392505050565b5f5f5f5f6080858703121561137c575f5ffd5b61138585611306565b935061139360208601611306565b93969395505050506040820135916060013590565b5f5f5f606084860312156113ba575f5ffd5b6113c384611306565b9250602084013591506113d860408501611306565b90509250925092565b634e487b7160e01b5f52601160045260245ffd5b81810381811115611408576114086113e1565b92915050565b80820180821115611408576114086113e1565b8082028115828204841417611408576114086113e1565b5f8261145257634e487b7160e01b5f52601260045260245ffd5b500490565b5f60208284031215611467575f5ffd5b5051919050565b5f6020828403121561147e575f5ffd5b81518015158114611362575f5ffd5b5f6001820161149e5761149e6113e1565b506001019056',
} as const;
