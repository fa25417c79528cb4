/* Reports of people: taking them, coming back to them, what who handles them does. What pages are shown: person_report_view.c. */
#include "room/person_report.h"

#include "base/hash.h"
#include "room/incident_priv.h"
#include "room/run.h"
#include "room/slip.h"

/* Without what is read or heard as something else: 0 and O, 1 and I and L, U and V. */
static const char ALPHABET[] = "23456789ABCDEFGHJKMNPQRSTWXYZ";

void room_reports_use(struct room *r, const struct room_reported_kinds *k) {
    r->report_kinds = k;
}

const struct room_reported_kind *room_reported_kind(const struct room *r, struct str id) {
    for (size_t i = 0; r->report_kinds && i < r->report_kinds->n; i++)
        if (str_eq(r->report_kinds->at[i].id, id))
            return &r->report_kinds->at[i];
    return NULL;
}

/* n characters, a dash behind the first `dash`. */
static void random_word(char *dst, size_t n, size_t dash) {
    uint8_t bytes[16];
    char hex[33];
    sign_random_hex(hex, sizeof bytes);
    IGNORE(hex_decode(str_n(hex, 32), bytes, sizeof bytes));
    for (size_t i = 0, at = 0; i < n; i++) {
        if (i == dash)
            dst[at++] = '-';
        dst[at++] = ALPHABET[bytes[i] % (sizeof ALPHABET - 1)];
        dst[at] = 0;
    }
}

/* As it was given out, however it was typed: "７k4 208" is 7K4-208. */
static void canonical_word(struct str s, size_t n, size_t dash, char *dst) {
    size_t at = 0, taken = 0;
    for (size_t i = 0; i < s.n && taken < n; i++) {
        unsigned char c = (unsigned char) s.p[i];
        if (c == 0xef && i + 2 < s.n && ((unsigned char) s.p[i + 1] == 0xbc || (unsigned char) s.p[i + 1] == 0xbd)) { /* full width */
            unsigned u = ((unsigned) ((unsigned char) s.p[i + 1] & 0x3f) << 6 | ((unsigned char) s.p[i + 2] & 0x3f)) - 0xf00 + 0x20;
            c = u < 0x7f ? (unsigned char) u : ' ';
            i += 2;
        }
        char up = (char) (c >= 'a' && c <= 'z' ? c - 32 : c);
        if (!up || !strchr(ALPHABET, up))
            continue;
        if (taken == dash)
            dst[at++] = '-';
        dst[at++] = up;
        taken++;
    }
    dst[at] = 0;
}

static void hash_secret(struct str number, struct str secret, char ret[2 * SHA256_BYTES + 1]) {
    struct sha256 h;
    uint8_t out[SHA256_BYTES];
    sha256_init(&h);
    sha256_add(&h, STR("report\n"));
    sha256_add(&h, number);
    sha256_add(&h, STR("\n"));
    sha256_add(&h, secret);
    sha256_end(&h, out);
    hex_encode(out, SHA256_BYTES, ret);
}

/* ---- photos ---- */

static int photos_today(struct room *r, int64_t *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT coalesce(sum(length(bytes)), 0) FROM report_photo WHERE at > ?1", "i", room_now(r) - NS_PER_DAY);
    if (e == 0)
        e = sql_step(st, err);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

struct photo_part {
    const struct room_photo *photo;
    const char *digest;
};

static int put_photo(void *ctx, struct room *r, int64_t id UNUSED, struct diag *err) {
    const struct photo_part *x = ctx;
    struct str bytes = x->photo->bytes;
    return room_write_part(r, err, "INSERT INTO report_photo(digest, type, bytes, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING", "zzbi", x->digest, x->photo->type,
                           &bytes, room_now(r));
}

static void digest_of(const struct room_photo *p, char ret[2 * SHA256_BYTES + 1]) {
    uint8_t out[SHA256_BYTES];
    ret[0] = 0;
    if (!p || !p->bytes.n)
        return;
    sha256_of(p->bytes, out);
    hex_encode(out, SHA256_BYTES, ret);
}

/* Strangers fill no disk. */
static int judge_photo(struct room *r, const struct room_actor *by, struct room_photo *photo, bool *ret_left_out, struct diag *err) {
    int64_t today = 0;
    *ret_left_out = false;
    if (!photo->bytes.n || by->person)
        return 0;
    int e = photos_today(r, &today, err);
    *ret_left_out = e == 0 && today + (int64_t) photo->bytes.n > REPORT_PHOTOS_A_DAY;
    if (*ret_left_out)
        *photo = (struct room_photo){0};
    return e;
}

/* ---- taking ---- */

static int check_new(struct room *r, const struct room_report_new *x, struct diag *err) {
    if (!room_reported_kind(r, x->kind))
        return diag_set(err, -EINVAL, "kind");
    if (x->text.n > REPORT_TEXT_MAX)
        return diag_set(err, -EINVAL, "text");
    if (x->contact.n > REPORT_LINE_MAX || x->caller.n > REPORT_LINE_MAX || x->service.n > REPORT_LINE_MAX)
        return diag_set(err, -EINVAL, "a line is longer than %d bytes", REPORT_LINE_MAX);
    return x->photo.bytes.n > REPORT_PHOTO_BYTES_MAX ? diag_set(err, -EINVAL, "photo") : 0;
}

static int take(struct room *r, const struct room_actor *by, const struct room_report_new *x, struct room_report_taken *ret, struct diag *err) {
    char hash[2 * SHA256_BYTES + 1], digest[2 * SHA256_BYTES + 1];
    struct room_photo photo = x->photo;
    struct str kind = x->kind, service = x->service, text = x->text, contact = x->contact, caller = x->caller;
    int e = judge_photo(r, by, &photo, &ret->photo_left_out, err);
    digest_of(&photo, digest);
    struct photo_part part = {&photo, digest};
    struct room_write w = {.by = by, .verb = VERB_CREATE, .object = OBJECT_PERSON_REPORT, .tlp = TLP_AMBER, .owner = by->person,
                           .parts = digest[0] ? put_photo : NULL, .parts_ctx = &part};
    if (e < 0)
        return e;
    for (int tries = 0; tries < 8; tries++) { /* 600 million numbers */
        random_word(ret->number, 6, 3);
        random_word(ret->secret, 8, 4);
        hash_secret(str_of(ret->number), str_of(ret->secret), hash);
        e = room_write(r, &w, &ret->id, err,
                       "INSERT INTO person_report(number, secret_hash, kind, service, text, contact, caller, channel, lang, photo, state) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'new')",
                       "zzssssszzz", ret->number, hash, &kind, &service, &text, &contact, &caller, x->channel, x->lang, digest);
        if (e != -EEXIST)
            break;
    }
    ret->at_ns = room_now(r);
    room_changed(r, "person_report", ret->id);
    room_changed(r, "now", 0);
    return e;
}

int room_report_take(struct room *r, const struct room_actor *by, const struct room_report_new *x, struct room_report_taken *ret, struct diag *reterr) {
    int e = check_new(r, x, reterr);
    if (e == 0)
        e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, take(r, by, x, ret, reterr), reterr);
}

int room_report_count(struct room *r, const struct room_actor *by, const struct room_report_new *x, int64_t incident, struct diag *reterr) {
    struct room_report_taken taken = {0};
    int e = check_new(r, x, reterr);
    if (e == 0)
        e = take(r, by, x, &taken, reterr);
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PERSON_REPORT, .id = taken.id, .version = ROOM_ANY_VERSION, .quiet = true};
    if (e == 0)
        e = room_write(r, &w, NULL, reterr, "UPDATE person_report SET state = 'case', told = 1, incident_id = ?2, ended_at = ?3 WHERE id = ?1", "iii", taken.id, incident, room_now(r));
    return e;
}

int room_reports_of_strangers(struct room *r, int64_t *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT count(*) FROM person_report WHERE created_at > ?1 AND created_by = 'system'", "i", room_now(r) - NS_PER_HOUR);
    if (e == 0)
        e = sql_step(st, reterr);
    *ret = e == 1 ? sql_i64(st, 0) : 0;
    return MIN(e, 0);
}

/* ---- coming back ---- */

int room_report_find(struct room *r, struct str number, struct str secret, struct room_report_known *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    char n[REPORT_NUMBER_CHARS + 1], s[REPORT_SECRET_CHARS + 1], hash[2 * SHA256_BYTES + 1];
    canonical_word(number, 6, 3, n);
    canonical_word(secret, 8, 4, s);
    hash_secret(str_of(n), str_of(s), hash); /* whether there is one or not: the same work */
    int e = sql_query(r->db, &st, reterr, "SELECT id, created_at, state, kind, secret_hash FROM person_report WHERE number = ?1", "z", n);
    if (e == 0)
        e = sql_step(st, reterr);
    if (e < 0)
        return e;
    if (e == 0 || !sign_equal(sql_str(st, 4), str_of(hash)))
        return diag_set(reterr, -ENOENT, "number or secret word is not right");
    *ret = (struct room_report_known){.id = sql_i64(st, 0), .at_ns = sql_i64(st, 1)};
    memcpy(ret->number, n, sizeof n);
    snprintf(ret->state, sizeof ret->state, "%.*s", STR_ARG(sql_str(st, 2)));
    snprintf(ret->kind, sizeof ret->kind, "%.*s", STR_ARG(sql_str(st, 3)));
    return 0;
}

static int additions(struct room *r, int64_t id, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err, "SELECT count(*) FROM slip_note WHERE of = 'person_report' AND of_id = ?1 AND kind = 'added'", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    return e < 0 ? e : sql_i64(st, 0) >= REPORT_ADDITIONS_MAX ? diag_set(err, -ERR_LIMIT, "it has been added to too often") : 0;
}

static int add(struct room *r, int64_t id, struct str text, const struct room_photo *photo, struct diag *err) {
    char digest[2 * SHA256_BYTES + 1];
    struct room_photo judged = photo ? *photo : (struct room_photo){0};
    bool left_out;
    int e = additions(r, id, err);
    if (e == 0)
        e = judge_photo(r, &room_system, &judged, &left_out, err);
    digest_of(&judged, digest);
    struct photo_part part = {&judged, digest};
    struct slip_note n = {.of = OBJECT_PERSON_REPORT, .of_id = id, .kind = "added", .text = text, .photo = digest, .parts = digest[0] ? put_photo : NULL, .parts_ctx = &part};
    if (e == 0)
        e = slip_note_put(r, &room_system, &n, NULL, err);
    room_changed(r, "person_report", id);
    return e;
}

int room_report_add(struct room *r, int64_t id, struct str text, const struct room_photo *photo, struct diag *reterr) {
    if (text.n > REPORT_TEXT_MAX)
        return diag_set(reterr, -EINVAL, "text");
    if (photo && photo->bytes.n > REPORT_PHOTO_BYTES_MAX)
        return diag_set(reterr, -EINVAL, "photo");
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, add(r, id, text, photo, reterr), reterr);
}

/* ---- who handles them ---- */

int room_report_change(struct room *r, const struct room_actor *by, int64_t id, int64_t version, struct str to, struct str why, struct diag *reterr) {
    static const struct slip_table t = {.object = OBJECT_PERSON_REPORT, .name = "person_report", .text_max = REPORT_TEXT_MAX, 
                                        .set = SLIP_SET("person_report"), .keep = SLIP_KEEP("person_report")};
    return slip_change(r, by, &t, id, version, to, why, reterr);
}

/* ---- on a case ---- */

struct told {
    int64_t at_ns;
    const struct room_reported_kind *kind;
    struct buf params; /* number, kind, service */
};

static int load_told(struct room *r, int64_t id, struct told *ret, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    struct jsonw w;
    int e = sql_query(r->db, &st, err, "SELECT created_at, kind, number, service FROM person_report WHERE id = ?1", "i", id);
    if (e == 0)
        e = sql_step(st, err);
    if (e <= 0)
        return e < 0 ? e : diag_set(err, -ENOENT, "there is no such report");
    ret->at_ns = sql_i64(st, 0);
    ret->kind = room_reported_kind(r, sql_str(st, 1));
    jsonw_init(&w, &ret->params);
    jsonw_object(&w);
    jsonw_kstr(&w, "number", sql_str(st, 2));
    if (ret->kind)
        room_words_params(&w, "kind", &ret->kind->title);
    else
        jsonw_kstr(&w, "kind", sql_str(st, 1));
    room_service_params(r, &w, sql_str(st, 3));
    jsonw_end(&w);
    return buf_error(&ret->params);
}

/* In the caller's transaction; by: who may, or the system for what follows from a finding. */
static int attach(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t incident, const struct told *told, struct diag *err) {
    struct room_write w = {.by = by, .verb = VERB_CHANGE, .object = OBJECT_PERSON_REPORT, .id = id, .version = version};
    char ref[40], name[ROOM_BY_CAP];
    snprintf(ref, sizeof ref, "report:%lld", (long long) id);
    int e = room_write(r, &w, NULL, err,
                       "UPDATE person_report SET incident_id = ?2, state = 'case', taken_at = coalesce(taken_at, ?3), taken_by = coalesce(taken_by, ?4), ended_at = ?3, "
                       "ended_by = ?4 WHERE id = ?1",
                       "iiiz", id, incident, room_now(r), room_actor_format(by, name));
    struct room_entry x = {.incident = incident, .at_ns = told->at_ns, .until_ns = TIME_NONE, .lane = "ciso_csirt", .kind = "notice", .key = "event.report_attached",
                           .params = buf_str(&told->params), .ref = str_of(ref), .precision_s = -1};
    if (e == 0)
        e = room_timeline_put(r, by, &x, NULL, err);
    room_changed(r, "person_report", id);
    room_changed(r, "incident", incident);
    room_changed(r, "now", 0);
    return e;
}

static int join(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *err) {
    struct told told = {0};
    buf_init(&told.params, 65536);
    int e = load_told(r, id, &told, err);
    if (e == 0)
        e = slip_is_loose(r, OBJECT_PERSON_REPORT, id, version, err);
    struct slip_case c = {.title_key = "title.report", .params = buf_str(&told.params), .kind = told.kind ? told.kind->case_kind : STR(""),
                          .level = told.kind ? told.kind->level : LEVEL_MEDIUM, .first_ns = told.at_ns};
    if (e == 0)
        e = slip_case_find(r, by, &c, incident, err);
    if (e == 0)
        e = attach(r, by, id, version, *incident, &told, err);
    if (e == 0)
        e = room_ledger_person(r, by, *incident, err);
    buf_done(&told.params);
    return e;
}

int room_report_join(struct room *r, const struct room_actor *by, int64_t id, int64_t version, int64_t *incident, struct diag *reterr) {
    int e = room_begin(r, reterr);
    return e < 0 ? e : room_end(r, join(r, by, id, version, incident, reterr), reterr);
}

/* ---- events and findings ---- */

int room_report_untold(struct room *r, struct arena *a, struct room_report_event *ret, struct diag *reterr) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, reterr, "SELECT id, created_at, number, kind, service, channel FROM person_report WHERE told = 0 ORDER BY id LIMIT 1", "");
    if (e == 0)
        e = sql_step(st, reterr);
    if (e != 1)
        return e;
    *ret = (struct room_report_event){.id = sql_i64(st, 0), .at_ns = sql_i64(st, 1), .number = arena_dup(a, sql_str(st, 2)), .kind = arena_dup(a, sql_str(st, 3)),
                                      .service = arena_dup(a, sql_str(st, 4)), .channel = arena_dup(a, sql_str(st, 5))};
    return ret->channel.p ? 1 : diag_set(reterr, -ENOMEM, "memory has run out");
}

int room_report_told(struct room *r, int64_t id, struct diag *reterr) {
    struct room_write w = {.by = &room_system, .verb = VERB_CHANGE, .object = OBJECT_PERSON_REPORT, .id = id, .version = ROOM_ANY_VERSION, .quiet = true};
    int e = room_begin(r, reterr);
    if (e == 0)
        e = room_end(r, room_write(r, &w, NULL, reterr, "UPDATE person_report SET told = 1 WHERE id = ?1", "i", id), reterr);
    return e;
}

/* A report that a finding of a case names: the rule lists kizuki.report.number among its values, or in its group. */
static int behind_finding(struct room *r, int64_t *ret_report, int64_t *ret_incident, struct diag *err) {
    CLEANUP(sql_endp) struct sql_stmt *st = NULL;
    int e = sql_query(r->db, &st, err,
                      "SELECT p.id, f.incident_id FROM person_report p JOIN finding f ON f.incident_id IS NOT NULL AND f.last_at >= p.created_at - ?2 AND "
                      "(json_extract(f.json, '$.group.\"kizuki.report.number\"') = p.number OR EXISTS (SELECT 1 FROM json_each(f.json, "
                      "'$.values.\"kizuki.report.number\".listed') v WHERE json_extract(v.value, '$.value') = p.number)) "
                      "WHERE p.incident_id IS NULL AND p.state IN ('new', 'taken') AND p.created_at > ?1 AND f.created_at > ?1 AND f.json LIKE '%kizuki.report.number%' LIMIT 1",
                      "ii", room_now(r) - NS_PER_DAY, NS_PER_HOUR);
    if (e == 0)
        e = sql_step(st, err);
    if (e == 1) {
        *ret_report = sql_i64(st, 0);
        *ret_incident = sql_i64(st, 1);
    }
    return e;
}

int room_reports_tick(struct room *r, struct diag *reterr) {
    for (;;) {
        struct told told = {0};
        int64_t id = 0, incident = 0;
        int e = behind_finding(r, &id, &incident, reterr);
        if (e <= 0)
            return e;
        buf_init(&told.params, 65536);
        e = room_begin(r, reterr);
        if (e == 0) {
            e = load_told(r, id, &told, reterr);
            if (e == 0)
                e = attach(r, &room_system, id, ROOM_ANY_VERSION, incident, &told, reterr);
            e = room_end(r, e, reterr);
        }
        buf_done(&told.params);
        if (e < 0)
            return e;
    }
}
