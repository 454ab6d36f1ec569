#include "parent/gateway.h"

/* A row that names a method of the node's: reads, and the one write that needs no key. */
/* clang-format off */
#define UPSTREAM(name) { name, method_upstream }
const struct gateway_method gateway_methods[] = {
    { "eth_accounts",            method_accounts },
    { "eth_sign",                method_sign },
    { "personal_sign",           method_personal_sign },
    { "eth_signTransaction",     method_eth_sign_transaction },
    { "eth_sendTransaction",     method_send_transaction },
    { "eth_signTypedData",       method_eth_sign_typed_data },
    { "eth_signTypedData_v4",    method_eth_sign_typed_data },
    { "health_status",           method_health },
    { "eth_chainId",             method_chain_id },
    { "net_version",             method_net_version },

    { "account_version",         method_clef_version },
    { "account_list",            method_accounts },
    { "account_signTransaction", method_clef_sign_transaction },
    { "account_signData",        method_clef_sign_data },
    { "account_signTypedData",   method_clef_sign_typed_data },

    UPSTREAM("eth_blobBaseFee"),
    UPSTREAM("eth_blockNumber"),
    UPSTREAM("eth_call"),
    UPSTREAM("eth_createAccessList"),
    UPSTREAM("eth_estimateGas"),
    UPSTREAM("eth_feeHistory"),
    UPSTREAM("eth_gasPrice"),
    UPSTREAM("eth_getBalance"),
    UPSTREAM("eth_getBlockByHash"),
    UPSTREAM("eth_getBlockByNumber"),
    UPSTREAM("eth_getBlockReceipts"),
    UPSTREAM("eth_getBlockTransactionCountByHash"),
    UPSTREAM("eth_getBlockTransactionCountByNumber"),
    UPSTREAM("eth_getCode"),
    UPSTREAM("eth_getLogs"),
    UPSTREAM("eth_getProof"),
    UPSTREAM("eth_getStorageAt"),
    UPSTREAM("eth_getTransactionByBlockHashAndIndex"),
    UPSTREAM("eth_getTransactionByBlockNumberAndIndex"),
    UPSTREAM("eth_getTransactionByHash"),
    UPSTREAM("eth_getTransactionCount"),
    UPSTREAM("eth_getTransactionReceipt"),
    UPSTREAM("eth_maxPriorityFeePerGas"),
    UPSTREAM("eth_sendRawTransaction"),
    UPSTREAM("eth_syncing"),
    UPSTREAM("net_listening"),
    UPSTREAM("web3_clientVersion"),
};
/* clang-format on */
const size_t gateway_method_count = sizeof gateway_methods / sizeof *gateway_methods;
_Static_assert(sizeof gateway_methods / sizeof *gateway_methods <= GATEWAY_METHODS_MAX, "a counter for each");
