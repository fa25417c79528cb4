/* The files of a pack, all of them in memory: what is checked is what is used, whatever somebody does to the folder meanwhile.
 *
 * A pack is text. It lies in a folder, or travels as one file: the signed note (note.h) and behind it the bytes of the files in
 * the note's order, no compression. Which files there may be is a table; anything else refuses the pack, so that nothing in it can
 * be a program, a path, a link or a query. Nothing of a pack is ever run, and no name out of it is ever opened. */
#pragma once
#include "base/yaml.h"

struct pack_file_kind {
    const char *name;   /* "pack.yml"; "rules/" for what lies in that folder and ends in .yml */
    size_t bytes_max;
    bool required;
    bool yaml;
    const char *schema; /* content/schemas/pack/NAME.json; NULL: another reader judges it */
};
struct pack_file {
    struct str path, bytes; /* path: below the pack */
    const char *shown;      /* as a person would find it */
    const struct pack_file_kind *kind;
    const struct yaml_node *root; /* of a YAML file of one document; NULL: not YAML, or a file of rules */
};
struct pack_files {
    const char *shown; /* what was read: a folder, or a file */
    struct str name;   /* the folder's; empty for a pack in one file */
    struct pack_file *at; /* in byte order of their paths */
    size_t n, bytes;
    struct str note;   /* the signed list; .p NULL: there is none */
};

/* From a folder, or from what pack_files_write wrote. Refused with its place and what to do: names that are none of a pack's,
 * links, devices, what is no UTF-8 or has control characters or marks that turn the direction of writing, what is larger or deeper
 * than pack_limits.h allows, YAML with more than that once aliases are followed, a pack without its required files. */
int pack_files_read(struct arena *a, const char *path, struct pack_files *ret, struct diag *reterr) MUST_USE;
const struct pack_file *pack_files_find(const struct pack_files *f, const char *path);
/* The row of a path; NULL: no pack has such a file. */
const struct pack_file_kind *pack_file_kind(struct str path);
/* One file: the note, then the bytes. */
struct buf;
int pack_files_write(const struct pack_files *f, struct buf *out) MUST_USE;
