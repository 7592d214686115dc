/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "outbox/orf-outbox.h"

G_BEGIN_DECLS

/*
 * POSTs to one URL, for destinations that speak HTTP: certificates verified, no redirect followed,
 * a bound on the whole of each, and no more of an answer read than is told.  Main context.
 */
typedef struct _OrfHttpSender OrfHttpSender;
typedef struct _OrfHttpPost OrfHttpPost;

typedef struct {
  const char *section;       /* of the config: errors name its keys */
  const char *url;           /* http or https */
  const char *token_file;    /* sent as Authorization: Bearer; "": none */
  const char *basic_user;    /* "": none */
  const char *password_file; /* his */
  const char *tls_ca_file;   /* who signs the other side's certificate; "": the system's */
} OrfHttpSenderOptions;

/* Reads the files.  INVALID_ARGUMENT with the key; FAILED_PRECONDITION: a file cannot be read, or a
 * secret would go over the net in the clear. */
OrfHttpSender *orf_http_sender_new (const OrfHttpSenderOptions *options, GError **error);
/* What is on its way goes on. */
void orf_http_sender_free (OrfHttpSender *sender);

/* result is valid during the call; status: 0 where no answer came. */
typedef void (*OrfHttpPosted) (gpointer user_data, const OrfDeliveryResult *result, guint status);
/* headers: name, value, …, NULL.  2xx is DONE.  What says that these bytes are wrong (4xx) is
 * REFUSED, but for 401, 403, 407, 408, 425 and 429, which say it of who sends them or when. */
OrfHttpPost *orf_http_sender_post (OrfHttpSender *sender,
                                   const char *content_type,
                                   const char *const *headers,
                                   GBytes *body,
                                   gint64 timeout_us,
                                   OrfHttpPosted posted,
                                   gpointer user_data);
/* posted is not called. */
void orf_http_post_cancel (OrfHttpPost *post);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHttpSender, orf_http_sender_free)

G_END_DECLS
