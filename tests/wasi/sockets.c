// wasi:sockets, of which there are none: what a program that tries is told, a line each. It imports the drops that
// wasi-libc's close() links, and a method. With the argument `use` it uses a socket that it does not have.
#include "wasi.h"

#define TCP "wasi:sockets/tcp@0.2.0"
#define UDP "wasi:sockets/udp@0.2.0"
IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(list *result);
IMPORT("wasi:sockets/instance-network@0.2.0", "instance-network") int32_t instance_network(void);
IMPORT("wasi:sockets/network@0.2.0", "[resource-drop]network") void drop_network(int32_t network);
IMPORT("wasi:sockets/ip-name-lookup@0.2.0", "resolve-addresses")
void resolve_addresses(int32_t network, const void *name, size_t size, void *result);
IMPORT("wasi:sockets/ip-name-lookup@0.2.0", "[resource-drop]resolve-address-stream")
void drop_addresses(int32_t stream);
IMPORT("wasi:sockets/tcp-create-socket@0.2.0", "create-tcp-socket") void create_tcp(int32_t family, void *result);
IMPORT("wasi:sockets/udp-create-socket@0.2.0", "create-udp-socket") void create_udp(int32_t family, void *result);
IMPORT(TCP, "[method]tcp-socket.finish-connect") void finish_connect(int32_t socket, void *result);
IMPORT(TCP, "[resource-drop]tcp-socket") void drop_tcp(int32_t socket);
IMPORT(UDP, "[resource-drop]udp-socket") void drop_udp(int32_t socket);
IMPORT(UDP, "[resource-drop]incoming-datagram-stream") void drop_incoming(int32_t stream);
IMPORT(UDP, "[resource-drop]outgoing-datagram-stream") void drop_outgoing(int32_t stream);

// result<own<…>, error-code>, and of finish-connect
typedef struct {
    uint8_t failed;
    union {
        uint8_t code;
        int32_t handles[2];
    };
} result;

static void outcome(const char *what, const result *made) {
    say(what);
    tell(made->failed ? " error-code" : " handle", made->failed ? made->code : made->handles[0]);
}

static void close_(int kind, int32_t handle) {
    void (*const drops[])(int32_t) = {drop_tcp, drop_udp, drop_incoming, drop_outgoing, drop_addresses};
    drops[kind](handle);
}

EXPORT("wasi:cli/run@0.2.0#run") int32_t run(void) {
    list arguments;
    result made;
    get_arguments(&arguments);
    if (arguments.size == 2)
        finish_connect(1, &made);
    if (arguments.size > 2)
        close_(arguments.size - 3, 1);
    create_tcp(0, &made);
    outcome("tcp", &made);
    create_udp(1, &made);
    outcome("udp", &made);
    int32_t network = instance_network();
    resolve_addresses(network, "example.com", 11, &made);
    outcome("lookup", &made);
    drop_network(network);
    return 0;
}
