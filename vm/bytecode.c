#include "bytecode.h"

#include "base/fold.h"

static const struct opcode_info opcodes[] = {
#define OP(name, operand, pops, pushes, summary)                                                   \
    [OP_##name] = { #name, OPERAND_##operand, pops, pushes, summary },
#include "opcodes.def"
#undef OP
};

static const struct field_info fields[] = {
#define FIELD(id, name, type, is_untrusted, meaning)                                               \
    [FIELD_##id] = { name, TYPE_##type, is_untrusted, meaning },
#include "fields.def"
#undef FIELD
};

static const char *const members[] = {
    [RESULT_COMPLETE] = "complete",
    [RESULT_PARTIAL] = "partial",
    [RESULT_FAILED] = "failed",
    [RESULT_VERDICT] = "verdict",
    [RESULT_URL] = "url",
    [RESULT_SHA256] = "sha256",
};
static_assert(COUNT_OF(members) == RESULT_MEMBERS, "every member has a name");

const struct opcode_info *opcode_info(uint8_t opcode)
{
    return opcode < OP_COUNT ? &opcodes[opcode] : NULL;
}

const struct field_info *field_info(enum field field)
{
    assert(field < FIELD_COUNT);
    return &fields[field];
}

/* Asked of every member of every alert, most of which are no fields: their first letter says so. Names
 * of fields begin with a small letter; what is not ASCII may fold to one. */
enum field field_find(str name)
{
    unsigned char first = name.len == 0 ? '\0' : (unsigned char)name.ptr[0];
    for (int field = 0; field < FIELD_COUNT; field++)
        if ((first >= 0x80 || (first | 0x20) == fields[field].name[0])
            && fold_equal(name, str_from(fields[field].name)))
            return (enum field)field;
    return FIELD_COUNT;
}

const char *result_member_name(enum result_member member)
{
    assert(member < RESULT_MEMBERS);
    return members[member];
}

const char *ceiling_name(enum ceiling ceiling)
{
    static const char *const names[] = {
        [CEILING_OBSERVE] = "observe",
        [CEILING_COLLECT] = "collect",
        [CEILING_CONTAIN] = "contain",
        [CEILING_DESTROY] = "destroy",
    };
    static_assert(COUNT_OF(names) == CEILING_COUNT, "every ceiling has a name");
    assert(ceiling < CEILING_COUNT);
    return names[ceiling];
}

enum ceiling ceiling_needed(const struct builtin *builtin)
{
    static const enum ceiling needed[] = {
        [EFFECT_READS] = CEILING_OBSERVE,
        [EFFECT_COLLECTS] = CEILING_COLLECT,
        [EFFECT_CHANGES] = CEILING_CONTAIN,
        [EFFECT_DESTROYS] = CEILING_DESTROY,
    };
    static_assert(COUNT_OF(needed) == EFFECT_COUNT, "every effect needs a ceiling");
    bool is_telling = builtin->verb == VERB_NOTIFY || builtin->verb == VERB_OPEN;
    return is_telling ? CEILING_COLLECT : needed[builtin->effect];
}
