#include "tests/bench/models/provider.h"

/* The digits behind `mark`, or "0". */
static struct slice number_behind(struct slice text, struct slice mark)
{
    size_t at = slice_find_text(text, mark) + mark.len;
    size_t end = at;

    while (end < text.len && text.at[end] >= '0' && text.at[end] <= '9')
        end++;
    return at < text.len ? slice_sub(text, at, end - at) : SL("0");
}

static int write_tokens(char *text, size_t size, struct slice number)
{
    return snprintf(text, size,
                    "{\"access_token\":\"person-%.*s\",\"refresh_token\":\"again-%.*s\","
                    "\"token_type\":\"Bearer\",\"expires_in\":604800,\"scope\":\"identify email\"}",
                    SLICE_ARG(number), SLICE_ARG(number));
}

static int write_profile(char *text, size_t size, struct slice number)
{
    return snprintf(text, size,
                    "{\"id\":\"%.*s\",\"username\":\"person%.*s\",\"global_name\":\"A person\","
                    "\"email\":\"person@example.test\",\"verified\":true,\"locale\":\"en\"}",
                    SLICE_ARG(number), SLICE_ARG(number));
}

void provider_handle(struct exchange *exchange)
{
    char text[512];
    int len = slice_ends(exchange->path, SL("/token"))
                  ? write_tokens(text, sizeof(text), number_behind(exchange->body, SL("code=")))
                  : write_profile(text, sizeof(text),
                                  number_behind(exchange->head, SL("Bearer person-")));

    http_respond(exchange, "200 OK", SL("Content-Type: application/json\r\n"),
                 slice_make(text, (size_t)len));
}
