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
  GBytes *bytes; /* what body is in, where a large one is not to be copied; may be NULL */
  OrfRole role;
  const char *actor;
  OrfCallMeta meta;
} OrfRestRequest;

typedef struct {
  int http_status;
  const char *content_type;
  const char *file_name; /* what the body is to be saved as; NULL: it is an answer, no file */
  const char *body;
  gsize length;
  gint64 retry_after_ms; /* -1: none */
  const char *allow;     /* of 405: the verbs that the path has; else NULL */
} OrfRestAnswer;

/* Called exactly once unless the call was abandoned; the answer is there until it returns. */
typedef void (*OrfRestDone) (gpointer user_data, const OrfRestAnswer *answer);

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
