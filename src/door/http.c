/* One HTTP request from the templates of a way. Taken means: the status is one of `expect`. */
#include "door/send_priv.h"

#include "base/limits.h"

struct request {
    struct buf url, body, header;
    struct curl_slist *headers;
    bool typed; /* a Content-Type was given */
};

static enum door_place body_place(const struct door_way *w) {
    static const enum door_place places[] = {DOOR_IN_JSON, DOOR_IN_FORM, DOOR_IN_XML, DOOR_IN_PLAIN};
    return places[w->escape];
}

static int make(struct request *q, struct door_scope *s, struct diag *err) {
    static const char *const types[] = {"application/json", "application/x-www-form-urlencoded", "application/xml; charset=utf-8", "text/plain; charset=utf-8"};
    const struct door_way *w = s->w;
    int e = door_template_expand(&q->url, w->url, DOOR_IN_FORM, door_scope_find, s, err);
    if (e == 0)
        e = door_template_expand(&q->body, w->body, body_place(w), door_scope_find, s, err);
    for (size_t i = 0; e == 0 && i < w->n_headers; i++) {
        buf_clear(&q->header);
        buf_printf(&q->header, "%.*s: ", STR_ARG(w->headers[i].name));
        e = door_template_expand(&q->header, w->headers[i].value, DOOR_IN_HEADER, door_scope_find, s, err);
        q->typed |= str_eq_icase(w->headers[i].name, STR("Content-Type"));
        struct curl_slist *l = e == 0 ? curl_slist_append(q->headers, buf_z(&q->header)) : q->headers;
        if (!l)
            return diag_set(err, -ENOMEM, "memory ran out before the request was sent");
        q->headers = l;
    }
    buf_clear(&q->header);
    buf_printf(&q->header, "Content-Type: %s", types[w->escape]);
    struct curl_slist *l = e == 0 && w->body.n && !q->typed ? curl_slist_append(q->headers, buf_z(&q->header)) : q->headers;
    q->headers = l ? l : q->headers;
    l = e == 0 ? curl_slist_append(q->headers, "Expect:") : q->headers; /* no 100-continue: one request, one answer */
    q->headers = l ? l : q->headers;
    return e;
}

/* A busy server did nothing; 502 and 504 come from somebody between who does not know; everything else is a no. */
static void judge_status(struct door_net *n) {
    struct door_outcome *o = n->out;
    bool later = o->status == 408 || o->status == 425 || o->status == 429 || (o->status >= 500 && o->status != 501);
    if (o->status == 502 || o->status == 504)
        door_say(o, DOOR_UNKNOWN, "status", "'%.*s' answers %d: a gateway between got no answer, so it may have been taken or not", STR_ARG(n->w->host), o->status);
    else if (o->status >= 300 && o->status < 400)
        door_say(o, DOOR_REFUSED, "redirect", "'%.*s' answers %d and sends elsewhere; redirects are not followed, so write the final address into door.yml", STR_ARG(n->w->host), o->status);
    else
        door_say(o, later ? DOOR_FAILED : DOOR_REFUSED, "status", "'%.*s' answers %d, which is none of the expected statuses", STR_ARG(n->w->host), o->status);
    door_say_quoted(o, buf_str(&n->answer));
}

static void judge(struct door_net *n, CURLcode r) {
    struct door_outcome *o = n->out;
    const struct door_way *w = n->w;
    bool expected = false;
    long asked = 0;
    IGNORE(curl_easy_getinfo(n->h, CURLINFO_REQUEST_SIZE, &asked));
    for (size_t i = 0; i < w->n_expect; i++)
        expected |= (unsigned) o->status == w->expect[i];
    if (r != CURLE_OK && !(o->status && expected && !w->answer_has.n))
        door_net_explain(n, r, asked > 0);
    else if (!expected)
        judge_status(n);
    else if (w->answer_has.n && str_find(buf_str(&n->answer), w->answer_has, 0) < 0) {
        door_say(o, DOOR_REFUSED, "answer", "'%.*s' answers %d, but without '%.*s' (`answer_has`)", STR_ARG(w->host), o->status, STR_ARG(w->answer_has));
        door_say_quoted(o, buf_str(&n->answer));
    } else {
        door_say(o, DOOR_SENT, "sent", "'%.*s' answered %d", STR_ARG(w->host), o->status);
        door_say_quoted(o, buf_str(&n->answer));
    }
}

void door_http_send(const struct door_way *w, const struct door_job *job, struct door_outcome *out) {
    struct request q = {0};
    struct door_scope s;
    struct door_net n = {0};
    struct diag d = {0};
    long status = 0;
    buf_init(&q.url, 16384);
    buf_init(&q.header, 16384);
    buf_init(&q.body, 8 * (size_t) DOOR_JOB_BYTES_MAX);
    door_scope_init(&s, w, job);
    int e = make(&q, &s, &d);
    if (e < 0) {
        door_say(out, DOOR_REFUSED, "message", "%s", d.text);
    } else if (door_net_init(&n, w, out) < 0 || curl_easy_setopt(n.h, CURLOPT_URL, buf_z(&q.url)) || curl_easy_setopt(n.h, CURLOPT_HTTPHEADER, q.headers) ||
               (w->body.n && (curl_easy_setopt(n.h, CURLOPT_POSTFIELDSIZE, (long) q.body.n) || curl_easy_setopt(n.h, CURLOPT_POSTFIELDS, buf_z(&q.body)))) ||
               curl_easy_setopt(n.h, CURLOPT_CUSTOMREQUEST, w->method.p)) {
        door_say(out, DOOR_FAILED, "memory", "memory ran out before the request was sent");
    } else {
        CURLcode r = curl_easy_perform(n.h);
        if (curl_easy_getinfo(n.h, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
            out->status = (int) status;
        judge(&n, r);
    }
    door_net_done(&n);
    curl_slist_free_all(q.headers);
    buf_done(&q.url);
    buf_done(&q.header);
    buf_done(&q.body);
}
