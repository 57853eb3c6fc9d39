#include "net/http_transfer.h"

#include "net/address.h"
#include "net/tls.h"

#include <sys/socket.h>

enum {
    HEADER_BYTES_MAX = 64 * 1024,
    HEADERS_MAX = 100
};

/* Nothing else than these is the network's fault before an answer; the rest is a broken answer. */
static const struct {
    CURLcode code;
    enum http_call_failure failure;
} failures[] = {
    { CURLE_OPERATION_TIMEDOUT, HTTP_CALL_TIMEOUT },
    { CURLE_COULDNT_RESOLVE_HOST, HTTP_CALL_UNREACHABLE },
    { CURLE_COULDNT_RESOLVE_PROXY, HTTP_CALL_UNREACHABLE },
    { CURLE_COULDNT_CONNECT, HTTP_CALL_UNREACHABLE },
    { CURLE_PROXY, HTTP_CALL_UNREACHABLE },
    { CURLE_SSL_CONNECT_ERROR, HTTP_CALL_UNREACHABLE },
    { CURLE_SSL_CERTPROBLEM, HTTP_CALL_UNREACHABLE },
    { CURLE_SSL_CIPHER, HTTP_CALL_UNREACHABLE },
    { CURLE_PEER_FAILED_VERIFICATION, HTTP_CALL_UNREACHABLE },
    { CURLE_SSL_CACERT_BADFILE, HTTP_CALL_UNREACHABLE },
    { CURLE_SSL_ISSUER_ERROR, HTTP_CALL_UNREACHABLE },
};

/* What libcurl or a proxy decides, and what would make two readers of one request. */
static const char *const reserved_headers[] = {
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Accept-Encoding",
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Proxy-Authorization",
    "Proxy-Connection",
    "HTTP2-Settings",
};

/* What a callback of libcurl returns when the transfer must not go on. */
static size_t stop(struct transfer *transfer, enum http_call_failure failure, const char *why)
{
    transfer->failure = failure;
    transfer->stopped = why;
    return CURL_WRITEFUNC_ERROR;
}

/* The callbacks of libcurl must not complete or cancel anything. */

static curl_socket_t on_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *transfer = context;
    struct address address = { 0 };

    (void)purpose;
    if (to->addrlen <= sizeof(address.sockaddr)) {
        memcpy(&address.sockaddr, &to->addr, to->addrlen);
        address.len = to->addrlen;
    }
    if (!transfer->call->inner_allowed && !transfer->uses_proxy && address_is_inner(&address)) {
        transfer->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static CURLcode on_tls(CURL *easy, void *tls, void *context)
{
    const struct transfer *transfer = context;

    (void)easy;
    return tls_expect_host_always(tls, transfer->tls_host) ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t len = size * count;
    struct slice line = slice_make(bytes, len);

    transfer->header_bytes += len;
    transfer->header_count += slice_has(line, ':'); /* status lines have none */
    transfer->head_ended = len <= 2 || (transfer->head_ended && !slice_starts(line, SL("HTTP/")));
    if (transfer->header_bytes <= HEADER_BYTES_MAX && transfer->header_count <= HEADERS_MAX)
        return len;
    return stop(transfer, HTTP_CALL_BROKEN, "the answer has too many headers");
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    buf_add(&transfer->body, slice_make(bytes, size * count));
    if (buf_ok(&transfer->body))
        return size * count;
    return stop(transfer, HTTP_CALL_TOO_LONG, "the body is longer than allowed");
}

/* A host as the URL standard reads it: what ends in a number is meant as an IPv4 address. */
static bool ends_in_number(struct slice host)
{
    struct slice label;

    while (slice_cut(host, '.', &label, &host) && host.len > 0)
        continue;
    return label.len > 0 && label.at[0] >= '0' && label.at[0] <= '9';
}

static bool host_is_inner(const struct url *url)
{
    struct address address;

    if (address_read_ip(url->host, &address))
        return address_is_inner(&address);
    return url_host_is_loopback(url) || ends_in_number(url->host);
}

static const char *judge_url(struct transfer *transfer)
{
    const struct http_call *call = transfer->call;
    const char *wrong = url_read_http(call->url, &transfer->url);

    if (wrong != NULL)
        return wrong;
    if (slice_ends(transfer->url.host, SL(".")))
        transfer->url.host.len--; /* the same host to DNS, another one to whoever compares */
    if (!call->inner_allowed && slice_is_nocase(transfer->url.scheme, "http"))
        return "is not https";
    if (!call->inner_allowed && host_is_inner(&transfer->url))
        return "leads to an inner address";
    return NULL;
}

static bool header_is_reserved(struct slice name)
{
    for (size_t i = 0; i < sizeof(reserved_headers) / sizeof(reserved_headers[0]); i++) {
        if (slice_is_nocase(name, reserved_headers[i]))
            return true;
    }
    return false;
}

static void add_header_line(struct transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);

    if (list == NULL)
        abort(); /* out of memory, as in base/memory.h */
    transfer->headers = list;
}

/* "Name:" would take a header of libcurl's away, "Name;" is an empty one. */
static const char *header_line(struct arena *arena, struct slice name, struct slice value)
{
    if (value.len == 0)
        return arena_printf(arena, "%.*s;", SLICE_ARG(name)).at;
    return arena_printf(arena, "%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(value)).at;
}

static const char *add_headers(struct transfer *transfer, struct arena *arena)
{
    const struct http_call *call = transfer->call;
    bool has_type = false;

    for (size_t i = 0; i < call->header_count; i++) {
        struct slice name = call->headers[i].name;
        struct slice value = call->headers[i].value;

        if (!http_token_is_valid(name) || !http_value_is_valid(value))
            return "has a header that is none";
        if (header_is_reserved(name))
            return "has a header that is not the caller's";
        has_type = has_type || slice_is_nocase(name, "Content-Type");
        add_header_line(transfer, header_line(arena, name, slice_trim(value)));
    }
    add_header_line(transfer, "Expect:");
    /* We do not ask for it, but some send it to everybody; libcurl unpacks it. */
    add_header_line(transfer, "Accept-Encoding: identity");
    if (!has_type)
        add_header_line(transfer, "Content-Type:");
    return NULL;
}

#define SET(option, value) (good = curl_easy_setopt(easy, option, value) == CURLE_OK && good)

static bool set_method(struct transfer *transfer, struct arena *arena)
{
    const struct http_call *call = transfer->call;
    CURL *easy = transfer->easy;
    bool has_body = slice_is_set(call->body) || slice_is(call->method, "POST");
    const char *method = arena_string(arena, call->method);
    bool good = true;

    if (has_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, slice_is_set(call->body) ? call->body.at : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    } else if (strcmp(method, "HEAD") == 0)
        SET(CURLOPT_NOBODY, 1L);
    if (slice_is_set(call->method) && strcmp(method, has_body ? "POST" : "HEAD") != 0)
        SET(CURLOPT_CUSTOMREQUEST, method);
    return good;
}

static bool set_security(struct transfer *transfer, const struct http_client_settings *settings)
{
    CURL *easy = transfer->easy;
    bool good = true;

    SET(CURLOPT_PROTOCOLS_STR, transfer->call->inner_allowed ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_PROXY, transfer->uses_proxy ? settings->proxy : "");
    SET(CURLOPT_NOPROXY, "");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip"); /* what is unpacked counts against the limit */
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->ca_file != NULL)
        SET(CURLOPT_CAINFO, settings->ca_file);
    /* With a folder besides, libcurl would load all authorities anew for each connection. */
    if (settings->ca_file != NULL || curl_version_info(CURLVERSION_NOW)->cainfo != NULL)
        SET(CURLOPT_CAPATH, NULL);
    /* libcurl takes a common name for a host name, and would ask us about an https proxy too. */
    if (!transfer->uses_proxy || !slice_starts(slice_of(settings->proxy), SL("https:"))) {
        SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
        SET(CURLOPT_SSL_CTX_DATA, transfer);
    }
    return good;
}

static bool set_rest(struct transfer *transfer, const struct http_client_settings *settings,
                     struct arena *arena)
{
    const struct http_call *call = transfer->call;
    CURL *easy = transfer->easy;
    bool good = true;

    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->error);
    SET(CURLOPT_URL, arena_string(arena, call->url));
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_USERAGENT, settings->user_agent);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)(call->timeout_ms > 0 ? call->timeout_ms : settings->timeout_ms));
    /* Else the end of a call would wait for its name to be resolved, and all the loop with it. */
    SET(CURLOPT_QUICK_EXIT, 1L);
    return good;
}

static bool refuse(struct http_call *call, enum http_call_failure failure, const char *why)
{
    call->failure = failure;
    call->failure_text = why;
    return false;
}

bool transfer_prepare(struct transfer *transfer, const struct http_client_settings *settings)
{
    struct http_call *call = transfer->call;
    struct arena *arena = &call->op.flow->arena;
    const char *wrong = judge_url(transfer);

    if (wrong == NULL && slice_is_set(call->method) && !http_token_is_valid(call->method))
        wrong = "has a method that is none";
    if (wrong == NULL)
        wrong = add_headers(transfer, arena);
    if (wrong != NULL)
        return refuse(call, HTTP_CALL_FORBIDDEN, wrong);
    transfer->tls_host = arena_string(arena, transfer->url.host);
    transfer->uses_proxy = settings->proxy != NULL && !url_host_is_loopback(&transfer->url);
    buf_init(&transfer->body,
             call->response_limit > 0 ? call->response_limit : settings->response_limit);
    if (set_method(transfer, arena) && set_security(transfer, settings) &&
        set_rest(transfer, settings, arena))
        return true;
    return refuse(call, HTTP_CALL_UNREACHABLE, "libcurl lacks what a call needs");
}

static bool proxy_refused(CURL *easy)
{
    long status = 0;

    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300;
}

static enum http_call_failure failure_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->stopped != NULL)
        return transfer->failure;
    if (transfer->forbidden && code == CURLE_COULDNT_CONNECT)
        return HTTP_CALL_FORBIDDEN;
    if (code == CURLE_OK) /* with which libcurl is content when half a head has come */
        return transfer->head_ended ? HTTP_CALL_OK : HTTP_CALL_BROKEN;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].code == code)
            return failures[i].failure;
    }
    return proxy_refused(transfer->easy) ? HTTP_CALL_UNREACHABLE : HTTP_CALL_BROKEN;
}

static const char *failure_text(const struct transfer *transfer, struct arena *arena, CURLcode code)
{
    const char *text = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);

    if (transfer->stopped != NULL)
        text = transfer->stopped;
    else if (transfer->forbidden && code == CURLE_COULDNT_CONNECT)
        text = "the host has an inner address";
    else if (code == CURLE_OK)
        text = "the answer ended in its head";
    return arena_printf(arena, "%.*s: %s", SLICE_ARG(transfer->url.host), text).at;
}

static struct slice lower_type(struct arena *arena, struct slice value)
{
    struct slice type;
    struct slice parameters;

    if (!slice_is_set(value))
        return value;
    slice_cut(value, ';', &type, &parameters);
    char *text = arena_string(arena, slice_trim(type));

    for (char *c = text; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    return slice_of(text);
}

/* libcurl 7.88 leaves the CR of an empty value behind. */
static struct slice header_value(const struct curl_header *header)
{
    struct slice value = slice_of(header->value);

    return slice_sub(value, 0, slice_find(value, '\r'));
}

static void read_headers(const struct transfer *transfer, struct arena *arena)
{
    struct http_call *call = transfer->call;
    struct curl_header *each = NULL;

    call->reply_headers =
        arena_alloc(arena, transfer->header_count * sizeof(call->reply_headers[0]));
    while (call->reply_header_count < transfer->header_count &&
           (each = curl_easy_nextheader(transfer->easy, CURLH_HEADER, -1, each)) != NULL)
        call->reply_headers[call->reply_header_count++] =
            (struct http_header){ arena_copy(arena, slice_of(each->name)),
                                  arena_copy(arena, header_value(each)) };
    call->content_type = lower_type(arena, http_call_header(call, "Content-Type"));
}

void transfer_read_outcome(const struct transfer *transfer, CURLcode code)
{
    struct http_call *call = transfer->call;
    struct arena *arena = &call->op.flow->arena;
    long status = 0;

    call->failure = failure_of(transfer, code);
    if (call->failure != HTTP_CALL_OK) {
        call->failure_text = failure_text(transfer, arena, code);
        return;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (int)status;
    call->reply = arena_copy(arena, buf_slice(&transfer->body));
    read_headers(transfer, arena);
}
