// Generated from shared/TestToken.sol by scripts/compile-contracts.mjs (solc 0.8.37).
export const testToken = {
  abi: [
    {
      "inputs": [
        {
          "internalType": "string",
          "name": "symbol_",
          "type": "string"
        },
        {
          "internalType": "address",
          "name": "quoteToken_",
          "type": "address"
        },
        {
          "internalType": "address[]",
          "name": "holders",
          "type": "address[]"
        },
        {
          "internalType": "uint256",
          "name": "amountEach",
          "type": "uint256"
        }
      ],
      "stateMutability": "nonpayable",
      "type": "constructor"
    },
    {
      "inputs": [],
      "name": "InsufficientAllowance",
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
          "name": "required",
          "type": "uint256"
        },
        {
          "internalType": "address",
          "name": "token",
          "type": "address"
        }
      ],
      "name": "InsufficientBalance",
      "type": "error"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "address",
          "name": "owner",
          "type": "address"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "spender",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "Approval",
      "type": "event"
    },
    {
      "anonymous": false,
      "inputs": [
        {
          "indexed": true,
          "internalType": "address",
          "name": "from",
          "type": "address"
        },
        {
          "indexed": true,
          "internalType": "address",
          "name": "to",
          "type": "address"
        },
        {
          "indexed": false,
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "Transfer",
      "type": "event"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "",
          "type": "address"
        },
        {
          "internalType": "address",
          "name": "",
          "type": "address"
        }
      ],
      "name": "allowance",
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
          "name": "spender",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "approve",
      "outputs": [
        {
          "internalType": "bool",
          "name": "",
          "type": "bool"
        }
      ],
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
      "name": "balanceOf",
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
      "name": "currency",
      "outputs": [
        {
          "internalType": "string",
          "name": "",
          "type": "string"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "decimals",
      "outputs": [
        {
          "internalType": "uint8",
          "name": "",
          "type": "uint8"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "name",
      "outputs": [
        {
          "internalType": "string",
          "name": "",
          "type": "string"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "quoteToken",
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
      "inputs": [],
      "name": "symbol",
      "outputs": [
        {
          "internalType": "string",
          "name": "",
          "type": "string"
        }
      ],
      "stateMutability": "view",
      "type": "function"
    },
    {
      "inputs": [],
      "name": "totalSupply",
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
          "name": "to",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "transfer",
      "outputs": [
        {
          "internalType": "bool",
          "name": "",
          "type": "bool"
        }
      ],
      "stateMutability": "nonpayable",
      "type": "function"
    },
    {
      "inputs": [
        {
          "internalType": "address",
          "name": "from",
          "type": "address"
        },
        {
          "internalType": "address",
          "name": "to",
          "type": "address"
        },
        {
          "internalType": "uint256",
          "name": "amount",
          "type": "uint256"
        }
      ],
      "name": "transferFrom",
      "outputs": [
        {
          "internalType": "bool",
          "name": "",
          "type": "bool"
        }
      ],
      "stateMutability": "nonpayable",
      "type": "function"
    }
  ],
  bytecode: '0x60a060405234801561000f575f5ffd5b50604051610a7a380380610a7a83398101604081905261002e9161020c565b5f610039858261036f565b506001610046858261036f565b506001600160a01b0383166080528151610060908261042d565b6002555f5b825181101561011d578160035f85848151811061008457610084610456565b60200260200101516001600160a01b03166001600160a01b031681526020019081526020015f20819055508281815181106100c1576100c1610456565b60200260200101516001600160a01b03165f6001600160a01b03167fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef8460405161010d91815260200190565b60405180910390a3600101610065565b505050505061046a565b634e487b7160e01b5f52604160045260245ffd5b604051601f8201601f191681016001600160401b038111828210171561016357610163610127565b604052919050565b80516001600160a01b0381168114610181575f5ffd5b919050565b5f82601f830112610195575f5ffd5b81516001600160401b038111156101ae576101ae610127565b8060051b6101be6020820161013b565b918252602081850181019290810190868411156101d9575f5ffd5b6020860192505b83831015610202576101f18361016b565b8252602092830192909101906101e0565b9695505050505050565b5f5f5f5f6080858703121561021f575f5ffd5b84516001600160401b03811115610234575f5ffd5b8501601f81018713610244575f5ffd5b80516001600160401b0381111561025d5761025d610127565b610270601f8201601f191660200161013b565b818152886020838501011115610284575f5ffd5b8160208401602083015e5f602083830101528096505050506102a86020860161016b565b60408601519093506001600160401b038111156102c3575f5ffd5b6102cf87828801610186565b606096909601519497939650505050565b600181811c908216806102f457607f821691505b60208210810361031257634e487b7160e01b5f52602260045260245ffd5b50919050565b601f82111561036a578282111561036a57805f5260205f20601f840160051c602085101561034357505f5b90810190601f840160051c035f5b81811015610366575f83820155600101610351565b5050505b505050565b81516001600160401b0381111561038857610388610127565b61039c8161039684546102e0565b84610318565b6020601f8211600181146103ce575f83156103b75750848201515b5f19600385901b1c1916600184901b178455610426565b5f84815260208120601f198516915b828110156103fd57878501518255602094850194600190920191016103dd565b508482101561041a57868401515f19600387901b60f8161c191681555b505060018360011b0184555b5050505050565b808202811582820484141761045057634e487b7160e01b5f52601160045260245ffd5b92915050565b634e487b7160e01b5f52603260045260245ffd5b6080516105f86104825f395f61010701526105f85ff3fe608060405234801561000f575f5ffd5b50600436106100a6575f3560e01c8063313ce5671161006e578063313ce5671461015457806370a082311461016e57806395d89b411461018d578063a9059cbb14610195578063dd62ed3e146101a8578063e5a6b10f146101d2575f5ffd5b806306fdde03146100aa578063095ea7b3146100c857806318160ddd146100eb578063217a4b701461010257806323b872dd14610141575b5f5ffd5b6100b26101f4565b6040516100bf9190610483565b60405180910390f35b6100db6100d63660046104d3565b61027f565b60405190151581526020016100bf565b6100f460025481565b6040519081526020016100bf565b6101297f000000000000000000000000000000000000000000000000000000000000000081565b6040516001600160a01b0390911681526020016100bf565b6100db61014f3660046104fb565b6102eb565b61015c600681565b60405160ff90911681526020016100bf565b6100f461017c366004610535565b60036020525f908152604090205481565b6100b261037b565b6100db6101a33660046104d3565b610388565b6100f46101b6366004610555565b600460209081525f928352604080842090915290825290205481565b6100b2604051806040016040528060038152602001621554d160ea1b81525081565b5f805461020090610586565b80601f016020809104026020016040519081016040528092919081815260200182805461022c90610586565b80156102775780601f1061024e57610100808354040283529160200191610277565b820191905f5260205f20905b81548152906001019060200180831161025a57829003601f168201915b505050505081565b335f8181526004602090815260408083206001600160a01b038716808552925280832085905551919290917f8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925906102d99086815260200190565b60405180910390a35060015b92915050565b6001600160a01b0383165f9081526004602090815260408083203384529091528120548281101561032f576040516313be252b60e01b815260040160405180910390fd5b5f1981146103655761034183826105d2565b6001600160a01b0386165f9081526004602090815260408083203384529091529020555b61037085858561039d565b506001949350505050565b6001805461020090610586565b5f61039433848461039d565b50600192915050565b6001600160a01b0383165f90815260036020526040902054818110156103ea5760405163832f98b560e01b8152600481018290526024810183905230604482015260640160405180910390fd5b6103f482826105d2565b6001600160a01b038086165f9081526003602052604080822093909355908516815290812080548492906104299084906105e5565b92505081905550826001600160a01b0316846001600160a01b03167fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef8460405161047591815260200190565b60405180910390a350505050565b602081525f82518060208401528060208501604085015e5f604082850101526040601f19601f83011684010191505092915050565b80356001600160a01b03811681146104ce575f5ffd5b919050565b5f5f604083850312156104e4575f5ffd5b6104ed836104b8565b946020939093013593505050565b5f5f5f6060848603121561050d575f5ffd5b610516846104b8565b9250610524602085016104b8565b929592945050506040919091013590565b5f60208284031215610545575f5ffd5b61054e826104b8565b9392505050565b5f5f60408385031215610566575f5ffd5b61056f836104b8565b915061057d602084016104b8565b90509250929050565b600181811c9082168061059a57607f821691505b6020821081036105b857634e487b7160e01b5f52602260045260245ffd5b50919050565b634e487b7160e01b5f52601160045260245ffd5b818103818111156102e5576102e56105be565b808201808211156102e5576102e56105be56',
} as const;
