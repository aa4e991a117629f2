// Generated from shared/GovernanceRoles.sol by scripts/compile-contracts.mjs (solc 0.8.37).
export const governanceRoles = {
  abi: [
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "admin",
          "type": "address"
        }
      ],
      "stateMutability": "nonpayable",
      "type": "constructor"
    },
    {
      "inputs": [],
      "name": "AccessControlBadConfirmation",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "account",
          "type": "address"
        },
        {
          "internalType": "bytes32",
          "name": "neededRole",
          "type": "bytes32"
        }
      ],
      "name": "AccessControlUnauthorizedAccount",
      "type": "error"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "account",
          "type": "address"
        },
        {
          "internalType": "bytes32",
          "name": "role",
          "type": "bytes32"
        }
      ],
      "name": "Unauthorized",
      "type": "error"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "bytes32",
          "name": "role",
          "type": "bytes32"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "account",
          "type": "address"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "sender",
          "type": "address"
        }
      ],
      "name": "RoleGranted",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "bytes32",
          "name": "role",
          "type": "bytes32"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "account",
          "type": "address"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "sender",
          "type": "address"
        }
      ],
      "name": "RoleRevoked",
      "type": "event"
    },
    {
      "inputs": [],
      "name": "ADMIN_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "DEFAULT_ADMIN_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "EMERGENCY_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "ORACLE_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "RISK_OFFICER_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "STRATEGIST_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "TREASURY_MANAGER_ROLE",
      "outputs": [
        {
          "internalType": "bytes32",
          "name": "",
          "type": "bytes32"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "role",
          "type": "bytes32"
        },
        {
          "internalType": "address",
          "name": "account",
          "type": "address"
        }
      ],
      "name": "checkRole",
      "outputs": [],
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
      "name": "getRoleAdmin",
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
          "name": "role",
          "type": "bytes32"
        },
        {
          "internalType": "uint256",
          "name": "index",
          "type": "uint256"
        }
      ],
      "name": "getRoleMember",
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
          "name": "role",
          "type": "bytes32"
        }
      ],
      "name": "getRoleMemberCount",
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
          "name": "role",
          "type": "bytes32"
        },
        {
          "internalType": "address",
          "name": "account",
          "type": "address"
        }
      ],
      "name": "grantRole",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "role",
          "type": "bytes32"
        },
        {
          "internalType": "address",
          "name": "account",
          "type": "address"
        }
      ],
      "name": "hasRole",
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
          "name": "role",
          "type": "bytes32"
        },
        {
          "internalType": "address",
          "name": "callerConfirmation",
          "type": "address"
        }
      ],
      "name": "renounceRole",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes32",
          "name": "role",
          "type": "bytes32"
        },
        {
          "internalType": "address",
          "name": "account",
          "type": "address"
        }
      ],
      "name": "revokeRole",
      "outputs": [],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "bytes4",
          "name": "id",
          "type": "bytes4"
        }
      ],
      "name": "supportsInterface",
      "outputs": [
        {
          "internalType": "bool",
          "name": "",
          "type": "bool"
        }
      ],
      "stateMutability": "pure",
      "type": "function"
    }
  ],
  bytecode: '0x608060405234801561000f575f5ffd5b5060405161086c38038061086c83398101604081905261002e91610114565b6100385f82610068565b6100627f76b1a12ac8d9ed64de3c0f66c2a19b21c0a3f9a1afec3f75bcd45f7b0794a1de82610068565b50610141565b5f8281526001602090815260408083206001600160a01b038516845290915290205415610093575050565b5f8281526020818152604080832080546001808201835582865284862090910180546001600160a01b0319166001600160a01b03881690811790915587865291549084528285208286529093528184209290925551339285917f2f8788117e7eff1d82e926ec794901d17c78024a50270940304540a733656f0d9190a45050565b5f60208284031215610124575f5ffd5b81516001600160a01b038116811461013a575f5ffd5b9392505050565b61071e8061014e5f395ff3fe608060405234801561000f575f5ffd5b50600436106100fb575f3560e01c80639010d07c11610093578063ca15c87311610063578063ca15c8731461023d578063d547741f1461025c578063ebdf690f1461026f578063fc19364514610296575f5ffd5b80639010d07c146101d857806391d1485414610203578063a217fddf146101d1578063a378a32414610216575f5ffd5b8063248a9ca3116100ce578063248a9ca3146101985780632f2ff15d146101ab57806336568abe146101be57806375b238fc146101d1575f5ffd5b806301ffc9a7146100ff57806307e2cea51461012757806312d9a6ad1461015c57806320df435914610171575b5f5ffd5b61011261010d366004610639565b6102bd565b60405190151581526020015b60405180910390f35b61014e7f352d05fe3946dbe49277552ba941e744d5a96d9c60bc1ba0ea5f1d3ae000f7c881565b60405190815260200161011e565b61016f61016a366004610667565b61030e565b005b61014e7f76b1a12ac8d9ed64de3c0f66c2a19b21c0a3f9a1afec3f75bcd45f7b0794a1de81565b61014e6101a63660046106a0565b505f90565b61016f6101b9366004610667565b610350565b61016f6101cc366004610667565b610389565b61014e5f81565b6101eb6101e63660046106b7565b6103bc565b6040516001600160a01b03909116815260200161011e565b610112610211366004610667565b6103f6565b61014e7fb17d0a42cc710456bf9c3efb785dcd0cb93a0ac358113307b5c64b285b516b5c81565b61014e61024b3660046106a0565b5f9081526020819052604090205490565b61016f61026a366004610667565b61041f565b61014e7ffb33b7fa49278e0b9e45aa996caa7eae999f04705ef455a86b73159c5d256fa081565b61014e7f25224d8f9a9fc3607343d6e4804b9ba2347ef2a832ba9799995045fca8c27af981565b5f6301ffc9a760e01b6001600160e01b0319831614806102ed5750637965db0b60e01b6001600160e01b03198316145b806103085750635a05180f60e01b6001600160e01b03198316145b92915050565b61031882826103f6565b61034c5760405163122994e360e11b81526001600160a01b0382166004820152602481018390526044015b60405180910390fd5b5050565b61035a5f336103f6565b61037f5760405163e2517d3f60e01b81523360048201525f6024820152604401610343565b61034c828261044e565b6001600160a01b03811633146103b25760405163334bd91960e11b815260040160405180910390fd5b61034c82826104e2565b5f8281526020819052604081208054839081106103db576103db6106d7565b5f918252602090912001546001600160a01b03169392505050565b5f9182526001602090815260408084206001600160a01b03939093168452919052902054151590565b6104295f336103f6565b6103b25760405163e2517d3f60e01b81523360048201525f6024820152604401610343565b61045882826103f6565b15610461575050565b5f8281526020818152604080832080546001808201835582865284862090910180546001600160a01b0319166001600160a01b03881690811790915587865291549084528285208286529093528184209290925551339285917f2f8788117e7eff1d82e926ec794901d17c78024a50270940304540a733656f0d9190a45050565b5f8281526001602090815260408083206001600160a01b03851684529091528120549081900361051157505050565b5f83815260208190526040812080549091908290610531906001906106eb565b81548110610541576105416106d7565b5f918252602090912001546001600160a01b0316905080826105646001866106eb565b81548110610574576105746106d7565b5f91825260208083209190910180546001600160a01b0319166001600160a01b0394851617905587825260018152604080832093851683529290522083905581548290806105c4576105c461070a565b5f828152602080822083015f1990810180546001600160a01b03191690559092019092558682526001815260408083206001600160a01b038816808552925280832083905551339288917ff6391f5c32d9c69d2a47ea670b442974b53935d1edc7fd64eb21e047a839171b9190a45050505050565b5f60208284031215610649575f5ffd5b81356001600160e01b031981168114610660575f5ffd5b9392505050565b5f5f60408385031215610678575f5ffd5b8235915060208301356001600160a01b0381168114610695575f5ffd5b809150509250929050565b5f602082840312156106b0575f5ffd5b5035919050565b5f5f604083850312156106c8575f5ffd5b50508035926020909101359150565b634e487b7160e01b5f52603260045260245ffd5b8181038181111561030857634e487b7160e01b5f52601160045260245ffd5b634e487b7160e01b5f52603160045260245ffd',
} as const;
