/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "orf-schema-methods.h"

G_BEGIN_DECLS

/*
 * The schema's routes: which method a verb and a path mean, and the parameters that path and query
 * give it.  Pure.
 */

/* path with its prefix ("/api/v1/gpu").  NULL: there is none; *allow then holds the verbs that the
 * path has, comma-separated, or stays NULL.  Literal segments go before <parameters>.  *params gets
 * those of the path (new reference). */
const OrfRoute *orf_route_find (const char *verb, const char *path, json_t **params, char **allow);

/* Adds the query's parameters, each read as what the method's schema says it is.  INVALID_ARGUMENT
 * for unknown, repeated and unreadable ones. */
gboolean
orf_route_add_query (const OrfMethod *method, const char *query, json_t *params, GError **error);

G_END_DECLS
