/* rule_tree.c - see rule_tree.h. */
#include "serve/rule_tree.h"

#include "base/limits.h"
#include "driver/git.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    LISTING_BYTES_MAX = 64 * 1024 * 1024,
    TREE_BYTES_MAX = 256 * 1024 * 1024,
    ANSWER_BYTES_MAX = 64 * 1024,
};

struct entry {
    str path; /* in the commit */
    str object;
    bool is_file; /* no link, no submodule */
};

struct rule_mount {
    const char *path;   /* of `rules` */
    const char *folder; /* where git is asked */
    const char *top;    /* the repository's own directory: which one it is */
    str prefix;         /* what `path` is in the commit, without a last slash; empty: all of it */
    char commit[COMMIT_SIZE];
    struct entry *entries; /* sorted by path */
    size_t count;
};

/* ---- asking ---- */

/* Ask, and take what it says without the last newline; what goes wrong is in *ret_missing. */
static enum err ask(struct rule_tree *tree, const struct rule_mount *mount,
    const char *const *arguments, struct git_answer *answer, const char **ret_missing)
{
    enum err err = git_run(mount->folder, true, arguments, STR(""), answer);
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_OK && answer->code == 0)
        return ERR_OK;
    *ret_missing = arena_format(&tree->arena, "%s cannot be read from git: %s", mount->path,
        git_reason(answer, err, &tree->arena));
    return *ret_missing == NULL ? ERR_MEMORY : ERR_OK;
}

static str next_line(str *rest)
{
    str line = str_first(*rest, str_find(*rest, '\n'));
    *rest = str_skip(*rest, line.len + 1);
    return line;
}

/* The nearest directory on disk; *ret_rest is what of the path is below. A bare repository and a
 * path that only the commit has are no directories to be in. */
static enum err find_folder(struct rule_tree *tree, struct rule_mount *mount, str *ret_rest)
{
    str path = str_from(mount->path);
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    size_t end = path.len;
    for (;;) {
        struct stat found;
        const char *folder = arena_copy(&tree->arena, str_first(path, end)).ptr;
        if (folder == NULL)
            return ERR_MEMORY;
        mount->folder = folder[0] == '\0' ? (path.ptr[0] == '/' ? "/" : ".") : folder;
        if (end == 0 || (stat(mount->folder, &found) == 0 && S_ISDIR(found.st_mode)))
            break;
        size_t slash = str_find_last(str_first(path, end), '/');
        end = slash == end ? 0 : slash;
    }
    *ret_rest = str_skip(path, end);
    if (str_startswith(*ret_rest, STR("/")))
        *ret_rest = str_skip(*ret_rest, 1);
    return ERR_OK;
}

/* Where in which repository the path is. */
static enum err find_place(
    struct rule_tree *tree, struct rule_mount *mount, const char **ret_missing)
{
    static const char *const question[] = { "rev-parse", "--absolute-git-dir", "--show-prefix",
        NULL };
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(ANSWER_BYTES_MAX);
    str below;
    TRY(find_folder(tree, mount, &below));
    TRY(ask(tree, mount, question, &answer, ret_missing));
    if (*ret_missing != NULL)
        return ERR_OK;
    str rest = buf_str(&answer.out);
    mount->top = arena_copy(&tree->arena, next_line(&rest)).ptr;
    str prefix = next_line(&rest); /* ends in a slash, or is empty */
    const char *text = arena_format(&tree->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(below));
    if (mount->top == NULL || text == NULL)
        return ERR_MEMORY;
    mount->prefix = str_from(text);
    if (str_endswith(mount->prefix, STR("/")))
        mount->prefix.len--;
    return ERR_OK;
}

/* Name the branches that there are, where the one that is wanted is not. */
static enum err tell_branches(
    struct rule_tree *tree, const struct rule_mount *mount, str ref, const char **ret_missing)
{
    static const char *const question[] = { "for-each-ref", "--count=8",
        "--format=%(refname:short)", "refs/heads", "refs/remotes", NULL };
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(ANSWER_BYTES_MAX);
    const char *names = "";
    enum err err = git_run(mount->folder, true, question, STR(""), &answer);
    if (err == ERR_MEMORY)
        return err;
    if (err != ERR_OK || answer.code != 0)
        return ERR_OK; /* git's own words stay */
    for (str rest = buf_str(&answer.out); rest.len > 0 && names != NULL;) {
        str name = next_line(&rest);
        names = arena_format(
            &tree->arena, "%s%s%.*s", names, names[0] == '\0' ? "" : ", ", STR_ARG(name));
    }
    if (names == NULL)
        return ERR_MEMORY;
    *ret_missing = arena_format(&tree->arena,
        "%s cannot be read from git: no branch or commit %.*s in %s; %s%s", mount->path,
        STR_ARG(ref), mount->folder,
        names[0] == '\0' ? "nothing is committed there yet" : "there is ", names);
    return *ret_missing == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err find_commit(
    struct rule_tree *tree, struct rule_mount *mount, str ref, const char **ret_missing)
{
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(ANSWER_BYTES_MAX);
    const char *wanted = arena_format(&tree->arena, "%.*s^{commit}", STR_ARG(ref));
    const char *const question[] = { "rev-parse", "--verify", "--end-of-options", wanted, NULL };
    if (wanted == NULL)
        return ERR_MEMORY;
    TRY(ask(tree, mount, question, &answer, ret_missing));
    if (*ret_missing != NULL)
        return tell_branches(tree, mount, ref, ret_missing);
    str rest = buf_str(&answer.out);
    str commit = next_line(&rest);
    if (commit.len < 40 || commit.len >= COMMIT_SIZE || !str_all_of(commit, "0123456789abcdef")) {
        *ret_missing =
            arena_format(&tree->arena, "%s: git calls %.*s no commit", mount->path, STR_ARG(ref));
        return *ret_missing == NULL ? ERR_MEMORY : ERR_OK;
    }
    memcpy(mount->commit, commit.ptr, commit.len);
    mount->commit[commit.len] = '\0';
    return ERR_OK;
}

/* ---- names ---- */

/* Whether the path of the commit is `prefix` or below it. */
static bool is_below(str path, str prefix)
{
    return prefix.len == 0 || str_equal(path, prefix)
           || (str_startswith(path, prefix) && path.ptr[prefix.len] == '/');
}

static int by_path(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    size_t shared = a->path.len < b->path.len ? a->path.len : b->path.len;
    int order = shared == 0 ? 0 : memcmp(a->path.ptr, b->path.ptr, shared);
    return order != 0 ? order : (a->path.len > b->path.len) - (a->path.len < b->path.len);
}

static const struct entry *entry_find(const struct rule_mount *mount, str path)
{
    struct entry key = { .path = path };
    return mount->count == 0 ? NULL
                             : bsearch(&key, mount->entries, mount->count, sizeof key, by_path);
}

/* What the file of a commit is called: below a path of `rules` if it can be. */
static str name_of(
    const struct rule_tree *tree, const struct rule_mount *mount, str path, struct arena *arena)
{
    const char *name = NULL;
    for (size_t at = 0; at < tree->count && name == NULL; at++) {
        const struct rule_mount *one = &tree->mounts[at];
        if (strcmp(one->top, mount->top) != 0 || !is_below(path, one->prefix))
            continue;
        str rest = str_skip(path, one->prefix.len);
        bool needs_slash = rest.len > 0 && rest.ptr[0] != '/';
        name = arena_format(arena, "%s%s%.*s", one->path, needs_slash ? "/" : "", STR_ARG(rest));
        if (name == NULL)
            return (str){ NULL, 0 };
    }
    if (name != NULL)
        return str_from(name);
    name = mount->path;
    for (str rest = mount->prefix; name != NULL && rest.len > 0;
         rest = str_skip(rest, str_find(rest, '/') + 1))
        name = arena_format(arena, "%s/..", name);
    name = name == NULL ? NULL : arena_format(arena, "%s/%.*s", name, STR_ARG(path));
    return name == NULL ? (str){ NULL, 0 } : str_from(name);
}

/* The mount that a name is below, and the rest of the name; NULL: it is on disk. */
static const struct rule_mount *mount_of(const struct rule_tree *tree, str name, str *ret_rest)
{
    for (size_t at = 0; at < tree->count; at++) {
        str path = str_from(tree->mounts[at].path);
        if (!is_below(name, path))
            continue;
        *ret_rest = str_skip(name, path.len);
        return &tree->mounts[at];
    }
    return NULL;
}

/* `prefix`/`rest` with its `.` and `..` followed, in the arena; ptr NULL: it leads out of the commit,
 * or memory is short (errno says). */
static str walk(struct arena *arena, str prefix, str rest)
{
    const char *all = arena_format(arena, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(rest));
    char *made = arena_alloc(arena, prefix.len + rest.len + 2, 1);
    size_t len = 0;
    errno = ENOMEM;
    if (all == NULL || made == NULL)
        return (str){ NULL, 0 };
    for (str left = str_from(all); left.len > 0;) {
        str part = str_first(left, str_find(left, '/'));
        left = str_skip(left, part.len + 1);
        if (part.len == 0 || str_is(part, "."))
            continue;
        if (str_is(part, "..")) {
            errno = EXDEV;
            if (len == 0)
                return (str){ NULL, 0 };
            size_t slash = str_find_last((str){ made, len }, '/');
            len = slash == len ? 0 : slash;
            continue;
        }
        if (len > 0)
            made[len++] = '/';
        memcpy(made + len, part.ptr, part.len);
        len += part.len;
    }
    return (str){ made, len };
}

/* The entry that a name means, or NULL with errno. */
static const struct entry *look_up(const struct rule_tree *tree, str name, struct arena *arena,
    const struct rule_mount **ret_mount)
{
    str rest;
    *ret_mount = mount_of(tree, name, &rest);
    errno = EXDEV;
    if (*ret_mount == NULL)
        return NULL;
    str path = walk(arena, (*ret_mount)->prefix, rest);
    if (path.ptr == NULL)
        return NULL;
    const struct entry *entry = entry_find(*ret_mount, path);
    errno = entry == NULL ? ENOENT : EINVAL;
    return entry == NULL || !entry->is_file ? NULL : entry;
}

/* ---- as the compiler reads ---- */

static enum err tree_find(
    struct source_reader *reader, str from, str name, struct arena *arena, str *ret_file)
{
    const struct rule_tree *tree = (const struct rule_tree *)(void *)reader;
    const struct rule_mount *mount;
    str rest;
    *ret_file = STR("");
    if (mount_of(tree, from, &rest) == NULL && mount_of(tree, name, &rest) == NULL)
        return ERR_OK;
    const struct entry *entry = look_up(tree, name, arena, &mount);
    if (entry == NULL)
        return errno == ENOMEM ? ERR_MEMORY : ERR_IO;
    *ret_file = name_of(tree, mount, entry->path, arena);
    return ret_file->ptr == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err tree_read(struct source_reader *reader, str file, struct buf *text)
{
    const struct rule_tree *tree = (const struct rule_tree *)(void *)reader;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(0);
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(text->limit);
    const struct rule_mount *mount;
    const struct entry *entry = look_up(tree, file, &arena, &mount);
    if (entry == NULL)
        return errno == ENOMEM ? ERR_MEMORY : ERR_IO;
    const char *object = arena_copy(&arena, entry->object).ptr;
    const char *const question[] = { "cat-file", "blob", object, NULL };
    if (object == NULL)
        return ERR_MEMORY;
    enum err err = git_run(mount->folder, true, question, STR(""), &answer);
    errno = err == ERR_TIMEOUT ? ETIMEDOUT : EIO;
    if (err == ERR_MEMORY || err == ERR_LIMIT)
        return err;
    if (err != ERR_OK || answer.code != 0)
        return ERR_IO;
    buf_add(text, buf_str(&answer.out));
    return text->err;
}

/* ---- what is there ---- */

static enum err not_read(struct rule_tree *tree, const struct rule_mount *mount, str path,
    const char *why, const char **ret_missing)
{
    str name = name_of(tree, mount, path, &tree->arena);
    *ret_missing = name.ptr == NULL
                       ? NULL
                       : arena_format(&tree->arena, "%.*s cannot be read: %s", STR_ARG(name), why);
    return *ret_missing == NULL ? ERR_MEMORY : ERR_OK;
}

/* "100644 blob OBJECT\tPATH" */
static bool read_entry(str line, struct entry *ret_entry)
{
    size_t tab = str_find(line, '\t');
    str facts = str_first(line, tab);
    size_t space = str_find_last(facts, ' ');
    *ret_entry = (struct entry){ .path = str_skip(line, tab + 1),
        .object = str_skip(facts, space + 1),
        .is_file = str_startswith(facts, STR("100")) };
    return tab < line.len && space < facts.len && str_all_of(ret_entry->object, "0123456789abcdef");
}

static enum err list_mount(
    struct rule_tree *tree, struct rule_mount *mount, const char **ret_missing)
{
    const char *const question[] = { "ls-tree", "-r", "-z", "--full-tree", mount->commit, NULL };
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(LISTING_BYTES_MAX);
    TRY(ask(tree, mount, question, &answer, ret_missing));
    if (*ret_missing != NULL)
        return ERR_OK;
    str listing = arena_copy(&tree->arena, buf_str(&answer.out));
    size_t count = 0;
    for (size_t at = 0; at < listing.len; at++)
        count += listing.ptr[at] == '\0';
    mount->entries = ARENA_ARRAY(&tree->arena, struct entry, count + 1);
    if (listing.ptr == NULL || mount->entries == NULL)
        return ERR_MEMORY;
    for (str rest = listing; rest.len > 0;) {
        str line = str_first(rest, str_find(rest, '\0'));
        rest = str_skip(rest, line.len + 1);
        struct entry *entry = &mount->entries[mount->count];
        if (!read_entry(line, entry))
            return not_read(tree, mount, STR(""), "git lists it in words of its own", ret_missing);
        if (!entry->is_file && is_below(entry->path, mount->prefix))
            return not_read(tree, mount, entry->path,
                "it is a link or a submodule, and rules from git are files of their commit",
                ret_missing);
        mount->count++;
    }
    qsort(mount->entries, mount->count, sizeof *mount->entries, by_path);
    return ERR_OK;
}

enum err rule_tree_find(
    struct rule_tree *tree, const char *const *paths, str ref, const char **ret_missing)
{
    size_t room = 1;
    *tree = (struct rule_tree){ .reader = { .find = tree_find, .read = tree_read },
        .arena = ARENA_INIT(TREE_BYTES_MAX) };
    for (const char *const *path = paths; *path != NULL; path++)
        room++;
    tree->mounts = ARENA_ARRAY(&tree->arena, struct rule_mount, room);
    if (tree->mounts == NULL)
        return ERR_MEMORY;
    for (; paths[tree->count] != NULL && *ret_missing == NULL; tree->count++) {
        struct rule_mount *mount = &tree->mounts[tree->count];
        mount->path = paths[tree->count];
        TRY(find_place(tree, mount, ret_missing));
        if (*ret_missing == NULL)
            TRY(find_commit(tree, mount, ref, ret_missing));
    }
    return ERR_OK;
}

enum err rule_tree_list(struct rule_tree *tree, const char **ret_missing)
{
    for (size_t at = 0; at < tree->count && *ret_missing == NULL; at++)
        TRY(list_mount(tree, &tree->mounts[at], ret_missing));
    return ERR_OK;
}

void rule_tree_release(struct rule_tree *tree)
{
    arena_release(&tree->arena);
    *tree = (struct rule_tree){ 0 };
}

void rule_tree_mark(const struct rule_tree *tree, struct sha256 *sha256)
{
    for (size_t at = 0; at < tree->count; at++) {
        sha256_add_framed(sha256, str_from(tree->mounts[at].path));
        sha256_add_framed(sha256, str_from(tree->mounts[at].commit));
    }
}

void rule_tree_tell(const struct rule_tree *tree, str ref, struct buf *out)
{
    const char *told = "";
    for (size_t at = 0; at < tree->count; at++) {
        if (strcmp(told, tree->mounts[at].commit) == 0)
            continue;
        told = tree->mounts[at].commit;
        buf_addf(out, ", %.*s = %s", STR_ARG(ref), told);
    }
}

/* ---- the rules ---- */

/* Hidden folders are none of rules, as on disk. */
static bool is_rule_file(str path, str prefix)
{
    if (!str_endswith(path, STR(".cdr")) || !is_below(path, prefix))
        return false;
    if (str_equal(path, prefix))
        return true;
    str rest = str_skip(path, prefix.len + (prefix.len > 0));
    for (;;) {
        str part = str_first(rest, str_find(rest, '/'));
        if (part.len == rest.len)
            return true;
        if (part.ptr[0] == '.')
            return false;
        rest = str_skip(rest, part.len + 1);
    }
}

static bool is_there(const struct rule_blob *blobs, size_t count, str file)
{
    for (size_t at = 0; at < count; at++)
        if (str_equal(blobs[at].file, file))
            return true;
    return false;
}

/* Take the blobs of a batch apart: "OBJECT blob SIZE\nTEXT\n". */
static bool take_text(str *rest, str object, str *ret_text)
{
    str line = next_line(rest);
    str head = str_skip(line, object.len);
    uint64_t size = 0;
    if (!str_startswith(line, object) || !str_startswith(head, STR(" blob ")))
        return false;
    head = str_skip(head, strlen(" blob "));
    if (head.len == 0 || head.len > 9 || !str_all_of(head, "0123456789"))
        return false;
    for (size_t at = 0; at < head.len; at++)
        size = size * 10 + (uint64_t)(head.ptr[at] - '0');
    if (size >= rest->len)
        return false;
    *ret_text = str_first(*rest, size);
    *rest = str_skip(*rest, size + 1);
    return true;
}

static enum err read_blobs(struct rule_tree *tree, const struct rule_mount *mount,
    struct rule_blob *blobs, const str *objects, size_t count, struct arena *arena,
    const char **ret_missing)
{
    static const char *const question[] = { "cat-file", "--batch", NULL };
    CLEANUP(git_answer_release) struct git_answer answer = GIT_ANSWER(USED_BYTES_MAX);
    CLEANUP(buf_release) struct buf input = BUF_INIT(LISTING_BYTES_MAX);
    for (size_t at = 0; at < count; at++)
        buf_addf(&input, "%.*s\n", STR_ARG(objects[at]));
    TRY(input.err);
    enum err err = git_run(mount->folder, true, question, buf_str(&input), &answer);
    if (err == ERR_MEMORY)
        return err;
    str rest = arena_copy(arena, buf_str(&answer.out));
    if (rest.ptr == NULL)
        return ERR_MEMORY;
    const char *why = "git does not have all of it";
    bool is_well = err == ERR_OK && answer.code == 0;
    if (!is_well)
        why = git_reason(&answer, err, &tree->arena);
    for (size_t at = 0; at < count && is_well; at++)
        is_well = take_text(&rest, objects[at], &blobs[at].text);
    return is_well ? ERR_OK : not_read(tree, mount, mount->prefix, why, ret_missing);
}

static enum err read_mount(struct rule_tree *tree, const struct rule_mount *mount,
    struct arena *arena, struct rule_blob *blobs, size_t *count, const char **ret_missing)
{
    size_t before = *count;
    str *objects = ARENA_ARRAY(arena, str, mount->count + 1);
    if (objects == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < mount->count; at++) {
        const struct entry *entry = &mount->entries[at];
        if (!entry->is_file || !is_rule_file(entry->path, mount->prefix))
            continue;
        str file = name_of(tree, mount, entry->path, arena);
        if (file.ptr == NULL)
            return ERR_MEMORY;
        if (is_there(blobs, before, file))
            continue;
        objects[*count - before] = entry->object;
        blobs[(*count)++].file = file;
    }
    if (*count == before && tree->count == 1)
        return not_read(
            tree, mount, mount->prefix, "it has no .cdr file in that commit", ret_missing);
    return read_blobs(tree, mount, &blobs[before], objects, *count - before, arena, ret_missing);
}

enum err rule_tree_read(struct rule_tree *tree, struct arena *arena, struct rule_blob **ret_blobs,
    size_t *ret_count, const char **ret_missing)
{
    size_t room = 1;
    *ret_count = 0;
    for (size_t at = 0; at < tree->count; at++)
        room += tree->mounts[at].count;
    *ret_blobs = ARENA_ARRAY(arena, struct rule_blob, room);
    if (*ret_blobs == NULL)
        return ERR_MEMORY;
    for (size_t at = 0; at < tree->count && *ret_missing == NULL; at++)
        TRY(read_mount(tree, &tree->mounts[at], arena, *ret_blobs, ret_count, ret_missing));
    return ERR_OK;
}
