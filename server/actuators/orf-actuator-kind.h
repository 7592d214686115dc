/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-clock.h"
#include "orf-schema-config.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What each kind of server is asked, and what its answers mean: a row of a table each.  Pure: text
 * in, requests out.
 */
typedef struct {
  const char *verb; /* static */
  char *path;       /* behind the server's URL; NULL: the URL as it stands */
  char *body;       /* JSON; NULL: none */
} OrfActuatorRequest;

void orf_actuator_request_free (OrfActuatorRequest *request);

/* What is known of a server.  Unknown is -1 or NULL. */
typedef struct {
  int sleeping;
  gint64 n_running;       /* requests, those that wait too */
  GPtrArray *models;      /* char *: that are loaded, and may be unloaded */
  gint64 held_bytes;      /* by those models */
  gint64 reserved_bytes;  /* of the device, by its allocator or all its models */
  gint64 allocated_bytes; /* of those, in use */
} OrfActuatorState;

void orf_actuator_state_init (OrfActuatorState *state);
void orf_actuator_state_clear (OrfActuatorState *state);

typedef struct _OrfActuatorKind OrfActuatorKind;

const OrfActuatorKind *orf_actuator_kind_get (const OrfConfigActuator *settings);
const char *orf_actuator_kind_get_name (const OrfActuatorKind *kind);
/* What worker.list says it can be asked for: a word a level, from its least on; NULL-terminated. */
const char *const *
orf_actuator_kind_get_capabilities (const OrfActuatorKind *kind, const OrfConfigActuator *settings);

/* How long giving back may take: models are read from a disk then. */
#define ORF_ACTUATOR_RESTORE_US (300 * ORF_US_PER_S)
/* Of exec, what is run; NULL: of no other. */
char **orf_actuator_kind_dup_command (const OrfConfigActuator *settings);

/* The settings fit the kind.  INVALID_ARGUMENT with the field "actuators.NAME.KEY". */
gboolean orf_actuator_kind_check (const OrfConfigActuator *settings, GError **error);

/* What to ask in order to know its state; 0: that cannot be asked. */
guint orf_actuator_kind_get_n_looks (const OrfActuatorKind *kind);
OrfActuatorRequest *orf_actuator_kind_make_look (const OrfActuatorKind *kind, guint i);
/* Whether a server that does not answer it is there all the same. */
gboolean orf_actuator_kind_is_optional (const OrfActuatorKind *kind, guint i);
/* Reads the answer to it into state.  PARSE_ERROR, INVALID_ARGUMENT: that is no answer of
 * such a server. */
gboolean orf_actuator_kind_read_look (const OrfActuatorKind *kind,
                                      const OrfConfigActuator *settings,
                                      guint i,
                                      const GString *body,
                                      OrfActuatorState *state,
                                      GError **error);

/* Why it is not asked for memory; NULL: it is. */
char *orf_actuator_kind_dup_refusal (const OrfActuatorKind *kind,
                                     const OrfConfigActuator *settings,
                                     OrfCleanupLevel level,
                                     const OrfActuatorState *state);
/* It holds nothing that it could give, as far as is known. */
gboolean orf_actuator_kind_is_empty (const OrfActuatorKind *kind, const OrfActuatorState *state);
/* Of OrfActuatorRequest, to be sent one after the other.  Empty for exec. */
GPtrArray *orf_actuator_kind_make_cleanup (const OrfActuatorKind *kind,
                                           const OrfConfigActuator *settings,
                                           OrfCleanupLevel level,
                                           const OrfActuatorState *state);
/* Whether what it said before and says now means that it has done what it was asked. */
gboolean orf_actuator_kind_is_done (const OrfActuatorKind *kind, const OrfActuatorState *now);
/* What it claims to have freed, by its states before and now; -1: it does not say. */
gint64 orf_actuator_kind_get_claim (const OrfActuatorState *before, const OrfActuatorState *now);
/* The way back; empty: there is none to go.  before: the state that the cleanup of that level met.
 */
GPtrArray *orf_actuator_kind_make_restore (const OrfActuatorKind *kind,
                                           const OrfConfigActuator *settings,
                                           OrfCleanupLevel level,
                                           const OrfActuatorState *before);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfActuatorRequest, orf_actuator_request_free)

G_END_DECLS
