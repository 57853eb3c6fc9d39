/*
 * Load whose answers must be looked at, because the next request is made of them.
 *
 *     bench_load SCENARIO PORT [--connections N] [--seconds N] [--count N] [--first N]
 *                [--client ID] [--basic TEXT] [--provider ID] [--users FILE] [--frozen 1]
 *                [--keep FILE]
 *
 * A connection does one unit after the other, each for a user of its own (a line of --users, which
 * is written anew at the end, unless frozen: rotated tokens; numbers from --first on where there
 * are none), for so many seconds or until so many units are done. What is worth keeping goes to
 * --keep. Prints one line of JSON: units, failed ones, seconds, and how long units took in
 * microseconds.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "tests/bench/load/scenario.h"

#include <getopt.h>

enum {
    LINE_MAX_LEN = 4096,
    SAMPLES = 4 * 1024 * 1024
};

struct run {
    struct plan plan;
    const struct scenario *scenario;
    uint64_t connections;
    uint64_t seconds;
    uint64_t count; /* 0: until the time is over */
    uint64_t first;
    uint64_t frozen;
    uint64_t port;
    const char *users;
    FILE *keep;

    uint64_t started;
    uint64_t done;
    uint64_t failed;
    int64_t end_us;
    uint32_t *samples;
};

static struct run run = { .connections = 64, .seconds = 3 };

static void begin(struct visit *visit);

static void note(int64_t took_us)
{
    if (run.done < SAMPLES)
        run.samples[run.done] = (uint32_t)took_us;
    run.done++;
}

static void fail(const struct visit *visit, const struct answer *answer)
{
    if (run.failed++ == 0)
        fprintf(stderr, "%s, request %zu: %.*s\n%.*s\n", run.scenario->name, visit->step,
                SLICE_ARG(answer->head), SLICE_ARG(answer->body));
}

static void answered(struct client *client, const struct answer *answer)
{
    struct visit *visit = (struct visit *)(void *)client; /* its head */
    bool is_last = visit->step == STEPS || run.scenario->ask[visit->step] == NULL;
    bool good = is_last ? run.scenario->finish(visit, answer, run.keep)
                        : run.scenario->ask[visit->step](visit, answer);

    if (!good)
        fail(visit, answer);
    else if (is_last)
        note(clock_monotonic_us() - visit->began_us);
    if (!good || is_last) {
        begin(visit);
        return;
    }
    visit->step++;
    client_send(client);
}

/* Users are dealt out in turn, so that no two connections ever have the same one. */
static void begin(struct visit *visit)
{
    buf_reset(&visit->client.request);
    if (run.count > 0 && run.started >= run.count)
        return;
    visit->number = run.first + run.started++;
    visit->began_us = clock_monotonic_us();
    if (run.scenario->has_users) {
        size_t next = visit->user == NULL
                          ? (size_t)(visit->number % run.connections)
                          : (size_t)(visit->user - run.plan.users) + run.connections;

        visit->user = &run.plan.users[next < run.plan.user_count ? next : next % run.connections];
    }
    visit->step = 1;
    run.scenario->ask[0](visit, NULL);
    client_send(&visit->client);
}

static bool is_running(void *context)
{
    (void)context;
    return run.count > 0 ? run.done + run.failed < run.count : clock_monotonic_us() < run.end_us;
}

/* ---- users ---- */

static void read_users(void)
{
    FILE *file = fopen(run.users, "re");
    char line[LINE_MAX_LEN];
    size_t room = 0;

    if (file == NULL) {
        perror(run.users);
        exit(1);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        struct plan *plan = &run.plan;
        size_t len = strcspn(line, "\n");

        if (plan->user_count == room) {
            room = room > 0 ? room * 2 : 1024;
            plan->users = mem_realloc(plan->users, room * sizeof(*plan->users));
        }
        plan->users[plan->user_count++] = slice_make(mem_strndup(line, len), len);
    }
    fclose(file);
    if (run.plan.user_count < run.connections) {
        fprintf(stderr, "there are fewer users than connections\n");
        exit(1);
    }
}

static void write_users(void)
{
    FILE *file = fopen(run.users, "we");

    for (size_t i = 0; file != NULL && i < run.plan.user_count; i++)
        fprintf(file, "%.*s\n", SLICE_ARG(run.plan.users[i]));
    if (file == NULL || fclose(file) != 0)
        perror(run.users);
}

/* ---- the command ---- */

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static void report(double seconds)
{
    size_t kept = run.done < SAMPLES ? run.done : SAMPLES;

    qsort(run.samples, kept, sizeof(*run.samples), by_size);
    printf("{\"units\": %llu, \"failed\": %llu, \"seconds\": %.4f, \"p50\": %u, \"p99\": %u}\n",
           (unsigned long long)run.done, (unsigned long long)run.failed, seconds,
           kept > 0 ? run.samples[kept / 2] : 0, kept > 0 ? run.samples[kept * 99 / 100] : 0);
}

static const struct option options[] = {
    { "connections", required_argument, NULL, 'c' },
    { "seconds", required_argument, NULL, 's' },
    { "count", required_argument, NULL, 'n' },
    { "first", required_argument, NULL, 'f' },
    { "client", required_argument, NULL, 'i' },
    { "basic", required_argument, NULL, 'b' },
    { "provider", required_argument, NULL, 'p' },
    { "users", required_argument, NULL, 'u' },
    { "keep", required_argument, NULL, 'k' },
    { "frozen", required_argument, NULL, 'z' },
    { NULL, 0, NULL, 0 },
};

static uint64_t *number_option(int option)
{
    return option == 'c'   ? &run.connections
           : option == 's' ? &run.seconds
           : option == 'n' ? &run.count
           : option == 'z' ? &run.frozen
                           : &run.first;
}

static bool read_options(int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'i')
            run.plan.client_id = optarg;
        else if (option == 'b')
            run.plan.basic = optarg;
        else if (option == 'p')
            run.plan.provider = optarg;
        else if (option == 'u')
            run.users = optarg;
        else if (option == 'k')
            run.keep = fopen(optarg, "ae");
        else if (option == '?' ||
                 !slice_to_u64(slice_of(optarg), UINT32_MAX, number_option(option)))
            return false;
    }
    if (argc - optind != 2 || !slice_to_u64(slice_of(argv[optind + 1]), 65535, &run.port))
        return false;
    run.scenario = scenario_find(argv[optind]);
    return run.scenario != NULL && run.connections > 0 &&
           run.scenario->has_users == (run.users != NULL);
}

int main(int argc, char **argv)
{
    run.plan = (struct plan){ .client_id = "app", .basic = "", .provider = "none" };
    if (!read_options(argc, argv)) {
        fprintf(stderr, "usage: bench_load SCENARIO PORT [OPTION...]; see load.c\n");
        return 2;
    }
    run.samples = mem_zalloc(SAMPLES, sizeof(*run.samples));
    if (run.users != NULL)
        read_users();
    struct visit *visits = mem_zalloc(run.connections, sizeof(*visits));
    int64_t began = clock_monotonic_us();

    run.end_us = began + (int64_t)run.seconds * 1000000;
    for (uint64_t i = 0; i < run.connections; i++) {
        visits[i].plan = &run.plan;
        client_init(&visits[i].client, (uint16_t)run.port, answered);
        for (size_t k = 0; k < COOKIES; k++)
            buf_init(&visits[i].cookies[k], 8192);
        begin(&visits[i]);
    }
    clients_run(is_running, NULL);
    report((double)(clock_monotonic_us() - began) / 1e6);
    if (run.users != NULL && run.frozen == 0)
        write_users();
    if (run.keep != NULL)
        fclose(run.keep);
    return run.failed > 0;
}
