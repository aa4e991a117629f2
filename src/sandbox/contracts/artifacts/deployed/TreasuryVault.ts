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
      "inputs": [
        {
          "internalType": "address",
          "name": "strategy",
          "type": "address"
        }
      ],
      "name": "StrategyNotApproved",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        }
      ],
      "name": "TokenNotApproved",
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
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
        }
      ],
      "name": "EmergencyReturnReceived",
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
          "internalType": "address",
          "name": "strategy",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "bool",
          "name": "approved",
          "type": "bool"
        }
      ],
      "name": "StrategyApproved",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "address",
          "name": "token",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "bool",
          "name": "approved",
          "type": "bool"
        }
      ],
      "name": "TokenApproved",
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
          "name": "",
          "type": "address"
        }
      ],
      "name": "approvedStrategies",
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
          "name": "",
          "type": "address"
        }
      ],
      "name": "approvedTokens",
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
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "pairId",
          "type": "bytes32"
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
        }
      ],
      "name": "receiveEmergencyReturn",
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
          "name": "strategy",
          "type": "address"
        },
        {
          "internalType": "bool",
          "name": "approved",
          "type": "bool"
        }
      ],
      "name": "setApprovedStrategy",
      "outputs": [],
      "stateMutability": "nonpayable",
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
          "internalType": "bool",
          "name": "approved",
          "type": "bool"
        }
      ],
      "name": "setApprovedToken",
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
  bytecode: '0x6101006040526001600655348015610015575f5ffd5b50604051611c21380380611c218339810160408190526100349161006d565b6001600160a01b0393841660805260a091909152821660c0521660e0526100bf565b6001600160a01b038116811461006a575f5ffd5b50565b5f5f5f5f60808587031215610080575f5ffd5b845161008b81610056565b602086015190945061009c81610056565b6040860151606087015191945092506100b481610056565b939692955090935050565b60805160a05160c05160e051611ab16101705f395f8181610272015281816109c901528181610caf01528181610da40152610e1601525f818161032f01526115b601525f81816102030152818161077d015281816107fb0152818161096801528181610bc4015281816111220152818161136a01528181611557015261177801525f81816103bf015281816104560152818161054e01528181610c4f01528181610ed801526116160152611ab15ff3fe608060405234801561000f575f5ffd5b5060043610610148575f3560e01c80636d1ea3fa116100bf578063c7100cbe11610079578063c7100cbe1461039b578063ced8673a146103ba578063e8e11ff6146103e1578063efb06f28146103f4578063fd8ee7d114610413578063ffea30511461041c575f5ffd5b80636d1ea3fa146102e55780637e6a3400146103175780638da5cb5b1461032a578063a24b543214610351578063b9d4e87914610370578063c613aec014610379575f5ffd5b806347e7ef241161011057806347e7ef241461023b578063523fba7f1461024e5780636025a91b1461026d57806361426787146102ac57806367e65d1a146102bf57806369328dec146102d2575f5ffd5b806306609bbe1461014c57806312a7bd4c146101d657806324203dd9146101eb57806333194c0a146101fe5780633813c35a14610233575b5f5ffd5b61019761015a366004611867565b60056020525f90815260409020805460018201546002909201546001600160a01b0380831693600160a01b9093046001600160601b031692169084565b604080516001600160a01b0395861681526001600160601b03949094166020850152919093169082015260608101919091526080015b60405180910390f35b6101e96101e43660046118a9565b61043b565b005b6101e96101f93660046118de565b610513565b6102257f000000000000000000000000000000000000000000000000000000000000000081565b6040519081526020016101cd565b61022560c881565b6101e96102493660046118fe565b6109c7565b61022561025c366004611926565b5f6020819052908152604090205481565b6102947f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b0390911681526020016101cd565b6101e96102ba366004611926565b610abb565b6101e96102cd366004611946565b610c14565b6101e96102e0366004611985565b610e14565b6103076102f3366004611926565b60086020525f908152604090205460ff1681565b60405190151581526020016101cd565b6101e96103253660046118a9565b610ebd565b6102947f000000000000000000000000000000000000000000000000000000000000000081565b61022561035f366004611926565b60036020525f908152604090205481565b6102256103e881565b610307610387366004611926565b60096020525f908152604090205460ff1681565b6102256103a9366004611926565b60016020525f908152604090205481565b6102947f000000000000000000000000000000000000000000000000000000000000000081565b6101e96103ef3660046119be565b610f8d565b610225610402366004611926565b60026020525f908152604090205481565b61022560065481565b61022561042a366004611867565b60046020525f908152604090205481565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b15801561049e575f5ffd5b505afa1580156104b0573d5f5f3e3d5ffd5b505050506001600160a01b0382165f81815260096020908152604091829020805460ff191685151590811790915591519182527fd09d1712710f1ad78ddeb81f627e7f577a06d1333ac3e694d0485f82c5f2fe3891015b60405180910390a25050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610596575f5ffd5b505afa1580156105a8573d5f5f3e3d5ffd5b5050505f838152600560209081526040808320815160808101835281546001600160a01b038082168352600160a01b9091046001600160601b0316948201859052600183015416928101929092526002015460608201529250900361062057604051635435b28960e11b815260040160405180910390fd5b5f838152600560209081526040808320838155600180820180546001600160a01b0319169055600290910184905584830151858301516001600160a01b031685529252822080546001600160601b03909216929091610680908490611a05565b9250508190555080602001516001600160601b031660045f836060015181526020019081526020015f205f8282546106b89190611a05565b90915550506020808201516040808401516001600160a01b03165f90815292839052909120546001600160601b03909116906106f5908490611a1e565b6106ff9190611a05565b604082810180516001600160a01b039081165f90815260208190528390209390935583519051915163df79571b60e01b81529183166004830152602482018590529091169063df79571b906044015f604051808303815f87803b158015610764575f5ffd5b505af1158015610776573d5f5f3e3d5ffd5b50505050827f00000000000000000000000000000000000000000000000000000000000000007f5b836bb26f4fe474e92820ab9e2232aaecdd3f622aed3585be6e425e7ca296e7846040516107cd91815260200190565b60405180910390a380602001516001600160601b03168210156108875780604001516001600160a01b0316837f00000000000000000000000000000000000000000000000000000000000000007fe28491be7ea33a8789b6416d4fda4c300545594af7539a6e1dcd12bbc5aee4d88460200151868787602001516001600160601b031661085a9190611a05565b604080516001600160601b03909416845260208401929092529082015260600160405180910390a46109b5565b80602001516001600160601b03168211156109b5575f6127106103e883602001516001600160601b0316856108bc9190611a05565b6108c69190611a31565b6108d09190611a48565b9050805f5f84604001516001600160a01b03166001600160a01b031681526020019081526020015f205f8282546109079190611a05565b90915550506040808301516001600160a01b03165f90815260026020529081208054839290610937908490611a1e565b90915550506040828101516001600160a01b03165f81815260026020908152908390205483518581529182015290917f0000000000000000000000000000000000000000000000000000000000000000917f7264d2979cb5c96838190533a1a184fe858f8ae58ac7afa25443674e7f47c7a1910160405180910390a3505b6109c2816040015161117f565b505050565b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610a23573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610a479190611a67565b15610a6557604051634427925560e01b815260040160405180910390fd5b6001600160a01b0382165f9081526008602052604090205460ff16610aad576040516343c90fad60e11b81526001600160a01b03831660048201526024015b60405180910390fd5b610ab78282611278565b5050565b6001600160a01b0381165f90815260076020526040812080544290915590819003610ae4575050565b5f610af56127106301e13380611a31565b610aff8342611a05565b6001600160a01b0385165f90815260208190526040902054610b239060c890611a31565b610b2d9190611a31565b610b379190611a48565b9050805f03610b4557505050565b6001600160a01b0383165f9081526020819052604081208054839290610b6c908490611a05565b90915550506001600160a01b0383165f9081526003602052604081208054839290610b98908490611a1e565b90915550506001600160a01b0383165f81815260036020908152604091829020548251858152918201527f0000000000000000000000000000000000000000000000000000000000000000917fa512878f53c443db15631ff1ff19625ab55ad8161424bdbdcf5c328d98e7e7f7910160405180910390a3505050565b6040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610c97575f5ffd5b505afa158015610ca9573d5f5f3e3d5ffd5b505050507f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610d09573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610d2d9190611a67565b15610d4b57604051634427925560e01b815260040160405180910390fd5b6001600160a01b0384165f9081526009602052604090205460ff16610d8e5760405163b6bfb68b60e01b81526001600160a01b0385166004820152602401610aa4565b604051634a305fef60e01b8152600481018290527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b031690634a305fef906024015f6040518083038186803b158015610dec575f5ffd5b505afa158015610dfe573d5f5f3e3d5ffd5b50505050610e0e848484846113b9565b50505050565b7f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316635c975abb6040518163ffffffff1660e01b8152600401602060405180830381865afa158015610e70573d5f5f3e3d5ffd5b505050506040513d601f19601f82011682018060405250810190610e949190611a67565b15610eb257604051634427925560e01b815260040160405180910390fd5b6109c28383836115ab565b6040516312d9a6ad60e01b81525f60048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b158015610f20575f5ffd5b505afa158015610f32573d5f5f3e3d5ffd5b505050506001600160a01b0382165f81815260086020908152604091829020805460ff191685151590811790915591519182527f54aee4f020b814c26f556399a354577e068193a82445e919505b00b9848512a59101610507565b335f9081526009602052604090205460ff16610fbe5760405163b6bfb68b60e01b8152336004820152602401610aa4565b6040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af115801561100e573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906110329190611a67565b505f83815260046020526040902054811061105a575f8381526004602052604090205461105c565b805b5f8481526004602052604081208054909190611079908490611a05565b90915550506001600160a01b0382165f9081526001602052604090205481106110b9576001600160a01b0382165f908152600160205260409020546110bb565b805b6001600160a01b0383165f90815260016020526040812080549091906110e2908490611a05565b90915550506001600160a01b0382165f908152602081905260408120805483929061110e908490611a1e565b9250508190555082826001600160a01b03167f00000000000000000000000000000000000000000000000000000000000000007f86b97151524d56808921e66a4937de7eb97df979169ddfebfe13702be2cc10498460405161117291815260200190565b60405180910390a4505050565b6001600160a01b0381165f9081526003602090815260408083205460028352818420546001845282852054938590529184205490926111bd91611a05565b6111c79190611a1e565b6111d19190611a1e565b6040516370a0823160e01b81523060048201529091505f906001600160a01b038416906370a0823190602401602060405180830381865afa158015611218573d5f5f3e3d5ffd5b505050506040513d601f19601f8201168201806040525081019061123c9190611a82565b9050818110156109c25760405163250670a760e11b81526001600160a01b03841660048201526024810183905260448101829052606401610aa4565b805f0361129857604051631f2a200560e01b815260040160405180910390fd5b6112a182610abb565b6001600160a01b0382165f90815260208190526040812080548392906112c8908490611a1e565b90915550506040516323b872dd60e01b8152336004820152306024820152604481018290526001600160a01b038316906323b872dd906064016020604051808303815f875af115801561131d573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906113419190611a67565b506001600160a01b0382165f8181526020818152604091829020548251858152918201523392917f0000000000000000000000000000000000000000000000000000000000000000917feecc4d7c70d0c4c789401451bda0507e88c43f2e6d1637002714b80de55f134c910160405180910390a45050565b815f036113d957604051631f2a200560e01b815260040160405180910390fd5b6113e383836117c0565b600680545f91826113f383611a99565b90915550604080516080810182526001600160a01b0380891682526001600160601b0380881660208085019182528a8416858701818152606087018b81525f8a81526005855289812098519551909616600160a01b029487169490941787555160018088018054929097166001600160a01b0319929092169190911790955591516002909501949094558152915290812080549293508592909190611499908490611a1e565b90915550505f82815260046020526040812080548592906114bb908490611a1e565b909155505060405163a9059cbb60e01b81526001600160a01b0386811660048301526024820185905285169063a9059cbb906044016020604051808303815f875af115801561150c573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906115309190611a67565b50604080516001600160a01b038681168252602082018690529181018490529086169082907f0000000000000000000000000000000000000000000000000000000000000000907f8f51016bf473d466e8490bf0e407dc8f0eb71d72b7a35c971d6db5a5d068722d9060600160405180910390a45050505050565b336001600160a01b037f00000000000000000000000000000000000000000000000000000000000000001614611675576040516312d9a6ad60e01b81527ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa060048201523360248201527f00000000000000000000000000000000000000000000000000000000000000006001600160a01b0316906312d9a6ad906044015f6040518083038186803b15801561165e575f5ffd5b505afa158015611670573d5f5f3e3d5ffd5b505050505b815f0361169557604051631f2a200560e01b815260040160405180910390fd5b61169e83610abb565b6116a883836117c0565b6001600160a01b0383165f90815260208190526040812080548492906116cf908490611a05565b909155505060405163a9059cbb60e01b81526001600160a01b0382811660048301526024820184905284169063a9059cbb906044016020604051808303815f875af1158015611720573d5f5f3e3d5ffd5b505050506040513d601f19601f820116820180604052508101906117449190611a67565b5061174e8361117f565b6001600160a01b038381165f818152602081815260409182902054825187815291820152928416927f0000000000000000000000000000000000000000000000000000000000000000917f2b50bbeab304785e1247f1e22da0321897c428768d93e80ab1811e9baa9559019101611172565b6001600160a01b0382165f90815260036020908152604080832054600283528184205460019093529083205490916117f791611a1e565b6118019190611a1e565b6001600160a01b0384165f90815260208190526040812054919250828211611829575f611833565b6118338383611a05565b9050808411156118605760405163cf47918160e01b81526004810182905260248101859052604401610aa4565b5050505050565b5f60208284031215611877575f5ffd5b5035919050565b80356001600160a01b0381168114611894575f5ffd5b919050565b80151581146118a6575f5ffd5b50565b5f5f604083850312156118ba575f5ffd5b6118c38361187e565b915060208301356118d381611899565b809150509250929050565b5f5f604083850312156118ef575f5ffd5b50508035926020909101359150565b5f5f6040838503121561190f575f5ffd5b6119188361187e565b946020939093013593505050565b5f60208284031215611936575f5ffd5b61193f8261187e565b9392505050565b5f5f5f5f60808587031215611959575f5ffd5b6119628561187e565b93506119706020860161187e565b93969395505050506040820135916060013590565b5f5f5f60608486031215611997575f5ffd5b6119a08461187e565b9250602084013591506119b56040850161187e565b90509250925092565b5f5f5f606084860312156119d0575f5ffd5b833592506119e06020850161187e565b929592945050506040919091013590565b634e487b7160e01b5f52601160045260245ffd5b81810381811115611a1857611a186119f1565b92915050565b80820180821115611a1857611a186119f1565b8082028115828204841417611a1857611a186119f1565b5f82611a6257634e487b7160e01b5f52601260045260245ffd5b500490565b5f60208284031215611a77575f5ffd5b815161193f81611899565b5f60208284031215611a92575f5ffd5b5051919050565b5f60018201611aaa57611aaa6119f1565b506001019056',
} as const;
