/* PCRE2 behind one door, with our allocator, so that running out of memory can be tested. */
#include "detect/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "base/mem.h"
#include "detect/regex_gate.h"

struct regex {
    pcre2_code *code;
    bool gated;
    struct regex_gate gate;
};
struct regex_memory {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static void *take(size_t n, void *ctx) {
    (void) ctx;
    return mem_alloc(n);
}

static void give(void *p, void *ctx) {
    (void) ctx;
    mem_free(p);
}

static int compile(struct str text, unsigned flags, pcre2_code **ret, int *ret_code,
                   size_t *ret_where) {
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    options |= flags & DETECT_RE_I ? PCRE2_CASELESS : 0;
    options |= flags & DETECT_RE_M ? PCRE2_MULTILINE : 0;
    options |= flags & DETECT_RE_S ? PCRE2_DOTALL : 0;
    pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    int code = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE where = 0;
    *ret = NULL;
    if (context) {
        pcre2_set_max_pattern_length(context, REGEX_BYTES_MAX);
        *ret = pcre2_compile((PCRE2_SPTR) text.p, text.n, options, &code, &where, context);
    }
    pcre2_compile_context_free(context);
    pcre2_general_context_free(general);
    *ret_code = code;
    *ret_where = where;
    if (*ret)
        return 0;
    /* 121: "failed to allocate heap memory" (PCRE2 has no name for it in its public header) */
    return code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -ERR_PARSE;
}

int regex_check(struct str text, unsigned flags, char *why, size_t why_cap, size_t *ret_where) {
    pcre2_code *code;
    int error;
    int r = compile(text, flags, &code, &error, ret_where);
    if (r < 0 && pcre2_get_error_message(error, (PCRE2_UCHAR *) why, why_cap) < 0 && why_cap)
        why[why_cap - 1] = 0;
    pcre2_code_free(code);
    return r;
}

int regex_new(struct str text, unsigned flags, struct regex **ret) {
    struct regex *re = mem_zalloc(sizeof *re);
    int error;
    size_t where;
    if (!re)
        return -ENOMEM;
    int r = compile(text, flags, &re->code, &error, &where);
    if (r < 0) {
        regex_free(re);
        return r;
    }
    /* Without JIT (no memory for it, or none allowed to be executable) the interpreter does the
     * same work. */
    (void) pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
    uint32_t newline = 0;
    (void) pcre2_config(PCRE2_CONFIG_NEWLINE, &newline);
    re->gated = regex_gate_make(&re->gate, text, flags, newline == PCRE2_NEWLINE_LF);
    *ret = re;
    return 0;
}

bool regex_may_match(const struct regex *re, const struct kernel *k, struct str lowered) {
    return !re->gated || regex_gate_passes(&re->gate, k, lowered);
}

int regex_foresee(const struct regex *re, struct str ascii) {
    return re->gated && re->gate.whole ? regex_gate_matches(&re->gate, ascii) : -1;
}

void regex_free(struct regex *re) {
    if (!re)
        return;
    pcre2_code_free(re->code);
    mem_free(re);
}

struct regex_memory *regex_memory_new(void) {
    struct regex_memory *m = mem_zalloc(sizeof *m);
    pcre2_general_context *general = m ? pcre2_general_context_create(take, give, NULL) : NULL;
    if (general) {
        m->data = pcre2_match_data_create(1, general);
        m->context = pcre2_match_context_create(general);
        m->stack = pcre2_jit_stack_create(32 * 1024, REGEX_JIT_STACK_BYTES_MAX, general);
    }
    pcre2_general_context_free(general);
    if (!m || !m->data || !m->context || !m->stack) {
        regex_memory_free(m);
        return NULL;
    }
    pcre2_set_match_limit(m->context, REGEX_MATCH_STEPS_MAX);
    pcre2_set_heap_limit(m->context, REGEX_HEAP_KB_MAX);
    pcre2_jit_stack_assign(m->context, NULL, m->stack);
    return m;
}

void regex_memory_free(struct regex_memory *m) {
    if (!m)
        return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_jit_stack_free(m->stack);
    mem_free(m);
}

int regex_match(const struct regex *re, struct regex_memory *m, struct str subject) {
    int r = pcre2_match(re->code, (PCRE2_SPTR) (subject.p ? subject.p : ""), subject.n, 0, 0,
                        m->data, m->context);
    if (r >= 0)
        return 1;
    return r == PCRE2_ERROR_NOMATCH ? 0 : -ERR_LIMIT;
}
