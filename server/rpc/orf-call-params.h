/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "orf-schema-methods.h" /* generated */

G_BEGIN_DECLS

/*
 * The parameters of one call: as JSON, or what a method's handler gets.  In any thread.
 */
typedef struct {
  json_t *json;     /* borrowed: an object, an array by position, or NULL; until it is read */
  gboolean read;    /* the rest is set */
  gpointer decoded; /* a struct of the method's; NULL: `error` says what is wrong */
  guint64 hash;     /* where the call has an idempotency key: the same for equal parameters */
  char *detail;     /* what the audit is told, of a method that it is told of */
  GError *error;
} OrfCallParams;

/* Once: what was read already stays.  keyed: the call has an idempotency key. */
void orf_call_params_read (OrfCallParams *params, const OrfMethod *method, gboolean keyed);
/* method: whose struct it is. */
void orf_call_params_clear (OrfCallParams *params, const OrfMethod *method);

G_END_DECLS
