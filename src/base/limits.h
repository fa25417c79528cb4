/* Every maximum for something that comes from outside, in one place, with its reason. */
#pragma once
#include <stddef.h>

/* Intake */
#define LINE_BYTES_MAX (64 * 1024)        /* one record; longer lines are kept whole in pieces of this size and marked */
#define LINE_BYTES_HARD_MAX (16 * 1024 * 1024) /* a syslog frame announcing more is refused, its connection closed */
#define SYSLOG_CONNECTIONS_MAX 4096       /* file descriptors of one sensor */
#define HOLDER_CONNECTIONS_MAX SYSLOG_CONNECTIONS_MAX /* held by the supervisor for the sensor */
#define HOLDER_OF_ADDRESS_MAX 1024        /* of one sending address: a quarter, so that one cannot keep the others out */
#define GATE_SOURCES_MAX 4096             /* sources the gate tells apart; further senders share their listener's */
#define GATE_STREAMS_MAX 4096             /* journals whose last entry is remembered, so that a repetition is known */
#define GATE_QUEUE_BYTES_MAX ((size_t) 48 << 20) /* not on disk yet: above it senders are told to come again */
#define GATE_WINDOW_BYTES_MAX ((size_t) 4 << 20) /* of it on the way to the sensor */
#define GATE_CONNECTIONS_MAX 2048         /* RELP and TLS, of all listeners; HTTP has its own */
#define GATE_OF_ADDRESS_MAX 512
#define HTTP_INTAKE_BYTES_MAX ((size_t) 32 << 20) /* one body of a sender, unpacked; shippers send 1 to 10 MB */
#define JOURNAL_ENTRY_BYTES_MAX (SPOOL_RECORD_BYTES_MAX / 2)
#define JOURNAL_FIELD_BYTES_MAX (256 * 1024) /* a larger field (a core dump) is left out, and that is said */
#define FLOW_TEMPLATES_MAX 4096           /* of all exporters; each has a handful */
#define FLOW_FIELDS_MAX 256               /* of one template; exporters use 20 to 60 */
#define FLOW_WAITING_BYTES_MAX (512 * 1024) /* records whose template has not come; some minutes of a small exporter */
#define DESIGN_LIMITS_MAX 10000           /* rows of the register; an operator has some tens a system */
#define DESIGN_LIMITS_BYTES_MAX (DESIGN_LIMITS_MAX * 840) /* a row's fields at their longest */
#define METRIC_ENTRIES_MAX 65536          /* resources of machines: 2,000 machines with 30 each */
#define METRIC_PARTS_MAX (1 << 20)        /* values they are worked out of: a machine of 64 processors has 600 */
#define GATE_MESSAGE_BYTES_MAX (1 << 20)  /* one RELP message; rsyslog's own default is 8 KB */
#define SYSLOG_SENDERS_MAX 4096           /* sources one listener makes of addresses; forged ones must not use all ids */
#define BATCH_BYTES 262144                /* lines decoded and matched together: fits L2 twice over */
#define BATCH_RECORDS_MAX 16384           /* a batch of empty lines takes 1 MB of records, not 16 */
#define BATCH_ARENA_BYTES_MAX ((size_t) 64 << 20)
#define READER_ZSTD_WINDOW_LOG_MAX 27     /* 128 MB, what zstd --long=27 writes and every zstd reads */
#define EVTX_CHUNK_BYTES 65536u           /* the format's own; a record lies inside one */
#define EVTX_NODES_MAX 8192               /* elements, attributes and values of one record: 64 KB hold no more that mean something */
#define EVTX_VALUES_MAX 8192              /* of all templates of one record */
#define EVTX_STEPS_MAX 65536              /* tokens of one record, templates as often as they are used */
#define EVTX_LINE_BYTES_MAX (1024 * 1024) /* one record as JSON, before its values are cut to fit LINE_BYTES_MAX */
#define INTAKE_PATHS_MAX 100000           /* files of one hunt */
#define INTAKE_FOLDER_DEPTH_MAX 64
#define HISTORY_FILES_MAX 64               /* rotated beside a followed one and read back; a year of weeks */
#define HISTORY_BYTES_MAX ((uint64_t) 1 << 30) /* as they are stored; packed ten times that: minutes at first start, not hours */
#define HISTORY_DAYS_MAX 330               /* since the last change; a line without a year is placed in the last one, and a
                                              month may be in one file */
#define TAIL_FILES_MAX 4096               /* followed or remembered by one source; further ones are counted as broken */
#define TAIL_PAST_MAX 64                  /* gone and remembered, to know a copy again; then the oldest are forgotten */
#define TAIL_WATCHES_MAX 64               /* folders of one source; others are found by the timer */
#define SEQUENCES_MAX 4096                /* logs whose record numbers are watched: hosts times channels; 3 MB */
#define CLOCK_HOSTS_MAX 64                /* machines of one source whose clocks are kept: a person reads no more of one relay, and
                                             a row of the ledger stays far below one frame */
#define CLOCK_HOST_BYTES_MAX 253          /* a full name of DNS */
#define SOURCES_MAX 65536                 /* one row on the page of sources each */
#define SOURCE_TEXT_BYTES_MAX 4096        /* name, path, service… of a source: PATH_MAX */
#define RAW_PEER_BYTES_MAX 64             /* "[fe80::1%interface]:65535"; 63 columns of a W3C log, of which IIS has 22 */
#define RAW_RESUME_BYTES_MAX 170          /* a journal cursor has about 150 */

/* Configurations of packet filters */
#define FIREWALL_BYTES_MAX ((size_t) 16 << 20) /* a large PAN-OS export has 10 MB */
#define FIREWALL_ARENA_MAX ((size_t) 1 << 30) /* its tree and what is compared; another process's memory is not touched */
#define FIREWALL_RULES_MAX 50000          /* of one path; 10,000 is said to be a large rule base */
#define FIREWALL_PATHS_MAX 4096           /* chains, pairs of zones, interfaces */
#define FIREWALL_SPACES_MAX 100000        /* pieces of one comparison: beyond it "at least" is said */
#define FIREWALL_CHANGES_MAX 1000         /* told of one comparison: somebody put in another configuration */
#define FIREWALL_NAMES_MAX 100000         /* addresses, services and groups; 40,000 is what large devices allow */
#define FIREWALLS_MAX 64                  /* watched by one Kizuki */
#define CHANGE_REQUESTS_MAX 1000          /* announced and not over: more are nobody's to know */
#define CHANGE_REQUESTS_BYTES_MAX ((size_t) 1 << 20)
#define FIREWALL_UNREAD_MAX 50            /* lines shown; a person reads no more */

/* Spool */
#define SPOOL_SEGMENT_BYTES (64 << 20)    /* scanned whole at start: about 50 ms */
#define SPOOL_SEGMENT_MIB_MAX 1024        /* the newest one is read whole at start */
#define SPOOL_SEGMENT_AGE_S 3600          /* what is not sealed yet is at most an hour old */
#define SPOOL_RECORD_BYTES_MAX (1 << 20)  /* a line has LINE_BYTES_MAX; a journal entry may have many fields */
#define SPOOL_PENDING_BYTES_MAX (16 << 20) /* put but not committed: what memory holds while the disk is full */
#define SPOOL_PIECES_MAX 65536            /* of 256 KB in one sealed segment: 250 times its usual size */
#define SPOOL_HOLES_MAX (1 << 26)         /* lost records a seal accounts for one by one: some ten seconds of hashing */
#define SPOOL_STATES_MAX 1048576          /* remembered places to go on: one per file, connection, journal */

/* Events */
#define EVENT_FIELDS_MAX 1024             /* Elastic's own default mapping limit is 1000 */
#define EVENT_FIELD_NAME_BYTES_MAX 512
#define EVENT_NAMES_MAX 65536             /* distinct field names interned by rules and decoders */

/* Decoders written as data (content/decoders) */
#define DECODER_FILES_MAX 1024            /* decoders of one set; some thirty are shipped */
#define DECODER_SET_BYTES_MAX ((size_t) 256 << 20) /* texts and indexes of one set; what is shipped takes about 5 MB */
#define DECODER_PATTERNS_MAX 1024         /* of one decoder; a firewall's catalogue has some hundred messages worth reading */
#define DECODER_PATTERN_BYTES_MAX 4096
#define DECODER_PIECES_MAX 64             /* of one pattern: each looks at the line at most once */
#define DECODER_ROWS_MAX 1024             /* of any table in a file */
#define DECODER_PAIRS_MAX 512             /* key=value pairs read of one line; the longest known have about 80 */
#define DECODER_COLUMNS_MAX 256           /* of one line; PAN-OS writes about 120 */
#define DECODER_KEY_BYTES_MAX 96          /* the name of a pair, a column or a value */

/* JSON and YAML */
#define JSON_DEPTH_MAX 64
#define JSON_NODES_MAX 1000000            /* control documents; a log line has EVENT_FIELDS_MAX */
#define YAML_BYTES_MAX (4 * 1024 * 1024)  /* the largest SigmaHQ rule is 40 KB */
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 200000

/* Rules and correlation */
#define RULES_MAX 100000
#define STATISTICS_BYTES_MAX ((size_t) 32 << 20) /* a table of a whole company's sources is below 2 MB */
#define STATISTICS_FIELDS_MAX 65536              /* fields of all log sources in it */
#define SHAPES_BYTES_MAX ((size_t) 8 << 20) /* a thread's memory of which fields events have; a log has some hundred shapes of 1 KB */
#define RULES_BYTES_MAX ((size_t) 1 << 30) /* trees, texts and conditions of one rule set: 10 KB a rule at RULES_MAX */
#define RULE_FOLDER_DEPTH_MAX 32
#define RULE_BROKEN_MAX 100 /* documents of one file that are not YAML; then nothing more is read of it */
#define RULESET_FILES_MAX 200000          /* files of one set; SigmaHQ's archive has about 10,000 */
#define RULESET_BYTES_MAX ((size_t) 512 << 20) /* one set unpacked; SigmaHQ's rules and events have 30 MB */
#define RULESET_ZIP_BYTES_MAX ((size_t) 256 << 20)
#define RULESET_RATIO_MAX 200             /* of one file to its packed bytes, once it is above a megabyte; YAML packs 5:1 */
#define RULESET_PATH_BYTES_MAX 1024       /* of one file inside a set */
#define RULESETS_MAX 64                   /* sets in use or waiting */
#define RULE_EXCEPTIONS_MAX 4096          /* exceptions in force, and suppressions; each is a row on a page */
#define RULE_ATOMS_MAX 20000              /* patterns in one rule; the largest SigmaHQ rule has about 4000 */
#define SEARCH_PARTS_MAX 24               /* questions of one hunt, told apart in one reading: bits of a word */
#define SEARCH_QUERY_BYTES_MAX 262144     /* one query as typed; a pasted list of 10,000 addresses has half of that */
#define CORRELATION_GROUPS_MAX 1048576    /* live groups over all correlations; then the oldest leave, counted */
#define CORRELATION_VALUES_MAX 65536      /* distinct values remembered in one group */
#define CORRELATION_BYTES_MAX ((size_t) 144 << 20) /* keys, values, small groups: with a million sources 256 MB in all */
#define CORRELATION_VALUE_BYTES_MAX 256   /* a longer value is kept as its beginning and a hash */
#define CORRELATION_COUNT_MAX 65536       /* event_count: each group may keep that many events */
#define CORRELATION_DISTINCT_MAX 4096     /* value_count: each group may keep that many values with an event */
#define CORRELATION_NUMBERS_MAX 16384     /* value_sum and its like, rate_change: events of one group's window; sorted at
                                             each event, about 1 ms at the maximum */
#define CORRELATION_RECENT_MIN 16         /* events of a window kept for the evidence of a finding not yet open, */
#define CORRELATION_RECENT_MAX 512        /* more for a rule that needs more to be true */
#define CORRELATION_INPUTS_MAX 32         /* rules one correlation looks at: a mask of 32 bits */
#define CORRELATION_FIELDS_MAX 8          /* fields of one group-by; fields one correlation counts or collects */
#define CORRELATION_MEASURES_MAX 32
#define CORRELATION_LEVELS_MAX 8          /* correlations over correlations */
#define CORRELATION_FINDINGS_MAX 16384    /* open at once; about 2 KB each */
#define FINDING_EVIDENCE_MAX 200          /* positions listed; the rest is counted */
#define FINDING_COLLECT_MAX 1000          /* distinct collected values listed; the rest is counted */

/* Facts of a case (content/facts.yml), and what is made of them */
#define FACT_KINDS_MAX 400                /* kinds of facts; those of all forms together are about a hundred */
#define FACT_CHOICES_MAX 64               /* of one fact, and groups: the longest list of an authority has 17 */
#define FORM_FILE_BYTES_MAX ((size_t) 8 << 20) /* an authority's blank with pictures; the common ones have 30 to 300 KB */
#define FACT_VALUE_BYTES_MAX 8000         /* two pages of A4; a cell of a spreadsheet holds 32767 characters */

/* Tracing an address */
#define TRACE_FACTS_MAX 50000             /* events of one trace; about 10 MB */
#define TRACE_SOURCES_MAX 20000           /* sources they come from, and the machines of each whose clock the ledger tells; 8 MB */
#define TRACE_PATHS_MAX 400               /* inside addresses one port may have stood for around then */
#define TRACE_CANDIDATES_MAX 40           /* told; a person reads the first five */
#define TRACE_BEATS_MAX 20000             /* leases of a day of a large office */
#define TRACE_ARENA_BYTES_MAX ((size_t) 64 << 20)
/* Playbooks */
#define PLAYBOOK_STEPS_MAX 1000           /* of one playbook, agents and targets too; the longest published ones have about 100 */
#define PLAYBOOK_BYTES_MAX (2 * 1024 * 1024)

/* Alert levels, put on a page or by a step of a playbook */
#define LEVEL_SERVICES_MAX 50
#define LEVEL_DAYS_MAX 90 /* longer is no alert */

/* The index */
#define INDEX_HTTP_HEAD_BYTES_MAX 65536u           /* a statement that adds rows stands in the target; a page of escapes */
#define INDEX_STATEMENT_BYTES_MAX ((size_t) 2 << 20) /* a set of 20,000 addresses, 256 KB, with room */
#define INDEX_REQUEST_BYTES_MAX ((size_t) 64 << 20) /* a batch of rows; about 2 MB */
#define INDEX_ANSWER_BYTES_MAX ((size_t) 64 << 20) /* positions: INDEX_POSITIONS_MAX of 29 bytes and the marks */
#define INDEX_POSITIONS_MAX 300000                 /* with more, reading the segments costs no more than picking records */
#define INDEX_CONNECTIONS_MAX 16                   /* a searcher, a command line or two */
#define INDEX_VALUES_MAX 64                        /* addresses, hosts… of one event; with more it is always looked at */
#define INDEX_TEXT_BYTES_MAX 16384                 /* of one event, likewise */

/* Tables that people send: registers, logs of a hosting company */
#define TABLE_FILE_BYTES_MAX ((size_t) 32 << 20) /* as it is stored; a register of 10,000 rows has 1 to 2 MB */
#define LATE_UPLOAD_BYTES_MAX ((size_t) 512 << 20) /* through the pages; larger ones by `kizuki import` or a folder */
#define LATE_FILES_MAX 10000              /* in one ZIP of logs */
#define LATE_UNPACKED_BYTES_MAX ((uint64_t) 4 << 30) /* of one ZIP: a year of a small site */
#define LATE_RATIO_MAX 400                /* unpacked to packed, above a megabyte; repetitive logs pack 100:1 */
#define LATE_LINES_MAX 8000000            /* remembered of one source, 8 bytes each; then a file is refused */
#define TABLE_MEMORY_BYTES_MAX ((size_t) 384 << 20) /* of one table while it is read */
#define TABLE_ROWS_MAX 300000             /* a register has some thousand, a log that comes late more */
#define TABLE_COLUMNS_MAX 256             /* of a register; people use some dozens */
#define TABLE_MERGES_MAX 100000
#define XLSX_SHEETS_MAX 256
#define XLSX_FILES_MAX 10000              /* in the archive; pictures and comments of a large workbook */
#define XLSX_UNPACKED_BYTES_MAX ((uint64_t) 256 << 20) /* of one part; a sheet of 100,000 rows has about 60 MB */
#define XLSX_RATIO_MAX 200                /* unpacked to packed, above a megabyte; sheets pack 10 to 60:1 */
#define XLSX_OUT_BYTES_MAX ((size_t) 64 << 20) /* of a sheet we write: 20,000 rows of a register with 30 columns */
#define XLSX_STRINGS_MAX 1000000
#define XLSX_DEPTH_MAX 64                 /* of XML elements; sheets have about 6 */
#define IMPORT_FIELDS_MAX 64              /* of one register */
#define IMPORT_HEAD_ROWS_MAX 40           /* titles and notes above the header */

/* Messages between our own programs */
#define FRAME_BYTES_MAX (1024 * 1024)

/* Vaults: who pulls sealed segments from another Kizuki */
#define VAULT_PEER_S 30                   /* a peer that sends or takes nothing for so long is left */
#define VAULT_FRAME_S 120                 /* one whole message of at most FRAME_BYTES_MAX; 10 KB/s are enough */
#define VAULT_CONNECTIONS_MAX 16          /* at once on the first: a thread each; more than its vaults in their rounds */
#define VAULT_OF_ADDRESS_MAX 4            /* of one address, so that a stranger cannot keep the vaults out */
#define VAULTS_MAX 16                     /* enrolled on one first */
#define VAULT_FIRSTS_MAX 16               /* pulled by one vault: a thread each */
#define VAULT_NAME_BYTES_MAX 64           /* of a first, as its vault calls it: a folder's name */
#define VAULT_CODES_MAX 16                /* for enrolment, valid at once */
#define VAULT_CODE_S (15 * 60)            /* how long a code is good for */
#define VAULT_GUESSES_MAX 5               /* wrong proofs, then every code is void: 80 bits are not guessed by trying */
#define VAULT_SEGMENT_BYTES_MAX ((uint64_t) 2 << 30) /* one compressed segment: SPOOL_SEGMENT_MIB_MAX that does not compress, twice */
#define VAULT_REFUSED_MAX 100             /* checkpoints kept as evidence that a tree was rewritten */

/* Notes of our own programs to the sensor (app/common/note.h) */
#define NOTE_BYTES_MAX 16384
#define NOTES_A_TURN 64                   /* the sensor takes so many a second; the rest waits */

/* Retention */
#define KEEPING_WHY_BYTES_MAX 200         /* the law or the contract, a line; stands in each note of a removal */
#define HOLDS_MAX 1000000                 /* records held by cases; above it nothing is removed */
#define HOLDS_BYTES_MAX ((size_t) 32 << 20)

/* Evidence that leaves as plain files */
#define ATTACHMENT_BYTES_MAX ((size_t) 32 << 20) /* of one file: a photo has 4 to 12 MB, a log of a night less; an image of a disk stays where it is and has its hash typed */
#define EVIDENCE_RECORDS_MAX 10000        /* of one export: a third party checks some hundred a minute */
#define EVIDENCE_BYTES_MAX ((uint64_t) 1 << 30)
#define EVIDENCE_WHY_BYTES_MAX 2000       /* the reason, as it was typed */

/* HTTP */
#define ROOM_LIST_ENTRIES_MAX 131072      /* of one fetched list: what the largest taker known holds */
#define ROOM_LIST_BYTES_MAX ((size_t) 16 << 20) /* 131,072 lines of at most 100 bytes, and room */
#define HTTP_BODY_BYTES_MAX (1024 * 1024) /* what is held in memory; a file (upload.h) goes to disk as it comes */
#define HTTP_CONNECTIONS_MAX 512
#define SSE_CLIENTS_MAX 64
#define SESSION_MAX 10000

/* Hand; the root-owned limits file may lower these, never raise them */
#define BLOCK_MINUTES_MAX (7 * 24 * 60)
#define BLOCK_ADDRESSES_MAX 65536
#define HAND_PREFIX4_FLOOR 16             /* 65,536 addresses: nobody attacks from more of one network at once */
#define HAND_PREFIX6_FLOOR 32             /* one provider's whole allocation */
#define HAND_ORDER_ADDRESSES_MAX 1000     /* answers of one order stay well below FRAME_BYTES_MAX */
#define HAND_ORDER_TEXT_BYTES_MAX 200     /* reason, rule, incident: shown in lists, kept in the journal */
#define HAND_NEVER_MAX 4096               /* rows of the never-block list; searched one by one */
#define HAND_NEVER_ADDED_MAX 1024         /* of these, what the room may add */
#define HAND_OWN_ADDRESSES_MAX 4096       /* addresses of this machine; more: blocks are refused */
#define HAND_SEEN_MAX 65536               /* order ids remembered until they expire; then orders are refused */
#define HAND_LIMITS_BYTES_MAX (1024 * 1024)
#define HAND_LIMITS_ARENA_MAX ((size_t) 32 << 20)
#define HAND_JOURNAL_BYTES_MAX ((size_t) 256 << 20) /* rewritten long before; larger at start is damage */
#define HAND_JOURNAL_RECORD_MAX (256 * 1024)
#define HAND_CONNECTIONS_MAX 8            /* one room; a few while one restarts */
#define HAND_OUT_BYTES_MAX ((size_t) 32 << 20) /* a peer that does not read its answers is closed */
#define HAND_NFT_OUT_BYTES_MAX ((size_t) 64 << 20) /* nft's listing of BLOCK_ADDRESSES_MAX elements */
#define DEED_ARENA_MAX ((size_t) 16 << 20) /* a driver's two files as trees */
#define DEED_ROWS_MAX 512                 /* targets, settings, protected names of one driver */
#define DEED_PARAMS_MAX 16                /* of one kind of action */
#define DEED_KINDS_MAX 32                 /* of one template */
#define DEED_STEPS_MAX 16                 /* of one verb: more is a program, which belongs into one */
#define DEED_KEPT_MAX 16                  /* values remembered from answers, journalled with the action */
#define DEED_VALUE_BYTES_MAX 4096         /* one value: a list of 64 addresses, a password, a name */
#define DEED_TEXT_BYTES_MAX (256 * 1024)  /* a step's text with its values */
#define DEED_OUT_BYTES_MAX (1024 * 1024)  /* what a program or a vendor answers; more is refused */
#define DEED_STEP_S_MAX 60                /* one try: the driver does nothing else meanwhile */
#define DEED_UNTIL_S_MAX 120              /* an effect that takes longer is asked for again later */
#define DEED_MINUTES_MAX (90 * 24 * 60)   /* an account waits for its owner for weeks; every act still ends */
#define DEED_IN_FORCE_MAX 10000           /* in force at one time, of one driver */
#define DEED_TARGETS_MAX 500              /* of one order */

/* Regular expressions of rules; a match that meets a limit counts as none and is counted (regex_limits) */
#define REGEX_BYTES_MAX 16384             /* one expression; the longest of SigmaHQ has 700 */
#define REGEX_MATCH_STEPS_MAX 500000      /* about 5 ms; honest matches need hundreds */
#define REGEX_HEAP_KB_MAX 4096
#define REGEX_JIT_STACK_BYTES_MAX (256 * 1024)

/* Indicators (src/indicator) */
#define INDICATORS_MAX 1000000            /* of one file, and of all together; a large feed has 100,000 */
#define INDICATOR_FILE_BYTES_MAX ((size_t) 64 << 20) /* 100,000 of them as STIX, with all that stands around */
#define INDICATOR_LIST_BYTES_MAX ((size_t) 1 << 30) /* a list in memory; 300 bytes each */
#define INDICATOR_NODES_BYTES_MAX ((size_t) 2 << 30) /* a file of INDICATOR_FILE_BYTES_MAX as a tree */
#define INDICATOR_VALUE_BYTES_MAX 2048    /* a URL; browsers stop there too */
#define INDICATOR_TEXT_BYTES_MAX 300      /* who says so, their id, what was refused: a row on a page */
#define INDICATOR_NOTE_BYTES_MAX 1000
#define INDICATOR_REFUSED_MAX 1000        /* shown one by one; the rest is counted */
#define INDICATOR_IMPORTS_MAX 4096        /* kept at once; each is a file and a row on a page */
#define INDICATOR_PATTERN_BYTES_MAX 65536 /* one STIX pattern; the longest seen list some hundred addresses */
#define INDICATOR_PATTERN_TERMS_MAX 4096  /* comparisons of one pattern */
#define INDICATOR_PATTERN_DEPTH_MAX 32
#define INDICATOR_COLUMNS_MAX 64          /* of a CSV file */
#define INDICATOR_GROUP_MAX 8             /* values that must meet in one event */
#define INDICATOR_HITS_MAX 16             /* of one event; the rest is not told */
#define INDICATOR_ALLOW_ROWS_MAX 4000000  /* rows of all warning lists; MISP's have 1.5 million */
#define INDICATOR_ALLOW_BYTES_MAX ((size_t) 512 << 20)

/* The door (src/door) */
#define DOOR_FILE_BYTES_MAX (1024 * 1024) /* door.yml: hundreds of ways with their templates */
#define DOOR_WAYS_MAX 256
#define DOOR_PAIRS_MAX 64                 /* headers, secrets, arguments, statuses of one way */
#define DOOR_ALLOW_MAX 64                 /* networks one way may reach beside the public one */
#define DOOR_JOB_BYTES_MAX (512 * 1024)   /* one message with its variables; the longest publication is a tenth */
#define DOOR_VARIABLES_MAX 64
#define DOOR_ID_BYTES_MAX 64
#define DOOR_ANSWER_BYTES_MAX (64 * 1024) /* of a peer's answer; what is more ends the transfer */
#define DOOR_SAID_BYTES_MAX 300           /* of what a peer said, shown on a page */
#define DOOR_QUEUE_MAX 1024               /* jobs waiting for one of the workers; above it the asker is told to wait */
#define DOOR_PEERS_MAX 8                  /* one room, a few command lines */
#define DOOR_JOURNAL_BYTES_MAX ((size_t) 64 << 20) /* about 400,000 messages; rewritten at each start */

/* Mails that people report (src/mail) */
#define MAIL_BYTES_MAX ((size_t) 32 << 20) /* servers take 10 to 30 MB */
#define MAIL_ARENA_MAX ((size_t) 512 << 20) /* each level of nesting is decoded once */
#define MAIL_REPORT_BYTES_MAX ((size_t) 8 << 20) /* what is told of one, as JSON */
#define MAIL_DEPTH_MAX 8                  /* a mail in a mail in a mail: forwarded by three people has 4 */
#define MAIL_PARTS_MAX 500                /* of all levels together */
#define MAIL_HEADERS_MAX 1000
#define MAIL_HEADER_BYTES_MAX (64 * 1024) /* one header, unfolded */
#define MAIL_RECEIVED_MAX 100
#define MAIL_AUTH_MAX 20
#define MAIL_LINKS_MAX 500                /* of one message */
#define MAIL_FILES_MAX 200
#define MAIL_URL_BYTES_MAX 2048           /* as of an indicator */
#define MAIL_SHOWN_BYTES_MAX 300
#define MAIL_TEXT_BYTES_MAX 16384         /* what a page shows of the text */
#define MAIL_CFB_STREAMS_MAX 4096         /* of one .msg */

/* Lesson packs that come from elsewhere (src/pack) */
#define PACK_FILES_MAX 96                     /* seven, and the rules of one lesson; the shipped lessons have fewer than 20 */
#define PACK_UPLOAD_BYTES_MAX ((size_t) 6 << 20) /* a lesson as one file, with its list; pack/pack_limits.h judges what is in it */
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
/* Stories of packs (replay.yml) */
#define REPLAY_POOL_MAX 2000000           /* items of all pools together, and of all lists of attackers: a second of work */
#define REPLAY_ACTORS_MAX 256
#define REPLAY_SOURCES_MAX 64             /* logs of one story, and of a drill */
#define REPLAY_LINE_MAX 16384
#define REPLAY_ACTS_MAX 20000000          /* of one story: a month of a busy site; played in some minutes */
#define REPLAY_DAYS_MAX 400
#define REPLAY_VISITS_MAX 10000           /* pages an attacker opens after entering; kept in order by insertion */
#define REPLAY_WORD_MAX 1000              /* bytes of one text in a list */
