/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-tally.h"
#include "orf-load-target.h"

G_BEGIN_DECLS

/* The answers that come on one connection, one after the other, from bytes in any pieces.  Pure. */
typedef struct _OrfLoadReader OrfLoadReader;

typedef enum {
  ORF_LOAD_READ_MORE,   /* the answer is not whole yet */
  ORF_LOAD_READ_DONE,   /* it is, and was good or bad: *fault */
  ORF_LOAD_READ_BROKEN, /* what came is no answer */
} OrfLoadReadState;

/* is_rpc: errors are looked for in the answers. */
OrfLoadReader *orf_load_reader_new (OrfLoadWay way, gboolean is_rpc);
void orf_load_reader_free (OrfLoadReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfLoadReader, orf_load_reader_free)

/* At most one answer is read; what came after it is kept for the next call, with length 0 or more.
 */
OrfLoadReadState
orf_load_reader_feed (OrfLoadReader *reader, const char *data, gsize length, OrfLoadFault *fault);
/* What is asked next is answered with no body, as HTTP's HEAD is. */
void orf_load_reader_expect_no_body (OrfLoadReader *reader);
/* The other side has closed: DONE where that ends an answer. */
OrfLoadReadState orf_load_reader_end (OrfLoadReader *reader, OrfLoadFault *fault);
/* Whether the connection may be used for another request. */
gboolean orf_load_reader_keeps_alive (const OrfLoadReader *reader);
/* Pongs that are owed to a WebSocket's server are appended. */
void orf_load_reader_take_pongs (OrfLoadReader *reader, GString *out);

G_END_DECLS
