/*
 * Addresses and ranges as text: what is read can be written and read again, and a range contains
 * its own address.
 */
#include "net/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static void check_listen(struct arena *arena, struct slice text)
{
    struct address address;
    struct address again;

    if (address_read_listen(text, &address) != NULL)
        return;
    struct slice written = address_text(arena, &address);

    expect(address_read_listen(written, &again) == NULL);
    expect(slice_equal(address_text(arena, &again), written));
}

static void check_range(struct slice text)
{
    struct address address;
    struct slice host;
    struct slice bits;
    struct cidr cidr;

    if (cidr_read(text, &cidr) != NULL)
        return;
    slice_cut(text, '/', &host, &bits);
    expect(address_read_ip(host, &address));
    expect(cidr_contains(&cidr, &address));
}

static void check_ip(struct arena *arena, struct slice text)
{
    struct address address;
    struct address again;

    if (!address_read_ip(text, &address))
        return;
    expect(address_read_ip(address_host_text(arena, &address), &again));
    expect(address_is_inner(&address) == address_is_inner(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct arena arena = { 0 };

    check_listen(&arena, text);
    check_range(text);
    check_ip(&arena, text);
    arena_release(&arena);
    return 0;
}
