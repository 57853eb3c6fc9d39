/*
 * The reply judge, and what the commands make of its replies. The first byte says how the rest is
 * cut into pieces, and when the flow that waits goes away; however it is cut, the same replies must
 * come out, and all within the limits.
 */
#include "base/map.h"
#include "store/redis_command.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out, so that two readings can be compared. */
struct outcome {
    size_t replies;
    bool wrong;
    uint64_t sum;
};

static void must(bool good)
{
    if (!good)
        abort();
}

static void add_to_sum(struct outcome *outcome, struct slice text)
{
    outcome->sum = outcome->sum * 31 + map_hash(text) + text.len;
}

static void check_reply(const struct redis_reply *reply, bool wanted, struct outcome *outcome)
{
    bool line = reply->type == REDIS_STATUS || reply->type == REDIS_ERROR;

    must(reply->type <= REDIS_ARRAY);
    must(reply->count <= STORE_MEMBERS_MAX);
    must(reply->text.len <= (line ? REDIS_LINE_MAX : STORE_VALUE_MAX + REDIS_RECORD_HEAD));
    must(redis_error_for_log(reply->text).len <= reply->text.len);
    outcome->replies++;
    outcome->sum = outcome->sum * 31 + (uint64_t)reply->integer + reply->type;
    if (!wanted) {
        must(reply->items == NULL && (line || !slice_is_set(reply->text)));
        return;
    }
    add_to_sum(outcome, reply->text);
    for (size_t i = 0; i < reply->count; i++) {
        must(slice_is_set(reply->items[i]) && reply->items[i].len <= STORE_KEY_MAX);
        add_to_sum(outcome, reply->items[i]);
    }
}

/* As every kind of command would take it. */
static void take_reply(const struct redis_reply *reply)
{
    for (enum redis_kind kind = 0; kind < REDIS_KINDS; kind++) {
        struct store_command command = { .verb = STORE_GET };

        if (reply->type == REDIS_ERROR || !redis_kind_accepts(kind, reply))
            continue;
        enum store_status status = redis_command_take(&command, kind, reply);

        must(status <= STORE_UNAVAILABLE);
        must(command.found.len <= STORE_VALUE_MAX);
        must(command.member_count <= STORE_MEMBERS_MAX);
    }
}

/* `leaves` bytes in, the flow goes away. */
static struct outcome read_all(struct slice bytes, size_t piece, size_t leaves)
{
    struct redis_judge *judge = redis_judge_new();
    struct outcome outcome = { 0 };
    struct arena memory = { 0 };
    enum redis_judgement judgement = REDIS_MORE;

    for (size_t at = 0; at < bytes.len && !outcome.wrong; at += piece) {
        bool wanted = at < leaves;
        struct redis_reply reply;

        if (!wanted)
            arena_release(&memory);
        if (!redis_judge_feed(judge, slice_sub(bytes, at, piece))) {
            outcome.wrong = true;
            break;
        }
        while (redis_judge_has_bytes(judge) &&
               (judgement = redis_judge_next(judge, wanted ? &memory : NULL, &reply)) ==
                   REDIS_READY) {
            check_reply(&reply, wanted, &outcome);
            if (wanted)
                take_reply(&reply);
        }
        outcome.wrong = judgement == REDIS_WRONG;
    }
    if (outcome.wrong) {
        must(redis_judge_why(judge)[0] != '\0');
        must(!redis_judge_feed(judge, SL("+OK\r\n")));
    }
    redis_judge_free(judge);
    arena_release(&memory);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct slice bytes = slice_make((const char *)data + 1, size - 1);
    size_t piece = (size_t)(data[0] & 15) + 1;
    struct outcome whole = read_all(bytes, bytes.len + 1, SIZE_MAX);
    struct outcome cut = read_all(bytes, piece, SIZE_MAX);

    must(whole.replies == cut.replies && whole.wrong == cut.wrong && whole.sum == cut.sum);
    cut = read_all(bytes, piece, (size_t)(data[0] >> 4) * 4);
    must(whole.replies == cut.replies && whole.wrong == cut.wrong);
    return 0;
}
