/*
 * How many commands a second one worker's store does, and what CPU each costs.
 *
 *     bench_store redis|sqlite [FLOWS [SECONDS [RECORDS [PROCESSES]]]]
 *
 * `redis` starts a redis-server of its own and speaks to it over a unix socket; its CPU is counted
 * apart. FLOWS are under way at once, each with one command. Records are of 400 bytes and live an
 * hour. Each of PROCESSES prints its own lines.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_probe.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    VALUE_SIZE = 400
};

static struct event_base *base;
static struct store *store;
static struct redis_server server;
static char value[VALUE_SIZE];
static size_t under_way, done, failed;
static uint64_t records = 100000;

struct bench_flow {
    struct flow flow;
    struct store_command command;
};

static enum store_verb verb;

static enum step_result ask(struct flow *flow)
{
    struct store_command *command = &((struct bench_flow *)flow)->command;

    command->verb = verb;
    command->key = arena_printf(&flow->arena, "%s:%022llu", verb == STORE_COUNT ? "count" : "grant",
                                (unsigned long long)(random_u64() % records));
    command->value = slice_make(value, sizeof(value));
    command->ttl_ms = 3600000;
    command->amount = 1;
    store_run(store, flow, command, 1);
    return STEP_WAIT;
}

static enum step_result judge(struct flow *flow)
{
    failed += ((struct bench_flow *)flow)->command.status == STORE_UNAVAILABLE;
    return STEP_DONE;
}

static const struct step steps[] = { STEP(ask), STEP(judge), STEP_END };

static void ended(struct flow *flow, enum flow_end end)
{
    (void)flow, (void)end;
    under_way--;
    done++;
}

static void start_one(void)
{
    struct flow *flow = flow_new(sizeof(struct bench_flow), "bench", steps);

    flow->on_end = ended;
    under_way++;
    flow_run(flow);
}

static double own_cpu(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double server_cpu(void)
{
    char path[64];
    unsigned long user = 0;
    unsigned long system = 0;

    if (server.pid == 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)server.pid);
    FILE *file = fopen(path, "re");

    if (file == NULL || fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &system) != 2)
        abort();
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void measure(const char *name, enum store_verb which, size_t flows, int64_t seconds)
{
    int64_t began = clock_monotonic_us();
    int64_t longest = 0;
    double own = own_cpu();
    double others = server_cpu();

    verb = which;
    done = failed = 0;
    for (int64_t now = began; now < began + seconds * 1000000;) {
        size_t some = flows - under_way;

        for (size_t i = 0; i < some; i++) {
            int64_t before = clock_monotonic_us();

            start_one();
            if (clock_monotonic_us() - before > longest)
                longest = clock_monotonic_us() - before;
        }
        event_base_loop(base, under_way > 0 ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
        now = clock_monotonic_us();
    }
    double took = (double)(clock_monotonic_us() - began) / 1e6;
    double count = (double)done;

    printf("%-6s %9.0f/s   %6.2f us CPU   server %6.2f us   longest call %6.1f ms   failed %zu\n",
           name, count / took, (own_cpu() - own) / count * 1e6,
           (server_cpu() - others) / count * 1e6, (double)longest / 1000, failed);
    while (under_way > 0)
        event_base_loop(base, EVLOOP_ONCE);
}

static void measure_all(const char *url, size_t flows, int64_t seconds)
{
    base = event_base_new();
    store = probe_open(base, url, NULL, 2000);
    if (server.pid != 0)
        probe_reachable(base, store, true, 2000);
    measure("put", STORE_PUT, flows, seconds);
    measure("get", STORE_GET, flows, seconds);
    measure("add", STORE_ADD, flows, seconds);
    measure("swap", STORE_SWAP, flows, seconds);
    measure("count", STORE_COUNT, flows, seconds);
    measure("take", STORE_TAKE, flows, seconds);
    store_close(store);
    event_base_free(base);
}

/* The n-th argument as a number. */
static uint64_t number(int argc, char **argv, int n, uint64_t otherwise)
{
    uint64_t value_of = otherwise;

    if (n < argc && !slice_to_u64(slice_of(argv[n]), 1000000000, &value_of))
        abort();
    return value_of;
}

int main(int argc, char **argv)
{
    bool redis = argc > 1 && strcmp(argv[1], "redis") == 0;
    size_t flows = number(argc, argv, 2, 64);
    int64_t seconds = (int64_t)number(argc, argv, 3, 3);
    uint64_t processes = number(argc, argv, 5, 1);
    char folder[64];
    char url[128];

    records = number(argc, argv, 4, records);
    signal(SIGPIPE, SIG_IGN);
    random_bytes(value, sizeof(value));
    temporary_folder(folder);
    if (redis)
        redis_server_start(&server, folder, NULL);
    snprintf(url, sizeof(url), redis ? "redis+unix:%s/redis.sock" : "sqlite:%s/store.db", folder);
    for (uint64_t i = 0; i < processes; i++) {
        if (fork() == 0) {
            measure_all(url, flows, seconds);
            fflush(stdout);
            _exit(0);
        }
    }
    for (uint64_t i = 0; i < processes; i++)
        wait(NULL);
    redis_server_kill(&server);
    remove_folder(folder);
    return 0;
}
