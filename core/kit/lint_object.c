#include "base/file.h"
#include "kit/lint.h"

#include <elf.h>

enum {
    OBJECT_MAX = 64 * 1024 * 1024,
    SYMBOLS_MAX = 4096
};

/* What is pure or nearly so, and what compilers put in for it. A hook has no files, no network and
 * no memory of its own. */
static const char *const allowed[] = {
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "memchr",
    "memrchr",
    "memmem",
    "strlen",
    "strnlen",
    "strcmp",
    "strncmp",
    "strcasecmp",
    "strncasecmp",
    "strchr",
    "strrchr",
    "strstr",
    "strspn",
    "strcspn",
    "strpbrk",
    "strcpy",
    "strncpy",
    "stpcpy",
    "strcat",
    "strncat",
    "strtol",
    "strtoul",
    "strtoll",
    "strtoull",
    "strtod",
    "qsort",
    "bsearch",
    "abs",
    "labs",
    "llabs",
    "snprintf",
    "vsnprintf",
    "sscanf",
    "isalnum",
    "isalpha",
    "isdigit",
    "isspace",
    "isxdigit",
    "islower",
    "isupper",
    "tolower",
    "toupper",
    "__ctype_b_loc",
    "__ctype_tolower_loc",
    "__ctype_toupper_loc",
    "time",
    "gmtime_r",
    "timegm",
    "strftime",
    "floor",
    "ceil",
    "round",
    "trunc",
    "fmod",
    "pow",
    "__stack_chk_fail",
    "__cxa_finalize",
    "__gmon_start__",
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__isoc99_sscanf",
    "__isoc23_sscanf",
    "__isoc23_strtol",
    "__isoc23_strtoll",
    "__isoc23_strtoul",
    "__isoc23_strtoull",
};

/* Fortified versions, and what sanitizers and coverage put in. */
static const char *const allowed_beginnings[] = { "__asan_", "__ubsan_", "__sanitizer_", "__gcov_",
                                                  "__llvm_", "__sancov", "__afl" };

struct object {
    struct slice bytes;
    const struct kit_plugin *plugin;
    struct problems *problems;
};

static void say(struct object *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct object *object, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_vprintf(object->problems->arena, format, args);

    va_end(args);
    problem_add(object->problems, (struct mark){ object->plugin->file, 0, 0 }, "%.*s",
                SLICE_ARG(text));
}

/* A struct at a place of the file; false when it is not all there. */
static bool read_at(const struct object *object, uint64_t at, void *target, size_t size)
{
    if (at > object->bytes.len || object->bytes.len - at < size)
        return false;
    memcpy(target, object->bytes.at + at, size);
    return true;
}

static bool read_section(const struct object *object, const Elf64_Ehdr *head, uint32_t index,
                         Elf64_Shdr *section_r)
{
    return index < head->e_shnum && head->e_shentsize == sizeof(*section_r) &&
           read_at(object, head->e_shoff + (uint64_t)index * sizeof(*section_r), section_r,
                   sizeof(*section_r));
}

/* A name in a table of texts; absent when it has no end in there. */
static struct slice name_at(const struct object *object, const Elf64_Shdr *names, uint32_t offset)
{
    if (names->sh_offset > object->bytes.len ||
        names->sh_size > object->bytes.len - names->sh_offset || offset >= names->sh_size)
        return slice_none();
    struct slice table = slice_sub(object->bytes, names->sh_offset, names->sh_size);
    struct slice rest = slice_from(table, offset);
    size_t end = slice_find(rest, '\0');

    return end < rest.len ? slice_sub(rest, 0, end) : slice_none();
}

/* "__strcpy_chk" is strcpy. */
static struct slice without_fortification(struct slice name)
{
    if (slice_starts(name, SL("__")) && slice_ends(name, SL("_chk")))
        return slice_sub(name, 2, name.len - 6);
    return name;
}

static bool is_allowed(struct slice name)
{
    struct slice plain = without_fortification(name);

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (slice_is(plain, allowed[i]) || slice_is(name, allowed[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof(allowed_beginnings) / sizeof(allowed_beginnings[0]); i++) {
        if (slice_starts(name, slice_of(allowed_beginnings[i])))
            return true;
    }
    return false;
}

/* What sanitizers and coverage add, and what old linkers do. */
static bool is_toolchains(struct slice name)
{
    return slice_starts(name, SL("__")) || slice_is(name, "_init") || slice_is(name, "_fini") ||
           slice_is(name, "_edata") || slice_is(name, "_end");
}

/* Counts the exported ones that are right. */
static size_t judge_symbol(struct object *object, const Elf64_Sym *symbol, struct slice name)
{
    bool is_local = ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;

    if (is_local || name.len == 0)
        return 0;
    if (symbol->st_shndx == SHN_UNDEF) {
        if (!is_allowed(name) && ELF64_ST_BIND(symbol->st_info) != STB_WEAK)
            say(object, "calls `%.*s`, which no plugin may: a hook has text, numbers and the host",
                SLICE_ARG(name));
        return 0;
    }
    if (slice_is(name, "cardea_plugin"))
        return 1;
    if (!is_toolchains(name))
        say(object,
            "exports `%.*s`: `cardea_plugin` is the only symbol that a plugin has; make it static",
            SLICE_ARG(name));
    return 0;
}

static void judge_symbols(struct object *object, const Elf64_Shdr *symbols, const Elf64_Shdr *names)
{
    uint64_t count = symbols->sh_size / sizeof(Elf64_Sym);
    size_t good = 0;

    for (uint64_t i = 1; i < count && i < SYMBOLS_MAX; i++) {
        Elf64_Sym symbol;

        if (!read_at(object, symbols->sh_offset + i * sizeof(symbol), &symbol, sizeof(symbol))) {
            say(object, "has a symbol table that is not all there");
            return;
        }
        good += judge_symbol(object, &symbol, name_at(object, names, symbol.st_name));
    }
    if (good == 0)
        say(object, "does not export `cardea_plugin`: CARDEA_PLUGIN(...) stands at its end");
}

static void judge_object(struct object *object)
{
    Elf64_Ehdr head;
    Elf64_Shdr section;
    Elf64_Shdr names;

    if (!read_at(object, 0, &head, sizeof(head)) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_type != ET_DYN) {
        say(object, "is no shared object of this kind of machine");
        return;
    }
    for (uint32_t i = 0; i < head.e_shnum; i++) {
        if (read_section(object, &head, i, &section) && section.sh_type == SHT_DYNSYM &&
            read_section(object, &head, section.sh_link, &names)) {
            judge_symbols(object, &section, &names);
            return;
        }
    }
    say(object, "has no table of symbols");
}

void kit_lint_object(const struct kit_plugin *plugin, struct problems *problems)
{
    struct object object = { .plugin = plugin, .problems = problems };
    struct arena arena = { 0 };
    struct file file;
    const char *wrong =
        plugin->file != NULL ? file_read(&arena, plugin->file, OBJECT_MAX, &file) : NULL;

    if (wrong != NULL) {
        say(&object, "%s", wrong);
    } else if (plugin->file != NULL) {
        object.bytes = file.bytes;
        judge_object(&object);
    }
    arena_release(&arena);
}
