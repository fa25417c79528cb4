/* What a finding gathers, and the telling of it. */
#include "base/hash.h"
#include "base/mem.h"
#include "detect/finding_priv.h"

/* ---- collected values ---- */

enum { FEW = 16 };

static size_t index_probe(const struct collected *x, uint32_t word) {
    size_t i = (word * 0x9e3779b1u >> 7) & (x->index_cap - 1);
    while (x->index[i] && x->at[x->index[i] - 1].word != word)
        i = (i + 1) & (x->index_cap - 1);
    return i;
}

static struct collected_value *find_value(const struct collected *x, uint32_t word) {
    if (x->index) {
        uint32_t k = x->index[index_probe(x, word)];
        return k ? &x->at[k - 1] : NULL;
    }
    for (size_t i = 0; i < x->n; i++)
        if (x->at[i].word == word)
            return &x->at[i];
    return NULL;
}

int collected_index(struct collected *x) {
    if (x->n < FEW || x->n * 2 < x->index_cap)
        return 0;
    size_t cap = x->index_cap ? x->index_cap * 2 : 64;
    while (cap <= x->n * 2) /* values read back come all at once */
        cap *= 2;
    uint32_t *index = mem_zalloc_array(cap, sizeof *index);
    if (!index)
        return -ENOMEM;
    mem_free(x->index);
    x->index = index;
    x->index_cap = cap;
    for (size_t i = 0; i < x->n; i++)
        x->index[index_probe(x, x->at[i].word)] = (uint32_t) i + 1;
    return 0;
}

/* Beyond the list: only whether the value is new. */
static int count_more(struct correlate *c, struct collected *x, uint32_t word) {
    uint64_t h = hash_sip_key(words_get(&c->words, word), c->hash_key) | 1;
    if (x->n_more * 2 >= x->more_cap) {
        if (x->n_more >= CORRELATION_VALUES_MAX) {
            x->at_least = true;
            return 0;
        }
        size_t cap = x->more_cap ? x->more_cap * 2 : 256;
        uint64_t *more = mem_zalloc_array(cap, sizeof *more);
        if (!more)
            return -ENOMEM;
        for (size_t i = 0; i < x->more_cap; i++) {
            if (!x->more[i])
                continue;
            size_t k = x->more[i] >> 8 & (cap - 1);
            while (more[k])
                k = (k + 1) & (cap - 1);
            more[k] = x->more[i];
        }
        mem_free(x->more);
        x->more = more;
        x->more_cap = cap;
    }
    size_t i = h >> 8 & (x->more_cap - 1);
    while (x->more[i] && x->more[i] != h)
        i = (i + 1) & (x->more_cap - 1);
    x->n_more += !x->more[i];
    x->more[i] = h;
    return 0;
}

static int collect(struct correlate *c, struct collected *x, uint32_t word, const struct mini *m) {
    struct collected_value *v = find_value(x, word);
    if (v) {
        v->count += m->weight;
        if (m->t < v->first_ns) {
            v->first_ns = m->t;
            v->pos = m->pos;
        }
        return 0;
    }
    if (x->n == FINDING_COLLECT_MAX)
        return count_more(c, x, word);
    int r = mem_grow((void **) &x->at, &x->cap, x->n + 1, FINDING_COLLECT_MAX, sizeof *x->at);
    if (r == 0)
        r = collected_index(x);
    if (r < 0)
        return r;
    x->at[x->n] =
        (struct collected_value){.word = word, .count = m->weight, .first_ns = m->t, .pos = m->pos};
    if (x->index)
        x->index[index_probe(x, word)] = (uint32_t) x->n + 1;
    x->n++;
    words_ref(&c->words, word);
    return 0;
}

/* ---- evidence ---- */

static int add_evidence(struct open_finding *f, uint64_t pos) {
    if (f->n_first < EVIDENCE_HALF) {
        int r = mem_grow((void **) &f->first, &f->first_cap, f->n_first + 1, EVIDENCE_HALF,
                         sizeof *f->first);
        if (r == 0)
            f->first[f->n_first++] = pos;
        return r;
    }
    if (f->n_last < EVIDENCE_HALF) {
        int r = mem_grow((void **) &f->last, &f->last_cap, f->n_last + 1, EVIDENCE_HALF,
                         sizeof *f->last);
        if (r == 0)
            f->last[f->n_last++] = pos;
        return r;
    }
    f->last[f->last_head] = pos;
    f->last_head = (f->last_head + 1) % EVIDENCE_HALF;
    return 0;
}

int finding_add(struct correlate *c, struct open_finding *f, const struct mini *m) {
    const struct plan_rule *rule = f->rule;
    if (m->mask & rule->evidence) {
        int r = add_evidence(f, m->pos);
        if (r < 0)
            return r;
        f->count += m->weight;
        f->first_ns = MIN(f->first_ns, m->t);
        f->last_ns = MAX(f->last_ns, m->t);
        f->changed = true;
    }
    for (uint32_t i = 0; i < rule->n_collects; i++) {
        const struct plan_collect *x = &rule->collects[i];
        uint32_t word = m->vals[x->val];
        if (!(x->mask & m->mask) || !word)
            continue;
        int r = collect(c, &f->collected[i], word, m);
        if (r < 0)
            return r;
        f->changed = true;
    }
    return 0;
}

void finding_free(struct correlate *c, struct open_finding *f) {
    for (uint32_t i = 0; f->collected && i < f->rule->n_collects; i++) {
        struct collected *x = &f->collected[i];
        for (size_t k = 0; k < x->n; k++)
            words_unref(&c->words, x->at[k].word);
        mem_free(x->at);
        mem_free(x->index);
        mem_free(x->more);
    }
    for (uint32_t i = 0; i < f->rule->n_keys; i++)
        words_unref(&c->words, f->keys[i]);
    mem_free(f->collected);
    mem_free(f->measures);
    mem_free(f->totals);
    mem_free(f->first);
    mem_free(f->last);
    mem_free(f);
}

/* ---- identity and telling ---- */

static void sha_u64(struct sha256 *h, uint64_t v) {
    unsigned char b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (unsigned char) (v >> (8 * i));
    sha256_add(h, str_n((const char *) b, sizeof b));
}

void finding_set_id(const struct correlate *c, struct open_finding *f) {
    struct sha256 h;
    uint8_t out[SHA256_BYTES];
    struct event_pos pos = pos_unpack(f->n_first ? f->first[0] : f->detected_pos);
    sha256_init(&h);
    sha_u64(&h, f->rule->rule->id.n);
    sha256_add(&h, f->rule->rule->id);
    for (uint32_t i = 0; i < f->rule->n_keys; i++) {
        struct str v = f->keys[i] ? words_get(&c->words, f->keys[i]) : STR("");
        sha_u64(&h, v.n);
        sha256_add(&h, v);
    }
    sha_u64(&h, pos.stream);
    sha_u64(&h, pos.n);
    sha256_end(&h, out);
    hex_encode(out, FINDING_ID_CHARS / 2, f->id);
}

static int tell_values(struct correlate *c, const struct open_finding *f, struct finding *out) {
    struct finding_values *values =
        arena_zalloc(&c->scratch, (f->rule->n_collects + 1) * sizeof *values);
    if (!values)
        return -ENOMEM;
    for (uint32_t i = 0; i < f->rule->n_collects; i++) {
        const struct collected *x = &f->collected[i];
        struct str *listed = arena_alloc(&c->scratch, (x->n + 1) * sizeof *listed);
        uint64_t *counts = arena_alloc(&c->scratch, (x->n + 1) * sizeof *counts);
        int64_t *first_ns = arena_alloc(&c->scratch, (x->n + 1) * sizeof *first_ns);
        struct event_pos *pos = arena_alloc(&c->scratch, (x->n + 1) * sizeof *pos);
        if (!listed || !counts || !first_ns || !pos)
            return -ENOMEM;
        for (size_t k = 0; k < x->n; k++) {
            listed[k] = words_get(&c->words, x->at[k].word);
            counts[k] = x->at[k].count;
            first_ns[k] = x->at[k].first_ns;
            pos[k] = pos_unpack(x->at[k].pos);
        }
        values[i] = (struct finding_values){
            .name = f->rule->collects[i].name,
            .n_distinct = x->n + x->n_more,
            .at_least = x->at_least || f->at_least,
            .n_listed = (uint32_t) x->n,
            .listed = listed,
            .counts = counts,
            .first_ns = first_ns,
            .first_pos = pos,
        };
    }
    out->values = values;
    out->n_values = f->rule->n_collects;
    return 0;
}

static int tell_lists(struct correlate *c, const struct open_finding *f, struct finding *out) {
    const struct plan_rule *rule = f->rule;
    struct finding_pair *group = arena_alloc(&c->scratch, (rule->n_keys + 1) * sizeof *group);
    struct finding_measure *measures =
        arena_alloc(&c->scratch, (rule->n_measures + 1) * sizeof *measures);
    struct event_pos *evidence =
        arena_alloc(&c->scratch, (f->n_first + f->n_last + 1) * sizeof *evidence);
    if (!group || !measures || !evidence)
        return -ENOMEM;
    for (uint32_t i = 0; i < rule->n_keys; i++)
        if (f->keys[i])
            group[out->n_group++] = (struct finding_pair){
                .name = rule->key_names[i], .value = words_get(&c->words, f->keys[i])};
    for (uint32_t i = 0; i < rule->n_measures; i++)
        measures[i] =
            (struct finding_measure){.name = rule->measure_names[i], .value = f->measures[i]};
    for (size_t i = 0; i < f->n_first; i++)
        evidence[out->n_evidence++] = pos_unpack(f->first[i]);
    for (size_t i = 0; i < f->n_last; i++)
        evidence[out->n_evidence++] = pos_unpack(f->last[(f->last_head + i) % f->n_last]);
    out->group = group;
    out->measures = measures;
    out->n_measures = rule->n_measures;
    out->evidence = evidence;
    return tell_values(c, f, out);
}

static double frozen(void *ctx, uint32_t measure) {
    return ((const struct open_finding *) ctx)->measures[measure];
}

static void read_measures(struct open_finding *f) {
    for (uint32_t i = 0; f->totals && i < f->corr->n_measures; i++)
        if (f->corr->measures[i].kind != MEASURE_ATTACHED)
            f->measures[i] = corr_code_run(&f->corr->measures[i].code, f->totals, frozen, f);
}

static int make_and_put(struct correlate *c, struct open_finding *f, enum finding_state state) {
    const struct detect_rule *rule = f->rule->rule;
    struct finding out = {
        .state = state,
        .revision = f->revision,
        .rule_id = rule->id,
        .rule_name = rule->name,
        .rule_title = rule->title,
        .kind = f->rule->kind,
        .propose = f->rule->propose,
        .level = rule->level,
        .count = f->count,
        .first_ns = f->first_ns,
        .last_ns = f->last_ns,
        .detected_ns = f->detected_ns,
        .detected_pos = pos_unpack(f->detected_pos),
        .at_least = f->at_least,
        .drill = f->drill,
    };
    memcpy(out.id, f->id, sizeof out.id);
    arena_reset(&c->scratch);
    read_measures(f);
    int r = tell_lists(c, f, &out);
    return r == 0 ? c->sink.put(c->sink.ctx, &out) : r;
}

int finding_tell(struct correlate *c, struct open_finding *f, enum finding_state state) {
    f->revision++;
    int r = state == FINDING_END || !c->sink.ends_only ? make_and_put(c, f, state) : 0;
    f->told_count = f->count;
    f->changed = false;
    return r;
}
