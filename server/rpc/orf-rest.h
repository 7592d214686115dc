/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-peer.h"

G_BEGIN_DECLS

/*
 * REST made from the schema's table: finds the route, turns path, query and body into the method's
 * parameters, calls it and wraps the result.  No socket here.
 */
typedef struct {
  const char *verb;  /* "GET" */
  const char *path;  /* decoded, with no query: "/api/v1/gpu" */
  const char *query; /* still encoded, may be NULL */
  const char *body;  /* JSON object, or empty */
  gsize body_length;
  OrfRole role;
  const char *actor;
  OrfCallMeta meta;
} OrfRestRequest;

/* Called exactly once unless the call was abandoned.  allow: for 405, the verbs that the path has;
 * else NULL.  retry_after_ms: -1 for none. */
typedef void (*OrfRestDone) (gpointer user_data,
                             int http_status,
                             const char *json,
                             gsize length,
                             gint64 retry_after_ms,
                             const char *allow);

typedef struct _OrfRestCall OrfRestCall;

/* NULL when answered before it returned; else abandon it when the client goes away. */
OrfRestCall *orf_rest_call (OrfRouter *router,
                            const OrfRestRequest *request,
                            OrfRestDone done,
                            gpointer user_data);
/* Cancels; `done` is not called any more. */
void orf_rest_call_abandon (OrfRestCall *rest);

/* {"status":"error","error":{code,status,message}} for errors met before a method was known. */
char *orf_rest_error_body (const GError *error, gsize *length);

G_END_DECLS
