/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * A message as `sendmail` reads it: RFC 5322 headers in ASCII, words of RFC 2047 where the subject
 * is more than that, and a text of UTF-8 in base64.  Nothing in a label or a summary can begin a
 * header, and whom it goes to stands in the command, not here.  Pure.
 */
typedef struct {
  const char *from;
  const char *const *to;
  const char *host; /* of the Message-ID */
  const char *external_url;
} OrfNoticeMail;

GString *
orf_notice_mail_format (const OrfAlertTelling *telling, const OrfNoticeMail *mail, gint64 now_us);
/* NAME@HOST, of what may stand in a header and in an argument as it is. */
gboolean orf_notice_mail_is_address (const char *text);

G_END_DECLS
