/* A decoder written as data, compiled: recipe_load.c makes it, recipe_pattern.c matches texts,
 * recipe_list.c reads key=value lists and columns, recipe_run.c fills the event.
 *
 * A line first gives named values ("slots"); nothing is put into the event before the line was
 * understood. Then the blocks run, the most specific first: that of the message, then the file's. A
 * block's inner blocks (`when`) come before its own part. A field is filled once: who comes first
 * wins. Everything is linear in the line: no piece of a pattern ever gives back what it took. */
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "decode/decode_priv.h"
#include "decode/recipe.h"

struct yaml_node;

enum recipe_as {
    AS_TEXT,
    AS_INT,
    AS_IP,       /* an address; else the field's .address */
    AS_ENDPOINT, /* an address with a port behind it, perhaps in brackets */
    AS_MAC,      /* upper case with dashes, as ECS wants it */
    AS_LOWER,
    AS_ACCOUNT, /* DOMAIN\name in two fields */
    AS_PLUS,    /* + stands for a space */
    AS_HEX,     /* auditd: an even number of hex digits is what they spell */
    AS_SECONDS, /* event.duration is in nanoseconds */
    AS_MILLIS,
    AS_FIRST, /* the first of a list "a, b" */
    AS_EXTENSION,       /* of a path: docx, in small letters */
    AS_INNER_EXTENSION, /* the one before it: of plan.docx.locked docx */
    AS_FOLDER,
    AS_BASENAME,
    AS_URI,   /* path and query out of two columns: path?query */
    AS_MAX_
};

enum match_kind { MATCH_EXACT, MATCH_START, MATCH_END, MATCH_WITHIN, MATCH_ANY, MATCH_NONE, MATCH_FROM, MATCH_BELOW };
struct recipe_match {
    uint8_t kind;
    struct str text;
    int64_t number;
};
struct recipe_cond { /* one slot, any of the matches */
    uint16_t slot, n;
    const struct recipe_match *any;
};
struct recipe_row {
    struct recipe_match match;
    struct str value;
};
enum { RECIPE_FROM_MAX = 8 };
struct recipe_put {
    uint16_t field, field_port; /* of the set; field_port: AS_ENDPOINT's port, AS_ACCOUNT's domain, */
    uint16_t field_other;       /* AS_IP's .address; UINT16_MAX: none */
    uint8_t as, n_from;
    uint16_t from[RECIPE_FROM_MAX]; /* the first that is there */
    uint16_t n_rows;
    const struct recipe_row *rows; /* NULL: the value itself */
    const struct str *except;      /* what is no value: "-", "N/A" */
    uint16_t n_except;
};
struct recipe_set {
    uint16_t field;
    uint8_t type;
    uint16_t n;
    const struct str *values;
};
enum piece_kind {
    PIECE_LITERAL,
    PIECE_TEXT,    /* up to the first place of what follows */
    PIECE_LONGEST, /* up to the last */
    PIECE_WORD,    /* no white space */
    PIECE_INT,
    PIECE_IP,
    PIECE_MAC,
    PIECE_QUOTED,
    PIECE_TIME,
    PIECE_SPACE,   /* one space or more */
    PIECE_PAIRS, /* the rest as key=value list */
};
struct recipe_piece {
    uint8_t kind;
    uint8_t format; /* PIECE_TIME: enum time_format */
    uint16_t slot;  /* UINT16_MAX: nobody wants it */
    struct str literal;
};
struct recipe_pattern {
    const struct recipe_piece *pieces;
    uint16_t n, message;
};
struct recipe_read { /* patterns for one value */
    uint16_t slot, n;
    const struct recipe_pattern *patterns;
};
enum { LOGIN_NONE, LOGIN_FAILURE, LOGIN_SUCCESS };
struct recipe_block {
    const struct recipe_cond *conds;
    const struct recipe_put *puts;
    const struct recipe_set *sets;
    const struct recipe_block *inner;
    struct recipe_read read;
    uint16_t n_conds, n_puts, n_sets, n_inner;
    uint16_t count; /* slot, UINT16_MAX: none */
    uint8_t login;
};

struct recipe_message {
    struct recipe_block block;
    const struct str *keys; /* of the head's {…:key}; none: whatever it is */
    uint16_t n_keys;
};

enum time_format {
    TIME_ISO,
    TIME_BSD,
    TIME_CLF,
    TIME_SLASH,
    TIME_CTIME,
    TIME_EPOCH,
    TIME_ANY,
    TIME_CUSTOM, /* recipe_time.custom */
    TIME_FORMAT_MAX_
};
struct recipe_time {
    uint16_t from[3], n_from; /* joined by a space; 0: read by a piece of a pattern */
    uint8_t format;
    struct str custom;
    int zone_min;       /* TIME_NO_OFFSET: the source's */
    uint16_t zone_slot; /* UINT16_MAX: none */
};

struct recipe_find { /* all of what is given must hold */
    struct str start, shape;
    const struct str *within; /* one of them in the first FIND_WITHIN_BYTES */
    uint16_t n_within;
    const struct recipe_cond *keys; /* JSON */
    uint16_t n_keys;
    const struct str *programs; /* "name" or "name*" */
    uint16_t n_programs;
};
struct recipe_list { /* key=value */
    struct str between;
    char assign;
    bool double_quote, single_quote, angle;
    uint16_t nested; /* slot whose value is such a list again; UINT16_MAX: none */
    const struct str *once; /* keys whose second place makes both worth nothing */
    uint16_t n_once;
};
struct recipe_column {
    uint16_t slot;
    uint8_t as; /* what it must look like: AS_IP, AS_INT, else anything */
};
struct recipe_layout {
    struct str key; /* .p NULL: any */
    const struct recipe_column *columns;
    uint16_t n;
    bool open; /* more may follow */
};
struct recipe_columns {
    char separator, quote; /* 0: none */
    struct str empty, header;
    uint16_t key; /* column, UINT16_MAX: none */
    const struct recipe_layout *layouts;
    uint16_t n;
    const struct str *names; /* of layout k at name_of[k]; for the header */
};
struct recipe_sample {
    struct str line, url;
    int zone_min;
    int64_t arrival_ns;
    bool forced;
    const struct yaml_node *expect;
    unsigned at_line;
};

enum { RECIPE_OVER_MAX = 16 };
struct recipe {
    struct str name, help, service;
    const char *file;
    struct decode_set *set;
    struct decode_format format;
    const struct recipe_find *finds;
    const struct str *units; /* of systemd, whose accounts may write such messages */
    const struct recipe_pattern *heads, *patterns;
    const struct recipe_message *messages;
    uint16_t n_finds, n_units, n_heads, n_patterns, n_messages;
    uint16_t *by_first[256]; /* patterns that may begin so, UINT16_MAX ends; NULL: none */
    struct recipe_block top;
    const struct recipe_time *times;
    uint16_t n_times;
    struct recipe_list list;
    struct recipe_columns columns;
    bool is_json, has_list, has_columns;
    bool keep; /* keys and columns nobody mentioned stay fields of their own */
    struct str keep_prefix;
    uint16_t over[RECIPE_OVER_MAX], n_over; /* fields that count as this file fills them, whatever the line says */
    bool unmatched_is_fine;
    bool dead; /* another file has the name */
    uint16_t key_slot;
    uint16_t line_slot; /* JSON: a value that is a line of a log; UINT16_MAX: none */
    /* slots by name; JSON recipes share the set's */
    struct map slots;
    const struct str *slot_names;
    uint16_t *slot_table; /* 1 + slot, at most half full; of texts alone */
    uint32_t slot_mask;
    uint32_t kept_at; /* of decode's kept_ids */
    const struct recipe_sample *samples;
    size_t n_samples;
};

/* One way by which a line may be found; most lines are told at once by one byte. */
struct recipe_entry {
    uint16_t at; /* the last byte that `start` or `shape` gives literally, */
    bool any;    /* if there is one */
    char byte;
    const struct recipe *recipe;
    const struct recipe_find *find;
};
/* One way by which a JSON line may be found. Nearly every line is told from it by a name it lacks. */
enum { RECIPE_ASKS = 4, RECIPE_FINDS_WORDS = 4, RECIPE_CHOOSERS_MAX = 16 };
struct recipe_choice {
    struct str text; /* .p NULL: free */
    uint64_t bits[RECIPE_FINDS_WORDS];
    uint16_t slot;
};
/* Where the choice stands or would; case does not count. */
struct recipe_choice *recipe_choice_at(struct recipe_choice *at, uint32_t mask, uint16_t slot, struct str text);
struct recipe_json_find {
    uint16_t asks[RECIPE_ASKS]; /* slots without which it cannot hold, the first n_asks of them */
    uint16_t n_asks;
    const struct recipe *recipe;
    const struct recipe_find *find;
};
struct recipe_ref { /* by program */
    struct str name;
    struct recipe *recipe;
};

enum { RECIPE_SLOTS_MAX = 1024, RECIPE_ALIASES_MAX = 4096, RECIPE_FIELDS_MAX = 1024, RECIPE_DONE_WORDS = RECIPE_FIELDS_MAX / 64 };
struct decode_set {
    int refs;
    struct arena arena;
    struct recipe **recipes; /* by name */
    size_t n, cap;
    struct diag *refused;
    size_t n_refused, refused_cap;
    struct map fields; /* name -> index */
    struct str *field_names;
    size_t n_fields, field_names_cap, n_kept;
    struct map json_slots, json_aliases; /* name -> slot; how else shippers write a name -> its slot */
    uint64_t json_asked[RECIPE_SLOTS_MAX / 64]; /* slots noted of every line: what chooses a recipe, and all that those without such a value are
                                                    found by. The others are read of lines a recipe may be for */
    uint64_t json_always_asked[RECIPE_SLOTS_MAX / 64]; /* of these the latter */
    struct str *json_names;
    size_t n_json_slots, json_names_cap;
    struct map programs; /* name -> struct recipe ** ended by NULL */
    struct recipe_ref *prefixes;
    size_t n_prefixes, prefixes_cap;
    struct recipe_entry *by_first[256]; /* content */
    uint16_t n_by_first[256];
    struct recipe_json_find *json; /* in the order of the recipes */
    size_t n_json, json_cap;
    /* Which of them to ask at all. Of one that wants a value to be one of some texts only lines with such a value are asked: `chosen` has
     * the slot and the text, and gives which (a set of bits). The others are always asked. */
    uint64_t json_always[RECIPE_FINDS_WORDS];
    struct recipe_choice *chosen; /* open addressing, at most half full */
    uint32_t n_chosen, chosen_mask;
    uint16_t choosers[RECIPE_CHOOSERS_MAX], n_choosers;
    struct sha256_sum {
        uint8_t bytes[32];
    } sum;
};

/* What a line gave. */
struct recipe_values {
    uint64_t have[RECIPE_SLOTS_MAX / 64];
    bool readable; /* the values are UTF-8, whatever the line is */
    struct when when;
    struct str list; /* what {pairs} took */
    struct str at[RECIPE_SLOTS_MAX];
};
static inline bool recipe_has(const struct recipe_values *v, unsigned slot) {
    return v->have[slot / 64] >> slot % 64 & 1;
}
/* The first of its name counts. */
static inline void recipe_note(struct recipe_values *v, unsigned slot, struct str value) {
    if (slot >= RECIPE_SLOTS_MAX || recipe_has(v, slot))
        return;
    v->have[slot / 64] |= UINT64_C(1) << slot % 64;
    v->at[slot] = value;
}
static inline void recipe_values_begin(struct recipe_values *v) {
    memset(v->have, 0, sizeof v->have);
    v->readable = false;
    v->when = (struct when){.t_ns = TIME_NONE};
    v->list = STR_NULL;
}

/* recipe_list.c: the slot of a name, -1. The names are our own or the operator's, so that nobody outside chooses what is stored. */
static inline uint32_t recipe_slot_hash(struct str s) {
    uint64_t a = 0, b = 0;
    memcpy(&a, s.p, MIN(s.n, (size_t) 8));
    if (s.n > 8)
        memcpy(&b, s.p + s.n - 8, 8);
    a = (a ^ b * 3 ^ s.n) * 0x9e3779b97f4a7c15ull;
    return (uint32_t) (a >> 40);
}
static inline int recipe_slot(const struct recipe *r, struct str name) {
    for (uint32_t i = recipe_slot_hash(name) & r->slot_mask; r->slot_table && r->slot_table[i]; i = (i + 1) & r->slot_mask) {
        struct str have = r->slot_names[r->slot_table[i] - 1];
        if (have.n == name.n && memcmp(have.p, name.p, name.n) == 0)
            return r->slot_table[i] - 1;
    }
    return -1;
}

/* recipe_pattern.c */
/* Compiles a pattern's text; `slot` gives the number of a name and `field` is told of those that are
 * fields. */
struct pattern_compile {
    struct arena *arena;
    void *ctx;
    int (*slot)(void *ctx, struct str name, uint8_t as, uint16_t *ret); /* 0 or a code with its diag */
    const char *file;
    const struct yaml_node *node;
    struct diag *err;
};
int recipe_pattern_compile(const struct pattern_compile *c, struct str text,
                           struct recipe_pattern *ret) MUST_USE;
/* How much of the text it takes, -1 when it is not of this form. */
ptrdiff_t recipe_pattern_match(const struct recipe *r, const struct recipe_pattern *p,
                               struct decode_job *j, struct str text, struct recipe_values *v);
bool recipe_as_from(struct str name, enum recipe_as *ret);
bool recipe_time_from(struct str name, enum time_format *ret);
extern const char *const recipe_as_names, *const recipe_time_names, *const recipe_piece_names;

/* recipe_time.c */
size_t recipe_time_read(struct str s, const struct recipe_time *t, struct when *ret,
                        const struct decode_job *j);
/* NULL when a format is understood, else why not. */
const char *recipe_time_check(struct str custom);
void recipe_take_times(const struct recipe *r, struct decode_job *j, struct recipe_values *v);

/* recipe_list.c */
typedef bool recipe_pair_fn(void *ctx, struct str key, struct str value);
void recipe_list_read(const struct recipe_list *l, struct decode_job *j, struct str s,
                      recipe_pair_fn *fn, void *ctx);
void recipe_list_note(const struct recipe *r, struct decode_job *j, struct str s, struct recipe_values *v);
bool recipe_columns_read(const struct recipe *r, struct decode_job *j, struct str s, struct recipe_values *v);
/* A line of comments, whose fields say nothing: *ret_wrong is a sentence when the file's columns are
 * none of ours. */
bool recipe_is_header(const struct recipe *r, struct decode_job *j, struct str line, struct str *ret_wrong);
void recipe_keep(const struct recipe *r, struct decode_job *j, const struct recipe_values *v);

/* recipe_run.c */
bool recipe_cond_holds(const struct recipe_cond *c, const struct recipe_values *v);
bool recipe_match_is(const struct recipe_match *m, struct str value);
void recipe_fill(const struct recipe *r, const struct recipe_message *m, struct decode_job *j,
                 struct recipe_values *v);
bool recipe_recognise(const struct recipe *r, struct str text);
enum decode_result recipe_decode(const struct recipe *r, struct decode_job *j, struct str text);
/* The recipes of a program, one after the other; those by content where no program is named. False:
 * none understood it. *ret_claimed: one of them should have. */
bool recipe_try_program(struct decode_job *j, struct str message, const struct recipe **ret_claimed);
bool recipe_try_content(struct decode_job *j, struct str text, const struct recipe **ret_claimed);
void recipe_unmatched(struct decode_job *j, const struct recipe *r);
/* What stands in a JSON line under names some recipe knows. */
typedef int recipe_rest_fn(void *ctx, struct recipe_values *v); /* notes the others, once a recipe was found; NULL: all are there */
void recipe_json(struct decode_job *j, struct recipe_values *v, recipe_rest_fn *rest, void *ctx);
