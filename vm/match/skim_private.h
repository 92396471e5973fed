/* skim_private.h - what the parts of the skimmer share: skim.c, its plan, and the walk that is compiled
 * once for each instruction set. */
#pragma once

#include "base/limits.h"
#include "match/skim.h"
#include "match/skim_bits.h"

#define SKIM_ROOT 0
#define SKIM_UNWANTED UINT32_MAX

/* Where the paths go: a key on the way to one. */
struct skim_node {
    uint32_t parent;
    uint32_t children;
    uint32_t ends; /* index of the first path that ends here */
    uint32_t end_count;
    str key;
};

/* A path that ends at a node. */
struct skim_path_end {
    uint32_t path;
    bool is_whole; /* a path with dots as one key of the alert: it wins over the other reading */
};

struct skim_plan {
    uint32_t path_count;
    uint32_t node_count;
    struct skim_node *nodes; /* nodes[SKIM_ROOT] is the alert itself */
    struct skim_path_end *ends;
    uint32_t *buckets; /* node indices by hash of parent and folded key; 0 is empty */
    uint32_t bucket_mask;
};

/* The node that the key leads to from `parent`, or SKIM_UNWANTED. As projection_read finds it. */
uint32_t skim_plan_find(const struct skim_plan *plan, uint32_t parent, str key);

/* Bytes of a key with its quotes and its colon that is remembered. */
enum { SKIM_KEY_BYTES = 32, SKIM_KEYS = 1024, SKIM_KEY_WAYS = 4 };

/* A key as alerts spell it, in an object of a node, and which one came after it the last time. Alerts
 * of one source have their keys in one order, so that next to every key is the one foretold: one
 * compare says which it is, where it ends, and where it leads. */
struct skim_key {
    char bytes[SKIM_KEY_BYTES]; /* `"key":`, then zeros */
    struct skim_key *next;      /* a guess; never NULL */
    uint32_t node;              /* of the object; SKIM_UNWANTED: nothing is remembered here */
    uint32_t target;            /* node it leads to, or SKIM_UNWANTED */
    uint32_t mask;              /* a bit for each byte of `"key":` */
    uint32_t length;
};

/* Something open. */
struct skim_frame {
    struct skim_key **foretold; /* which key comes next, where that is remembered */
    uint64_t serial;            /* of an object: no other has it */
    uint32_t node;
    uint32_t left; /* wanted keys that did not come yet */
    bool is_array;
    bool in_list; /* an array is on the way here, or it is one */
};

/* In the path of a hit while the alert is read: it was there as one key. */
#define SKIM_WHOLE (UINT32_C(1) << 31)

struct skim_kernel;

struct skimmer {
    const struct skim_plan *plan;
    const struct skim_kernel *kernel;
    struct skim_bits bits; /* rows of `room` bytes of text */
    uint64_t *rows;        /* their memory */
    char *unescaped;       /* room for the texts of an alert of `room` bytes */
    size_t room;
    size_t unescaped_bytes;
    struct skim_hit *hits;
    uint32_t hit_count;
    uint32_t hit_room;
    bool is_full;   /* no memory for more hits */
    bool has_whole; /* a path with dots was found as one key */
    uint64_t serial;
    uint64_t *seen;          /* by node: serial of the object in which its key came last */
    uint64_t *whole;         /* by path: a stamp of skim.c */
    struct skim_key **first; /* by node: the first key of its objects, foretold */
    struct skim_key *keys;   /* SKIM_KEYS, by hash */
    struct skim_frame frames[ALERT_DEPTH_MAX];
};

/* One way to compute; static. */
struct skim_kernel {
    const char *name;
    bool (*is_supported)(void); /* by this machine */
    /* Read the alert into the hits. The skimmer has room for it. */
    enum skim_end (*read)(struct skimmer *skimmer, str json, enum skim_care care);
};

/* All that were built, the best first; `portable` is the last. Ends with one without a name. */
const struct skim_kernel *skim_kernels(void);

/* As skimmer_new, with a kernel of the caller's choice, for tests and measurements. ERR_MEMORY. */
MUST_CHECK enum err skimmer_new_with(
    const struct skim_plan *plan, const struct skim_kernel *kernel, struct skimmer **ret_skimmer);

enum skim_end skim_read_portable(struct skimmer *skimmer, str json, enum skim_care care);
enum skim_end skim_read_sse2(struct skimmer *skimmer, str json, enum skim_care care);
enum skim_end skim_read_avx2(struct skimmer *skimmer, str json, enum skim_care care);
enum skim_end skim_read_avx512(struct skimmer *skimmer, str json, enum skim_care care);

/* --- What the walk does seldom: one copy for all kernels. Positions are offsets in the text; 0 means
 * unsure. --- */

/* The key at `at` is not the foretold one. Learns it. Where its value's colon ends. */
size_t skim_key_read(
    struct skimmer *skimmer, struct skim_frame *frame, str json, size_t at, uint32_t *ret_target);

/* Give the value to all paths that end at the node. False: unsure. */
bool skim_deliver(struct skimmer *skimmer, uint32_t node, value v, bool in_list);

/* What the string with odd bytes between the quotes at `at` - 1 and `end` says. False: unsure. */
bool skim_unescape(struct skimmer *skimmer, str json, size_t at, size_t end, str *ret_text);

/* A number, true, false or null. Where it ends. */
size_t skim_scalar(str json, size_t at, value *ret_value);
