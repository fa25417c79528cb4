#include "hand/limits.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/yaml.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

/* One row a number: the parser, the defaults and the maxima read the same table. */
static const struct number {
    const char *key;
    size_t at;
    uint32_t least, most, usual;
} numbers[] = {
    {"prefix4_min", offsetof(struct hand_limits, prefix4_min), HAND_PREFIX4_FLOOR, 32, 24},
    {"prefix6_min", offsetof(struct hand_limits, prefix6_min), HAND_PREFIX6_FLOOR, 128, 48},
    {"minutes_max", offsetof(struct hand_limits, minutes_max), 1, BLOCK_MINUTES_MAX, 24 * 60},
    {"blocks_per_minute", offsetof(struct hand_limits, blocks_per_minute), 1, 10000, 100},
    {"blocks_max", offsetof(struct hand_limits, blocks_max), 1, BLOCK_ADDRESSES_MAX, 10000},
    {"orders_per_minute", offsetof(struct hand_limits, orders_per_minute), 1, 6000, 240},
    {"addresses_per_order", offsetof(struct hand_limits, addresses_per_order), 1,
     HAND_ORDER_ADDRESSES_MAX, 500},
    {"order_life_s", offsetof(struct hand_limits, order_life_s), 1, 3600, 300},
    {"clock_skew_s", offsetof(struct hand_limits, clock_skew_s), 0, 60, 5},
};

static const char template[] =
    "# Limits of kizuki-hand. Only root may write this file; the hand reads it at start and on "
    "SIGHUP\n"
    "# and refuses every order that goes beyond it, whoever signed it. See docs/hand.md.\n"
    "\n"
    "# true: orders are checked and listed, nothing is blocked. Set to false when the list is "
    "right.\n"
    "dry_run: true\n"
    "\n"
    "prefix4_min: 24          # no IPv4 network larger than a /24\n"
    "prefix6_min: 48          # no IPv6 network larger than a /48\n"
    "minutes_max: 1440        # every block ends by itself\n"
    "blocks_per_minute: 100\n"
    "blocks_max: 10000        # in force at one time\n"
    "orders_per_minute: 240\n"
    "addresses_per_order: 500\n"
    "order_life_s: 300        # an order is valid at most this long\n"
    "clock_skew_s: 5\n"
    "\n"
    "# Never blocked: partners, monitoring, the network the operators sit in. This machine's own\n"
    "# addresses, loopback, link-local and multicast are always refused and need no entry.\n"
    "never: []\n"
    "#  - 203.0.113.0/24\n"
    "#  - {address: 2001:db8:77::/48, name: partner}\n";

struct str hand_limits_template(void) {
    return STR(template);
}

static uint32_t *number_at(struct hand_limits *l, const struct number *row) {
    return (uint32_t *) (void *) ((char *) l + row->at);
}

void hand_limits_init(struct hand_limits *l) {
    *l = (struct hand_limits){.dry_run = true};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        *number_at(l, &numbers[i]) = numbers[i].usual;
}

void hand_limits_done(struct hand_limits *l) {
    mem_free(l->never);
    *l = (struct hand_limits){.dry_run = true};
}

static int read_numbers(const struct yaml_node *root, const char *file, struct hand_limits *l,
                        struct diag *reterr) {
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        const struct number *row = &numbers[i];
        const struct yaml_node *node = yaml_get(root, row->key);
        int64_t v;
        if (!node)
            continue;
        if (!yaml_get_i64(root, row->key, &v) || v < row->least || v > row->most)
            return yaml_error(reterr, -ERR_PARSE, file, node, "'%s' must be a number from %u to %u",
                              row->key, row->least, row->most);
        *number_at(l, row) = (uint32_t) v;
    }
    return 0;
}

static int read_uids(const struct yaml_node *root, const char *file, struct hand_limits *l,
                     struct diag *reterr) {
    const struct yaml_node *list = yaml_get(root, "room_uids");
    if (!list)
        return 0;
    if (list->kind != YAML_SEQUENCE || list->n > HAND_ROOM_UIDS_MAX)
        return yaml_error(reterr, -ERR_PARSE, file, list,
                          "'room_uids' must be a list of at most %d user numbers",
                          HAND_ROOM_UIDS_MAX);
    for (const struct yaml_node *it = list->first; it; it = it->next) {
        uint64_t v;
        if (it->kind != YAML_SCALAR || str_to_u64(it->text, &v) < 0 || v >= UINT32_MAX)
            return yaml_error(reterr, -ERR_PARSE, file, it, "a user number was expected");
        l->room_uids[l->n_room_uids++] = (uid_t) v;
    }
    return 0;
}

static int read_never_row(const struct yaml_node *it, const char *file, struct hand_never *row,
                          struct diag *reterr) {
    static const char *const keys[] = {"address", "name", NULL};
    struct str address = STR_NULL, name = STR_NULL;
    if (it->kind == YAML_SCALAR)
        address = it->text;
    if (it->kind == YAML_MAPPING) {
        int r = yaml_only_keys(it, keys, file, reterr);
        if (r < 0)
            return r;
        if (yaml_get(it, "name") && !yaml_get_str(it, "name", &name))
            return yaml_error(reterr, -ERR_PARSE, file, it, "'name' must be a text");
        (void) yaml_get_str(it, "address", &address);
    }
    /* Host bits ("203.0.113.9/24") are cleared here: protecting more than was meant harms nobody.
     */
    if (!address.p || ip_prefix_parse(address, &row->net) < 0)
        return yaml_error(reterr, -ERR_PARSE, file, it,
                          "an address or network of the never-block list was expected");
    name = str_to(name, sizeof row->name - 1);
    if (name.n)
        memcpy(row->name, name.p, name.n);
    row->name[name.n] = 0;
    return 0;
}

static int read_never(const struct yaml_node *root, const char *file, struct hand_limits *l,
                      struct diag *reterr) {
    const struct yaml_node *list = yaml_get(root, "never");
    if (!list || yaml_is_null(list))
        return 0;
    if (list->kind != YAML_SEQUENCE || list->n > HAND_NEVER_MAX)
        return yaml_error(reterr, -ERR_PARSE, file, list,
                          "'never' must be a list of at most %d addresses", HAND_NEVER_MAX);
    l->never = mem_zalloc_array(MAX(list->n, 1u), sizeof *l->never);
    if (!l->never)
        return diag_set(reterr, -ENOMEM, "no memory for the never-block list");
    for (const struct yaml_node *it = list->first; it; it = it->next) {
        int r = read_never_row(it, file, &l->never[l->n_never], reterr);
        if (r < 0)
            return r;
        l->n_never++;
    }
    return 0;
}

static int read_root(const struct yaml_node *root, const char *file, struct hand_limits *l,
                     struct diag *reterr) {
    static const char *const keys[] = {"dry_run",
                                       "prefix4_min",
                                       "prefix6_min",
                                       "minutes_max",
                                       "blocks_per_minute",
                                       "blocks_max",
                                       "orders_per_minute",
                                       "addresses_per_order",
                                       "order_life_s",
                                       "clock_skew_s",
                                       "room_uids",
                                       "never",
                                       NULL};
    int r;
    if (root->kind != YAML_MAPPING)
        return yaml_error(reterr, -ERR_PARSE, file, root, "keys and values were expected");
    if ((r = yaml_only_keys(root, keys, file, reterr)) < 0)
        return r;
    if (yaml_get(root, "dry_run") && !yaml_get_bool(root, "dry_run", &l->dry_run))
        return yaml_error(reterr, -ERR_PARSE, file, yaml_get(root, "dry_run"),
                          "'dry_run' must be true or false");
    if ((r = read_numbers(root, file, l, reterr)) < 0 || (r = read_uids(root, file, l, reterr)) < 0)
        return r;
    return read_never(root, file, l, reterr);
}

int hand_limits_parse(struct str text, const char *file, struct hand_limits *ret,
                      struct diag *reterr) {
    struct arena a;
    struct yaml_doc *docs = NULL;
    struct hand_limits l;
    hand_limits_init(&l);
    arena_init(&a, HAND_LIMITS_ARENA_MAX);
    int r = yaml_parse(&a, text, file, &docs, reterr);
    if (r == 0 && docs && docs->next)
        r = diag_set_at(reterr, -ERR_PARSE, file, docs->next->root ? docs->next->root->line : 0, 0,
                        "one YAML document was expected");
    if (r == 0 && docs && docs->root)
        r = read_root(docs->root, file, &l, reterr);
    arena_done(&a);
    if (r < 0) {
        hand_limits_done(&l);
        return r;
    }
    *ret = l;
    return 0;
}

static int check_owner(const struct stat *st, const char *path, const char *what,
                       struct diag *reterr) {
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return diag_set_at(reterr, -ERR_REFUSED, path, 0, 0,
                           "the %s belongs to user %u; it must belong to root", what,
                           (unsigned) st->st_uid);
    if (st->st_mode & 022)
        return diag_set_at(
            reterr, -ERR_REFUSED, path, 0, 0,
            "the %s may be written by others (mode %04o); make it 0644 or 0755 at most", what,
            (unsigned) st->st_mode & 07777);
    return 0;
}

/* Who may rename in the folder may replace the file, so the folder counts too. A folder with the
 * sticky bit (/tmp) lets nobody else replace our file. */
static int check_folder(const char *path, struct diag *reterr) {
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t) (slash - path) : 0;
    struct stat st;
    if (n >= sizeof dir)
        return diag_set_at(reterr, -ENAMETOOLONG, path, 0, 0, "the name is too long");
    if (n)
        memcpy(dir, path, n);
    else
        dir[n++] = slash ? '/' : '.';
    dir[n] = 0;
    if (stat(dir, &st) < 0)
        return diag_set_at(reterr, -errno, dir, 0, 0, "cannot look at the folder: %s",
                           err_word(-errno));
    if (st.st_mode & S_ISVTX && st.st_uid == 0)
        return 0;
    return check_owner(&st, dir, "folder", reterr);
}

static int open_trusted(const char *path, struct diag *reterr) {
    struct stat st;
    int r = check_folder(path, reterr);
    if (r < 0)
        return r;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return diag_set_at(reterr, -errno, path, 0, 0, "cannot open it: %s", err_word(-errno));
    if (fstat(fd, &st) < 0)
        r = diag_set_at(reterr, -errno, path, 0, 0, "cannot look at it: %s", err_word(-errno));
    else if (!S_ISREG(st.st_mode))
        r = diag_set_at(reterr, -ERR_REFUSED, path, 0, 0, "it is no regular file");
    else
        r = check_owner(&st, path, "file", reterr);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

int hand_file_trusted(const char *path, struct diag *reterr) {
    int fd = open_trusted(path, reterr);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int hand_limits_load(const char *path, struct hand_limits *ret, struct diag *reterr) {
    struct buf b;
    int fd = open_trusted(path, reterr), r = 0;
    if (fd < 0)
        return fd;
    buf_init(&b, HAND_LIMITS_BYTES_MAX);
    for (;;) {
        char *p = buf_reserve(&b, 4096);
        if (!p) {
            r = diag_set_at(reterr, buf_error(&b), path, 0, 0, "the file is larger than %d bytes",
                            HAND_LIMITS_BYTES_MAX);
            break;
        }
        ssize_t n = read(fd, p, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = diag_set_at(reterr, -errno, path, 0, 0, "cannot read it: %s", err_word(-errno));
        if (n <= 0)
            break;
        buf_added(&b, (size_t) n);
    }
    close(fd);
    if (r == 0)
        r = hand_limits_parse(buf_str(&b), path, ret, reterr);
    buf_done(&b);
    return r;
}
