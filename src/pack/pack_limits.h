/* Every maximum for a pack that comes from elsewhere, with its reason. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PACK_FILES_MAX 96                     /* seven, and the rules of one lesson; the shipped lessons have fewer than 20 */
#define PACK_BYTES_MAX ((size_t) 4 << 20)     /* of all files; a lesson is text of some dozen pages */
#define PACK_YAML_BYTES_MAX ((size_t) 256 << 10) /* of one file of settings; the shipped ones have 1 to 10 KB */
#define PACK_STORY_BYTES_MAX ((size_t) 512 << 10) /* a story at three depths: 200 pages */
#define PACK_NODES_MAX 20000                  /* values of one YAML file with aliases followed; a list of 12,000 names is data, no lesson */
#define PACK_DEPTH_MAX 24                     /* of one YAML file; playbooks have about 8 */
#define PACK_NOTE_BYTES_MAX ((size_t) 32 << 10) /* the signed list of files: 100 bytes a file */
#define PACK_NAME_CHARS_MAX 64                /* of an id, of a rule's file */
#define PACK_ARENA_MAX ((size_t) 256 << 20)   /* YAML as trees: at most some 60 times its bytes */
#define PACK_KEYS_MAX 256                     /* keys one operator trusts or has revoked */
#define PACK_SCHEMA_DEPTH_MAX 96              /* a value's depth and the references of a schema followed */
#define PACK_SCHEMA_STEPS_MAX 2000000         /* schemas held against values; PACK_NODES_MAX values with some thirty keywords each, twice */
