/* What is told of a message: as JSON, which mails are one, and whether a machine may answer. */
#include "mail/mail_priv.h"

const struct mail_message *mail_suspect(const struct mail_message *m) {
    return m->inner ? m->inner : m;
}

void mail_same(const struct mail_message *m, char dst[2 * SHA256_BYTES + 1]) {
    uint8_t hash[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    if (m->message_id.n) {
        sha256_add(&h, STR("id\n"));
        sha256_add(&h, m->message_id);
    } else { /* forwarded in the text: what is left of it */
        sha256_add(&h, m->from_address);
        sha256_add(&h, STR("\n"));
        sha256_add(&h, m->subject);
        for (size_t i = 0; i < m->n_links; i++) {
            sha256_add(&h, STR("\n"));
            sha256_add(&h, m->links[i].url);
        }
    }
    sha256_end(&h, hash);
    hex_encode(hash, sizeof hash, dst);
}

bool mail_no_answer(const struct mail_message *m, const char **ret_why) {
    static const char *const machines[] = {"mailer-daemon@", "postmaster@", "noreply@", "no-reply@", "owner-", "bounce"};
    const char *why = NULL;
    if (m->report)
        why = "a machine's report";
    else if (m->auto_submitted.n && !str_eq_z(m->auto_submitted, "no"))
        why = "sent by a machine (Auto-Submitted)";
    else if (str_eq_z(m->precedence, "bulk") || str_eq_z(m->precedence, "list") || str_eq_z(m->precedence, "junk"))
        why = "sent to many (Precedence)";
    else if (m->list_id.n)
        why = "from a mailing list (List-Id)";
    else if (m->return_path.p && !m->return_path.n)
        why = "without a sender (Return-Path: <>)";
    else if (!m->from_address.n)
        why = "without an address";
    for (size_t i = 0; i < ARRAY_SIZE(machines) && !why; i++)
        if (str_eq_icase(str_to(m->from_address, strlen(machines[i])), str_of(machines[i])))
            why = "from a machine's address";
    *ret_why = why;
    return why != NULL;
}

static void write_links(const struct mail_message *m, struct jsonw *w) {
    jsonw_key(w, STR("links"));
    jsonw_array(w);
    for (size_t i = 0; i < m->n_links; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "url", m->links[i].url);
        jsonw_kstr(w, "shown", m->links[i].shown);
        jsonw_kstr(w, "host", m->links[i].host);
        jsonw_kbool(w, "differs", m->links[i].differs);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_files(const struct mail_message *m, struct jsonw *w) {
    jsonw_key(w, STR("files"));
    jsonw_array(w);
    for (size_t i = 0; i < m->n_files; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "name", m->files[i].name);
        jsonw_kstr(w, "type", m->files[i].type);
        jsonw_kz(w, "looks", m->files[i].looks);
        jsonw_ku64(w, "bytes", m->files[i].bytes);
        jsonw_kz(w, "sha256", m->files[i].sha256);
        jsonw_kbool(w, "misnamed", m->files[i].misnamed);
        jsonw_end(w);
    }
    jsonw_end(w);
}

static void write_way(const struct mail_message *m, struct jsonw *w) {
    jsonw_key(w, STR("received"));
    jsonw_array(w);
    for (size_t i = 0; i < m->n_received; i++)
        jsonw_str(w, m->received[i]);
    jsonw_end(w);
    jsonw_key(w, STR("auth"));
    jsonw_array(w);
    for (size_t i = 0; i < m->n_auth; i++) {
        jsonw_object(w);
        jsonw_kstr(w, "by", m->auth[i].by);
        jsonw_kstr(w, "spf", m->auth[i].spf);
        jsonw_kstr(w, "dkim", m->auth[i].dkim);
        jsonw_kstr(w, "dmarc", m->auth[i].dmarc);
        jsonw_end(w);
    }
    jsonw_end(w);
}

void mail_write(const struct mail_message *m, struct jsonw *w) {
    jsonw_object(w);
    jsonw_kstr(w, "from", m->from);
    jsonw_kstr(w, "from_address", m->from_address);
    jsonw_kstr(w, "reply_to", m->reply_to);
    jsonw_kstr(w, "return_path", m->return_path);
    jsonw_kstr(w, "to", m->to);
    jsonw_kstr(w, "subject", m->subject);
    jsonw_kstr(w, "date", m->date);
    jsonw_kstr(w, "message_id", m->message_id);
    jsonw_kstr(w, "in_reply_to", m->in_reply_to);
    jsonw_kstr(w, "text", m->text);
    write_way(m, w);
    write_links(m, w);
    write_files(m, w);
    jsonw_kbool(w, "report", m->report);
    jsonw_ki64(w, "odd", m->odd);
    jsonw_key(w, STR("inner"));
    jsonw_array(w);
    for (const struct mail_message *x = m->inner; x; x = x->next)
        mail_write(x, w);
    jsonw_end(w);
    jsonw_end(w);
}
