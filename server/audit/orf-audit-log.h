/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "rpc/orf-router.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/*
 * Who did what, in the table `audit`: a row for each call that changes state, which is on disk
 * before its handler runs, and rows for what happens beside calls (start and stop, reloads,
 * logins).  Stands on store and rpc; the parts that have something to say are told of it by the
 * daemon.
 */
typedef struct _OrfAuditLog OrfAuditLog;

/* Takes hold of the router's calls.  Both outlive the log. */
OrfAuditLog *orf_audit_log_new (OrfStore *store, OrfRouter *router);
void orf_audit_log_free (OrfAuditLog *log);

/* A row that nobody waits for.  detail is an object; taken; NULL: none. */
void orf_audit_log_note (OrfAuditLog *log, const char *actor, const char *method, json_t *detail);
/* The same for what a stranger can bring about as often as he likes: at most
 * ORF_AUDIT_REFUSALS_PER_MINUTE rows a minute; how many were left out stands in the next. */
void orf_audit_log_note_refusal (OrfAuditLog *log,
                                 const char *actor,
                                 const char *method,
                                 json_t *detail);

#define ORF_AUDIT_REFUSALS_PER_MINUTE 10

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAuditLog, orf_audit_log_free)

G_END_DECLS
