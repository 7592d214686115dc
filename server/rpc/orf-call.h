/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "core/orf-cancel.h"
#include "orf-trace-context.h"
#include "orf-schema-methods.h" /* generated: OrfMethod, OrfRole, ORF_METHOD_… */
#include "rpc/orf-stream-hub.h"

G_BEGIN_DECLS

/*
 * One call of one method.  A handler gets it with its decoded parameters and must end it exactly
 * once, then or later, with one of the orf_call_return functions or orf_call_fail(); each of them
 * consumes the handler's reference.  Main context only.
 *
 * When the caller went away or the deadline passed the call is already answered; ending it is then
 * still right, and does nothing.  Long work looks at orf_call_get_cancel().
 */
typedef struct _OrfCall OrfCall;

/* Actors that are not all the same local user begin so. */
#define ORF_CALL_TOKEN_ACTOR_PREFIX "token:"

const OrfMethod *orf_call_get_method (OrfCall *call);
/* Who calls, for the audit: "unix:uid=1000", "loopback", "cookie". */
const char *orf_call_get_actor (OrfCall *call);
/* Whether who calls may call what demands that role. */
gboolean orf_call_may (OrfCall *call, OrfRole role);
/* The process at the other end of a Unix socket, in our namespace; -1: it is not known. */
gint64 orf_call_get_peer_pid (OrfCall *call);
/* NULL: none given.  A token's holder has keys of his own: another's "1" is another key. */
const char *orf_call_get_idempotency_key (OrfCall *call);
/* The caller's; NULL: none, or malformed. */
const OrfTraceContext *orf_call_get_trace (OrfCall *call);
/* What stands beside it, as it is passed on; NULL: none. */
const char *orf_call_get_trace_state (OrfCall *call);
/* Borrowed; take a reference for another thread. */
OrfCancel *orf_call_get_cancel (OrfCall *call);
gboolean orf_call_is_ended (OrfCall *call);
/* TRUE when it came by REST, whose results carry some members of the original's beside ours. */
gboolean orf_call_is_rest (OrfCall *call);
/* The same for equal parameters, also in another run: tells a repeated write from another with its
 * key. */
guint64 orf_call_get_params_hash (OrfCall *call);

/* `result` is the generated result struct of the method; it is only read. */
void orf_call_return (OrfCall *call, gconstpointer result);
/* The same, and takes result, which malloc gave as it gives what is decoded: a large one becomes
 * JSON in the thread that reads large calls. */
void orf_call_return_taken (OrfCall *call, gpointer result);
/* The result as JSON that the codec made before (a cached answer, a streamed one, a stored one),
 * or, of a call by REST whose route has a content type, the body itself. */
void orf_call_return_encoded (OrfCall *call, const char *json, gsize length);
/* Of a *.watch method: answers the id of a new stream, which begins with `first`, its own value
 * (NULL: none), and goes on with those of the channel.  FALSE: nobody waits any more, or the
 * connection has all the streams it may have; the channel has no new one then. */
gboolean orf_call_return_stream (OrfCall *call, OrfChannel *channel, OrfBlob *first);
/* Takes error. */
void orf_call_fail (OrfCall *call, GError *error);

G_END_DECLS
