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
  bytecode: '0x6101006040526001600655348015610015575f5ffd5b506040516116443803806116448339810160408190526100349161006d565b6001600160a01b0393841660805260a091909152821660c0521660e0526100bf565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f5f5f60808587031215610080575f5ffd5b845161008b81610056565b602086015190945061009c81610056565b6040860151606087015191945092506100b481610056565b939692955090935050565b60805160a05160c05160e0516114e961015b5f395f8181610228015281816107fe01528181610a7001528181610b220152610b9401525f81816102a0015261105a01525f81816101b9015281816105ee0152818161066c015281816107aa0152818161098501528181610e0501528181610ffb015261121c01525f818161030e015281816103b201528181610a1001526110ba01526114e95ff3fe608060405234801561000f575f5ffd5b5060043610610111575f3560e01c806369328dec1161009e578063c7100cbe1161006e578063c7100cbe146102ea578063ced8673a14610309578063efb06f2814610330578063fd8ee7d11461034f578063ffea305114610358575f5ffd5b806369328dec146102885780638da5cb5b1461029b578063a24b5432146102c2578063b9d4e879146102e1575f5ffd5b806347e7ef24116100e457806347e7ef24146101f1578063523fba7f146102045780636025a91b14610223578063614267871461026257806367e65d1a14610275575f5ffd5b806306609bbe1461011557806324203dd91461019f57806333194c0a146101b45780633813c35a146101e9575b5f5ffd5b610160610123366004611313565b60056020525f90815260409020805460018201546002909201546001600160a01b0380831693600160a01b9093046001600160601b031692169084565b604080516001600160a01b0395861681526001600160601b03949094166020850152919093169082015260608101919091526080015b60405180910390f35b6101b26101ad36600461132a565b610377565b005b6101db7f000000000000000000000000000000000000000000000000000000000000000081565b604051908152602001610196565b6101db60c881565b6101b26101ff366004611365565b6107fc565b6101db61021236600461138d565b5f6020819052908152604090205481565b61024a7f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b039091168152602001610196565b6101b261027036600461138d565b6108a8565b6101b26102833660046113ad565b6109d5565b6101b26102963660046113ec565b610b92565b61024a7f000000000000000000000000000000000000000000000000000000000000000081565b6101db6102d036600461138d565b60036020525f908152604090205481565b6101db6103e881565b6101db6102f836600461138d565b60016020525f908152604090205481565b61024a7f000000000000000000000000000000000000000000000000000000000000000081565b6101db61033e36600461138d565b60026020525f908152604090205481565b6101db60065481565b6101db610366366004611313565b60046020525f908152604090205481565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b1580156103fa575f5ffd5b505afa15801561040c573d5f5f3e3d5ffd5b5050505f838152600560209081526040808320815160808101835281546001600160a01b038082168352600160a01b9091046001600160601b0316948201859052600183015416928101929092526002015460608201529250900361048457604051635435b28960e11b815260040160405180910390fd5b5f838152600560209081526040808320838155600180820180546001600160a01b0319169055600290910184905584830151858301516001600160a01b031685529252822080546001600160601b039092169290916104e4908490611439565b9250508190555080602001516001600160601b031660045f836060015181526020019081526020015f205f82825461051c9190611439565b90915550506020808201516040808401516001600160a01b03165f90815292839052909120546001600160601b0390911690610559908490611452565b6105639190611439565b604082810180516001600160a01b039081165f90815260208190528390209390935583519051915163df79571b60e01b81529183166004830152602482018590529091169063df79571b906044015f604051808303815f87803b1580156105c8575f5ffd5b505af11580156105da573d5f5f3e3d5ffd5b505050506105eb8160400151610c3b565b827f00000000000000000000000000000000000000000000000000000000000000007f5b836bb26f4fe474e92820ab9e2232aaecdd3f622aed3585be6e425e7ca296e78460405161063e91815260200190565b60405180910390a380602001516001600160601b03168210156106f85780604001516001600160a01b0316837f00000000000000000000000000000000000000000000000000000000000000007fe28491be7ea33a8789b6416d4fda4c300545594af7539a6e1dcd12bbc5aee4d88460200151868787602001516001600160601b03166106cb9190611439565b604080516001600160601b03909416845260208401929092529082015260600160405180910390a4505050565b80602001516001600160601b03168211156107f7575f6127106103e883602001516001600160601b03168561072d9190611439565b6107379190611465565b610741919061147c565b90508060025f84604001516001600160a01b03166001600160a01b031681526020019081526020015f205f8282546107799190611452565b90915550506040828101516001600160a01b03165f81815260026020908152908390205483518581529182015290917f0000000000000000000000000000000000000000000000000000000000000000917f7264d2979cb5c96838190533a1a184fe858f8ae58ac7afa25443674e7f47c7a1910160405180910390a3505b505050565b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610858573d5f5f3e3d5ffd5b505050506040513d601f19601f8201168201806040525081019061087c919061149b565b1561089a57604051634427925560e01b815260040160405180910390fd5b6108a48282610d13565b5050565b6001600160a01b0381165f908152600760205260408120805442909155908190036108d1575050565b5f6108e26127106301e13380611465565b6108ec8342611439565b6001600160a01b0385165f908152602081905260409020546109109060c890611465565b61091a9190611465565b610924919061147c565b9050805f0361093257505050565b6001600160a01b0383165f9081526003602052604081208054839290610959908490611452565b90915550506001600160a01b0383165f81815260036020908152604091829020548251858152918201527f0000000000000000000000000000000000000000000000000000000000000000917fa512878f53c443db15631ff1ff19625ab55ad8161424bdbdcf5c328d98e7e7f7910160405180910390a3505050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610a58575f5ffd5b505afa158015610a6a573d5f5f3e3d5ffd5b505050507f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610aca573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610aee919061149b565b15610b0c57604051634427925560e01b815260040160405180910390fd5b604051634a305fef60e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690634a305fef906024015f6040518083038186803b158015610b6a575f5ffd5b505afa158015610b7c573d5f5f3e3d5ffd5b50505050610b8c84848484610e54565b50505050565b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610bee573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610c12919061149b565b15610c3057604051634427925560e01b815260040160405180910390fd5b6107f783838361104f565b6001600160a01b0381165f9081526001602090815260408083205491839052822054610c679190611439565b6040516370a0823160e01b81523060048201529091505f906001600160a01b038416906370a0823190602401602060405180830381865afa158015610cae573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610cd291906114ba565b9050818110156107f75760405163250670a760e11b81526001600160a01b038416600482015260248101839052604481018290526064015b60405180910390fd5b805f03610d3357604051631f2a200560e01b815260040160405180910390fd5b610d3c826108a8565b6001600160a01b0382165f9081526020819052604081208054839290610d63908490611452565b90915550506040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af1158015610db8573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610ddc919061149b565b506001600160a01b0382165f8181526020818152604091829020548251858152918201523392917f0000000000000000000000000000000000000000000000000000000000000000917feecc4d7c70d0c4c789401451bda0507e88c43f2e6d1637002714b80de55f134c910160405180910390a45050565b815f03610e7457604051631f2a200560e01b815260040160405180910390fd5b610e7e838361126c565b600680545f9182610e8e836114d1565b90915550604080516080810182526001600160a01b0380891682526001600160601b0380881660208085019182528a8416858701818152606087018b81525f8a81526005855289812098519551909616600160a01b029487169490941787555160018088018054929097166001600160a01b0319929092169190911790955591516002909501949094558152915290812080549293508592909190610f34908490611452565b90915550505f8281526004602052604081208054859290610f56908490611452565b909155505060405163a9059cbb60e01b81526001600160a01b0386811660048301526024820185905285169063a9059cbb906044016020604051808303815f875af1158015610fa7573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610fcb919061149b565b50610fd584610c3b565b604080516001600160a01b038681168252602082018690529181018490529086169082907f0000000000000000000000000000000000000000000000000000000000000000907f8f51016bf473d466e8490bf0e407dc8f0eb71d72b7a35c971d6db5a5d068722d9060600160405180910390a45050505050565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614611119576040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015611102575f5ffd5b505afa158015611114573d5f5f3e3d5ffd5b505050505b815f0361113957604051631f2a200560e01b815260040160405180910390fd5b611142836108a8565b61114c838361126c565b6001600160a01b0383165f9081526020819052604081208054849290611173908490611439565b909155505060405163a9059cbb60e01b81526001600160a01b0382811660048301526024820184905284169063a9059cbb906044016020604051808303815f875af11580156111c4573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906111e8919061149b565b506111f283610c3b565b6001600160a01b038381165f818152602081815260409182902054825187815291820152928416927f0000000000000000000000000000000000000000000000000000000000000000917f2b50bbeab304785e1247f1e22da0321897c428768d93e80ab1811e9baa955901910160405180910390a4505050565b6001600160a01b0382165f90815260036020908152604080832054600283528184205460019093529083205490916112a391611452565b6112ad9190611452565b6001600160a01b0384165f908152602081905260408120549192508282116112d5575f6112df565b6112df8383611439565b90508084111561130c5760405163cf47918160e01b81526004810182905260248101859052604401610d0a565b5050505050565b5f60208284031215611323575f5ffd5b5035919050565b5f5f6040838503121561133b575f5ffd5b50508035926020909101359150565b80356001600160a01b0381168114611360575f5ffd5b919050565b5f5f60408385031215611376575f5ffd5b61137f8361134a565b946020939093013593505050565b5f6020828403121561139d575f5ffd5b6113a68261134a565b9392505050565b5f5f5f5f608085870312156113c0575f5ffd5b6113c98561134a565b93506113d76020860161134a565b93969395505050506040820135916060013590565b5f5f5f606084860312156113fe575f5ffd5b6114078461134a565b92506020840135915061141c6040850161134a565b90509250925092565b634e487b7160e01b5f52601160045260245ffd5b8181038181111561144c5761144c611425565b92915050565b8082018082111561144c5761144c611425565b808202811582820484141761144c5761144c611425565b5f8261149657634e487b7160e01b5f52601260045260245ffd5b500490565b5f602082840312156114ab575f5ffd5b815180151581146113a6575f5ffd5b5f602082840312156114ca575f5ffd5b5051919050565b5f600182016114e2576114e2611425565b506001019056',
} as const;
