/* uses.c - see uses.h. The work list is the table of sources itself: what is added here at its
 * end is parsed, and followed, later. */
#include "uses.h"

#include "base/limits.h"
#include "compile.h"
#include "suggest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INDEX_ROOM_MIN = 64,
    MEBIBYTE = 1024 * 1024,
    SUGGESTED_FAULTS_MAX = 20, /* each looks into a directory */
    SUGGESTED_NAMES_MAX = 4096,
};

/* ---- the index ---- */

/* What to find: a name, or with `has_identity` a device and inode. */
struct key {
    bool is_list;
    bool has_identity;
    str name;
    dev_t device;
    ino_t inode;
};

static uint32_t mix(uint32_t sum, const void *bytes, size_t count)
{
    const unsigned char *byte = bytes;
    for (size_t at = 0; at < count; at++)
        sum = (sum ^ byte[at]) * 16777619u;
    return sum;
}

static uint32_t hash(const struct key *key)
{
    uint32_t sum = 2166136261u ^ (uint32_t)key->is_list;
    if (!key->has_identity)
        return mix(sum, key->name.ptr, key->name.len);
    sum = mix(sum, &key->device, sizeof key->device);
    return mix(sum, &key->inode, sizeof key->inode);
}

static struct key key_of(const struct source *source, bool by_identity)
{
    return (
        struct key){ source->is_list, by_identity, source->file, source->device, source->inode };
}

static bool is_key(const struct key *a, const struct key *b)
{
    if (a->is_list != b->is_list || a->has_identity != b->has_identity)
        return false;
    return a->has_identity ? a->device == b->device && a->inode == b->inode
                           : str_equal(a->name, b->name);
}

/* A slot holds 1 + twice the source, plus one when it is there by its identity. */
static uint32_t *slot(
    const struct use_index *index, const struct sources *sources, const struct key *key)
{
    for (uint32_t at = hash(key);; at++) {
        uint32_t *found = &index->slots[at & (index->room - 1)];
        if (*found == 0)
            return found;
        uint32_t entry = *found - 1;
        struct key other = key_of(&sources->items[entry / 2], entry % 2 == 1);
        if (is_key(&other, key))
            return found;
    }
}

/* The source of that key, or UINT32_MAX. */
static uint32_t find(
    const struct use_index *index, const struct sources *sources, const struct key *key)
{
    if (index->room == 0)
        return UINT32_MAX;
    uint32_t entry = *slot(index, sources, key);
    return entry == 0 ? UINT32_MAX : (entry - 1) / 2;
}

static void put(struct use_index *index, const struct sources *sources, uint32_t entry)
{
    struct key key = key_of(&sources->items[entry / 2], entry % 2 == 1);
    uint32_t *at = slot(index, sources, &key);
    index->count += *at == 0;
    if (*at == 0)
        *at = entry + 1;
}

static enum err grow(struct use_index *index, const struct sources *sources)
{
    struct use_index bigger = *index;
    bigger.room = index->room == 0 ? INDEX_ROOM_MIN : index->room * 2;
    bigger.count = 0;
    bigger.slots = ARENA_ARRAY(sources->arena, uint32_t, bigger.room);
    if (bigger.slots == NULL)
        return ERR_MEMORY;
    for (uint32_t at = 0; at < index->room; at++)
        if (index->slots[at] != 0)
            put(&bigger, sources, index->slots[at] - 1);
    *index = bigger;
    return ERR_OK;
}

/* Take in the sources that are not in the index yet. */
static enum err take_in(struct use_index *index, const struct sources *sources)
{
    for (; index->seen < sources->count; index->seen++) {
        if (sources->items[index->seen].is_shipped)
            continue;
        if (index->count + 2 > index->room / 2)
            TRY(grow(index, sources));
        put(index, sources, index->seen * 2);
        if (sources->items[index->seen].has_identity)
            put(index, sources, index->seen * 2 + 1);
    }
    return ERR_OK;
}

/* ---- paths ---- */

/* Directory of a file with its last slash, or empty; standard input is in the current one. */
static str directory(str file)
{
    size_t slash = str_find_last(file, '/');
    return slash == file.len ? STR("") : str_first(file, slash + 1);
}

/* The name of the file that `path` means in the file `from`; NUL-terminated, in the arena. */
static str join(struct arena *arena, str from, str path)
{
    str base = str_startswith(path, STR("/")) ? STR("") : directory(from);
    while (str_startswith(path, STR("./")) && path.len > 2)
        path = str_skip(path, 2);
    const char *name = arena_format(arena, "%s%.*s%.*s",
        base.len == 0 && str_is(path, "-") ? "./" : "", STR_ARG(base), STR_ARG(path));
    return name == NULL ? (str){ NULL, 0 } : str_from(name);
}

str uses_way(struct arena *arena, str from, str to)
{
    str base = directory(from);
    size_t shared = 0;
    for (size_t at = 0; at < base.len && at < to.len && base.ptr[at] == to.ptr[at]; at++)
        if (base.ptr[at] == '/')
            shared = at + 1;
    str rest = str_skip(base, shared);
    bool is_mixed = str_startswith(base, STR("/")) != str_startswith(to, STR("/"));
    if (is_mixed || str_is(to, "-") || str_is(from, "-")
        || memmem(rest.ptr, rest.len, "../", 3) != NULL)
        return STR("");
    const char *way = "";
    for (size_t at = 0; at < rest.len && way != NULL; at++)
        if (rest.ptr[at] == '/')
            way = arena_format(arena, "../%s", way);
    if (way != NULL)
        way = arena_format(arena, "%s%.*s", way, STR_ARG(str_skip(to, shared)));
    return str_from(way);
}

/* ---- what goes wrong ---- */

/* One path of one item, on its way to a file. */
static void free_text(char **text)
{
    free(*text);
}

struct named {
    struct compilation *compilation;
    uint32_t from; /* the source that says it */
    str path;
    span at;
    bool is_list;
    str name; /* of the file */
};

static struct diag *fault(struct named *named, enum diag_id id, const char *why)
{
    struct source *from = &named->compilation->sources.items[named->from];
    from->misses_files = from->misses_files || !named->is_list;
    named->compilation->index.faults++;
    return diag_add(
        &named->compilation->diags, id, named->at, "\"%.*s\" %s", STR_ARG(named->path), why);
}

/* The file of that directory whose name is nearest, in the arena; empty when none is near. */
static str near_file(struct named *named)
{
    str base = directory(named->name);
    str word = str_skip(named->name, base.len);
    struct suggestion near = { .word = word };
    const char *folder =
        arena_format(&named->compilation->arena, "%.*s", STR_ARG(base.len == 0 ? STR(".") : base));
    DIR *dir = folder == NULL ? NULL : opendir(folder);
    if (dir == NULL)
        return STR("");
    struct dirent *entry;
    for (int at = 0; at < SUGGESTED_NAMES_MAX && (entry = readdir(dir)) != NULL; at++) {
        str old = near.best;
        if (entry->d_name[0] != '.')
            suggest(&near, str_from(entry->d_name));
        if (near.best.ptr != old.ptr)
            near.best = arena_copy(&named->compilation->arena, near.best);
    }
    (void)closedir(dir);
    return near.best.ptr == NULL ? STR("") : near.best;
}

static void fault_missing(struct named *named, int reason)
{
    struct compilation *compilation = named->compilation;
    const char *why = arena_format(&compilation->arena, "cannot be read: %s", strerror(reason));
    struct diag *diag = fault(named, DIAG_FILE_UNREADABLE, why == NULL ? "cannot be read" : why);
    if (reason != ENOENT && reason != ENOTDIR)
        return;
    str near = compilation->index.faults > SUGGESTED_FAULTS_MAX ? STR("") : near_file(named);
    str start = directory(named->path);
    if (near.len > 0) {
        diag_help(
            &compilation->diags, diag, "did you mean \"%.*s%.*s\"?", STR_ARG(start), STR_ARG(near));
        const char *text =
            arena_format(&compilation->arena, "\"%.*s%.*s\"", STR_ARG(start), STR_ARG(near));
        if (text != NULL)
            diag_set_guess(&compilation->diags, diag, named->at, str_from(text));
        return;
    }
    diag_help(&compilation->diags, diag,
        "a path is relative to the file that says it: this one is %.*s", STR_ARG(named->name));
}

static void fault_unreadable(struct named *named, int reason)
{
    struct diag_list *diags = &named->compilation->diags;
    if (reason == EISDIR)
        diag_help(diags, fault(named, DIAG_FILE_UNREADABLE, "is a directory"),
            named->is_list ? "name the file in it"
                           : "name each file in it with a `use` of its own");
    else if (reason == ESTALE)
        diag_help(diags, fault(named, DIAG_FILE_UNREADABLE, "changed while it was read"),
            "try again; whoever writes it should write another file and rename it");
    else if (reason == EXDEV)
        diag_help(diags, fault(named, DIAG_FILE_UNREADABLE, "is not in the tree of git"),
            "rules that come from git name files of the same commit alone");
    else if (reason == EINVAL)
        diag_help(diags, fault(named, DIAG_FILE_UNREADABLE, "is no ordinary file"),
            "name a file that has its text on disk, no pipe and no device");
    else
        fault_missing(named, reason);
}

static void fault_bytes(struct named *named)
{
    struct diag_list *diags = &named->compilation->diags;
    int most = (named->is_list ? LIST_FILE_BYTES_MAX : SOURCE_BYTES_MAX) / MEBIBYTE;
    diag_help(diags, fault(named, DIAG_FILE_LIMIT, "is too large"),
        named->is_list ? "the file of a list has at most %d MiB: split it into two lists"
                       : "a rule file has at most %d MiB: split it",
        most);
}

/* False, and told, when one more file would be past a limit. */
static bool is_within_limits(struct named *named)
{
    const struct compilation *compilation = named->compilation;
    struct diag_list *diags = &named->compilation->diags;
    uint32_t depth = compilation->sources.items[named->from].depth + 1;
    if (!named->is_list && depth > USE_DEPTH_MAX) {
        struct diag *diag = fault(named, DIAG_FILE_LIMIT, "is too deep: files use files");
        diag_help(diags, diag, "a chain of `use` has at most %d files: use this one further up",
            USE_DEPTH_MAX);
        return false;
    }
    if (compilation->index.used_files >= USED_FILES_MAX) {
        struct diag *diag = fault(named, DIAG_FILE_LIMIT, "is one file too many");
        diag_help(diags, diag,
            "`use` and lists may name %d files: name a directory on the command line instead",
            USED_FILES_MAX);
        return false;
    }
    return true;
}

/* ---- following ---- */

static enum err link_to(struct named *named, uint32_t file, const struct source_link **ret_link)
{
    struct sources *sources = &named->compilation->sources;
    struct source *from = &sources->items[named->from];
    struct source_link *link = ARENA_NEW(sources->arena, struct source_link);
    if (link == NULL)
        return ERR_MEMORY;
    *link = (struct source_link){ .path = named->path, .at = named->at, .file = file };
    if (from->last_link == NULL)
        from->links = link;
    else
        from->last_link->next = link;
    from->last_link = link;
    *ret_link = link;
    return ERR_OK;
}

/* Whether the file, by its real path, is in the folder. The root of the system is no folder of
 * anybody's rules. */
static bool is_in(str file, const char *folder)
{
    CLEANUP(free_text) char *real = realpath(folder, NULL);
    size_t len = real == NULL ? 0 : strlen(real);
    return len > 1 && file.len > len && memcmp(file.ptr, real, len) == 0 && file.ptr[len] == '/';
}

/* A rule may name any file that the user can read. Findings go into logs that more people read,
 * so nothing of a file from elsewhere is shown; what that one names is elsewhere too. */
static bool is_outside(const struct named *named)
{
    const struct source *from = &named->compilation->sources.items[named->from];
    size_t slash = str_find_last(from->file, '/');
    CLEANUP(free_text) char *real = realpath(named->name.ptr, NULL);
    if (real == NULL)
        return true;
    if (is_in(str_from(real), "."))
        return false;
    if (from->is_outside || slash == from->file.len)
        return true;
    CLEANUP(free_text) char *folder = strndup(from->file.ptr, slash + 1);
    return folder == NULL || !is_in(str_from(real), folder);
}

/* ERR_IO: errno says why. */
static enum err read_file(struct named *named, int fd, uint32_t *ret_file)
{
    struct compilation *compilation = named->compilation;
    struct use_index *index = &compilation->index;
    struct stat found;
    if (fstat(fd, &found) != 0)
        return ERR_IO;
    struct key key = { named->is_list, true, named->name, found.st_dev, found.st_ino };
    *ret_file = find(index, &compilation->sources, &key);
    if (*ret_file != UINT32_MAX)
        return ERR_OK;
    errno = S_ISDIR(found.st_mode) ? EISDIR : EINVAL;
    if (!S_ISREG(found.st_mode))
        return ERR_IO;
    if (!is_within_limits(named))
        return ERR_OK;
    TRY(sources_read_fd(&compilation->sources, named->name, fd, named->is_list, ret_file));
    struct source *source = &compilation->sources.items[*ret_file];
    source->depth = compilation->sources.items[named->from].depth + 1;
    source->is_outside = is_outside(named);
    index->used_files++;
    index->used_bytes += source->text.len;
    return take_in(index, &compilation->sources);
}

/* The source that the path means, read when it is new; UINT32_MAX, and told, when there is
 * none. A pipe in the place of a file must not hold the compiler up: O_NONBLOCK. */
static enum err open_file(struct named *named, uint32_t *ret_file)
{
    const struct use_index *index = &named->compilation->index;
    if (index->used_bytes > USED_BYTES_MAX) {
        struct diag *diag = fault(named, DIAG_FILE_LIMIT, "is not read any more");
        diag_help(&named->compilation->diags, diag,
            "the files that `use` and lists name have at most %d MiB together",
            USED_BYTES_MAX / MEBIBYTE);
        return ERR_OK;
    }
    int fd = open(named->name.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        fault_unreadable(named, errno);
        return ERR_OK;
    }
    enum err err = read_file(named, fd, ret_file);
    int reason = errno;
    (void)close(fd);
    if (err == ERR_IO)
        fault_unreadable(named, reason);
    else if (err == ERR_LIMIT)
        fault_bytes(named);
    else
        return err;
    *ret_file = UINT32_MAX;
    return ERR_OK;
}

/* The link of a closed compilation's text that has this path, or NULL. */
static const struct source_link *kept_link(const struct named *named)
{
    const struct sources *sources = &named->compilation->sources;
    const struct source_link *link = sources->items[named->from].links;
    while (link != NULL
           && !(str_equal(link->path, named->path)
                && sources->items[link->file].is_list == named->is_list))
        link = link->next;
    return link;
}

static enum err read_from(struct named *named, struct source_reader *reader, uint32_t *ret_file)
{
    struct compilation *compilation = named->compilation;
    struct sources *sources = &compilation->sources;
    CLEANUP(buf_release)
    struct buf text = BUF_INIT(named->is_list ? LIST_FILE_BYTES_MAX : SOURCE_BYTES_MAX);
    if (!is_within_limits(named))
        return ERR_OK;
    TRY(reader->read(reader, named->name, &text));
    str copy = arena_copy(sources->arena, buf_str(&text));
    if (copy.ptr == NULL)
        return ERR_MEMORY;
    TRY(named->is_list ? sources_add_list(sources, named->name, copy, ret_file)
                       : sources_add(sources, named->name, copy, false, ret_file));
    sources->items[*ret_file].depth = sources->items[named->from].depth + 1;
    compilation->index.used_files++;
    compilation->index.used_bytes += text.len;
    return take_in(&compilation->index, sources);
}

/* Ask the reader for the file; *ret_is_on_disk: it has nothing to say of it. */
static enum err follow_reader(struct named *named, uint32_t *ret_file, bool *ret_is_on_disk)
{
    struct sources *sources = &named->compilation->sources;
    str file = STR("");
    enum err err = sources->reader->find(
        sources->reader, sources->items[named->from].file, named->name, sources->arena, &file);
    *ret_is_on_disk = err == ERR_OK && file.len == 0;
    if (*ret_is_on_disk)
        return ERR_OK;
    if (err == ERR_OK) {
        named->name = file;
        struct key key = { .is_list = named->is_list, .name = file };
        *ret_file = find(&named->compilation->index, sources, &key);
        if (*ret_file == UINT32_MAX)
            err = read_from(named, sources->reader, ret_file);
    }
    if (err == ERR_IO)
        fault_unreadable(named, errno);
    else if (err == ERR_LIMIT)
        fault_bytes(named);
    else
        return err;
    *ret_file = UINT32_MAX;
    return ERR_OK;
}

static enum err follow_disk(struct named *named, uint32_t *ret_file)
{
    const struct compilation *compilation = named->compilation;
    struct key key = { .is_list = named->is_list, .name = named->name };
    *ret_file = find(&compilation->index, &compilation->sources, &key);
    return *ret_file == UINT32_MAX ? open_file(named, ret_file) : ERR_OK;
}

static enum err follow_open(struct named *named, uint32_t *ret_file)
{
    bool is_on_disk = true;
    if (named->compilation->sources.reader != NULL)
        TRY(follow_reader(named, ret_file, &is_on_disk));
    return is_on_disk ? follow_disk(named, ret_file) : ERR_OK;
}

static enum err follow_closed(struct named *named, uint32_t *ret_file)
{
    const struct compilation *compilation = named->compilation;
    struct key key = { .is_list = named->is_list, .name = named->name };
    *ret_file = find(&compilation->index, &compilation->sources, &key);
    if (*ret_file == UINT32_MAX)
        fault(named, DIAG_FILE_UNREADABLE, "is none of the files at hand");
    return ERR_OK;
}

/* Link one path; *ret_link stays NULL when it leads nowhere, which is told. */
static enum err follow(struct named *named, const struct source_link **ret_link)
{
    struct compilation *compilation = named->compilation;
    uint32_t file = UINT32_MAX;
    if (named->path.len == 0 || memchr(named->path.ptr, '\0', named->path.len) != NULL) {
        diag_help(&compilation->diags, fault(named, DIAG_FILE_UNREADABLE, "is no path"),
            "name a file: use \"lists.cdr\"");
        return ERR_OK;
    }
    if (compilation->is_closed && (*ret_link = kept_link(named)) != NULL)
        return ERR_OK;
    named->name =
        join(&compilation->arena, compilation->sources.items[named->from].file, named->path);
    if (named->name.ptr == NULL)
        return ERR_MEMORY;
    TRY(compilation->is_closed ? follow_closed(named, &file) : follow_open(named, &file));
    return file == UINT32_MAX ? ERR_OK : link_to(named, file, ret_link);
}

enum err uses_follow(struct compilation *compilation, struct tree *tree)
{
    struct named named = { .compilation = compilation, .from = tree->file };
    TRY(take_in(&compilation->index, &compilation->sources));
    for (struct item *item = tree->items; item != NULL; item = item->next) {
        if (item->kind == ITEM_USE) {
            named.path = item->use.file;
            named.at = item->use.file_at;
            named.is_list = false;
            TRY(follow(&named, &item->use.link));
        } else if (item->kind == ITEM_LIST && item->list.values == NULL && !item->is_partial) {
            named.path = item->list.file;
            named.at = item->list.file_at;
            named.is_list = true;
            TRY(follow(&named, &item->list.link));
        }
    }
    return ERR_OK;
}

enum err uses_keep(
    struct compilation *compilation, const struct program_text *texts, uint32_t count)
{
    const struct sources *sources = &compilation->sources;
    TRY(take_in(&compilation->index, sources));
    for (uint32_t at = 0; at < count; at++) {
        struct key from = { .is_list = texts[at].is_list, .name = texts[at].file };
        struct named named = { .compilation = compilation,
            .from = find(&compilation->index, sources, &from) };
        for (uint32_t i = 0; i < texts[at].link_count && named.from != UINT32_MAX; i++) {
            const struct program_link *kept = &texts[at].links[i];
            const struct source_link *link;
            struct key key = { .is_list = kept->is_list, .name = kept->file };
            uint32_t file = find(&compilation->index, sources, &key);
            named.path = kept->path;
            if (file != UINT32_MAX)
                TRY(link_to(&named, file, &link));
        }
    }
    return ERR_OK;
}
