/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-blob.h"

G_BEGIN_DECLS

/*
 * Which streams the connections of one context have, and what each still has to be sent.  A value
 * is encoded once and shared; a reader who is slower than its streams loses their oldest values,
 * and is told how many.  No socket here; one context only.
 */
typedef struct _OrfStreamTable OrfStreamTable;
/* One connection. */
typedef struct _OrfStreamReader OrfStreamReader;

typedef enum {
  ORF_STREAM_RPC,  /* values in stream.next, the end in stream.end */
  ORF_STREAM_BARE, /* the value itself, an object; no end is told */
} OrfStreamStyle;

typedef struct {
  guint64 channel; /* whose values it gets */
  guint depth;     /* values kept for a slow reader: 1 where only the newest matters */
  OrfStreamStyle style;
  OrfBlob *first; /* its first value, of its own, which gives way to no newer one; NULL: none */
} OrfStreamSpec;

OrfStreamTable *orf_stream_table_new (void);
/* Its readers must be gone. */
void orf_stream_table_free (OrfStreamTable *table);

/* A new value for all streams of the channel. */
void orf_stream_table_publish (OrfStreamTable *table, guint64 channel, OrfBlob *value);
/* Ends all streams of the channel, once what they have is sent. status: a literal. */
void orf_stream_table_end (OrfStreamTable *table, guint64 channel, const char *status);

/* ready: there is something to take, where there was nothing; it must not free a reader. */
OrfStreamReader *orf_stream_reader_new (OrfStreamTable *table,
                                        void (*ready) (gpointer user_data),
                                        gpointer user_data);
void orf_stream_reader_free (OrfStreamReader *reader);

/* number: one that the reader does not have yet. */
void orf_stream_reader_open (OrfStreamReader *reader, guint64 number, const OrfStreamSpec *spec);
/* Drops what waits, and says the end.  status: a literal.  Unknown numbers are ignored: the stream
 * may have ended meanwhile. */
void orf_stream_reader_close (OrfStreamReader *reader, guint64 number, const char *status);
guint orf_stream_reader_get_n_streams (const OrfStreamReader *reader);

/* One message: head, value, tail, one after the other. */
typedef struct {
  char head[192];
  gsize head_length;
  OrfBlob *value; /* NULL: none; the first value_skip bytes of it are not sent */
  gsize value_skip;
  const char *tail; /* a literal */
} OrfStreamItem;
/* The streams have their turns one after the other.  FALSE: nothing is to be sent. */
gboolean orf_stream_reader_take (OrfStreamReader *reader, OrfStreamItem *item);
gsize orf_stream_item_get_length (const OrfStreamItem *item);
void orf_stream_item_clear (OrfStreamItem *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStreamTable, orf_stream_table_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStreamReader, orf_stream_reader_free)

G_END_DECLS
