#include "room/tables.h"

#define HEAD "id, version, tlp, info_class, owner, created_at, created_by, updated_at, updated_by"
#define TABLE(t, class_, case_, columns)                                                           \
    {                                                                                              \
        .name = #t, .info_class = class_,                                                          \
        .canonical = "SELECT json_array(" HEAD ", " columns ") FROM " #t " AS t WHERE id = ?1",    \
        .head = "SELECT version, tlp, info_class, owner, updated_by, updated_at, " case_           \
                " FROM " #t " WHERE id = ?1",                                                      \
        .stamp_new = "UPDATE " #t " SET version = 1, created_by = ?2, created_at = ?3, "           \
                     "updated_by = ?2, updated_at = ?3, tlp = ?4, owner = ?5 WHERE id = ?1",       \
        .stamp = "UPDATE " #t " SET version = version + 1, updated_by = ?2, updated_at = ?3 "      \
                 "WHERE id = ?1",                                                                  \
        .ids = "SELECT id FROM " #t " ORDER BY id"                                                 \
    }

/* Parts are hashed with the row they belong to: sorted by their key. */
#define VALUES_OF_FINDING                                                                          \
    "(SELECT group_concat(json_array(kind, value, n, first_at, spool_n, is_group)) FROM "          \
    "(SELECT * FROM finding_value WHERE finding_id = t.id ORDER BY kind, value, is_group)), "      \
    "(SELECT group_concat(json_array(kind, n, cut)) FROM "                                         \
    "(SELECT * FROM finding_told WHERE finding_id = t.id ORDER BY kind))"
#define ADDRESSES_OF_ACTION                                                                        \
    "(SELECT group_concat(json_array(address, tries, accounts, good, shared, partner, state, "     \
    "reason, until_at, tries_before)) FROM "                                                       \
    "(SELECT * FROM action_address WHERE action_id = t.id ORDER BY address))"

#define PAST_OF_FACT                                                                               \
    "(SELECT group_concat(json_array(version, value, state, source, at, by)) FROM "                \
    "(SELECT * FROM fact_past WHERE fact_id = t.id ORDER BY version))"

static const struct room_table tables[OBJECT_MAX_] = {
    [OBJECT_PERSON] =
        TABLE(person, CLASS_PERSONAL, "NULL", "name, coalesce(roles, role), lang, active, seen_at, look_at"),
    [OBJECT_CONSUMER] = TABLE(list_consumer, CLASS_RESPONSE, "NULL",
                              "name, format, token_hash, every_s, fetched_at, fetched_from, etag, n, left_out, ended_at"),
    [OBJECT_GRANT] = TABLE(role_grant, CLASS_PERSONAL, "incident_id", "person_id, role, organisation_id, incident_id, CASE WHEN until_at IS NULL THEN lane ELSE json_array(lane, until_at) END"),
    [OBJECT_PARTY] = TABLE(incident_party, CLASS_RESPONSE, "incident_id",
                           "incident_id, CASE WHEN coalesce(until_at, state, words, recovery_at) IS NULL THEN organisation_id ELSE "
                           "json_array(organisation_id, until_at, state, words, recovery_at) END"),
    [OBJECT_JOINT] = TABLE(joint, CLASS_RESPONSE, "incident_id", "incident_id, words"),
    [OBJECT_SEEN] = TABLE(seen, CLASS_PERSONAL, "incident_id", "incident_id, person_id, entry"),
    [OBJECT_SESSION] =
        TABLE(session, CLASS_PERSONAL, "NULL", "person_id, token_hash, used_at, ended_at"),
    [OBJECT_LINK] =
        TABLE(link, CLASS_PERSONAL, "NULL", "person_id, token_hash, expires_at, used_at"),
    [OBJECT_INCIDENT] =
        TABLE(incident, CLASS_VICTIM, "id",
              "number, kind, level, level_set, state, title_key, title_params, title_plain, "
              "commander, merged_into, opened_at, closed_at, first_trace_at, last_activity_at, "
              "rule_at, rule_id, rule_title, person_at, person_by, decision_at, decision_by, "
              "contained_at, contained_n, dry_run_n, stolen_n, "
              "CASE WHEN day_one IS NOT NULL THEN json_array(drill, need_to_know, day_one) WHEN need_to_know = 0 THEN drill "
              "ELSE json_array(drill, need_to_know) END"),
    [OBJECT_FINDING] = TABLE(
        finding, CLASS_ATTACK, "incident_id",
        "fid, revision, incident_id, rule_id, rule_title, kind, propose, level, state, count, "
        "first_at, last_at, detected_at, by_source, evidence_n, drill, json, " VALUES_OF_FINDING),
    [OBJECT_TIMELINE] = TABLE(timeline, CLASS_RESPONSE, "incident_id",
                              "incident_id, at, until_at, precision_s, lane, kind, planned, "
                              "text_key, params, plain, by, source, CASE WHEN coalesce(beside, day, actor) IS NULL THEN ref "
                              "ELSE json_array(ref, beside, side, day, day_from, actor) END"),
    [OBJECT_FALSE_ALARM] = TABLE(false_alarm, CLASS_RESPONSE, "incident_id", "incident_id, rule_id, service, reason, undone_at, undone_by"),
    [OBJECT_LANE] = TABLE(lane, CLASS_RESPONSE, "incident_id", "incident_id, name, base"),
    /* two columns that were never filled are gone; their NULLs stay, or older rows would not verify */
    [OBJECT_ACCOUNT] =
        TABLE(account, CLASS_PERSONAL, "incident_id",
              "incident_id, name, service, source, success_at, NULL, NULL, finding_id"),
    [OBJECT_ACTION] =
        TABLE(action, CLASS_RESPONSE, "incident_id",
              "incident_id, kind, state, minutes, rule_id, rule_title, rule_kind, finding_id, "
              "due_at, decided_at, decided_by, in_force_at, until_at, why_key, why_params, "
              "dry_run, checked_at, tries_after, packets, bytes, " ADDRESSES_OF_ACTION),
    [OBJECT_ORDER] =
        TABLE(hand_order, CLASS_RESPONSE, "(SELECT incident_id FROM action WHERE id = action_id)",
              "order_id, action_id, type, note, state, minutes, expires_at, answer"),
    [OBJECT_DEED] = TABLE(deed, CLASS_RESPONSE, "incident_id",
                          "incident_id, batch, kind, driver, target, params, minutes, reason, state, why, kept, decided_at, decided_by, in_force_at, "
                          "until_at, ended_at, seen, looked_at, mistake, order_id, order_due, order_until, told_at, told_how, "
                          "CASE WHEN scope_run_id IS NULL THEN told_by ELSE json_array(told_by, scope_run_id) END, bounced, "
                          "identified_at, identified_how, CASE WHEN task_id IS NULL THEN identified_by ELSE json_array(identified_by, task_id) END"),
    [OBJECT_HUNT] = TABLE(hunt, CLASS_ATTACK, "(SELECT incident_id FROM mail_report m WHERE m.id = json_extract(result, '$.mail'))",
                          "hypothesis, query, state, found, from_at, to_at, first_at, last_at, result"),
    [OBJECT_REPORT] = TABLE(report, CLASS_RESPONSE, "NULL", "kind, json, at"),
    [OBJECT_SERVICE] = TABLE(service, CLASS_RESPONSE, "NULL", "name, title"),
    [OBJECT_REGISTER] = TABLE(register, CLASS_RESPONSE, "NULL", "kind, key, name, vals, active"),
    [OBJECT_IMPORT] = TABLE(register_import, CLASS_RESPONSE, "NULL",
                            "kind, key_field, file, state, doc, done, applied_at, undone_at"),
    /* older rows, from before a mail could belong to a case, verify as they are */
    [OBJECT_MAIL] = TABLE(mail_report, CLASS_PERSONAL, "incident_id",
                          "key, same, reporter, subject, doc, CASE WHEN incident_id IS NULL THEN folded_into ELSE json_array(folded_into, incident_id) END"),
    [OBJECT_PERSON_REPORT] = TABLE(person_report, CLASS_PERSONAL, "incident_id",
                                   "number, secret_hash, kind, service, text, contact, caller, channel, lang, photo, incident_id, state, why, told, taken_at, taken_by, "
                                   "ended_at, ended_by"),
    [OBJECT_TIP] = TABLE(tip, CLASS_RESPONSE, "incident_id",
                         "number, form, from_kind, sender, contact, channel, text, received_at, incident_id, state, why, match_state, import_id, hunt_id, indicators, "
                         "indicators_n, refused_n, found, first_at, last_at, matched_at, callout_id, called_at, tried_at, asked_id, asked_at, taken_at, taken_by, ended_at, "
                         "ended_by, campaign_id"),
    [OBJECT_MEANS] = TABLE(means, CLASS_RESPONSE, "incident_id",
                           "incident_id, kind, name, state, yen, decision_id, campaign_id, back_campaign_id, message_id, asked_at, done_at, back_at, why, doc"),
    [OBJECT_MEASURED] = TABLE(measured, CLASS_RESPONSE, "NULL", "key, answer, good, total, lacks, since, at"),
    [OBJECT_ATTESTED] = TABLE(attested, CLASS_RESPONSE, "NULL", "pack, control, answer, evidence, at, until_at"),
    [OBJECT_REPLAYED] = TABLE(replayed, CLASS_RESPONSE, "NULL", "pack, digest, says, failed, at"),
    [OBJECT_FOLLOWUP] = TABLE(followup, CLASS_RESPONSE, "NULL", "pack, lesson, question, words, how, person, carrier, due_at, state, campaign_id, said, said_at, result, checked_at, since"),
    [OBJECT_READINESS] = TABLE(readiness, CLASS_RESPONSE, "NULL", "day, counts"),
    [OBJECT_LEVEL] = TABLE(alert_level, CLASS_RESPONSE, "incident_id",
                           "level, rank, services, origin, sign, tip_id, incident_id, decision_id, campaign_id, tightening_id, reason, state, proposed_at, until_at, decided_at, "
                           "decided_by, ended_at, ended_by, why, task_id"),
    [OBJECT_INFO] = TABLE(info_report, CLASS_RESPONSE, "incident_id",
                          "number, kind, subject, text, addressee, aware_at, incident_id, follows_id, part, submission_id, stage, sent_at, received_at, forwarded_at, closed_at"),
    /* a note is as secret as what it belongs to */
    [OBJECT_SLIP_NOTE] = TABLE(slip_note, CLASS_PERSONAL, "CASE of WHEN 'tip' THEN (SELECT incident_id FROM tip WHERE id = of_id) WHEN 'info_report' THEN (SELECT incident_id FROM info_report WHERE id = of_id) ELSE (SELECT incident_id FROM person_report WHERE id = of_id) END",
                               "of, of_id, kind, text, photo, at, message_id"),
    [OBJECT_MESSAGE] = TABLE(message, CLASS_RESPONSE, "incident_id",
                             "incident_id, way, address, who, subject, body, vars, state, tries, next_at, until_at, why, said, by_way, sent_at, "
                             "acknowledged_at, acknowledged_how, token, drill, reply_to"),
    [OBJECT_APART] = TABLE(apart, CLASS_RESPONSE, "incident_id", "incident_id, other_id"),
    [OBJECT_LEND] = TABLE(lend, CLASS_RESPONSE, "NULL", "service, kind, person, grp, why, from_at, until_at, returned_at, returned_by"),
    [OBJECT_CONSULT] = TABLE(consult, CLASS_RESPONSE, "incident_id", "incident_id, kind, person, answer, at"),
    [OBJECT_AGREEMENT] = TABLE(agreement, CLASS_RESPONSE, "incident_id", "incident_id, action_id, kind, service, CASE WHEN second THEN json_array(at, second) ELSE at END"),
    [OBJECT_DECISION] = TABLE(decision, CLASS_RESPONSE, "incident_id",
                              "incident_id, kind, service, state, verdict, action_id, rule_id, asked_at, due_at, decided_at, decided_by, known, "
                              "options, risk_do, risk_go_on, why"),
    [OBJECT_CALLOUT] = TABLE(callout, CLASS_RESPONSE, "incident_id",
                             "incident_id, purpose, kind, service, grp, text, question, state, level, started_at, next_at, every_min, ended_at, chain"),
    [OBJECT_PUBLICATION] = TABLE(publication, CLASS_VICTIM, "incident_id",
                                 "incident_id, number, state, stage, statement, own, doc, digest, en, next_at, decision_id, corrects, asked_at, published_at, published_by, "
                                 "ended_at, why"),
    [OBJECT_OUTGOING] = TABLE(outgoing, CLASS_RESPONSE, "incident_id", "incident_id, use, statement, title, way, given, doc, state, due_at, sent_at"),
    [OBJECT_RECIPIENT] = TABLE(recipient, CLASS_PERSONAL, "(SELECT incident_id FROM outgoing WHERE id = outgoing_id)",
                               "outgoing_id, name, address, postal, en, message_id, letter_at, tries, answer, answered_at"),
    [OBJECT_CONTACT] = TABLE(contact, CLASS_RESPONSE, "incident_id",
                             "incident_id, kind, outlet, person, how, by_whom, asked, said, material, approved, promised, at, due_at, kept_at"),
    [OBJECT_ANSWER] = TABLE(answer, CLASS_RESPONSE, "incident_id",
                            "incident_id, kind, question_ja, question_en, answer_ja, answer_en, state, publication_id, replaces, asked_n, asked_at, current_at, approved_by, ended_at"),
    [OBJECT_PROMISE] = TABLE(promise, CLASS_RESPONSE, "incident_id", "incident_id, of, of_id, what, state, due_at, warn_at, warned_at, ended_at"),
    [OBJECT_CAMPAIGN] = TABLE(campaign, CLASS_RESPONSE, "incident_id",
                              "incident_id, kind, title, body, origin, state, round, started_at, due_at, next_at, due_told, ended_at"),
    [OBJECT_TARGET] = TABLE(campaign_target, CLASS_PERSONAL, "(SELECT incident_id FROM campaign WHERE id = campaign_id)",
                            "campaign_id, ref, name, person, what, n, done_n, state, value, words, answered_at, answered_by, how, due_at, deed_id, "
                            "(SELECT group_concat(json_array(n, at, value, done_n, how)) FROM (SELECT * FROM campaign_answer WHERE target_id = t.id ORDER BY n))"),
    [OBJECT_TOLD] = TABLE(campaign_told, CLASS_PERSONAL, "(SELECT incident_id FROM campaign WHERE id = campaign_id)",
                          "campaign_id, person, round, up, way, address, at, message_id"),
    [OBJECT_TIGHTENING] = TABLE(tightening, CLASS_RESPONSE, "incident_id",
                                "incident_id, use, services, hosts, kinds, sets, sources, factor, reason, state, from_at, until_at, review_at, reviewed, "
                                "ended_at, ended_why"),
    [OBJECT_CALL] = TABLE(call, CLASS_PERSONAL, "(SELECT incident_id FROM callout WHERE id = callout_id)",
                          "callout_id, person, way, address, level, at, message_id, answered_at, answered_by, answer"),
    [OBJECT_SHEET] = TABLE(sheet, CLASS_RESPONSE, "incident_id", "incident_id, printed_at, void_at"),
    [OBJECT_SHEET_LINE] = TABLE(sheet_line, CLASS_RESPONSE, "(SELECT incident_id FROM sheet WHERE id = sheet_id)",
                                "sheet_id, kind, service, verdict, person, used_at, happened_at, decision_id"),
    [OBJECT_DATAFILE] = TABLE(datafile, CLASS_RESPONSE, "NULL", "kind, key, number, title_ja, title_en, origin, file, active, digest, source"),
    [OBJECT_OBLIGATION] = TABLE(obligation, CLASS_RESPONSE, "incident_id", "incident_id, key, report, state, said, why, from_at, due_at, warn_at, warned_at"),
    [OBJECT_SUBMISSION] = TABLE(submission, CLASS_VICTIM, "incident_id",
                                "incident_id, obligation, report, form, form_number, addressee, how, at, doc, digest, blank, note, receipt, receipt_at, "
                                "receipt_from, paper, paper_name"),
    [OBJECT_BLANK] = TABLE(blank, CLASS_RESPONSE, "NULL", "form, digest, name, bytes, faults"),
    [OBJECT_FACT] = TABLE(fact, CLASS_VICTIM, "incident_id", "incident_id, name, value, state, source, " PAST_OF_FACT),
    [OBJECT_SCOPE] = TABLE(scope_run, CLASS_PERSONAL, "incident_id",
                           "incident_id, name, spec, asked, query, question, from_at, to_at, state, number, result, ended_at"),
    [OBJECT_SCOPE_FILE] = TABLE(scope_file, CLASS_RESPONSE, "NULL", "name, source, active"),
    [OBJECT_CASE_ROW] = TABLE(case_row, CLASS_RESPONSE, "incident_id", "incident_id, kind, key, name, state, due_at, doc"),
    [OBJECT_MERGE] = TABLE(incident_merge, CLASS_RESPONSE, "incident_id",
                           "incident_id, into_id, merged_at, was_from, was_into, undone_at, (SELECT group_concat(json_array(object, row_id, was)) FROM "
                           "(SELECT * FROM merge_part WHERE merge_id = t.id ORDER BY object, row_id))"),
    [OBJECT_PACK_DRAFT] = TABLE(pack_draft, CLASS_VICTIM, "incident_id",
                                "incident_id, pack, state, doc, digest, provider, agreed_by, agreed_how, approved_at, approved_by, left_at"),
    [OBJECT_ATTACHMENT] = TABLE(attachment, CLASS_VICTIM, "incident_id", "incident_id, of, of_id, name, bytes, digest"),
    [OBJECT_HANDOVER] = TABLE(handover, CLASS_RESPONSE, "incident_id", "incident_id, words, to_person, things, entry, given_at, taken_at, taken_by"),
    [OBJECT_WATCH] =
        TABLE(watch, CLASS_RESPONSE, "incident_id", "incident_id, service_id, since_at"),
    [OBJECT_PLAYBOOK] = TABLE(playbook, CLASS_RESPONSE, "NULL",
                              "key, number, title_ja, title_en, origin, file, active, digest, source, plan, form, notes, n_steps"),
    [OBJECT_RUN] = TABLE(run, CLASS_RESPONSE, "incident_id",
                         "incident_id, playbook_id, state, reason, deviations, started_at, started_by, ended_at, ended_by"),
    [OBJECT_TASK] = TABLE(task, CLASS_RESPONSE, "incident_id",
                          "incident_id, run_id, key, step, visit, parent_id, after_id, branch, kind, lane, words_ja, words_en, state, place, "
                          "assignee, due_at, wake_at, began_at, ended_at, ended_by, answer, note, why, evidence, ref, means, late"),
};

const struct room_table *room_table_of(enum room_object o) {
    return tables[o].name ? &tables[o] : NULL;
}
