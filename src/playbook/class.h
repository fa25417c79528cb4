/* The classes a playbook is made of: tables of fields, and objects that have them.
 *
 * A row says what a field is called in CACAO and in our own form (NULL: it does not stand there), what it holds, and for
 * which types of its class it is meant and needed. class.c has the tables; read.c and write.c go by them. */
#pragma once
#include "base/arena.h"
#include "base/str.h"
#include "base/yaml.h"

enum pb_type {
    PB_TEXT,
    PB_INT,
    PB_BOOL,
    PB_TIME,     /* RFC 3339, UTC, with Z */
    PB_CACAO_ID, /* type--uuid */
    PB_STEP,     /* a step's id */
    PB_PARTY,    /* an agent's or target's id */
    PB_DURATION, /* milliseconds; ours: 500ms, 30s, 5m, 2h30m */
    PB_TEXT_OR_NULL,
    PB_ANY,    /* any value, kept whole: extensions are defined by others */
    PB_OBJECT, /* of a class */
};
enum pb_many { PB_ONE, PB_LIST, PB_DICT };

struct pb_class;
struct pb_field {
    const char *cacao, *ours;
    enum pb_type type;
    enum pb_many many;
    const struct pb_class *of;
    uint64_t only, need; /* bits of types; 0: all, none */
    int64_t min, max;    /* PB_INT; list and dictionary: at least min */
    const char *const *words; /* NULL-terminated: nothing else is valid */
    bool free_key;       /* PB_DICT: the key means something itself (a header, a case), it is no id of CACAO's */
};
struct pb_class {
    const char *name;
    const struct pb_field *fields;
    size_t n;
    const char *const *types; /* NULL-terminated words of field "type"; NULL: the class has one type */
    bool open;                /* types besides these are allowed, and what they have is kept in "other" */
};

struct pb_obj;
struct pb_val { /* one item */
    struct str text, key; /* text: as it stands; key: of a dictionary */
    int64_t num;
    bool null;
    struct pb_obj *obj;
    const struct yaml_node *any;
    struct pb_val *next;
};
struct pb_slot { /* one field */
    bool set;
    struct pb_val *first, *last;
    unsigned n;
};
struct pb_obj {
    const struct pb_class *class;
    int type; /* index into class->types; -1: none of them */
    unsigned line, column;
    struct pb_slot *slots; /* class->n */
};

extern const struct pb_class pb_playbook_class, pb_step_class, pb_command_class, pb_party_class;

/* The field of this name in our own form: -1 when there is none. */
int pb_field_ours(const struct pb_class *c, const char *name);
/* Values by our name; what is not set is empty. The name must be one of the class (ASSERT). */
const struct pb_slot *pb_get(const struct pb_obj *o, const char *name);
struct str pb_str(const struct pb_obj *o, const char *name);
bool pb_has(const struct pb_obj *o, const char *name);

struct pb_obj *pb_new(struct arena *a, const struct pb_class *c, const char *type); /* type NULL: none */
int pb_set(struct arena *a, struct pb_obj *o, const char *name, struct pb_val v) MUST_USE; /* replaces */
int pb_add(struct arena *a, struct pb_obj *o, const char *name, struct pb_val v) MUST_USE; /* one more */
void pb_unset(struct pb_obj *o, const char *name);

enum { /* kinds of steps, bits of pb_step_class types, in the table's order */
    PB_TASK,
    PB_DECISION,
    PB_ACTION,
    PB_NOTIFY,
    PB_EVIDENCE,
    PB_WAIT,
    PB_CHECK,
    PB_TOGETHER,
    PB_REPEAT,
    PB_PLAYBOOK,
    PB_START,
    PB_END,
};
