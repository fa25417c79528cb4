/* Elasticsearch's _bulk and what shippers ask before they send.
 *
 * A document is kept as its line stands. `index` and `create` keep it; `delete` is refused, since nothing is deleted
 * here; `update` is kept as what it is, a line with the change.
 *
 * _id: the last IDS_MAX documents that were sent with an _id of the sender's own are remembered (index and id, and a
 * hash of the document), once they are on disk. The same again is not kept again: 409 for `create`, as it is with
 * Elasticsearch, "noop" for `index`. Another document of the same _id is a new version: kept by `index`, 409 for
 * `create`. A retry that overtakes its own first try is kept twice, and a gate that died remembers nothing: rather twice
 * than lost. */
#include "app/gate/http.h"
#include "base/json.h"
#include "base/mem.h"

enum { IDS_MAX = 262144, ACTION_TREE_BYTES_MAX = 1 << 20, ID_BYTES = 16, INDEX_BYTES_MAX = 255, DOC_ID_BYTES_MAX = 512 };

struct known_ids {
    struct map map; /* key of the document -> hash of its bytes */
    char (*ring)[ID_BYTES];
    size_t n; /* so far */
    uint8_t key[16];
    uint64_t made; /* ids given */
};
/* What a request will have remembered when it is on disk. */
struct new_ids {
    struct {
        char key[ID_BYTES];
        uint64_t hash;
    } *p;
    size_t n, cap;
};
struct item {
    struct str action, index, id;
    bool own_id;
    int status;
    const char *result, *error;
};

static struct known_ids *ids_of(struct http *h) {
    if (!h->ids && (h->ids = mem_zalloc(sizeof *h->ids))) {
        map_init(&h->ids->map, IDS_MAX, 0);
        hash_random_key(h->ids->key);
    }
    return h->ids;
}

static void remember(struct request *r, bool on_disk) {
    struct new_ids *n = r->keep;
    struct known_ids *k = ids_of(r->h);
    union map_value *v;
    bool fresh;
    if (on_disk && k && !k->ring)
        k->ring = mem_zalloc_array(IDS_MAX, ID_BYTES);
    for (size_t i = 0; on_disk && k && k->ring && i < n->n; i++) {
        struct str key = str_n(n->p[i].key, ID_BYTES);
        char *place = k->ring[k->n % IDS_MAX];
        if (k->n >= IDS_MAX && !map_find(&k->map, key))
            (void) map_remove(&k->map, str_n(place, ID_BYTES));
        if (map_add(&k->map, key, &v, &fresh) < 0)
            break;
        v->num = n->p[i].hash;
        if (fresh) {
            memcpy(place, key.p, ID_BYTES);
            k->n++;
        }
    }
    mem_free(n->p);
    mem_free(n);
    r->keep = NULL;
}

static int note_id(struct request *r, const char key[ID_BYTES], uint64_t hash) {
    struct new_ids *n = r->keep;
    if (!n && !(n = r->keep = mem_zalloc(sizeof *n)))
        return -ENOMEM;
    r->kept = remember;
    if (mem_grow((void **) &n->p, &n->cap, n->n + 1, IDS_MAX, sizeof *n->p) < 0)
        return 0; /* more than are remembered */
    memcpy(n->p[n->n].key, key, ID_BYTES);
    n->p[n->n++].hash = hash;
    return 0;
}

/* ---- a document ---- */

static void document_key(struct request *r, const struct known_ids *k, const struct item *it, char ret[ID_BYTES]) {
    char text[INDEX_BYTES_MAX + DOC_ID_BYTES_MAX + 16];
    int n = snprintf(text, sizeof text, "%u/%.*s/%.*s", r->source, STR_ARG(it->index), STR_ARG(it->id));
    uint64_t a = hash_sip_key(str_n(text, (size_t) n), k->key), b = hash_mix(a, hash_fast(str_n(text, (size_t) n), a));
    memcpy(ret, &a, 8);
    memcpy(ret + 8, &b, 8);
}

static int keep_document(struct request *r, struct item *it, struct str doc) {
    struct known_ids *k = it->own_id ? ids_of(r->h) : NULL;
    bool create = str_eq_z(it->action, "create");
    char key[ID_BYTES];
    it->status = 201;
    it->result = "created";
    if (k) {
        document_key(r, k, it, key);
        const union map_value *v = map_find(&k->map, str_n(key, ID_BYTES));
        uint64_t hash = hash_sip_key(doc, k->key);
        if (v && create) {
            it->status = 409;
            it->error = "version_conflict_engine_exception";
            return 0;
        }
        it->result = v ? v->num == hash ? "noop" : "updated" : "created";
        it->status = v ? 200 : 201;
        if (v && v->num == hash)
            return 0;
        int e = note_id(r, key, hash);
        if (e < 0)
            return e;
    }
    return request_put(r, doc);
}

static void write_item(struct request *r, struct jsonw *w, const struct item *it) {
    char made[40];
    struct str id = it->id;
    struct known_ids *k = ids_of(r->h);
    if (!id.n) {
        int n = snprintf(made, sizeof made, "%.12s%08llx", r->h->cluster, (unsigned long long) (k ? k->made++ : 0));
        id = str_n(made, (size_t) n);
    }
    jsonw_object(w);
    jsonw_key(w, it->action);
    jsonw_object(w);
    jsonw_kstr(w, "_index", it->index);
    jsonw_kstr(w, "_id", id);
    if (it->error) {
        jsonw_key(w, STR("error"));
        jsonw_object(w);
        jsonw_kz(w, "type", it->error);
        jsonw_kz(w, "reason", it->status == 409 ? "document already exists" : "not understood");
        jsonw_end(w);
    } else {
        jsonw_ki64(w, "_version", 1);
        jsonw_kz(w, "result", it->result);
        jsonw_key(w, STR("_shards"));
        jsonw_raw(w, STR("{\"total\":1,\"successful\":1,\"failed\":0}"));
        jsonw_ki64(w, "_seq_no", 0);
        jsonw_ki64(w, "_primary_term", 1);
    }
    jsonw_ki64(w, "status", it->status);
    jsonw_end(w);
    jsonw_end(w);
}

/* {"index":{"_index":"x","_id":"y"}} */
static int read_action(struct arena *a, struct str line, struct str default_index, struct item *ret) {
    struct json_value *v;
    static const char *const actions[] = {"index", "create", "update", "delete"};
    arena_reset(a);
    if (json_parse(a, line, &v, NULL) < 0 || v->type != JSON_OBJECT || v->n != 1 || v->first->type != JSON_OBJECT)
        return -ERR_PARSE;
    *ret = (struct item){.action = STR_NULL, .index = default_index};
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (str_eq_z(v->first->key, actions[i]))
            ret->action = str_of(actions[i]);
    (void) json_get_str(v->first, "_index", &ret->index);
    ret->own_id = json_get_str(v->first, "_id", &ret->id) && ret->id.n;
    return ret->action.p && ret->index.n <= INDEX_BYTES_MAX && ret->id.n <= DOC_ID_BYTES_MAX ? 0 : -ERR_PARSE;
}

static int one_item(struct request *r, struct item *it, struct str *rest) {
    struct str doc;
    if (str_eq_z(it->action, "delete")) {
        it->status = 400;
        it->error = "illegal_argument_exception";
        return 0;
    }
    if (!str_split(rest, '\n', &doc))
        return -ERR_PARSE;
    doc = str_trim(doc);
    if (doc.n)
        return keep_document(r, it, doc);
    it->status = 400;
    it->error = "document_parsing_exception";
    return 0;
}

int elastic_bulk(struct request *r) {
    struct str rest = buf_str(&r->body), line;
    struct arena a;
    struct jsonw w;
    bool errors = false;
    int e = 0;
    arena_init(&a, ACTION_TREE_BYTES_MAX);
    buf_clear(&r->out);
    jsonw_init(&w, &r->out);
    jsonw_object(&w);
    jsonw_ki64(&w, "took", 1);
    jsonw_key(&w, STR("items"));
    jsonw_array(&w);
    while (e == 0 && str_split(&rest, '\n', &line)) {
        struct item it;
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if ((e = read_action(&a, line, r->segments[0], &it)) == 0)
            e = one_item(r, &it, &rest);
        if (e == 0) {
            errors |= it.error != NULL;
            write_item(r, &w, &it);
        }
    }
    arena_done(&a);
    if (e == -ERR_PARSE)
        return request_error(r, 400, "Malformed action/metadata line, or the last one has no document");
    if (e < 0)
        return e;
    jsonw_end(&w);
    jsonw_kbool(&w, "errors", errors);
    jsonw_end(&w);
    return 200;
}

int elastic_document(struct request *r) {
    struct item it = {.action = STR("index"), .index = r->segments[0], .id = r->segments[1]};
    struct jsonw w;
    struct buf doc;
    it.own_id = it.id.n > 0;
    if (strstr(r->path, "/_create/"))
        it.action = STR("create");
    if (it.index.n > INDEX_BYTES_MAX || it.id.n > DOC_ID_BYTES_MAX || !str_trim(buf_str(&r->body)).n)
        return request_error(r, 400, "a document is wanted");
    buf_init(&doc, HTTP_INTAKE_BYTES_MAX);
    buf_add(&doc, str_trim(buf_str(&r->body)));
    for (size_t i = 0; i < doc.n; i++) /* pretty-printed: one line, one record */
        doc.p[i] = doc.p[i] == '\n' || doc.p[i] == '\r' ? ' ' : doc.p[i];
    int e = buf_error(&doc) ? -ENOMEM : keep_document(r, &it, buf_str(&doc));
    buf_done(&doc);
    if (e < 0)
        return e;
    if (it.error)
        return request_error(r, it.status, it.error);
    buf_clear(&r->out);
    jsonw_init(&w, &r->out);
    jsonw_object(&w);
    jsonw_kstr(&w, "_index", it.index);
    jsonw_kstr(&w, "_id", it.id.n ? it.id : STR("kizuki"));
    jsonw_kz(&w, "result", it.result);
    jsonw_end(&w);
    return it.status;
}

/* ---- what is asked first ---- */

int elastic_info(struct request *r) {
    struct jsonw w;
    struct str version = r->h->g->config->gate.elastic_version;
    jsonw_init(&w, &r->out);
    jsonw_object(&w);
    jsonw_kz(&w, "name", "kizuki");
    jsonw_kz(&w, "cluster_name", "kizuki");
    jsonw_kz(&w, "cluster_uuid", r->h->cluster);
    jsonw_key(&w, STR("version"));
    jsonw_object(&w);
    jsonw_kstr(&w, "number", version);
    jsonw_kz(&w, "build_flavor", "default");
    jsonw_kz(&w, "build_type", "tar");
    jsonw_kz(&w, "lucene_version", "9.10.0");
    jsonw_kz(&w, "minimum_wire_compatibility_version", "7.17.0");
    jsonw_kz(&w, "minimum_index_compatibility_version", "7.0.0");
    jsonw_end(&w);
    jsonw_kz(&w, "tagline", "You Know, for Search"); /* old clients compare it */
    jsonw_end(&w);
    return 200;
}

int elastic_license(struct request *r) {
    buf_add_z(&r->out, "{\"license\":{\"status\":\"active\",\"type\":\"basic\",\"mode\":\"basic\",\"uid\":\"kizuki\"},"
                       "\"features\":{}}");
    return 200;
}

int elastic_health(struct request *r) {
    bool fine = up_state(r->h->g->up) == UP_FINE;
    buf_printf(&r->out, "{\"cluster_name\":\"kizuki\",\"status\":\"%s\",\"number_of_nodes\":1}", fine ? "green" : "red");
    return 200;
}

/* Templates, policies, pipelines, indices: nothing here needs them. */
int elastic_fine(struct request *r) {
    bool asks = r->method[0] == 'G' || r->method[0] == 'H';
    buf_add_z(&r->out, asks ? "{}" : "{\"acknowledged\":true}");
    return 200;
}
