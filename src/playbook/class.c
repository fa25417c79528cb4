/* The tables. A row's names, limits and masks follow the JSON schemas of CACAO 2.0 (oasis-open/cacao-json-schemas); what has no name
 * there is ours and travels in an extension (cacao.h). Order is the order in which fields are written. */
#include "playbook/playbook_priv.h"

#define T(x) (1ull << (x))
#define COMMON_HEAD {.cacao = "name", .ours = "name"}, {.cacao = "description", .ours = "description"}

/* ---- small ones ---- */

static const struct pb_field title_fields[] = {{.ours = "ja"}, {.ours = "en"}};
static const struct pb_class title_class = {"title", title_fields, ARRAY_SIZE(title_fields), NULL, false};

static const struct pb_field reference_fields[] = {
    {.cacao = "name", .ours = "name", .need = T(0)},
    {.cacao = "description", .ours = "description"},
    {.cacao = "source", .ours = "source"},
    {.cacao = "url", .ours = "url"},
    {.cacao = "external_id", .ours = "external_id"},
    {.cacao = "reference_id", .ours = "reference_id"},
};
static const struct pb_class reference_class = {"reference", reference_fields, ARRAY_SIZE(reference_fields), NULL,
                                                false};
#define REFERENCES                                                                                                     \
    {.cacao = "external_references", .ours = "references", .type = PB_OBJECT, .many = PB_LIST, .of = &reference_class}

static const struct pb_field variable_fields[] = {
    {.cacao = "type", .ours = "type", .need = T(0)},
    {.cacao = "description", .ours = "description"},
    {.cacao = "value", .ours = "value", .type = PB_TEXT_OR_NULL},
    {.cacao = "constant", .ours = "constant", .type = PB_BOOL},
    {.cacao = "external", .ours = "external", .type = PB_BOOL},
};
static const struct pb_class variable_class = {"variable", variable_fields, ARRAY_SIZE(variable_fields), NULL, false};
#define VARIABLES(theirs)                                                                                              \
    {.cacao = (theirs), .ours = "variables", .type = PB_OBJECT, .many = PB_DICT, .of = &variable_class, .free_key = true}

static const struct pb_field address_fields[] = {
    {.cacao = "url", .ours = "url", .many = PB_LIST},
    {.cacao = "dname", .ours = "dname", .many = PB_LIST},
    {.cacao = "ipv4", .ours = "ipv4", .many = PB_LIST},
    {.cacao = "ipv6", .ours = "ipv6", .many = PB_LIST},
    {.cacao = "l2mac", .ours = "l2mac", .many = PB_LIST},
    {.cacao = "vlan", .ours = "vlan", .type = PB_INT, .many = PB_LIST, .max = 4095},
};
static const struct pb_class address_class = {"address", address_fields, ARRAY_SIZE(address_fields), NULL, false};

static const struct pb_field contact_fields[] = {
    {.cacao = "email", .ours = "email", .many = PB_DICT, .free_key = true},
    {.cacao = "phone", .ours = "phone", .many = PB_DICT, .free_key = true},
    {.cacao = "contact_details", .ours = "contact_details"},
};
static const struct pb_class contact_class = {"contact", contact_fields, ARRAY_SIZE(contact_fields), NULL, false};

static const char *const regions[] = {
    "africa", "eastern-africa", "middle-africa", "northern-africa", "southern-africa", "western-africa", "americas",
    "caribbean", "central-america", "latin-america-caribbean", "northern-america", "south-america", "asia", "central-asia",
    "eastern-asia", "southern-asia", "south-eastern-asia", "western-asia", "europe", "eastern-europe", "northern-europe",
    "southern-europe", "western-europe", "oceania", "antarctica", "australia-new-zealand", "melanesia", "micronesia",
    "polynesia", NULL};
static const struct pb_field location_fields[] = {
    COMMON_HEAD,
    {.cacao = "building_details", .ours = "building_details"},
    {.cacao = "network_details", .ours = "network_details"},
    {.cacao = "region", .ours = "region", .words = regions},
    {.cacao = "country", .ours = "country"},
    {.cacao = "administrative_area", .ours = "administrative_area"},
    {.cacao = "city", .ours = "city"},
    {.cacao = "street_address", .ours = "street_address"},
    {.cacao = "postal_code", .ours = "postal_code"},
    {.cacao = "latitude", .ours = "latitude"},
    {.cacao = "longitude", .ours = "longitude"},
    {.cacao = "precision", .ours = "precision"},
};
static const struct pb_class location_class = {"location", location_fields, ARRAY_SIZE(location_fields), NULL, false};

/* ---- who acts and on what ---- */

enum { P_GROUP, P_HTTP, P_INDIVIDUAL, P_LINUX, P_LOCATION, P_NET, P_ORGANIZATION, P_SECTOR, P_CATEGORY, P_SSH };
static const char *const party_types[] = {"group",        "http-api", "individual",        "linux", "location", "net-address",
                                          "organization", "sector",   "security-category", "ssh",   NULL};
#define P_MACHINES (T(P_HTTP) | T(P_LINUX) | T(P_NET) | T(P_SSH))
static const struct pb_field party_fields[] = {
    {.ours = "id"},
    {.cacao = "type", .ours = "type", .need = ~0ull},
    {.cacao = "name", .ours = "name", .need = ~0ull},
    {.cacao = "description", .ours = "description"},
    {.cacao = "contact", .ours = "contact", .type = PB_OBJECT, .of = &contact_class,
     .only = T(P_GROUP) | T(P_INDIVIDUAL) | T(P_ORGANIZATION)},
    {.cacao = "location", .ours = "location", .type = PB_OBJECT, .of = &location_class},
    {.cacao = "logical", .ours = "logical", .many = PB_LIST, .only = T(P_LOCATION)},
    {.cacao = "sector", .ours = "sector", .only = T(P_SECTOR), .need = T(P_SECTOR)},
    {.cacao = "address", .ours = "address", .type = PB_OBJECT, .of = &address_class, .only = P_MACHINES, .need = P_MACHINES},
    {.cacao = "port", .ours = "port", .only = T(P_HTTP) | T(P_LINUX) | T(P_SSH)},
    {.cacao = "authentication_info", .ours = "authentication", .type = PB_CACAO_ID, .only = P_MACHINES},
    {.cacao = "category", .ours = "category", .many = PB_LIST, .min = 1, .only = P_MACHINES | T(P_CATEGORY),
     .need = T(P_CATEGORY)},
    {.cacao = "agent_target_extensions", .ours = "extensions", .type = PB_ANY, .many = PB_DICT, .min = 1},
    {.ours = "cacao", .type = PB_CACAO_ID},
    {.ours = "other", .type = PB_ANY, .many = PB_DICT, .free_key = true},
};
const struct pb_class pb_party_class = {"target or agent", party_fields, ARRAY_SIZE(party_fields), party_types, true};

enum { A_BASIC, A_OAUTH, A_USER };
static const char *const auth_types[] = {"http-basic", "oauth2", "user-auth", NULL};
static const struct pb_field auth_fields[] = {
    {.cacao = "type", .ours = "type", .need = ~0ull},
    COMMON_HEAD,
    {.cacao = "user_id", .ours = "user_id", .only = T(A_BASIC)},
    {.cacao = "username", .ours = "username", .only = T(A_USER)},
    {.cacao = "password", .ours = "password", .only = T(A_BASIC) | T(A_USER)},
    {.cacao = "oauth_header", .ours = "oauth_header", .only = T(A_OAUTH), .need = T(A_OAUTH)},
    {.cacao = "token", .ours = "token", .only = T(A_OAUTH), .need = T(A_OAUTH)},
    {.cacao = "kms", .ours = "kms", .type = PB_BOOL},
    {.cacao = "kms_key_identifier", .ours = "kms_key_identifier"},
    {.cacao = "authentication_info_extensions", .ours = "extensions", .type = PB_ANY, .many = PB_DICT, .min = 1},
    {.ours = "cacao", .type = PB_CACAO_ID, .need = ~0ull},
    {.ours = "other", .type = PB_ANY, .many = PB_DICT, .free_key = true},
};
static const struct pb_class auth_class = {"login", auth_fields, ARRAY_SIZE(auth_fields), auth_types, true};

/* ---- what is done ---- */

enum { C_MANUAL, C_BASH, C_CALDERA, C_ELASTIC, C_HTTP, C_JUPYTER, C_KESTREL, C_OPENC2, C_POWERSHELL, C_SIGMA, C_SSH, C_YARA };
static const char *const command_types[] = {"manual",  "bash",        "caldera-cmd", "elastic", "http-api", "jupyter",
                                            "kestrel", "openc2-http", "powershell",  "sigma",   "ssh",      "yara", NULL};
#define C_HTTPS (T(C_HTTP) | T(C_OPENC2))
#define C_ENCODED (T(C_ELASTIC) | T(C_JUPYTER) | T(C_KESTREL) | T(C_SIGMA) | T(C_YARA))
#define C_PLAIN (T(C_MANUAL) | T(C_BASH) | T(C_CALDERA) | T(C_POWERSHELL) | T(C_SSH))
static const struct pb_field command_fields[] = {
    {.cacao = "type", .ours = "type", .need = ~0ull},
    {.cacao = "description", .ours = "description"},
    {.cacao = "version", .ours = "version"},
    {.cacao = "playbook_activity", .ours = "activity"},
    {.cacao = "command", .ours = "command", .only = C_PLAIN | C_HTTPS, .need = C_HTTPS},
    {.cacao = "command_b64", .ours = "command_b64", .only = C_PLAIN | C_ENCODED, .need = C_ENCODED},
    {.cacao = "headers", .ours = "headers", .many = PB_DICT, .type = PB_ANY, .only = C_HTTPS, .free_key = true},
    {.cacao = "content", .ours = "content", .only = C_HTTPS},
    {.cacao = "content_b64", .ours = "content_b64", .only = C_HTTPS, .need = T(C_OPENC2)},
    REFERENCES,
    {.ours = "other", .type = PB_ANY, .many = PB_DICT, .free_key = true},
};
const struct pb_class pb_command_class = {"command", command_fields, ARRAY_SIZE(command_fields), command_types, true};

/* ---- steps ---- */

static const char *const step_types[] = {"task",  "decision", "action",   "notify", "evidence", "wait", "check",
                                         "together", "repeat",   "playbook", "start",  "end",      NULL};
static const char *const lanes[] = {"system",           "ciso_csirt", "it_ops",   "business",
                                    "public_relations", "executive",  "external", NULL};
#define S_DOING (T(PB_TASK) | T(PB_DECISION) | T(PB_ACTION) | T(PB_NOTIFY) | T(PB_EVIDENCE) | T(PB_WAIT) | T(PB_CHECK))
#define S_CALLS (S_DOING | T(PB_PLAYBOOK))
static const struct pb_field step_fields[] = {
    {.ours = "id", .need = ~0ull},
    {.ours = "kind", .need = ~0ull},
    {.cacao = "name", .ours = "name"},
    {.ours = "ja"},
    {.ours = "en"},
    {.cacao = "description", .ours = "description"},
    {.ours = "lane", .words = lanes},
    {.ours = "authority", .only = S_DOING},
    {.ours = "action", .only = T(PB_ACTION)},
    {.ours = "level", .only = T(PB_ACTION)}, /* these three: of raise_level */
    {.ours = "services", .many = PB_LIST, .min = 1, .only = T(PB_ACTION)},
    {.ours = "until", .type = PB_DURATION, .min = 1, .only = T(PB_ACTION)},
    {.ours = "within", .type = PB_DURATION, .only = S_DOING},
    {.cacao = "agent", .ours = "who", .type = PB_PARTY, .only = S_DOING},
    {.cacao = "targets", .ours = "targets", .type = PB_PARTY, .many = PB_LIST, .min = 1, .only = S_DOING},
    {.cacao = "commands", .ours = "commands", .type = PB_OBJECT, .many = PB_LIST, .of = &pb_command_class, .min = 1, .only = S_DOING},
    {.cacao = "condition", .ours = "condition", .only = T(PB_DECISION) | T(PB_REPEAT), .need = T(PB_REPEAT)},
    {.cacao = "on_true", .ours = "yes", .type = PB_STEP, .only = T(PB_DECISION) | T(PB_REPEAT), .need = T(PB_REPEAT)},
    {.cacao = "on_false", .ours = "no", .type = PB_STEP, .only = T(PB_DECISION)},
    {.cacao = "switch", .ours = "asks", .only = T(PB_DECISION)},
    {.cacao = "cases", .ours = "cases", .type = PB_STEP, .many = PB_DICT, .only = T(PB_DECISION), .free_key = true},
    {.cacao = "next_steps", .ours = "steps", .type = PB_STEP, .many = PB_LIST, .min = 2, .only = T(PB_TOGETHER),
     .need = T(PB_TOGETHER)},
    {.cacao = "playbook_id", .ours = "playbook", .type = PB_CACAO_ID, .only = T(PB_PLAYBOOK), .need = T(PB_PLAYBOOK)},
    {.cacao = "playbook_version", .ours = "playbook_version", .type = PB_TIME, .only = T(PB_PLAYBOOK)},
    {.cacao = "in_args", .ours = "takes", .many = PB_LIST, .min = 1, .only = S_CALLS},
    {.cacao = "out_args", .ours = "gives", .many = PB_LIST, .min = 1, .only = S_CALLS},
    VARIABLES("step_variables"),
    {.cacao = "delay", .ours = "wait", .type = PB_DURATION, .min = 1},
    {.cacao = "timeout", .ours = "timeout", .type = PB_DURATION},
    {.cacao = "owner", .ours = "owner", .type = PB_CACAO_ID},
    REFERENCES,
    {.cacao = "step_extensions", .ours = "extensions", .type = PB_ANY, .many = PB_DICT, .min = 1},
    {.cacao = "on_completion", .ours = "next", .type = PB_STEP, .only = ~T(PB_END)},
    {.cacao = "on_success", .ours = "on_success", .type = PB_STEP, .only = ~(T(PB_END) | T(PB_START))},
    {.cacao = "on_failure", .ours = "on_failure", .type = PB_STEP, .only = ~(T(PB_END) | T(PB_START))},
    {.ours = "cacao", .type = PB_CACAO_ID},
};
const struct pb_class pb_step_class = {"step", step_fields, ARRAY_SIZE(step_fields), step_types, false};

/* ---- the playbook ---- */

static const char *const extension_types[] = {"extension-definition", NULL};
static const struct pb_field extension_fields[] = {
    {.cacao = "type", .need = ~0ull},
    {.cacao = "name", .ours = "name", .need = ~0ull},
    {.cacao = "description", .ours = "description"},
    {.cacao = "created_by", .ours = "created_by", .type = PB_CACAO_ID, .need = ~0ull},
    {.cacao = "schema", .ours = "schema", .need = ~0ull},
    {.cacao = "version", .ours = "version", .need = ~0ull},
    REFERENCES,
    {.ours = "cacao", .type = PB_CACAO_ID, .need = ~0ull},
};
static const struct pb_class extension_class = {"definition of an extension", extension_fields, ARRAY_SIZE(extension_fields),
                                                extension_types, false};

enum { M_STATEMENT, M_TLP, M_IEP };
static const char *const marking_types[] = {"marking-statement", "marking-tlp", "marking-iep", NULL};
static const char *const tlp_words[] = {"TLP:RED", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:GREEN", "TLP:CLEAR", NULL};
#define IEP .only = T(M_IEP), .need = T(M_IEP)
static const struct pb_field marking_fields[] = {
    {.cacao = "type", .ours = "type", .need = ~0ull},
    {.cacao = "id", .type = PB_CACAO_ID, .need = ~0ull},
    {.cacao = "name", .ours = "name", .need = T(M_IEP)},
    {.cacao = "description", .ours = "description", .need = T(M_IEP)},
    {.cacao = "statement", .ours = "statement", .only = T(M_STATEMENT), .need = T(M_STATEMENT)},
    {.cacao = "tlpv2_level", .ours = "tlp", .words = tlp_words, .only = T(M_TLP), .need = T(M_TLP)},
    {.cacao = "tlp", .ours = "tlp_v1", IEP},
    {.cacao = "iep_version", .ours = "iep_version", .type = PB_INT, .min = INT64_MIN, .max = INT64_MAX, IEP},
    {.cacao = "start_date", .ours = "start_date", .type = PB_TIME, IEP},
    {.cacao = "end_date", .ours = "end_date", .type = PB_TEXT_OR_NULL, IEP},
    {.cacao = "encrypt_in_transit", .ours = "encrypt_in_transit", IEP},
    {.cacao = "permitted_actions", .ours = "permitted_actions", IEP},
    {.cacao = "affected_party_notifications", .ours = "affected_party_notifications", IEP},
    {.cacao = "attribution", .ours = "attribution", IEP},
    {.cacao = "unmodified_resale", .ours = "unmodified_resale", IEP},
    {.cacao = "created_by", .ours = "created_by", .type = PB_CACAO_ID, .need = ~0ull},
    {.cacao = "created", .ours = "created", .type = PB_TIME, .need = ~0ull},
    {.cacao = "revoked", .ours = "revoked", .type = PB_BOOL},
    {.cacao = "valid_from", .ours = "valid_from", .type = PB_TIME},
    {.cacao = "valid_until", .ours = "valid_until", .type = PB_TIME},
    {.cacao = "labels", .ours = "labels", .many = PB_LIST},
    {.cacao = "external_references", .ours = "references", .type = PB_OBJECT, .many = PB_LIST, .of = &reference_class,
     .need = T(M_IEP)},
    {.cacao = "marking_extensions", .ours = "extensions", .type = PB_ANY, .many = PB_DICT, .min = 1},
    {.ours = "cacao", .type = PB_CACAO_ID, .need = ~0ull},
};
static const struct pb_class marking_class = {"data marking", marking_fields, ARRAY_SIZE(marking_fields), marking_types, false};

static const char *const signature_types[] = {"jss", NULL};
static const struct pb_class signature_class;
static const struct pb_field signature_fields[] = {
    {.cacao = "type", .need = ~0ull},
    {.cacao = "id", .ours = "cacao", .type = PB_CACAO_ID, .need = ~0ull},
    {.cacao = "created_by", .ours = "created_by", .type = PB_CACAO_ID},
    {.cacao = "created", .ours = "created", .type = PB_TIME, .need = ~0ull},
    {.cacao = "modified", .ours = "modified", .type = PB_TIME, .need = ~0ull},
    {.cacao = "revoked", .ours = "revoked", .type = PB_BOOL},
    {.cacao = "signee", .ours = "signee", .need = ~0ull},
    {.cacao = "valid_from", .ours = "valid_from", .type = PB_TIME},
    {.cacao = "valid_until", .ours = "valid_until", .type = PB_TIME},
    {.cacao = "related_to", .ours = "related_to", .type = PB_CACAO_ID, .need = ~0ull},
    {.cacao = "related_version", .ours = "related_version", .type = PB_TIME, .need = ~0ull},
    {.cacao = "hash_algorithm", .ours = "hash_algorithm", .need = ~0ull},
    {.cacao = "algorithm", .ours = "algorithm", .need = ~0ull},
    {.cacao = "public_key", .ours = "public_key"},
    {.cacao = "public_cert_chain", .ours = "public_cert_chain", .many = PB_LIST},
    {.cacao = "cert_url", .ours = "cert_url"},
    {.cacao = "thumbprint", .ours = "thumbprint"},
    {.cacao = "value", .ours = "value", .need = ~0ull},
    {.cacao = "signature", .ours = "signature", .type = PB_OBJECT, .of = &signature_class},
};
static const struct pb_class signature_class = {"signature", signature_fields, ARRAY_SIZE(signature_fields), signature_types,
                                                false};

static const struct pb_field summary_fields[] = {
#define X(name) {.cacao = #name, .ours = #name, .type = PB_BOOL}
    X(manual_playbook), X(external_playbooks), X(parallel_processing), X(if_logic), X(while_logic), X(switch_logic),
    X(temporal_logic), X(data_markings), X(digital_signatures), X(countersigned_signatures), X(extensions),
#undef X
};
static const struct pb_class summary_class = {"summary", summary_fields, ARRAY_SIZE(summary_fields), NULL, false};

#define IDS .type = PB_CACAO_ID, .many = PB_LIST, .min = 1
#define OF_HUNDRED .type = PB_INT, .max = 100
#define DEFINED(c) .type = PB_OBJECT, .many = PB_DICT, .of = &(c)
static const struct pb_field playbook_fields[] = {
    {.ours = "id"},
    {.ours = "title", .type = PB_OBJECT, .of = &title_class},
    {.cacao = "name", .ours = "name"},
    {.cacao = "description", .ours = "description"},
    {.cacao = "playbook_types", .ours = "types", .many = PB_LIST},
    {.cacao = "playbook_activities", .ours = "activities", .many = PB_LIST, .min = 1},
    {.cacao = "playbook_processing_summary", .ours = "summary", .type = PB_OBJECT, .of = &summary_class},
    {.cacao = "priority", .ours = "priority", OF_HUNDRED},
    {.cacao = "severity", .ours = "severity", OF_HUNDRED},
    {.cacao = "impact", .ours = "impact", OF_HUNDRED},
    {.cacao = "industry_sectors", .ours = "sectors", .many = PB_LIST, .min = 1},
    {.cacao = "labels", .ours = "labels", .many = PB_LIST, .min = 1},
    {.cacao = "created_by", .ours = "created_by", .type = PB_CACAO_ID},
    {.cacao = "created", .ours = "created", .type = PB_TIME},
    {.cacao = "modified", .ours = "modified", .type = PB_TIME},
    {.cacao = "revoked", .ours = "revoked", .type = PB_BOOL},
    {.cacao = "valid_from", .ours = "valid_from", .type = PB_TIME},
    {.cacao = "valid_until", .ours = "valid_until", .type = PB_TIME},
    {.cacao = "derived_from", .ours = "derived_from", IDS},
    {.cacao = "related_to", .ours = "related_to", IDS},
    REFERENCES,
    {.cacao = "markings", .ours = "markings", IDS},
    VARIABLES("playbook_variables"),
    {.cacao = "agent_definitions", .ours = "agents", .min = 1, DEFINED(pb_party_class)},
    {.cacao = "target_definitions", .ours = "targets", .min = 1, DEFINED(pb_party_class)},
    {.cacao = "workflow_start", .ours = "start", .type = PB_STEP},
    {.cacao = "workflow_exception", .ours = "on_exception", .type = PB_STEP},
    {.cacao = "workflow", .ours = "steps", .min = 1, .need = ~0ull, DEFINED(pb_step_class)},
    {.cacao = "authentication_info_definitions", .ours = "authentication", .min = 1, DEFINED(auth_class)},
    {.cacao = "extension_definitions", .ours = "extension_definitions", DEFINED(extension_class)},
    {.cacao = "data_marking_definitions", .ours = "marking_definitions", DEFINED(marking_class)},
    {.cacao = "playbook_extensions", .ours = "extensions", .type = PB_ANY, .many = PB_DICT, .min = 1},
    {.cacao = "signatures", .ours = "signatures", .type = PB_OBJECT, .many = PB_LIST, .of = &signature_class, .min = 1},
    {.cacao = "id", .ours = "cacao", .type = PB_CACAO_ID},
};
const struct pb_class pb_playbook_class = {"playbook", playbook_fields, ARRAY_SIZE(playbook_fields), NULL, false};

/* ---- objects ---- */

int pb_field_ours(const struct pb_class *c, const char *name) {
    for (size_t i = 0; i < c->n; i++)
        if (c->fields[i].ours && strcmp(c->fields[i].ours, name) == 0)
            return (int) i;
    return -1;
}

struct pb_slot *pb_slot_of(const struct pb_obj *o, const char *name) {
    int i = pb_field_ours(o->class, name);
    ASSERT(i >= 0);
    return &o->slots[i];
}

const struct pb_slot *pb_get(const struct pb_obj *o, const char *name) {
    return pb_slot_of(o, name);
}
bool pb_has(const struct pb_obj *o, const char *name) {
    return pb_slot_of(o, name)->set;
}
struct str pb_str(const struct pb_obj *o, const char *name) {
    const struct pb_slot *s = pb_slot_of(o, name);
    return s->first ? s->first->text : STR_NULL;
}
struct pb_obj *pb_new(struct arena *a, const struct pb_class *c, const char *type) {
    struct pb_obj *o = arena_zalloc(a, sizeof *o);
    if (!o)
        return NULL;
    o->class = c;
    o->type = -1;
    o->slots = arena_zalloc(a, c->n * sizeof *o->slots);
    for (int i = 0; type && c->types && c->types[i]; i++)
        if (strcmp(c->types[i], type) == 0)
            o->type = i;
    return o->slots ? o : NULL;
}

int pb_add(struct arena *a, struct pb_obj *o, const char *name, struct pb_val v) {
    struct pb_slot *s = pb_slot_of(o, name);
    struct pb_val *x = arena_alloc(a, sizeof *x);
    if (!x)
        return -ENOMEM;
    *x = v;
    x->next = NULL;
    if (s->last)
        s->last->next = x;
    else
        s->first = x;
    s->last = x;
    s->set = true;
    s->n++;
    return 0;
}

void pb_unset(struct pb_obj *o, const char *name) {
    *pb_slot_of(o, name) = (struct pb_slot){0};
}

int pb_set(struct arena *a, struct pb_obj *o, const char *name, struct pb_val v) {
    pb_unset(o, name);
    return pb_add(a, o, name, v);
}
