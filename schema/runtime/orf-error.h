/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-errors.h" /* generated from schema/errors.json: OrfErrorCode, ORF_ERROR_… */

G_BEGIN_DECLS

/*
 * The one public error domain.  Beside code and message an error may name the field that is wrong,
 * what is allowed there, and when it is worth trying again; all three reach the caller in
 * `error.data`.  Foreign domains are folded into this one at the edge of the module that meets
 * them.
 */
#define ORF_ERROR (orf_error_quark ())
GQuark orf_error_quark (void);

/* field and allowed may be NULL. */
GError *orf_error_new_field (OrfErrorCode code,
                             const char *field,
                             const char *allowed,
                             const char *format,
                             ...) G_GNUC_PRINTF (4, 5);
GError *orf_error_new_retry (OrfErrorCode code, gint64 retry_after_ms, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

const char *orf_error_get_field (const GError *error);
const char *orf_error_get_allowed (const GError *error);
/* -1: none */
gint64 orf_error_get_retry_after_ms (const GError *error);
/* Puts `prefix` before the field's name: "series" + "labels" -> "series.labels". */
void orf_error_prefix_field (GError *error, const char *prefix);

/* The code of an error of our domain; of any other ORF_ERROR_INTERNAL. */
OrfErrorCode orf_error_get_code (const GError *error);
/* "INVALID_ARGUMENT", -32602, 400 */
const char *orf_error_code_to_name (OrfErrorCode code);
int orf_error_code_to_jsonrpc (OrfErrorCode code);
int orf_error_code_to_http (OrfErrorCode code);

G_END_DECLS
