/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-http-framing.h"
#include "transport/orf-http-outbox.h"
#include "transport/orf-http-request.h"

G_BEGIN_DECLS

/* Refuses the complete request, a call by GET that would wait where no more may, before anything is
 * made of it: libsoup alone would take as long as a third of such a call does.  Who asks is not
 * looked at: that we are busy is no secret.  FALSE: it is to be served. */
gboolean
orf_http_shed (const OrfHttpService *service, const OrfHttpFraming *framing, OrfHttpOutbox *out);

G_END_DECLS
