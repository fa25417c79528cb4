/* One mail to one address. Taken means: the server answered the end of the data with 250. */
#include "door/compose.h"
#include "door/send_priv.h"

#include "base/limits.h"

static size_t on_upload(char *to, size_t size, size_t count, void *ctx) {
    struct door_net *n = ctx;
    size_t k = MIN(size * count, n->upload.n);
    memcpy(to, n->upload.p, k);
    n->upload = str_from(n->upload, k);
    n->all_out |= k == 0;
    return k;
}

static void explain(struct door_net *n, CURLcode r) {
    struct door_outcome *o = n->out;
    /* 354 is "go on": the server has said nothing yet about what came behind it */
    bool maybe = n->all_out && o->status < 400;
    if (r == CURLE_OK && o->status == 250) {
        door_say(o, DOOR_SENT, "sent", "the mail server took it");
        door_say_quoted(o, buf_str(&n->last));
    } else if (r != CURLE_LOGIN_DENIED && r != CURLE_USE_SSL_FAILED && o->status >= 400 && o->status < 600) {
        bool later = o->status < 500;
        door_say(o, later ? DOOR_FAILED : DOOR_REFUSED, later ? "later" : "refused", "the mail server '%.*s' says %s", STR_ARG(n->w->host), later ? "not now" : "no");
        door_say_quoted(o, buf_str(&n->last));
    } else {
        door_net_explain(n, r == CURLE_OK ? CURLE_WEIRD_SERVER_REPLY : r, maybe && r != CURLE_LOGIN_DENIED);
        if (r == CURLE_LOGIN_DENIED)
            door_say_quoted(o, buf_str(&n->last));
    }
}

static void transfer(struct door_net *n, const struct door_job *job, struct str from) {
    const struct door_way *w = n->w;
    char url[512], sender[300], rcpt[300];
    long status = 0;
    const char *domain = memchr(w->from.p, '@', w->from.n);
    snprintf(url, sizeof url, "%s://%.*s:%u/%.*s", w->tls == DOOR_TLS_FROM_FIRST ? "smtps" : "smtp", STR_ARG(w->host), w->port,
             (int) (w->from.p + w->from.n - domain - 1), domain + 1);
    snprintf(sender, sizeof sender, "<%.*s>", STR_ARG(from));
    snprintf(rcpt, sizeof rcpt, "<%.*s>", STR_ARG(job->to));
    struct curl_slist *to = curl_slist_append(NULL, rcpt);
    bool bad = !to || curl_easy_setopt(n->h, CURLOPT_URL, url) || curl_easy_setopt(n->h, CURLOPT_MAIL_FROM, sender) ||
               curl_easy_setopt(n->h, CURLOPT_MAIL_RCPT, to) || curl_easy_setopt(n->h, CURLOPT_UPLOAD, 1L) ||
               curl_easy_setopt(n->h, CURLOPT_READFUNCTION, on_upload) || curl_easy_setopt(n->h, CURLOPT_READDATA, n) ||
               curl_easy_setopt(n->h, CURLOPT_USE_SSL, (long) (w->tls == DOOR_TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL)) ||
               (w->user.n && curl_easy_setopt(n->h, CURLOPT_USERNAME, w->user.p)) ||
               (w->password.n && curl_easy_setopt(n->h, CURLOPT_PASSWORD, w->password.p));
    CURLcode r = bad ? CURLE_OUT_OF_MEMORY : curl_easy_perform(n->h);
    if (!bad && curl_easy_getinfo(n->h, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        n->out->status = (int) status;
    curl_slist_free_all(to);
    explain(n, r);
}

void door_smtp_send(const struct door_way *w, const struct door_job *job, struct door_outcome *out) {
    struct door_net n;
    struct buf mail;
    struct diag d = {0};
    char id[400];
    const char *domain = memchr(w->from.p, '@', w->from.n);
    bool reply = str_eq_z(door_job_var(job, "auto"), "replied");
    snprintf(id, sizeof id, "%.*s.%llx%.*s", STR_ARG(job->id), (unsigned long long) job->now_ns, (int) (w->from.p + w->from.n - domain), domain);
    struct door_mail m = {.from = w->from, .from_name = w->from_name, .to = job->to, .subject = door_job_var(job, "subject"),
                          .text = door_job_var(job, "text"), .id = str_of(id), .in_reply_to = door_job_var(job, "in_reply_to"),
                          .reply = reply, .now_ns = job->now_ns, .drill = job->drill};
    buf_init(&mail, 4 * (size_t) DOOR_JOB_BYTES_MAX);
    int e = door_mail_compose(&mail, &m, &d);
    if (e < 0)
        door_say(out, DOOR_REFUSED, "message", "%s", d.text);
    else if (door_net_init(&n, w, out) < 0)
        door_say(out, DOOR_FAILED, "memory", "memory ran out before the mail was sent");
    else {
        n.upload = buf_str(&mail);
        transfer(&n, job, reply ? STR("") : w->from); /* nobody answers an answer: RFC 3834 */
    }
    if (e == 0)
        door_net_done(&n);
    buf_done(&mail);
}
