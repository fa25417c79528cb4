/* Files of a case: taken as they come (upload.h sums them), kept under their sum, given out only while they still are what they were. */
#include "app/common/attached.h"
#include "app/room/call.h"
#include "app/room/room.h"
#include "app/room/upload.h"
#include "base/file.h"
#include "base/limits.h"
#include "room/attachment.h"

#include <errno.h>
#include <limits.h>

static int files(struct call *c, int64_t incident) {
    jsonw_object(&c->w);
    int e = room_attachments_write(c->p->room, incident, &c->who, &c->w, &c->err);
    jsonw_end(&c->w);
    return e < 0 ? e : 200;
}

int handle_attachments(struct call *c) {
    return files(c, c->args.id);
}

/* The bytes are on the disk under their sum before the row says so; a row without bytes would be worse than bytes without a row. */
static int attach(struct call *c, enum room_object of) {
    struct str name = call_query(c, "name");
    char digest[ATTACHMENT_DIGEST_CAP];
    int64_t id;
    if (!name.n || name.n > ATTACHMENT_NAME_MAX)
        return call_bad(c, "name");
    if (!c->upload_bytes)
        return call_bad(c, "file");
    int e = upload_keep(c, digest);
    if (e == 0)
        e = room_attachment_add(c->p->room, &c->who, of, c->args.id, name, (int64_t) c->upload_bytes, str_of(digest), &id, &c->err);
    return e < 0 ? e : files(c, c->row.incident);
}

int handle_row_file(struct call *c) {
    return attach(c, OBJECT_CASE_ROW);
}

int handle_submission_file(struct call *c) {
    return attach(c, OBJECT_SUBMISSION);
}

int handle_attachment(struct call *c) {
    static const char disposition[] = "attachment";
    struct room_attachment x;
    char folder[PATH_MAX];
    struct arena a;
    struct str bytes;
    int e = room_attachment_find(c->p->room, c->args.id, &x, &c->err);
    struct room_row of = c->row; /* what it belongs to may be for fewer than the file */
    if (e == 0)
        of.object = room_attachment_object(&x);
    if (e == 0 && !room_may(&c->who, VERB_READ, &of)) {
        e = room_refuse(c->p->room, &c->who, VERB_READ, &of, &c->err);
        e = e < 0 ? e : -ERR_REFUSED;
    }
    if (e < 0)
        return e;
    arena_init(&a, ATTACHMENT_BYTES_MAX + (1 << 20));
    snprintf(folder, sizeof folder, "%.4000s" ATTACHED_FOLDER, c->p->config->data);
    e = attached_bytes(folder, str_of(x.digest), &a, &bytes, &c->err);
    if (e == 0) {
        buf_clear(&c->out);
        buf_add(&c->out, bytes);
        e = buf_error(&c->out);
        c->type = "application/octet-stream"; /* never shown by the browser as what it says it is */
        c->header = "Content-Disposition";
        c->header_value = disposition;
    }
    arena_done(&a);
    if (e == -ERR_CORRUPT || e == -ENOENT)
        return call_refuse_with(c, 500, "error.attachment_damaged", "name", str_of(x.name));
    return e < 0 ? e : 200;
}
