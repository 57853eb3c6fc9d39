#include "cli/cli.h"

#include <cardea/provider.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <seccomp.h>
#include <sqlite3.h>
#include <yaml.h>

#define TEXT_OF(number) #number
#define NUMBER(number)  TEXT_OF(number)

int cli_version(struct cli *cli)
{
    struct arena arena = { 0 };

    if (cli->count > 0)
        return cli_wrong_usage(cli, "nothing is known about `%s`", cli->arguments[0]);
    const struct scmp_version *seccomp = seccomp_version();
    const struct {
        const char *name;
        const char *version;
    } libraries[] = {
        { "libevent", event_get_version() },
        { "OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING) },
        { "libcurl", curl_version_info(CURLVERSION_NOW)->version },
        { "SQLite", sqlite3_libversion() },
        { "hiredis", NUMBER(HIREDIS_MAJOR) "." NUMBER(HIREDIS_MINOR) "." NUMBER(HIREDIS_PATCH) },
        { "jansson", jansson_version_str() },
        { "libyaml", yaml_get_version_string() },
        { "libseccomp",
          arena_printf(&arena, "%u.%u.%u", seccomp->major, seccomp->minor, seccomp->micro).at },
    };
    json_t *list = json_object();
    struct slice abi = arena_printf(&arena, "%d.%d", CARDEA_ABI_MAJOR, CARDEA_ABI_MINOR);

    if (!cli->json)
        printf("cardea %s\nABI %s\n", CARDEA_VERSION, abi.at);
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        json_object_set_new(list, libraries[i].name, json_string(libraries[i].version));
        if (!cli->json)
            printf("%s %s\n", libraries[i].name, libraries[i].version);
    }
    if (cli->json)
        cli_print_json(json_pack("{s:s, s:s, s:O}", "version", CARDEA_VERSION, "abi", abi.at,
                                 "libraries", list));
    json_decref(list);
    arena_release(&arena);
    return EXIT_DONE;
}
